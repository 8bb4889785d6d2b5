"""Hypothesis strategies of blows and stories. The simplest come first, so that what is shrunk ends there."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
from hypothesis import strategies as st

from octt.fuzz.dangers import forbidden_actions, forbidden_triggers
from octt.fuzz.drawing import frames
from octt.fuzz.drawing.edges import MANY, edges, plain, schema, steps, variations
from octt.fuzz.story import ANY, Blow, Kind, Story
from octt.ocpp import schemas

Payloads = st.SearchStrategy[dict[str, Any]]
Values = dict[str, tuple[Any, ...]]

_ERROR = "OCPP-J 1.6 section 4.2.3"
_ENUMERATED = {
    "GetCompositeSchedule": "OCPP 1.6 section 5.7, errata 3.24",
    "SetChargingProfile": "OCPP 1.6 section 5.16, errata 3.38",
}
"""Where a section says that a value outside its enumeration shall be answered with a CALLERROR."""

_EFFECTIVE = frozenset({"Reset", "RemoteStartTransaction", "ChangeAvailability", "SendLocalList"})
"""Legal requests whose effects take their time: only in stories that a model follows."""

_ENDING = frozenset({"UnlockConnector", "ChangeAvailability"})
"""Legal requests that may end a transaction; the ids of those to be stopped are of none."""

_TRIGGERED = ("Heartbeat", "StatusNotification", "MeterValues", "BootNotification")
"""What a hostile answer is given to."""

_HOSTILE = {"interval": (0, -1, 1, 2**31 - 1, 2**31, 10**12)}


@dataclass(frozen=True)
class Known:
    """What is known of the station that stories are drawn for. `keys`: writable ones, with their values."""

    keys: dict[str, str] = field(default_factory=dict)
    listed: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()
    actions: frozenset[str] = schemas.TO_STATION
    """Requests of the profiles that are to be tried."""

    tls: bool = False


class Drawing:
    """The strategies for one station."""

    def __init__(self, known: Known) -> None:
        self.known = known
        self._forbidden = forbidden_actions(known.allowed)
        self.actions = tuple(sorted((known.actions & schemas.TO_STATION) - self._forbidden, key=_weight))

    # -- stories ------------------------------------------------------------------------------------------------------

    def stories(self, charging: bool = False) -> st.SearchStrategy[Story]:
        """Blows that a station must survive, mostly one, sometimes up to four."""
        blow = self.blows(charging)
        single = blow.map(lambda one: Story((one,), charging))
        several = st.lists(blow, min_size=2, max_size=4).map(lambda many: Story(tuple(many), charging))
        return _weighted((8, single), (1, several))

    def connections(self) -> st.SearchStrategy[Story]:
        """What is done below the messages."""
        broken = (*frames.BROKEN, *(frames.BELOW_TLS if self.known.tls else ()))
        below = _one_of((*frames.FRAGMENTED, *broken))
        return st.lists(below, min_size=1, max_size=2).map(lambda many: Story(tuple(many)))

    def blows(self, charging: bool) -> st.SearchStrategy[Blow]:
        """One blow at the level of messages: of the tables mostly, which one draw decides, and quickly."""
        left_out = _EFFECTIVE | (_ENDING if charging else frozenset())
        harmless = [action for action in self.actions if action not in left_out]
        legal = [blow for action in harmless for blow in self._legal(action)]
        beside = [blow for action in self.actions for blow in self._beside(action)]
        messages = (
            *map(_unknown, frames.UNKNOWN_ACTIONS),
            *map(_reversed, sorted(schemas.FROM_STATION - {"DataTransfer"})),
            *(*frames.MALFORMED, *frames.STRAY, *frames.STRANGE),
            *map(_named, frames.IDS),
        )
        answers = [blow for action in _TRIGGERED for blow in self._answers(action)]
        ends = [*self._legal("RemoteStopTransaction"), *self._beside("RemoteStartTransaction")]
        of_sessions = ends if "RemoteStopTransaction" in self.actions else beside
        return _weighted(
            (2 if charging else 0, _one_of(of_sessions)),
            (4, _one_of(beside)),
            (3, _one_of(legal)),
            (6, _one_of(messages)),
            (2, _one_of(answers)),
            (1, st.sampled_from([self._mixed(action) for action in harmless]).flatmap(lambda drawn: drawn)),
        )

    # -- requests -----------------------------------------------------------------------------------------------------

    def _known(self) -> Values:
        keys = (*self.known.keys, "octt.unknown", "", "A" * 50)
        texts = (
            "0",
            "1",
            "-1",
            "",
            "true",
            "é漢😀",
            "2147483648",
            "9" * 400,
            "A" * 500,
            "1.5",
            " 1 ",
            "null",
        )
        return {"key": keys, "value": texts}

    def _of(self, action: str) -> Values:
        """Values of fields for this station."""
        if action == "ChangeConfiguration":
            return self._known()
        known: Values = {"key": self.known.listed[:5] or ("Unknown",)}
        if action in ("TriggerMessage", "ExtendedTriggerMessage"):
            named = schema(action)["properties"]["requestedMessage"]["enum"]
            left_out = forbidden_triggers(self.known.allowed)
            known["requestedMessage"] = tuple(one for one in named if one not in left_out)
        return known

    def _legal(self, action: str) -> Iterator[Blow]:
        known = self._of(action)
        made = variations(schema(action), known)
        if action == "ChangeConfiguration":
            pairs = itertools.product(known["key"], known["value"])
            made = ({"key": key, "value": value} for key, value in pairs)
        for payload in made:
            yield Blow(Kind.CALL, action, payload)

    def _beside(self, action: str) -> Iterator[Blow]:
        node, known = schema(action), self._of(action)
        for base in (plain(node, False, known), plain(node, True, known)):
            for step in steps(base, node):
                cite = _ENUMERATED.get(action, _ERROR) if step.enumeration else _ERROR
                blow = Blow(Kind.CALL, action, step.taken(base), wrong=step.wrong, codes=step.codes)
                yield replace(blow, place=step.place, cite=cite)

    def _mixed(self, action: str) -> st.SearchStrategy[Blow]:
        """Several fields at their edges at once."""
        drawn = _objects(schema(action), self._of(action))
        return drawn.map(lambda payload: Blow(Kind.CALL, action, payload))

    # -- answers ------------------------------------------------------------------------------------------------------

    def _answers(self, action: str) -> Iterator[Blow]:
        """Hostile answers to a request of the station."""

        def hostile(wrong: str, *texts: str) -> Blow:
            return Blow(Kind.ANSWER, action, texts=texts, wrong=wrong, cite="OCPP-J 1.6 section 4.2")

        for code in frames.ERRORS:
            yield hostile(f"CALLERROR {code}", f'[4,"{{id}}","{code}","",{{}}]')
        for wrong, texts in frames.ANSWERS.items():
            yield hostile(wrong, *texts)
        node = schema(action, "response")
        for payload in variations(node, _HOSTILE):
            if payload.get("status", "Accepted") == "Accepted":  # else it is legally silent, perhaps for long
                yield hostile("an answer at the edge", _result(payload))
        for base in (plain(node, False, _HOSTILE), plain(node, True, _HOSTILE)):
            for step in steps(base, node):
                yield replace(
                    hostile(f"an answer with {step.wrong}", _result(step.taken(base))), place=step.place
                )


def _result(payload: Any) -> str:
    return '[3,"{id}",' + orjson.dumps(payload).decode() + "]"


def _one_of(table: Sequence[Blow]) -> st.SearchStrategy[Blow]:
    """One of a table, which is too long to be told whenever something fails."""
    return st.integers(0, len(table) - 1).map(table.__getitem__)


def _weighted(*choices: tuple[int, st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    """One of several, each as often as its weight; a choice that stands there twice counts for one (hypothesis)."""
    return st.one_of(*(strategy.map(_same) for weight, strategy in choices for _ in range(weight)))


def _same(drawn: Any) -> Any:
    return drawn


def _weight(action: str) -> tuple[int, str]:
    """The order of actions: simple requests first."""
    return len(schema(action).get("properties", {})), action


def _objects(node: dict[str, Any], known: dict[str, tuple[Any, ...]], name: str = "") -> Payloads:
    """The strategy for an object of a schema."""
    needed = set(node.get("required", ()))
    drawn = {one: _values(below, known, one) for one, below in node.get("properties", {}).items()}
    return st.fixed_dictionaries(
        {one: drawn[one] for one in drawn if one in needed},
        optional={one: drawn[one] for one in drawn if one not in needed},
    )


def _values(node: dict[str, Any], known: dict[str, tuple[Any, ...]], name: str) -> st.SearchStrategy[Any]:
    if node.get("type") == "object":
        return _objects(node, known, name)
    if node.get("type") == "array":
        element = _values(node.get("items", {}), known, name)
        few = st.lists(element, min_size=node.get("minItems", 0), max_size=2)
        most = node.get("maxItems") or MANY
        many = element.map(lambda one: [one] * most)
        return _weighted((9, few), (1, many))
    return st.sampled_from(known.get(name) or edges(node, name))


def _unknown(action: str) -> Blow:
    codes = ("NotImplemented", "NotSupported")
    return Blow(Kind.CALL, action, {}, wrong="an unknown action", codes=codes, cite=_ERROR)


def _reversed(action: str) -> Blow:
    codes = ("NotImplemented", "NotSupported")
    return Blow(Kind.CALL, action, {}, wrong="a request that only a station sends", codes=codes, cite=_ERROR)


def _named(ident: str) -> Blow:
    """A harmless request with an unusual id. The same one comes again in the next story: it is duplicated."""
    legal = replace(Blow(Kind.CALL, "GetLocalListVersion", {}), ident=ident)
    if len(ident) <= 36:
        return legal
    return replace(
        legal, wrong="an id of more than 36 characters", codes=ANY, cite="OCPP-J 1.6 section 4.1.4"
    )
