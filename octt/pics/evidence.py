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
from octt.ocpp.values import dicts, shown, text, texts
from octt.record import Event
from octt.record.events import (
    Acted,
    CaseEnded,
    CaseStarted,
    ConfigurationRead,
    Connected,
    FileTransferred,
    FrameSeen,
    NetworkChanged,
    RunResumed,
)
from octt.record.words import ActionPhase


@dataclass
class Message:
    """A request and, when there was one, its reply. `case` is the attempt it fell into, 0 between cases."""

    action: str
    payload: dict[str, Any]
    incoming: bool
    line: int
    t: int
    case: int
    connection: int
    reply: dict[str, Any] = field(default_factory=dict)
    reply_line: int = 0
    error: str = ""

    @property
    def status(self) -> str:
        """The status of the reply; "" when there was none."""
        return text(self.reply.get("status"))


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
    connects: list[Connected] = field(default_factory=list)
    networks: list[NetworkChanged] = field(default_factory=list)
    transfers: list[FileTransferred] = field(default_factory=list)
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
        self.open: dict[tuple[int, str, bool], Message] = {}
        self.asked: dict[str, int] = {}
        self.case = 0
        self.attempts = 0

    def gather(self, events: Iterable[Event], limits: dict[str, float]) -> Evidence:
        meter, found = Meter(), self.found
        for event in events:
            meter.feed(event)
            match event:
                case FrameSeen():
                    self.frame(event)
                case Acted():
                    self.action(event)
                case Connected():
                    found.connects.append(event)
                case NetworkChanged():
                    found.networks.append(event)
                case FileTransferred():
                    found.transfers.append(event)
                case ConfigurationRead(when="before"):
                    self.configuration(event.keys, event.unknown, event.n, whole=True)
                case CaseStarted():
                    self.attempts += 1
                    self.case = self.attempts
                case CaseEnded():
                    self.case = 0
                case RunResumed():
                    self.case = 0
                    self.asked.clear()
                    self.open.clear()
        found.performance = meter.performance(limits)
        return found

    def frame(self, event: FrameSeen) -> None:
        frame, incoming = parse(event.raw), event.dir == "in"
        if frame.type == "CALL":
            message = Message(
                frame.action, frame.payload, incoming, event.n, event.t, self.case, event.connection
            )
            self.found.messages.setdefault((incoming, frame.action), []).append(message)
            self.open[event.connection, frame.id, incoming] = message
        elif frame.type in ("CALLRESULT", "CALLERROR"):
            answered = self.open.pop((event.connection, frame.id, not incoming), None)
            if answered is not None:
                self.answer(answered, frame, event.n)

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
        for entry in dicts(keys):
            if isinstance(entry.get("key"), str):
                readonly = entry.get("readonly")
                seen = KeySeen(
                    shown(entry.get("value")), readonly if isinstance(readonly, bool) else None, line
                )
                self.found.keys.setdefault(entry["key"], seen)
        for name in texts(unknown):
            self.found.absent.setdefault(name, line)
        if whole and keys and not self.found.whole_configuration:
            self.found.whole_configuration = line

    def action(self, event: Acted) -> None:
        if event.phase is ActionPhase.ASKED:
            self.asked[event.action] = event.n
        elif event.phase is ActionPhase.DONE:
            asked = self.asked.pop(event.action, event.n)
            self.found.done.append(Done(event.action, event.params, asked, event.n, self.case))
