"""What the rules are given: one frame, the call it answers, and what station and Central System said before."""

from __future__ import annotations

import functools
import hashlib
import math
from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar, Literal

import orjson

from octt.ocpp import Frame, parse
from octt.ocpp.values import is_timestamp

Payload = dict[str, Any]
Severity = Literal["violation", "remark"]

PROMPT = 1.0
"""Seconds within which a call counts as answered before any station gives up waiting for the answer."""
CROSSING = 5.0
"""Seconds after one of our messages in which a message of the station may have crossed it on the way."""
REMEMBERED = 10_000
"""Calls whose message ids are remembered."""
TRANSACTION_MESSAGES = ("StartTransaction", "StopTransaction", "MeterValues")
"""What a station queues and delivers in order (section 3.7)."""
_TIME = 100
"""Characters of the longest text that is read as a time."""
OPEN = 64
"""Unanswered calls whose payloads are remembered; payloads may be large."""


@dataclass(frozen=True)
class Finding:
    """Something a rule noticed. `frame` is the line of the record, `cite` the section the rule rests on."""

    severity: Severity
    text: str
    frame: int
    cite: str
    rule: str


@dataclass(eq=False)
class Call:
    """A request and what became of it. `answer` is "", "CALLRESULT" or "CALLERROR"; times are in nanoseconds."""

    n: int
    m: int
    connection: int
    action: str
    digest: str
    payload: Payload
    answer: str = ""
    answered: int = 0
    replies: int = 0
    sent: int = 1

    @property
    def prompt(self) -> bool:
        """Whether it was answered, without error, so soon that its sender cannot have given up before."""
        return self.answer == "CALLRESULT" and (self.answered - self.m) / 1e9 <= PROMPT


@dataclass(eq=False)
class Seen:
    """One frame. `call` is the call that a reply answers, `earlier` the call that had the same message id before.

    `complete` is False when the record holds only the beginning of an over-long frame: its payload is unknown then.
    """

    n: int
    t: int
    m: int
    connection: int
    incoming: bool
    frame: Frame
    action: str
    problems: tuple[str, ...]
    complete: bool
    call: Call | None = None
    earlier: Call | None = None

    @property
    def payload(self) -> Payload:
        """The payload of the frame; of a CALLERROR its details."""
        return self.frame.payload

    def request(self, *actions: str) -> bool:
        """Whether this is a request of the station, for one of `actions` if any are given."""
        return self.incoming and self.frame.type == "CALL" and (not actions or self.action in actions)

    def answered(self, action: str) -> bool:
        """Whether this is our result for a request of the station."""
        return not self.incoming and self.frame.type == "CALLRESULT" and self.action == action

    def since(self, m: int) -> float:
        """Seconds from the monotonic time `m` to this frame."""
        return (self.m - m) / 1e9


class Rule:
    """One rule. Each frame it `reads` goes to `see`, every other event of the record to `event`."""

    name: ClassVar[str]
    cite: ClassVar[str]
    reads: ClassVar[Literal["requests", "incoming", "all"]] = "all"
    """Requests of the station, all frames of the station, or ours too."""

    def see(self, seen: Seen, talk: Talk) -> Iterator[Finding]:
        """What this frame breaks."""
        yield from ()

    def event(self, event: Payload) -> None:
        """Takes note of a connection, a network cut, a configuration snapshot, ..."""

    def case(self) -> None:
        """Another case has begun, or none runs any more."""

    def violation(self, seen: Seen, text: str, cite: str = "") -> Finding:
        """A finding that fails the case."""
        return Finding("violation", text, seen.n, cite or self.cite, self.name)

    def remark(self, seen: Seen, text: str, cite: str = "") -> Finding:
        """A finding that does not."""
        return Finding("remark", text, seen.n, cite or self.cite, self.name)


@dataclass
class Talk:
    """Who called what on which connection, and the station's configuration as far as it was seen.

    Bounded, whatever a station does: see `REMEMBERED` and `OPEN`.
    """

    calls: OrderedDict[tuple[bool, str], Call] = field(default_factory=OrderedDict)
    open: deque[Call] = field(default_factory=deque)
    connected: dict[int, int] = field(default_factory=dict)
    forgot: bool = False
    odd: set[int] = field(default_factory=set)
    keys: dict[str, str] = field(default_factory=dict)

    def frame(self, event: Payload, frame: Frame | None) -> Seen:
        """The frame of a `frame` event with what belongs to it, taken note of."""
        raw = event.get("raw")
        complete = frame is not None or not event.get("truncated")
        if frame is None:
            frame = self._read(event, raw)
        incoming, connection = event.get("dir") != "out", whole(event.get("connection")) or 0
        m = whole(event.get("m")) or 0
        key, call, earlier = (incoming, frame.id), None, None
        action = frame.action
        if frame.type == "CALL":
            earlier = self.calls.pop(key, None)
            self._add(
                key, Call(whole(event.get("n")) or 0, m, connection, action, "", frame.payload), earlier
            )
        elif frame.type in ("CALLRESULT", "CALLERROR"):
            call = self.calls.get((not incoming, frame.id))
            action = call.action if call else ""
            if call:
                call.replies += 1
                if not call.answer:
                    call.answer, call.answered = frame.type, m
        elif not incoming:
            self._note_odd(connection)
        if not incoming and frame.problems:
            self._note_odd(connection)
        problems = event.get("problems")
        seen = Seen(
            whole(event.get("n")) or 0,
            whole(event.get("t")) or 0,
            m,
            connection,
            incoming,
            frame,
            action or text(event.get("action")),
            tuple(str(problem) for problem in problems) if isinstance(problems, list) else frame.problems,
            complete,
            call,
            earlier,
        )
        self._learn(seen)
        return seen

    def settle(self, seen: Seen) -> None:
        """After all rules have seen a reply: the payload of its call is needed no more."""
        if seen.call:
            seen.call.payload = {}

    def _read(self, event: Payload, raw: object) -> Frame:
        if event.get("truncated") or not isinstance(raw, str):
            kind = event.get("type")
            known: Any = kind if kind in ("CALL", "CALLRESULT", "CALLERROR") else "MALFORMED"
            return Frame(known, text(event.get("id")), text(event.get("action")))
        if event.get("binary"):
            return parse(b"")
        return parse(raw)

    def _add(self, key: tuple[bool, str], call: Call, earlier: Call | None) -> None:
        call.digest = digest(call.action, call.payload) or f"line {call.n}"
        if earlier and earlier.connection == call.connection:
            call.sent = earlier.sent + 1
            call.replies = earlier.replies
        self.calls[key] = call
        if len(self.calls) > REMEMBERED:
            self.calls.popitem(last=False)
            self.forgot = True
        self.open.append(call)
        if len(self.open) > OPEN:
            self.open.popleft().payload = {}

    def _note_odd(self, connection: int) -> None:
        if len(self.odd) < REMEMBERED:
            self.odd.add(connection)

    def _learn(self, seen: Seen) -> None:
        if not seen.incoming or seen.frame.type != "CALLRESULT" or seen.call is None:
            return
        if seen.action == "GetConfiguration":
            self.learn(seen.payload.get("configurationKey"))
        elif seen.action == "ChangeConfiguration" and seen.payload.get("status") == "Accepted":
            self.learn([seen.call.payload])

    def learn(self, keys: object) -> None:
        """Notes configuration keys, given as [{key, value}]. Names are not case sensitive (section 7.17)."""
        for key in dicts(keys):
            name, value = key.get("key"), key.get("value")
            if isinstance(name, str) and isinstance(value, str) and (len(self.keys) < 1000):
                self.keys[name[:50].lower()] = value[:500]

    def number(self, name: str) -> int | None:
        """The value of an integer configuration key, if it was seen."""
        value = self.keys.get(name.lower(), "").strip()
        return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else None


def digest(action: str, payload: Payload) -> str:
    """The same text for the same request; nothing when the payload cannot be written."""
    try:
        content = orjson.dumps([action, payload], option=orjson.OPT_SORT_KEYS)
    except (TypeError, ValueError, RecursionError):
        return ""
    return hashlib.sha256(content).hexdigest()


def text(value: object) -> str:
    """The value if it is a text, else nothing."""
    return value if isinstance(value, str) else ""


def whole(value: object) -> int | None:
    """The value if it is an integer."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def dicts(value: object) -> list[Payload]:
    """The objects in a JSON array."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def decimal(value: object) -> float | None:
    """The finite number a text or number stands for."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def instant(value: object) -> datetime | None:
    """The instant of a dateTime (section 3.15); one without a zone is read as UTC."""
    return _instant(value) if isinstance(value, str) and len(value) <= _TIME else None


@functools.lru_cache(maxsize=256)
def _instant(value: str) -> datetime | None:
    # Several rules ask for every time in a message.
    if not is_timestamp(value):
        return None
    try:
        moment = datetime.fromisoformat(value)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
