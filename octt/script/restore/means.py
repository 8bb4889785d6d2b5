"""With what a station is restored: the words for it, and what a run knows about it beyond one case."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from octt.script.actions import Actions
from octt.script.case_run import CaseRun
from octt.script.csms import Csms
from octt.script.station import Station
from octt.script.undo import Journal

if TYPE_CHECKING:
    from octt.script.security.words import Security

AGAIN = 600.0
"""Seconds after which a station that a fresh start did not help is given another."""
SHORT = 1.0
"""Seconds to wait for what did not come about in the time it may take."""


@dataclass
class Ground:
    """What a run knows about the station beyond one case."""

    unusable: set[int] = field(default_factory=set)
    """Connectors that were Unavailable or Faulted before the first case: cases are there to find them."""

    untold: set[int] = field(default_factory=set)
    """Connectors that have not told their status since the last boot: what they told before holds no more."""

    lost: set[int] = field(default_factory=set)
    """Ids of transactions that were never stopped and that the station knows no longer."""

    helpless_since: int | None = None
    """When a fresh start did not help (monotonic nanoseconds)."""

    at_once: bool = False
    """Whether the run is to end without restoring anything more."""

    away: bool = False
    """Whether it was waited for in vain: the next case does not wait as long again."""


@dataclass
class Means:
    """The words to restore a station with."""

    case: CaseRun
    station: Station
    csms: Csms
    driver: Actions
    ground: Ground = field(default_factory=Ground)
    security: Callable[[], Security] | None = None
    """Makes the words of the security cases."""

    @property
    def journal(self) -> Journal:
        """What we owe the station."""
        return self.case.journal

    def moment(self, seconds: float) -> int:
        """The moment in so many seconds, in monotonic nanoseconds."""
        return self.case.timeline.clock.now() + int(seconds * 1e9)
