"""One frame as it was heard, the call it answers, and what became of a call."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import orjson

from octt.monitors.known.readings import Readings, readings, times
from octt.ocpp import Frame
from octt.ocpp.values import Payload, instant

PROMPT = 1.0
"""Seconds within which a call counts as answered before any station gives up waiting for the answer."""
CROSSING = 5.0
"""Seconds after one of our messages in which a message of the station may have crossed it on the way."""
TRANSACTION_MESSAGES = ("StartTransaction", "StopTransaction", "MeterValues")
"""What a station queues and delivers in order (section 3.7)."""
NAME = 50
"""Characters of a name given by the station that are kept."""

K = TypeVar("K")
V = TypeVar("V")


@dataclass(eq=False)
class Call:
    """A request and what became of it. `answer` is "", "CALLRESULT" or "CALLERROR"; times are in nanoseconds."""

    n: int
    m: int
    connection: int
    action: str
    digest: int
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
class Heard:
    """One frame. `this` is the call that it is, `call` the one that it answers, `earlier` one that had its id before.

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
    this: Call | None = None
    call: Call | None = None
    earlier: Call | None = None
    _times: list[tuple[str, datetime]] | None = None
    _readings: Readings | None = None

    @property
    def payload(self) -> Payload:
        """The payload of the frame; of a CALLERROR its details."""
        return self.frame.payload

    @property
    def times(self) -> list[tuple[str, datetime]]:
        """Every timestamp in it that can be read, as written and as an instant."""
        if self._times is None:
            self._times = times(self.frame.payload)
        return self._times

    @property
    def readings(self) -> Readings:
        """Its sampled values."""
        if self._readings is None:
            self._readings = readings(self.frame.payload)
        return self._readings

    @property
    def moment(self) -> datetime | None:
        """The timestamp in it."""
        return instant(self.frame.payload.get("timestamp"))

    @property
    def sound(self) -> bool:
        """Whether it is known as a whole and nobody found fault with it: only such a message is surely accepted."""
        return self.complete and not self.problems

    def request(self, *actions: str) -> bool:
        """Whether this is a request of the station, for one of `actions` if any are given."""
        return self.incoming and self.this is not None and (not actions or self.action in actions)

    def asked(self, *actions: str) -> bool:
        """Whether this is a request of ours."""
        return not self.incoming and self.this is not None and self.action in actions

    def answered(self, *actions: str) -> bool:
        """Whether this is our result for a request of the station."""
        return not self.incoming and self.frame.type == "CALLRESULT" and self.action in actions

    def replied(self, *actions: str) -> bool:
        """Whether this is the station's result, and no second one, for a request of ours."""
        return (
            self.incoming
            and self.frame.type == "CALLRESULT"
            and self.action in actions
            and self.call is not None
            and self.call.replies <= self.call.sent
        )

    def since(self, m: int) -> float:
        """Seconds from the monotonic time `m` to this frame."""
        return (self.m - m) / 1e9

    def settled(self, call: Call) -> bool:
        """Whether a call was answered so soon, and so long ago, on this connection that the station knows it."""
        return call.connection == self.connection and call.prompt and self.since(call.answered) > CROSSING


def digest(action: str, payload: Payload) -> int | None:
    """The same number for the same request; None when the payload cannot be written."""
    try:
        return hash(orjson.dumps([action, payload], option=orjson.OPT_SORT_KEYS))
    except (TypeError, ValueError, RecursionError):
        return None


def keep(store: OrderedDict[K, V], key: K, value: V, most: int) -> None:
    """Stores as the newest, dropping the oldest when there are more than `most`."""
    store.pop(key, None)
    store[key] = value
    if len(store) > most:
        store.popitem(last=False)
