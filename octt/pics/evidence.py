"""What a record says about a station, gathered once, for the rules that cross-examine a declaration.

One pass over the events (docs/record.md). The station is untrusted: what cannot be read is passed over here, the
record and the monitors have it. Times are the record's own: `t` wall clock, `m` monotonic, both nanoseconds.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from octt.measure import Meter, Performance
from octt.ocpp.frames import Frame, parse

Event = Mapping[str, Any]


@dataclass
class Message:
    """A request and, when there was one, its reply. `case` is the attempt it fell into, 0 between cases."""

    action: str
    payload: dict[str, Any]
    incoming: bool
    line: int
    t: int
    case: int
    connection: object
    reply: dict[str, Any] = field(default_factory=dict)
    reply_line: int = 0
    error: str = ""

    @property
    def status(self) -> str:
        """The status of the reply; "" when there was none."""
        return str(self.reply.get("status", ""))


@dataclass(frozen=True)
class Done:
    """A driver action that was carried out: `asked` and `line` are the record lines of its two ends."""

    action: str
    params: Mapping[str, Any]
    asked: int
    line: int
    case: int


@dataclass(frozen=True)
class KeySeen:
    """A configuration key as first reported, and the line that reported it."""

    value: str
    readonly: bool | None
    line: int


@dataclass
class Evidence:
    """Everything the rules look at, in the order in which it was recorded."""

    messages: dict[tuple[bool, str], list[Message]] = field(default_factory=dict)
    """By direction (True: from the station) and action."""

    done: list[Done] = field(default_factory=list)
    connects: list[Event] = field(default_factory=list)
    networks: list[Event] = field(default_factory=list)
    transfers: list[Event] = field(default_factory=list)
    keys: dict[str, KeySeen] = field(default_factory=dict)
    absent: dict[str, int] = field(default_factory=dict)
    """Keys that the station said it does not have, and the line that said so."""

    whole_configuration: int = 0
    """The line of an answer with all keys; 0 when there was none."""

    performance: Performance = field(default_factory=lambda: Meter().performance())

    def sent(self, *actions: str) -> Iterator[Message]:
        """Requests of the station."""
        return self._merged(True, actions)

    def called(self, *actions: str) -> Iterator[Message]:
        """Requests of the Central System that were answered."""
        return (message for message in self._merged(False, actions) if message.reply_line)

    def _merged(self, incoming: bool, actions: tuple[str, ...]) -> Iterator[Message]:
        found = [self.messages.get((incoming, action), []) for action in actions]
        return heapq.merge(*found, key=lambda message: message.line)

    def acted(self, *actions: str) -> Iterator[Done]:
        """Driver actions that were carried out."""
        return (done for done in self.done if done.action in actions)

    def missing(self, key: str) -> int:
        """The line that shows that the station does not have a key; 0 when nothing shows it."""
        if key in self.keys:
            return 0
        return self.absent.get(key, 0) or self.whole_configuration


def gather(events: Iterable[Event], limits: dict[str, float]) -> Evidence:
    """Read the events of a run. `limits` are declared maxima for the measured times."""
    return _Gatherer().gather(events, limits)


class _Gatherer:
    def __init__(self) -> None:
        self.found = Evidence()
        self.open: dict[tuple[object, str, bool], Message] = {}
        self.asked: dict[str, int] = {}
        self.case = 0
        self.attempts = 0

    def gather(self, events: Iterable[Event], limits: dict[str, float]) -> Evidence:
        meter = Meter()
        for event in events:
            meter.feed(dict(event))
            match event.get("kind"):
                case "frame":
                    self.frame(event)
                case "action":
                    self.action(event)
                case "connect":
                    self.found.connects.append(event)
                case "network":
                    self.found.networks.append(event)
                case "transfer":
                    self.found.transfers.append(event)
                case "config" if event.get("when") == "before":
                    self.configuration(event.get("keys"), event.get("unknown"), int(event["n"]), whole=True)
                case "case.start":
                    self.attempts += 1
                    self.case = self.attempts
                case "case.end":
                    self.case = 0
        self.found.performance = meter.performance(limits)
        return self.found

    def frame(self, event: Event) -> None:
        frame = parse(str(event.get("raw", "")))
        incoming = event.get("dir") == "in"
        connection, line = event.get("connection"), int(event["n"])
        if frame.type == "CALL":
            message = Message(
                frame.action, frame.payload, incoming, line, int(event["t"]), self.case, connection
            )
            self.found.messages.setdefault((incoming, frame.action), []).append(message)
            self.open[connection, frame.id, incoming] = message
        elif frame.type in ("CALLRESULT", "CALLERROR"):
            answered = self.open.pop((connection, frame.id, not incoming), None)
            if answered is not None:
                self.answer(answered, frame, line)

    def answer(self, message: Message, frame: Frame, line: int) -> None:
        message.reply_line = line
        message.reply = frame.payload if frame.type == "CALLRESULT" else {}
        message.error = frame.error_code if frame.type == "CALLERROR" else ""
        if message.action == "GetConfiguration" and not message.incoming and frame.type == "CALLRESULT":
            whole = not message.payload.get("key")
            reply = message.reply
            self.configuration(reply.get("configurationKey"), reply.get("unknownKey"), line, whole)

    def configuration(self, keys: Any, unknown: Any, line: int, whole: bool) -> None:
        """Keeps what a key was when first seen: later values are what test cases made of it."""
        for entry in keys if isinstance(keys, list) else []:
            if isinstance(entry, dict) and isinstance(entry.get("key"), str):
                readonly = entry.get("readonly")
                value = "" if entry.get("value") is None else str(entry["value"])
                seen = KeySeen(value, readonly if isinstance(readonly, bool) else None, line)
                self.found.keys.setdefault(entry["key"], seen)
        for name in unknown if isinstance(unknown, list) else []:
            self.found.absent.setdefault(str(name), line)
        if whole and keys and not self.found.whole_configuration:
            self.found.whole_configuration = line

    def action(self, event: Event) -> None:
        name, line = str(event.get("action", "")), int(event["n"])
        if event.get("phase") == "asked":
            self.asked[name] = line
        elif event.get("phase") == "done":
            params = event.get("params")
            known = params if isinstance(params, dict) else {}
            self.found.done.append(Done(name, known, self.asked.pop(name, line), line, self.case))
