"""How the Central System answers the station's requests: defaults for every message, and what a case arms."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import orjson

from octt.ocpp import schemas
from octt.record.clock import utc, wall
from octt.timeline import matching
from octt.timeline.state import State

Payload = dict[str, Any]


def now() -> str:
    """The present as OCPP writes it (section 3.14), in UTC with milliseconds."""
    return utc().isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True)
class ErrorAnswer:
    """A CALLERROR instead of a result."""

    code: str
    description: str = ""


@dataclass(frozen=True)
class RawAnswer:
    """Any texts instead of an answer; `{id}` in them stands for the id of the request."""

    templates: tuple[str, ...]

    def texts(self, ident: str) -> tuple[str, ...]:
        """What goes over the wire."""
        quoted = orjson.dumps(ident).decode()[1:-1]
        return tuple(template.replace("{id}", quoted) for template in self.templates)


@dataclass
class Armed:
    """An answer that a case armed: merged over the default, while `times` lasts, for requests that fit `when`.

    `unless`: not for those that fit this. A field of None takes the default's away; a payload of None means silence.
    """

    payload: Payload | Callable[[Payload], Payload] | ErrorAnswer | RawAnswer | None
    times: int | None = None
    when: Payload = field(default_factory=dict)
    unless: Payload = field(default_factory=dict)


class Answers:
    """Decides the answer to every request, at once."""

    def __init__(self, heartbeat_interval: int = 300) -> None:
        self.heartbeat_interval = heartbeat_interval
        self.id_tag_info: Callable[[str], Payload] = lambda _tag: {"status": "Accepted"}
        # A station may remember ids for long: those of another run must not come again (section 4.8).
        self._ids = itertools.count(wall() // 10**8 % (2 * 10**9) + 1)
        self._armed: dict[str, list[Armed]] = {}
        self._defaults: dict[str, Callable[[Payload, State], Payload]] = {
            "Authorize": lambda p, _: {"idTagInfo": self.id_tag_info(str(p.get("idTag", "")))},
            "BootNotification": lambda _p, _s: self._boot(),
            "DataTransfer": lambda _p, _s: {"status": "UnknownVendorId"},
            "Heartbeat": lambda _p, _s: {"currentTime": now()},
            "SignCertificate": lambda _p, _s: {"status": "Accepted"},
            "StartTransaction": self._start,
            "StopTransaction": self._stop,
        }

    def arm(self, action: str, armed: Armed) -> None:
        """From now on this answer comes before those armed earlier. ValueError when its fields do not exist."""
        if action not in schemas.FROM_STATION:
            schemas.check_fields(action, "response", ())
            raise ValueError(f"{action} is not sent by a charging station, so it cannot be answered")
        if isinstance(armed.payload, dict):
            schemas.check_fields(action, "response", armed.payload)
        self._armed.setdefault(action, []).insert(0, armed)

    def withdraw(self, action: str, armed: Armed) -> None:
        """This answer is armed no longer; harmless when it is not."""
        self._armed[action] = [one for one in self._armed.get(action, []) if one is not armed]

    def disarm(self) -> None:
        """Back to the defaults."""
        self._armed.clear()

    def answer(self, action: str, request: Payload, state: State) -> Payload | ErrorAnswer | RawAnswer | None:
        """The answer to a valid request; None: stay silent. `state`: the station before the answer."""
        armed = self._find(action, request)
        decide = self._defaults.get(action)
        if armed is None:
            return decide(request, state) if decide else {}
        if armed.payload is None or isinstance(armed.payload, ErrorAnswer | RawAnswer):
            return armed.payload
        default = decide(request, state) if decide else {}
        over = armed.payload if isinstance(armed.payload, dict) else armed.payload(request)
        return _merged(default, over)

    def _find(self, action: str, request: Payload) -> Armed | None:
        for armed in self._armed.get(action, ()):
            if armed.times == 0 or any(request.get(key) != value for key, value in armed.when.items()):
                continue
            if armed.unless and not matching.mismatches(armed.unless, request):
                continue
            if armed.times is not None:
                armed.times -= 1
            return armed
        return None

    def _boot(self) -> Payload:
        return {"status": "Accepted", "currentTime": now(), "interval": self.heartbeat_interval}

    def _start(self, request: Payload, state: State) -> Payload:
        # A station that missed our answer sends the same message again: it is the same transaction while it runs.
        known = next((one.id for one in state.open_transactions if one.start == request), None)
        ident = next(self._ids) if known is None else known
        return {"transactionId": ident, "idTagInfo": self.id_tag_info(str(request.get("idTag", "")))}

    def _stop(self, request: Payload, _state: State) -> Payload:
        return {"idTagInfo": self.id_tag_info(str(request["idTag"]))} if request.get("idTag") else {}


def _merged(default: Payload, over: Payload) -> Payload:
    merged = dict(default)
    for key, value in over.items():
        if value is None:
            merged.pop(key, None)
            continue
        below = merged.get(key)
        merged[key] = _merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged
