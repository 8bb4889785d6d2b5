"""What rules share: who called what on which connection, what is known of the station, and what was done to it."""

from __future__ import annotations

from collections import OrderedDict, deque
from datetime import datetime

from octt.monitors.known.hands import Hands
from octt.monitors.known.heard import NAME, Call, Heard, digest, keep
from octt.monitors.known.ledger import Ledger
from octt.monitors.known.tags import Tags
from octt.ocpp import Frame, parse
from octt.ocpp.values import dicts, instant, text
from octt.record.event import Event
from octt.record.events import Acted, ConfigurationRead, Connected, Disconnected, FrameSeen, NetworkChanged

REMEMBERED = 10_000
"""Calls whose message ids are remembered."""
OPEN = 64
"""Unanswered calls whose payloads are remembered; payloads may be large."""
_KEYS = 1000
"""Configuration keys, requested messages and connections that are remembered."""
_LEARNT_FROM = frozenset(
    {
        *("BootNotification", "Heartbeat", "ChangeConfiguration", "GetConfiguration"),
        *("TriggerMessage", "ExtendedTriggerMessage"),
    }
)
_ODD = 1000
"""Connections on which we sent something odd that are remembered."""


class Talk:
    """What was said before the frame that is judged. Bounded, whatever a station does."""

    def __init__(self) -> None:
        self.calls: OrderedDict[tuple[bool, str], Call] = OrderedDict()
        self.forgot = False
        """Whether there were more calls than are remembered."""

        self.keys: dict[str, str] = {}
        """Values of configuration keys as far as they were seen, by the key in lower case (section 7.17)."""

        self.triggered: set[str] = set()
        """Every message that a TriggerMessage or ExtendedTriggerMessage ever asked for."""

        self.ahead, self.given = 0.0, 0
        """Seconds by which the time that we gave last is ahead of ours: scripts may give another; and when that was."""

        self.ledger, self.tags, self.hands = Ledger(), Tags(), Hands()
        self.connection, self.opened, self.opened_at = -1, 0, 0.0
        """The newest connection, its monotonic nanoseconds, and its Unix seconds."""

        self._from_beginning: OrderedDict[int, None] = OrderedDict()
        self._odd: OrderedDict[int, None] = OrderedDict()
        self._open: deque[Call] = deque()

    def event(self, event: Event) -> None:
        """Takes note of what is no frame."""
        if isinstance(event, Connected):
            self.connection, self.opened, self.opened_at = event.connection, event.m, event.t / 1e9
            keep(self._from_beginning, event.connection, None, _ODD)
        elif isinstance(event, ConfigurationRead):
            self.learn(event.keys)
        elif isinstance(event, Acted):
            self.hands.note(event)
        if isinstance(event, Connected | Disconnected | NetworkChanged):
            self.ledger.doubt()

    def frame(self, event: FrameSeen, frame: Frame | None) -> Heard:
        """The frame of an event with what belongs to it, taken note of."""
        complete = frame is not None or not event.truncated
        if frame is None:
            frame = _read(event)
        incoming = event.dir != "out"
        this = call = earlier = None
        action = frame.action
        if frame.type == "CALL":
            earlier = self.calls.pop((incoming, frame.id), None)
            this = self._called(event, frame, incoming, earlier)
        elif frame.type != "MALFORMED":
            call = self.calls.get((not incoming, frame.id))
            action = call.action if call else ""
            if call:
                call.replies += 1
                if not call.answer:
                    call.answer, call.answered = frame.type, event.m
        if not incoming and (frame.type == "MALFORMED" or frame.problems):
            keep(self._odd, event.connection, None, _ODD)
        heard = Heard(
            event.n,
            event.t,
            event.m,
            event.connection,
            incoming,
            frame,
            action or event.action,
            tuple(event.problems),
            complete,
            this,
            call,
            earlier,
        )
        self._learn(heard)
        if not incoming:
            self.tags.note(heard)  # what we say, the rules may know when they judge it
        return heard

    def off(self, heard: Heard, moment: datetime) -> float:
        """Seconds by which a moment is after the frame by either clock, negative when before; 0 between the two."""
        away = moment.timestamp() - heard.t / 1e9
        other = away - self.ahead
        if away > 0 < other:
            return min(away, other)
        return max(away, other) if away < 0 > other else 0.0

    def settle(self, heard: Heard) -> None:
        """After all rules have judged a frame: it is history, and the payload of an answered call needed no more."""
        self.ledger.note(heard)
        if heard.incoming:
            self.tags.note(heard)
        if heard.call:
            heard.call.payload = {}

    def clear(self, connection: int) -> bool:
        """Whether a connection was seen from its beginning, and we sent nothing but sound frames on it."""
        return connection in self._from_beginning and connection not in self._odd

    def learn(self, keys: object) -> None:
        """Notes configuration keys, given as [{key, value}]."""
        for key in dicts(keys):
            name, value = key.get("key"), key.get("value")
            if isinstance(name, str) and isinstance(value, str) and len(self.keys) < _KEYS:
                self.keys[name[:NAME].lower()] = value[:500]

    def number(self, name: str) -> int | None:
        """The value of an integer configuration key, if it was seen."""
        return natural(self.keys.get(name.lower(), ""))

    def _called(self, event: FrameSeen, frame: Frame, incoming: bool, earlier: Call | None) -> Call:
        same = digest(frame.action, frame.payload)
        connection = event.connection
        call = Call(
            event.n, event.m, connection, frame.action, -event.n if same is None else same, frame.payload
        )
        if earlier and earlier.connection == connection:
            call.sent = earlier.sent + 1
            call.replies = earlier.replies
        self.calls[(incoming, frame.id)] = call
        if len(self.calls) > REMEMBERED:
            self.calls.popitem(last=False)
            self.forgot = True
        self._open.append(call)
        if len(self._open) > OPEN:
            self._open.popleft().payload = {}
        return call

    def _learn(self, heard: Heard) -> None:
        if heard.action not in _LEARNT_FROM:
            return
        if heard.answered("Heartbeat", "BootNotification"):
            given = instant(heard.payload.get("currentTime"))
            if given:
                self.ahead, self.given = given.timestamp() - heard.t / 1e9, heard.m
        elif heard.asked("TriggerMessage", "ExtendedTriggerMessage"):
            if len(self.triggered) < _KEYS:
                self.triggered.add(text(heard.payload.get("requestedMessage"))[:NAME])
        elif heard.replied("GetConfiguration"):
            self.learn(heard.payload.get("configurationKey"))
        elif heard.replied("ChangeConfiguration") and heard.payload.get("status") == "Accepted":
            self.learn([heard.call.payload] if heard.call else [])


def natural(value: str) -> int | None:
    """The integer of 0 or more that a text is, in decimal digits and nothing else."""
    value = value.strip()
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else None


def _read(event: FrameSeen) -> Frame:
    if event.truncated:
        return Frame(event.type, event.id, event.action)
    return parse(b"" if event.binary else event.raw)
