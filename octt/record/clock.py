"""The time of a run: that of the machine when it began, and since then what the monotonic clock counts.

The machine's own wall clock may be set while a run goes on, and the times of a record must not follow. What passes
while the machine sleeps counts, where it tells (CLOCK_BOOTTIME).
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta


def _boottime() -> int:
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


_counted: Callable[[], int] = _boottime if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic_ns
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class RunClock:
    """Wall time that only goes forward, in Unix nanoseconds."""

    def __init__(self) -> None:
        self._wall, self._monotonic = time.time_ns(), time.monotonic_ns()
        self._ahead = _counted() - self._monotonic
        self._slept = 0

    def wall(self, monotonic: int | None = None) -> int:
        """The wall time now, or at a monotonic time since the machine last slept."""
        now = time.monotonic_ns()
        slept = _counted() - now - self._ahead
        if abs(slept - self._slept) > 1_000_000:  # the two clocks are not read in the same instant
            self._slept = slept
        return self._wall + (now if monotonic is None else monotonic) - self._monotonic + self._slept

    def go_on_from(self, wall: int) -> None:
        """No time from now on is before this one (Unix nanoseconds): where a record ended that goes on."""
        self._wall += max(0, wall - self.wall())

    @property
    def slept(self) -> float:
        """Seconds that the machine has slept since the beginning."""
        self.wall()
        return self._slept / 1e9

    @property
    def off(self) -> float:
        """Seconds by which the machine's wall clock has been set since the beginning."""
        return (time.time_ns() - self.wall()) / 1e9


CLOCK = RunClock()
"""That of this process."""

wall = CLOCK.wall


_told: list[Callable[[], int]] = [wall]


def utc() -> datetime:
    """The time of the run as a date."""
    return _EPOCH + timedelta(microseconds=_told[-1]() // 1000)


@contextlib.contextmanager
def told_by(now: Callable[[], int]) -> Iterator[None]:
    """Inside, the time of the run is what `now` says (Unix nanoseconds): that of a record which is judged again."""
    _told.append(now)
    try:
        yield
    finally:
        _told.remove(now)
