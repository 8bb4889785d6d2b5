"""Where a case stands in the timeline: what it looks at next, since when a deadline counts, what was taken already."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from octt.script.limits import BOOTED, ONLINE
from octt.timeline.entry import Entry
from octt.timeline.expectation import Expectation, Wanted
from octt.timeline.order import PROGRESS, may_be_reversed
from octt.timeline.timeline import Timeline


@dataclass(frozen=True)
class Reboot:
    """What we did to make the station boot: since which place, when (nanoseconds), and whether it has to."""

    start: int
    m: int
    certain: bool


class Position:
    """Changed by its methods only; the words of the language call them, scripts do not."""

    def __init__(self, timeline: Timeline) -> None:
        self.timeline = timeline
        self._began = self._next = timeline.end
        self._since = timeline.clock.now()
        self._taken: set[int] = set()
        self._optional: list[tuple[str | int, Expectation]] = []
        self._told: dict[str, dict[str, Any]] = {}
        self._protocol_waits = 0.0
        self._test_from: int | None = None
        self._loss_expected = False
        self._boot: Reboot | None = None
        self._last: Expectation | None = None
        self._block: int | None = None
        self._before_block: Expectation | None = None
        self._cause = self._origin = ""

    # -- where it stands ------------------------------------------------------------------------------------------

    @property
    def began(self) -> int:
        """The place where the attempt began."""
        return self._began

    @property
    def next(self) -> int:
        """The place after the last entry that was taken: where the next expectation begins to look."""
        return self._next

    @property
    def since(self) -> int:
        """The last acknowledged action, reply or fitting frame, from which the next deadline counts (nanoseconds)."""
        return self._since

    @property
    def origin(self) -> str:
        """What happened at `since`, for a sentence: a reply, a request, an action; "" when it was none of them."""
        return self._origin

    @property
    def protocol_waits(self) -> float:
        """Seconds that the case had to wait because the protocol takes them."""
        return self._protocol_waits

    @property
    def loss_expected(self) -> bool:
        """Whether we caused the station to lose its connection, so that a loss is not the network's."""
        return self._loss_expected

    @property
    def boot(self) -> Reboot | None:
        """The last thing we did to make the station boot; None: nothing."""
        return self._boot

    @property
    def cause(self) -> str:
        """What causes what comes next: our last request, the last action at the station, or a boot or connection."""
        return self._cause

    @property
    def test_from(self) -> int | None:
        """Where the preconditions ended; None while they are being established."""
        return self._test_from

    @property
    def in_block(self) -> bool:
        """Whether expectations may be met in any order just now."""
        return self._block is not None

    def start_of(self, wanted: Wanted) -> int:
        """Where the search for a request begins: after the last one, or with it where they may be reversed."""
        start = self._next if self._block is None else self._block
        before = self._last if self._block is None else self._before_block
        last = before.alternatives[0] if before else None
        if before and isinstance(last, Wanted) and may_be_reversed(wanted, last):
            return min(start, before.start)
        return start

    def entries(self, start: int, until: int | None = None) -> Sequence[Entry]:
        """The entries from a place on that no expectation has taken yet.

        The last status of an update or upload, told again, says nothing new (octt/timeline/order.py).
        """
        entries = self.timeline.since(start, until)
        return [e for e in entries if e.index not in self._taken and not self._is_told_again(e)]

    def _is_told_again(self, entry: Entry) -> bool:
        told = self._told.get(entry.action)
        return told is not None and entry.is_call() and entry.payload == told

    def was_taken(self, entry: Entry) -> bool:
        """Whether a step has accounted for this entry."""
        return entry.index in self._taken

    # -- moving on ------------------------------------------------------------------------------------------------

    def take(self, entry: Entry, expectation: Expectation | None = None) -> None:
        """An expectation is met by this entry: the next one begins after it, and its time counts from it."""
        self.mark(entry)
        self._next = max(self._next, entry.index + 1)
        if entry.action in PROGRESS and entry.is_call():
            self._told[entry.action] = entry.payload
        if expectation is not None:
            self._last = expectation
        if entry.is_call("BootNotification"):
            if self._loss_expected:  # we made it boot, and a boot takes what it takes
                self.waits_for_protocol(max(0.0, (entry.m - self._since) / 1e9))
            self._loss_expected = False
            self._cause = BOOTED
        elif self._cause == ONLINE and entry.action in ("StartTransaction", "StopTransaction"):
            self._cause = entry.action  # the queue has come; what follows comes of it
        self.count_from(entry)

    def postpone(self, label: str | int, expectation: Expectation) -> None:
        """An optional expectation of a step: whether it was met is decided by the next one."""
        self._optional.append((label, expectation))

    def postponed(self) -> list[tuple[str | int, Expectation]]:
        """The optional expectations that are to be decided now."""
        found, self._optional = self._optional, []
        return found

    def mark(self, entry: Entry) -> None:
        """A step has accounted for this entry, wherever the case stands."""
        self._taken.add(entry.index)

    def look_after(self, request: Entry) -> None:
        """What the station does because of our request comes after it."""
        if self._block is None:
            self._next = max(self._next, request.index + 1)

    def skip_to_end(self) -> None:
        """What came until now is not looked at any more."""
        self._next = max(self._next, self.timeline.end)

    def caused_by(self, cause: str) -> None:
        """What comes next is caused by this: it decides how long it may take (octt/script/limits.py)."""
        self._cause = cause

    def acted(self, action: str) -> None:
        """An action at the station is done: the time for its reaction begins now."""
        self._cause = action
        self.count_from_now()
        self._origin = action

    def count_from_now(self) -> None:
        """The time for the station's next reaction begins now."""
        self._since, self._origin = self.timeline.clock.now(), ""

    def count_from(self, entry: Entry) -> None:
        """The time for the station's next reaction begins with this entry, unless it has begun later."""
        if entry.m >= self._since:
            self._since, self._origin = entry.m, entry.name

    def waits_for_protocol(self, seconds: float) -> None:
        """So many seconds of the case are none of its own: the protocol takes them."""
        self._protocol_waits += seconds

    def expect_disconnect(self) -> None:
        """From here until the next boot a lost connection is our doing."""
        self._loss_expected = True

    def expect_boot(self, start: int, *, certain: bool) -> None:
        """We make the station boot, from a place on; not `certain`: it may also restart without."""
        self._loss_expected = True
        self._boot = Reboot(start, self.timeline.clock.now(), certain)
        if certain:  # else transactions end first (5.14), which is no matter of the boot
            self._cause = BOOTED

    def expect_no_boot(self) -> None:
        """The station refused to."""
        self._boot = None

    def begin_test(self) -> None:
        """The preconditions are established."""
        self._test_from = self._next

    @contextlib.contextmanager
    def any_order(self, start: int | None = None) -> Iterator[None]:
        """The expectations inside begin at one place, `start` or where the case stands; nested ones join in."""
        if self._block is not None:
            yield
            return
        self._block = self._next if start is None else start
        self._before_block = self._last if start is None else None
        try:
            yield
        finally:
            self._block = None
