"""Rules about configuration keys: what they are, and that an answer to a change is true (section 5.3, chapter 9)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from octt.monitors.known.heard import NAME, Call, Heard
from octt.monitors.known.talk import Talk, natural
from octt.monitors.rules.base import Breach, Rule, of
from octt.ocpp.keys import KEYS
from octt.ocpp.values import dicts, text, texts
from octt.record.event import Event
from octt.record.events import Connected, Disconnected

_TYPES = {name.lower(): key.type for name, key in KEYS.items()}
_INTEGER = re.compile(r"-?\d+", re.ASCII)
_KEPT = 1000
"""Keys that are remembered."""


def _plain(name: str, value: str) -> int | bool | None:
    """The value of a standard key of type integer or boolean; None for what cannot be compared."""
    kind, value = _TYPES.get(name), value.strip()
    if kind == "int" and _INTEGER.fullmatch(value) and len(value) < 20:
        return int(value)
    if kind == "bool" and value.lower() in ("true", "false"):
        return value.lower() == "true"
    return None


class Values(Rule):
    """Standard keys have values of their type. A remark: chapter 9 defines types, and the value itself is a text."""

    name = "configuration value"
    cite = "OCPP 1.6 section 7.29 and chapter 9"
    replies = of("GetConfiguration")

    def see(self, heard: Heard, talk: Talk) -> Iterator[Breach]:
        """Judges every key that is reported."""
        if not heard.replied("GetConfiguration"):
            return
        for key in dicts(heard.payload.get("configurationKey"))[:_KEPT]:
            name, value = text(key.get("key")), key.get("value")
            kind = _TYPES.get(name.lower())
            if kind in ("int", "bool") and isinstance(value, str) and _plain(name.lower(), value) is None:
                what = "integer" if kind == "int" else "true or false"
                yield self.remark(heard, f"the value of {name} is no {what}", repr(value[:40]))


class AskedByName(Rule):
    """A key that was asked for by name is told with its value, or named as unknown.

    Certain for no more keys at once than GetConfigurationMaxKeys says: for one where it is not known.
    """

    name = "configuration asked"
    cite = "OCPP 1.6 section 5.8"
    replies = of("GetConfiguration")

    def see(self, heard: Heard, talk: Talk) -> Iterator[Breach]:
        """Holds the keys of a reply beside those of its request."""
        if not heard.replied("GetConfiguration") or heard.call is None or not heard.complete:
            return
        asked = {name.lower(): name for name in texts(heard.call.payload.get("key"))}
        if len(asked) > (talk.number("GetConfigurationMaxKeys") or 1):
            return
        told = [text(key.get("key")) for key in dicts(heard.payload.get("configurationKey"))]
        named = {name.lower() for name in [*told, *texts(heard.payload.get("unknownKey"))]}
        for name in asked.keys() - named:
            yield self.violation(
                heard,
                "a configuration key that was asked for is neither told nor named as unknown",
                repr(asked[name][:NAME]),
            )


@dataclass(frozen=True)
class _Change:
    """A change as it was answered. `before`: the value that was known then."""

    call: Call
    wanted: int | bool
    before: int | bool | None
    status: str
    answered: int
    order: int


class Changes(Rule):
    """A change that is Accepted is effective at once, a refused one is not made, and senseless values are refused.

    Certain for a standard key of type integer or boolean that is read again on the same connection, with no other
    change accepted and no restart in between. That senseless values are Rejected 5.3 only gives as examples: a remark.
    """

    name = "configuration change"
    cite = "OCPP 1.6 section 5.3"
    requests = of("BootNotification")
    replies = of("ChangeConfiguration", "GetConfiguration", "Reset")
    asked = of("ChangeConfiguration")

    def __init__(self) -> None:
        self._changes: dict[str, _Change] = {}
        self._values: dict[str, int | bool] = {}
        self._order = 0

    def event(self, event: Event, talk: Talk) -> Iterable[Breach]:
        """On another connection the station may have restarted."""
        if isinstance(event, Connected | Disconnected):
            self._forget()
        return ()

    def _forget(self) -> None:
        self._changes.clear()
        self._values.clear()

    def see(self, heard: Heard, talk: Talk) -> Iterator[Breach]:
        """Follows changes, and compares what is read with them."""
        if heard.asked("ChangeConfiguration"):
            self._changes.pop(text(heard.payload.get("key"))[:NAME].lower(), None)
        elif heard.request("BootNotification") or heard.replied("Reset"):
            self._forget()
        elif heard.replied("ChangeConfiguration") and heard.call:
            yield from self._answered(heard, heard.call)
        elif heard.replied("GetConfiguration") and heard.call:
            for key in dicts(heard.payload.get("configurationKey"))[:_KEPT]:
                name = text(key.get("key"))[:NAME].lower()
                value = _plain(name, text(key.get("value")))
                if value is not None:
                    yield from self._read(heard, heard.call, name, value)

    def _answered(self, heard: Heard, call: Call) -> Iterator[Breach]:
        key, wanted = text(call.payload.get("key"))[:NAME], text(call.payload.get("value"))
        status, plain = text(heard.payload.get("status"))[:20], _plain(key.lower(), wanted)
        accepted = status in ("Accepted", "RebootRequired")
        kind = _TYPES.get(key.lower())
        senseless = (kind == "int" and natural(wanted) is None) or (kind == "bool" and plain is None)
        if accepted and senseless:
            yield self.remark(
                heard, f"{key} was {status} with a value that makes no sense", repr(wanted[:40])
            )
        if accepted:
            self._order += 1
        if plain is not None and status and status != "RebootRequired" and len(self._changes) < _KEPT:
            before = self._values.get(key.lower())
            self._changes[key.lower()] = _Change(call, plain, before, status, heard.m, self._order)
        if accepted:
            self._values.pop(key.lower(), None)

    def _read(self, heard: Heard, call: Call, name: str, value: int | bool) -> Iterator[Breach]:
        change = self._changes.get(name)
        if (
            change
            and call.m >= change.answered
            and call.connection == heard.connection == change.call.connection
        ):
            del self._changes[name]
            key = next(known for known in KEYS if known.lower() == name)
            detail = f"{_shown(value)} instead of {_shown(change.wanted)}, changed in line {change.call.n}"
            if change.status == "Accepted" and value != change.wanted:
                tell = self.violation if change.order == self._order else self.remark
                yield tell(heard, f"{key} was changed and Accepted, and has another value", detail)
            elif (
                change.status != "Accepted" and value == change.wanted and change.before not in (None, value)
            ):
                yield self.violation(
                    heard,
                    f"the change of {key} was {change.status}, and it has the value all the same",
                    f"{_shown(value)}, before {_shown(change.before)}, asked for in line {change.call.n}",
                )
        if name in self._values or len(self._values) < _KEPT:
            self._values[name] = value


def _shown(value: int | bool | None) -> str:
    return str(value).lower()
