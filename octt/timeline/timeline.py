"""What happened between the station and the Central System, in the order of the record, for scripts to wait on.

One writer appends (the Central System's loop, a record that is read again, a test); any thread may read. An entry
appears together with the state that follows from it, and only when the record has it.

**We act after our reply is on the wire**: a request of the station is *held*, with all that came after it, until its
answer has left. Until then nobody sees it; the time up to which everything can be seen is `complete`.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from octt.ocpp import Frame
from octt.timeline.entry import NOTHING, Entry, Kind
from octt.timeline.fold import fold
from octt.timeline.state import State

REMEMBERED = 2000
"""Calls that a late reply can still be matched with."""
HEAVIEST = 96 << 20
"""Bytes that the entries which are kept may weigh: many times what a case has, however talkative the station is."""
_ENTRY, _CHARACTER = 2500, 6
"""What an entry weighs, and every character of its text when that is read."""
_LONG = 1 << 16
"""Characters of a text from where on each weighs twice: what is so long may be empty objects and nothing else."""

_LABORIOUS = 0.005
"""Seconds from where on a decision is not taken at every new entry."""
LATE = 1.0
"""Seconds by which a wait may be too long before that is told."""

T = TypeVar("T")


class Clock(Protocol):
    """Monotonic time in nanoseconds, and waiting."""

    def now(self) -> int:
        """The present."""

    def wait(self, changed: threading.Condition, seconds: float) -> None:
        """Waits, `changed` being held, until it is notified or `seconds` have passed."""

    def sleep(self, seconds: float) -> None:
        """Lets time pass."""


class RealClock:
    """The clock of this machine. `late` is told of a wait that took much longer than it should."""

    def __init__(self, late: Callable[[Any, int, float], None] | None = None) -> None:
        self._late = late

    def now(self) -> int:
        """As time.monotonic_ns."""
        return time.monotonic_ns()

    def wait(self, changed: threading.Condition, seconds: float) -> None:
        """As threading.Condition.wait."""
        began = time.monotonic_ns()
        changed.wait(seconds)
        over = (time.monotonic_ns() - began) / 1e9 - seconds
        if over > LATE and self._late:
            self._late("script", began, over)

    def sleep(self, seconds: float) -> None:
        """As time.sleep."""
        time.sleep(seconds)


class Timeline:
    """The entries, and waiting for them."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock: Clock = clock or RealClock()
        self.settle: Callable[[], int] = self.clock.now
        """Makes sure that all that arrived is appended; the time up to which that is so. Set by who appends."""

        self.interrupted: Callable[[], Exception | None] = lambda: None
        """Asked at every look of who waits: the error that ends this wait, if it is to end. Set by the run."""

        self._entries: list[Entry] = []
        self._weights: list[int] = []
        self._weight = 0
        self._first = self._forgotten = 0
        self._held: dict[int, int] = {}
        self._calls: OrderedDict[tuple[bool, str], tuple[Entry, int]] = OrderedDict()
        self._calls_weight = 0
        self._changed = threading.Condition()
        self._latest = State()
        self._settled = 0
        self._end: Exception | None = None

    # -- who appends ----------------------------------------------------------------------------------------------

    def append(
        self,
        n: int,
        m: int,
        t: int,
        kind: Kind,
        connection: int,
        *,
        held: bool = False,
        weight: int = 0,
        **more: Any,
    ) -> Entry:
        """Adds an entry, which the record has already, and wakes waiting threads.

        `held`: it is a request that is still to be answered; see `release`. `weight`: characters of its text. `more`
        are fields of Entry.
        """
        weight = _ENTRY + _CHARACTER * (weight + max(0, weight - _LONG))
        with self._changed:
            frame: Frame | None = more.get("frame")
            call = self._answered(frame, more.get("incoming", True)) if frame else None
            if call is not None:
                more["action"] = more.get("action") or call.action
            index = self._first + len(self._entries)
            entry = Entry(n, m, t, kind, connection, **more, call=call, index=index)
            before, self._latest = self._latest, fold(self._latest, entry)
            weight += self._latest.weight(before)
            entry = replace(entry, state=self._latest)
            if frame and frame.type == "CALL":
                self._remember(entry, weight)
            self._entries.append(entry)
            self._weights.append(weight)
            self._weight += weight
            if self._weight > HEAVIEST:
                self._make_room()
            if held:
                self._held[index] = m
            self._changed.notify_all()
        return entry

    def release(self, entry: Entry) -> None:
        """The answer to a request has left, or none will come: from now on it can be seen."""
        with self._changed:
            if self._held.pop(entry.index, None) is not None:
                self._changed.notify_all()

    def end_with(self, error: Exception) -> None:
        """From now on nobody waits in vain: who does, or is going to, gets this error."""
        with self._changed:
            self._end = error
            self._changed.notify_all()

    def wake(self) -> None:
        """Lets waiting threads look again though nothing was added."""
        with self._changed:
            self._changed.notify_all()

    def call_of(self, incoming: bool, ident: str) -> Entry | None:
        """The call that a reply with this message id answers; `incoming`: the reply comes from the station."""
        return self._calls.get((not incoming, ident), (None, 0))[0]

    @property
    def latest(self) -> State:
        """The state after everything that was appended, held or not: for who answers the station."""
        return self._latest

    def _answered(self, frame: Frame, incoming: bool) -> Entry | None:
        return self.call_of(incoming, frame.id) if frame.type in ("CALLRESULT", "CALLERROR") else None

    def _remember(self, entry: Entry, weight: int) -> None:
        key = (entry.incoming, entry.frame.id)
        self._calls_weight += weight - self._calls.pop(key, (None, 0))[1]
        self._calls[key] = entry, weight
        while len(self._calls) > REMEMBERED or (self._calls_weight > HEAVIEST and len(self._calls) > 1):
            self._calls_weight -= self._calls.popitem(last=False)[1][1]

    def _make_room(self) -> None:
        """Drops the oldest entries, a tenth and until the rest is light enough; the newest one stays."""
        count = len(self._entries) // 10
        light = self._weight - sum(self._weights[:count])
        while light > HEAVIEST * 0.9 and count < len(self._entries) - 1:
            light -= self._weights[count]
            count += 1
        self._drop(count)

    def _drop(self, count: int) -> None:
        self._weight -= sum(self._weights[:count])
        del self._entries[:count], self._weights[:count]
        self._first += count

    # -- who reads ------------------------------------------------------------------------------------------------

    @property
    def end(self) -> int:
        """The index that the next visible entry will have."""
        return min(self._held, default=self._first + len(self._entries))

    @property
    def state(self) -> State:
        """The state after the last entry that can be seen."""
        with self._changed:
            return self._before(self.end)

    @property
    def newest(self) -> Entry:
        """The last entry that can be seen; NOTHING when there is none."""
        with self._changed:
            place = self.end - self._first - 1
            return self._entries[place] if place >= 0 else NOTHING

    def since(self, index: int, until: int | None = None) -> Sequence[Entry]:
        """The visible entries from `index` on, before `until`. Those that were dropped are missing; see `lost`."""
        with self._changed:
            end = self.end if until is None else min(until, self.end)
            return self._entries[max(index - self._first, 0) : max(end - self._first, 0)]

    def forget(self, before: int) -> None:
        """Drops entries that nobody will ask for again; the record keeps them."""
        with self._changed:
            self._drop(min(max(before - self._first, 0), max(len(self._entries) - 1, 0)))
            self._forgotten = self._first

    def lost(self, since: int) -> int:
        """How many entries from an index on were dropped though nobody said that they may be: in a flood."""
        with self._changed:
            return max(0, self._first - max(since, self._forgotten))

    def _before(self, index: int) -> State:
        place = index - self._first - 1
        if place < 0:
            return State() if self._first == 0 else self._entries[0].state
        return self._entries[place].state

    def moment(self, seconds: float) -> int:
        """The moment in so many seconds, in monotonic nanoseconds."""
        return self.clock.now() + int(seconds * 1e9)

    # -- waiting --------------------------------------------------------------------------------------------------

    @property
    def complete(self) -> int:
        """The time, in monotonic nanoseconds, up to which everything that happened can be seen."""
        return min([self._settled, *(m - 1 for m in self._held.values())])

    def wait(self, decide: Callable[[], T | None], deadline: int, tick: float = 0.25) -> T | None:
        """What `decide` returns as soon as that is something; None when `deadline` has passed without it.

        `decide` is called at every new entry and every `tick` seconds. Nothing is decided by default before all that
        arrived until the deadline has been looked at.
        """
        with self._changed:
            while True:
                if error := self._end or self.interrupted():
                    raise error
                began = self.clock.now()
                found = decide()
                if found:
                    return found
                now = self.clock.now()
                left, took = (deadline - now) / 1e9, (now - began) / 1e9
                if left > 0 and took > _LABORIOUS:
                    self._rest(min(left, 4 * took))
                elif left > 0:
                    self.clock.wait(self._changed, min(left, tick))
                elif self.complete >= deadline:
                    return None
                else:
                    self._settle_or_wait(deadline)

    def _rest(self, seconds: float) -> None:
        """Leaves the processor to who answers the station: in a flood there is something new at every moment."""
        self._changed.release()
        try:
            self.clock.sleep(seconds)
        finally:
            self._changed.acquire()

    def _settle_or_wait(self, deadline: int) -> None:
        """The time is up: what came before must be here, and answered, before anybody says that it did not come."""
        if self._settled >= deadline:
            self.clock.wait(self._changed, 0.02)  # a request of that time is still being answered
            return
        self._changed.release()
        try:
            settled = self.settle()
        finally:
            self._changed.acquire()
        self._settled = max(self._settled, settled)
