"""Whether an expectation is met: one pure function, for a run that goes on, an old record and a test alike."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from octt.timeline.entry import Entry
from octt.timeline.expectation import Expectation, Wanted
from octt.timeline.order import decides


class Outcome:
    """What became of an expectation: Met, Wrong or Late."""


@dataclass(frozen=True)
class Met(Outcome):
    """It is met: by an entry, or, if nothing was to come, by its absence (None)."""

    entry: Entry | None
    wanted: Wanted | None = None


@dataclass(frozen=True)
class Wrong(Outcome):
    """This entry decides that it is not met: it came `too_early`, should not have come, or cannot be followed by
    a right one."""

    entry: Entry
    too_early: bool = False


@dataclass(frozen=True)
class Late(Outcome):
    """The time is up. `nearest` is the entry of the wanted kind that comes closest, in time or not."""

    nearest: Entry | None


def judge(entries: Iterable[Entry], expectation: Expectation, clock: int) -> Outcome | None:
    """The outcome, or None while it is pending. `entries` are those from the expectation's start on.

    `clock` is the time, in monotonic nanoseconds, up to which everything that happened is among the entries. The
    first entry that decides counts, and none after the deadline.
    """
    window = expectation.window
    for entry in entries:
        if entry.m > window.deadline:
            break
        fitting = next((one for one in expectation.alternatives if one.fits(entry)), None)
        if fitting is not None:
            if expectation.never or window.too_early(entry):
                return Wrong(entry, too_early=not expectation.never)
            return Met(entry, fitting if isinstance(fitting, Wanted) else None)
        if not expectation.never and all(decides(one, entry) for one in expectation.alternatives):
            return Wrong(entry)
    if clock < window.deadline:
        return None
    return Met(None) if expectation.never else Late(nearest(entries, expectation))


def nearest(entries: Iterable[Entry], expectation: Expectation) -> Entry | None:
    """The entry of the wanted kind with the fewest wrong fields; None when there is none of that kind."""
    found: list[tuple[int, int, Entry]] = []
    for entry in entries:
        wrong = [len(one.wrong(entry)) for one in expectation.alternatives if one.concerns(entry)]
        if wrong:
            found.append((min(wrong), entry.index, entry))
    return min(found, key=lambda one: one[:2], default=(0, 0, None))[2]
