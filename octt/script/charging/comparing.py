"""Whether a composite schedule that a station returned gives the limits that were expected (OCPP 1.6 section 5.7)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from octt.ocpp.values import number
from octt.script.charging.steps import Payload, Steps, converted, merged, scaled, time_of

_PHASES = 3
"""Phases that there are, and that are meant where nothing says how many (7.14)."""


@dataclass(frozen=True)
class Difference:
    """From `begin` to `end` (seconds after the expected schedule's start) the station returned something else."""

    begin: float
    end: float
    expected: float | None
    returned: float | None

    def __str__(self) -> str:
        expected = "no limit" if self.expected is None else f"{self.expected:g}"
        returned = "nothing" if self.returned is None else f"{self.returned:g}"
        return f"{self.begin:g} s to {self.end:g} s: expected {expected}, returned {returned}"


@dataclass(frozen=True)
class Comparison:
    """`problems` are sentences about a schedule that cannot be read at all; it is not ok then."""

    ok: bool
    differences: tuple[Difference, ...]
    expected_steps: Steps
    returned_steps: Steps
    problems: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "; ".join([*self.problems, *map(str, self.differences)]) or "as expected"


def compare(
    expected: Steps,
    returned: Payload | None,
    schedule_start: str | datetime | None,
    tolerance_seconds: float,
    *,
    rounding: float = 0.1,
    local_limit: float | None = None,
    voltage: float = 230.0,
    phases: int | None = None,
) -> Comparison:
    """Whether the chargingSchedule of a GetCompositeSchedule.conf gives the expected limit at every instant.

    `schedule_start` is its scheduleStart, by the station's clock; a schedule's own startSchedule is ignored (errata
    3.57 has it omitted). Both schedules lie on one axis of absolute time, so that a clock deviation does not shift
    absolute profiles. Each change may come up to `tolerance_seconds` early or late: the configured time deviation,
    and the time the request was under way. Nothing needs to be returned before scheduleStart
    when that is at most `tolerance_seconds` after the expected start, nor in as many seconds at the end.

    A limit is equal when it differs by less than `rounding`: one decimal, rounded either way; a limit with one
    decimal must be that limit. A schedule in the other unit is converted with its own numberPhases.

    Where no profile gives a limit the station may return any limit of its own, or nothing. `local_limit`, in the
    expected unit, is the station's own limit if known (what it returns without profiles, see `Steps.lowest`): it may
    cap the expected limits then, or not ("might be taken into account", 5.7). A lower limit is a difference otherwise.

    The official tool measures x from the second SetChargingProfile.req to scheduleStart although its schedules
    start <max time deviation> before that; what it expects to the letter is
    `compare(expected.delayed(deviation), ...)`, which the specification does not.
    """
    steps, problems = returned_schedule(returned, schedule_start, expected, voltage, phases)
    if problems:
        return Comparison(False, (), expected, steps, tuple(problems))
    shift = (steps.start - expected.start).total_seconds()
    lead = shift if 0 < shift <= tolerance_seconds else 0.0
    ends = {change for change, _ in steps.changes} | {steps.duration}
    edges = {lead, expected.duration} | {edge + shift for edge in ends}
    for change, _ in expected.changes[1:]:
        edges |= {change - tolerance_seconds, change + tolerance_seconds}
    tail = expected.duration - min(tolerance_seconds, expected.duration / 2)
    edges.add(tail)
    if returned and returned.get("chargingRateUnit") != expected.unit:
        rounding = max(scaled(rounding, expected.unit, voltage, phases), 1e-6)
    differences: list[Difference] = []
    inside = sorted(edge for edge in edges if lead <= edge <= expected.duration)
    for begin, end in pairwise(inside):
        middle = (begin + end) / 2
        told = steps.at(middle - shift)
        near = _around(expected, middle, tolerance_seconds)
        early_end = told is None and begin >= tail
        if not early_end and not any(_equal(told, wanted, rounding, local_limit) for wanted in near):
            differences.append(Difference(begin, end, expected.at(middle), told))
    return Comparison(not differences, tuple(_joined(differences)), expected, steps)


def _around(expected: Steps, second: float, tolerance: float) -> set[float | None]:
    """The limits expected at some time not further than `tolerance` from this second."""
    found = {expected.at(second)}
    ends = [begin for begin, _ in expected.changes[1:]] + [expected.duration]
    for (begin, limit), end in zip(expected.changes, ends, strict=True):
        if begin < second + tolerance and end > second - tolerance:
            found.add(limit)
    return found


def _equal(told: float | None, wanted: float | None, rounding: float, local_limit: float | None) -> bool:
    if wanted is None:
        return True
    if told is None:
        return False
    allowed = [wanted] if local_limit is None else [wanted, min(wanted, local_limit)]
    return any(abs(told - limit) < rounding - 1e-9 for limit in allowed)


def _joined(differences: Sequence[Difference]) -> list[Difference]:
    joined: list[Difference] = []
    for new in differences:
        old = joined[-1] if joined else None
        if old and (old.end, old.expected, old.returned) == (new.begin, new.expected, new.returned):
            joined[-1] = Difference(old.begin, new.end, new.expected, new.returned)
        else:
            joined.append(new)
    return joined


def returned_schedule(
    returned: Payload | None,
    schedule_start: str | datetime | None,
    expected: Steps,
    voltage: float = 230.0,
    phases: int | None = None,
) -> tuple[Steps, list[str]]:
    """A returned chargingSchedule as a step function in the unit of `expected`, and why it cannot be read.

    Without scheduleStart it is taken to start where the expected one does; without duration it does not end.
    """
    empty = Steps(expected.start, 0.0, (), expected.unit)
    try:
        start = expected.start if schedule_start is None else time_of(schedule_start)
    except (ValueError, TypeError, OverflowError):
        return empty, [f"scheduleStart {str(schedule_start)[:40]!r} is no dateTime"]
    if not isinstance(returned, dict):
        return empty, ["no chargingSchedule was returned"]
    unit, periods = returned.get("chargingRateUnit"), returned.get("chargingSchedulePeriod")
    if unit not in ("A", "W"):
        return empty, [f"chargingRateUnit {str(unit)[:40]!r} is neither A nor W"]
    if not isinstance(periods, list) or not periods:
        return empty, ["chargingSchedulePeriod has no periods"]
    changes: list[tuple[float, float | None]] = []
    try:
        for period in periods:
            begin = float(period["startPeriod"])
            limit = converted(period, unit, expected.unit, voltage, phases)
            if not (math.isfinite(begin) and math.isfinite(limit)):
                raise ValueError(begin)
            if (number(period.get("numberPhases")) or 0) > _PHASES:
                return empty, [f"numberPhases is {period['numberPhases']!r:.40}, and there are three"]
            if changes and begin < changes[-1][0]:
                return empty, ["the periods are not in ascending order of startPeriod"]
            changes.append((begin, limit))
        duration = returned.get("duration")
        length = math.inf if duration is None else float(duration)
    except (KeyError, TypeError, ValueError, OverflowError, ZeroDivisionError):
        return empty, ["a period or the duration cannot be read"]
    before: list[tuple[float, float | None]] = [(0.0, None)] if changes[0][0] > 0 else []
    return Steps(start, length, merged([*before, *changes]), expected.unit), []
