"""How many runs this machine carries: a run that is starved sees late what came in time, and its case is ERROR."""

from __future__ import annotations

import collections
import os
import time
from pathlib import Path

SECONDS = 1.0
"""For so long the machine is looked at before another run is begun."""
CROWDED = 8.0
"""Tasks that want to run, for each processor, from which on no other run is begun."""

_LOADAVG = Path("/proc/loadavg")


def processors() -> int:
    """Those that we may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def runnable() -> float:
    """Tasks on the whole machine that want to run now; where nobody says so, on average in the last minute."""
    try:
        return float(_LOADAVG.read_text().split()[3].partition("/")[0]) - 1  # one is ours, which asks
    except (OSError, ValueError, IndexError):
        return os.getloadavg()[0]


class Carried:
    """Whether another run may be begun. `most`: so many at once, whatever the machine says; None: by its load."""

    def __init__(self, most: int | None) -> None:
        self.most = most
        self._starting = processors()
        self._looked: collections.deque[tuple[float, float]] = collections.deque()
        self._bound = 1 << 30

    def look(self) -> None:
        """Looks at the machine; to be called several times a second."""
        now = time.monotonic()
        self._looked.append((now, runnable()))
        while now - self._looked[0][0] > SECONDS:
            self._looked.popleft()

    def began(self) -> None:
        """Another run was begun: what was seen before says nothing any more."""
        self._looked.clear()

    def admits(self, going: int, starting: int) -> bool:
        """Whether one more may be begun. `starting`: those of the `going` that have no case running yet."""
        if starting >= self._starting or going >= self._bound or (self.most and going >= self.most):
            return False
        return bool(self.most) or not going or self.free

    @property
    def free(self) -> bool:
        """Whether the machine had something to spare in the last second."""
        if not self._looked or time.monotonic() - self._looked[0][0] < SECONDS / 2:
            return False
        mean = sum(found for _, found in self._looked) / len(self._looked)
        return mean < CROWDED * processors()

    def late(self, going: int) -> int:
        """A run says that it stood still: as many as go on now are too many. The bound from now on."""
        self._bound = max(1, min(self._bound, going - 1))
        return self._bound

    def ended(self, late: bool) -> None:
        """A run is over; one that was never late lets the bound rise again."""
        if not late:
            self._bound += 1
