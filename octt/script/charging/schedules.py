"""What limit follows from charging profiles, and whether a returned composite schedule says the same.

The expectations of the smart charging cases. Rests on OCPP 1.6 sections 3.13, 5.7, 5.16, 7.8 to 7.14 and errata 4.0.
Schedules are functions of time here: how they are cut into periods does not matter. Where the specification leaves
something open, the docstrings say what was decided; cases do not depend on it unless they say so.

Decided where the text is clear enough:

- A profile replaces one with the same chargingProfileId, or with the same purpose and stackLevel (5.16.3).
- A TxDefaultProfile of connector 0 counts for every connector; one set for a connector replaces it there (3.13.1).
- Of one purpose, the highest stackLevel that is valid and has a limit at that instant prevails; after its duration
  the next lower one does (3.13.2, 5.16.4). Without duration the last period goes on.
- Daily and Weekly repeat from startSchedule (errata 3.79); what exceeds the period is not executed (errata 3.44).
- The composite is the lower of ChargePointMaxProfile and of TxProfile or else TxDefaultProfile (3.13.3).
- Limits in A are per phase; W = A x line voltage x numberPhases, 3 when absent (7.12, 7.14).

Decided where it is open: TxDefaultProfile shows in a composite schedule without transaction, as for one that starts
now (the test-case document expects that: TC_056, TC_067, TC_072); a recurring schedule does not run before its
startSchedule; a later profile of connector 0 replaces one of a connector at the same level.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, Literal

Unit = Literal["A", "W"]
Payload = dict[str, Any]

Overruling = Literal["valid", "limiting", "installed"]
"""When a TxProfile overrules TxDefaultProfile (3.13.1 says "if present ... for the duration of the transaction").

- valid: while it is within validFrom and validTo, even after its schedule has ended. Our reading, and what TC_066
  expects, where the limit stays that of ChargePointMaxProfile although TxDefaultProfile still has periods.
- limiting: only while it has a limit. How OCPP 2.0.1 settled it; a station that does so is worth a remark.
- installed: until it is cleared or the transaction ends, whatever its validity.
"""

_PERIODS = {"Daily": 86_400.0, "Weekly": 604_800.0}
_MANY = 1000
"""Recurrences of one profile that are looked at within one composite schedule."""


@dataclass(frozen=True)
class Steps:
    """A limit as a step function of time: from `start` for `duration` seconds.

    `changes` are (seconds from start, limit) in ascending order, the first at 0; None: no limit, or none told.
    """

    start: datetime
    duration: float
    changes: tuple[tuple[float, float | None], ...]
    unit: Unit = "A"

    def at(self, second: float) -> float | None:
        """The limit at this second after `start`; None outside of the duration."""
        value = None
        for begin, limit in self.changes:
            if begin <= second:
                value = limit
        return value if 0 <= second < self.duration else None

    def delayed(self, seconds: float) -> Steps:
        """The same with every change so much later; for tools that count from another instant (see `compare`)."""
        later = [(max(begin + seconds, 0.0), limit) for begin, limit in self.changes[1:]]
        first = [(0.0, self.changes[0][1])] if self.changes else []
        return Steps(self.start, self.duration, _merged([*first, *later]), self.unit)

    def points(self) -> list[list[float | None]]:
        """[[second, limit], ...] as the record and the report's plot take it; a limit of None: none from then on."""
        return [[begin, limit] for begin, limit in self.changes]


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


# -- what is expected ---------------------------------------------------------------------------------------------


def installed(requests: Iterable[Payload]) -> list[Payload]:
    """The SetChargingProfile.req payloads that are in force after all were accepted in this order (5.16.3)."""
    kept: list[Payload] = []
    for request in requests:
        new = request["csChargingProfiles"]
        kept = [
            old
            for old in kept
            if old["csChargingProfiles"]["chargingProfileId"] != new["chargingProfileId"]
            and (old["connectorId"], _rank(old)) != (request["connectorId"], _rank(request))
        ]
        kept.append(request)
    return kept


def _rank(request: Payload) -> tuple[str, int]:
    profile = request["csChargingProfiles"]
    return profile["chargingProfilePurpose"], profile["stackLevel"]


def limit_at(
    profiles: Iterable[Payload],
    connector: int,
    instant: datetime,
    unit: Unit = "A",
    transaction_start: datetime | None = None,
    *,
    reference: datetime | None = None,
    overruling: Overruling = "valid",
    voltage: float = 230.0,
    phases: int | None = None,
) -> float | None:
    """The limit for `connector` at an instant in `unit`, None when there is none.

    `profiles` are SetChargingProfile.req payloads in the order they were accepted (a profile of a
    RemoteStartTransaction.req written as one for its connector). For connector 0 only ChargePointMaxProfile
    counts: an upper bound of what the station expects to consume (5.7). With more than one connector in use,
    ChargePointMaxProfile is what they share (3.13.3); it is not divided here.

    `transaction_start` is when the transaction on this connector began, None without one: then TxProfile does not
    count, and what is relative to the start of charging runs from `reference` (default: the instant).
    `voltage` is the line voltage to convert between A and W; `phases` overrides numberPhases for that.
    """
    begin = transaction_start if transaction_start is not None else (reference or instant)
    stacks: dict[str, dict[int, Payload]] = {}
    for request in installed(profiles):
        purpose, level = _rank(request)
        if request["connectorId"] in (0, connector):
            stacks.setdefault(purpose, {})[level] = request["csChargingProfiles"]

    def prevailing(purpose: str) -> float | None:
        """The limit of the highest profile of a purpose that is valid and has one."""
        for _, profile in sorted(stacks.get(purpose, {}).items(), reverse=True):
            if _valid(profile, instant):
                limit = _own_limit(profile, instant, begin, unit, voltage, phases)
                if limit is not None:
                    return limit
        return None

    limits = [prevailing("ChargePointMaxProfile")]
    if connector:
        running = transaction_start is not None and instant >= transaction_start
        own = list(stacks.get("TxProfile", {}).values()) if running else []
        limit = prevailing("TxProfile") if own else None
        overruled = {
            "valid": any(_valid(profile, instant) for profile in own),
            "limiting": limit is not None,
            "installed": bool(own),
        }
        limits.append(limit if overruled[overruling] else prevailing("TxDefaultProfile"))
    return min((limit for limit in limits if limit is not None), default=None)


def expected_schedule(
    profiles: Iterable[Payload],
    connector: int,
    start: datetime,
    duration: float,
    unit: Unit = "A",
    transaction_start: datetime | None = None,
    *,
    overruling: Overruling = "valid",
    voltage: float = 230.0,
    phases: int | None = None,
) -> Steps:
    """The composite schedule from `start` for `duration` seconds (5.7); for the parameters see `limit_at`."""
    requests = list(profiles)
    begin = transaction_start if transaction_start is not None else start
    end = start + timedelta(seconds=duration)
    edges = {0.0}
    for request in requests:
        for edge in _edges(request["csChargingProfiles"], begin, start, end):
            edges.add((edge - start).total_seconds())
    if transaction_start is not None:
        edges.add((transaction_start - start).total_seconds())
    return Steps(
        start,
        duration,
        _merged(
            (
                second,
                limit_at(
                    requests,
                    connector,
                    start + timedelta(seconds=second),
                    unit,
                    transaction_start,
                    reference=start,
                    overruling=overruling,
                    voltage=voltage,
                    phases=phases,
                ),
            )
            for second in sorted(edges)
            if 0 <= second < duration
        ),
        unit,
    )


def _valid(profile: Payload, instant: datetime) -> bool:
    begin, end = profile.get("validFrom"), profile.get("validTo")
    return (begin is None or _time(begin) <= instant) and (end is None or instant < _time(end))


def _origin(profile: Payload, begin: datetime) -> datetime:
    """From when the periods of a profile count: startSchedule, or the start of charging (7.9, 7.13)."""
    written = profile["chargingSchedule"].get("startSchedule")
    if profile["chargingProfileKind"] == "Relative" or written is None:
        return begin
    return _time(written)


def _own_limit(
    profile: Payload, instant: datetime, begin: datetime, unit: Unit, voltage: float, phases: int | None
) -> float | None:
    schedule = profile["chargingSchedule"]
    elapsed = (instant - _origin(profile, begin)).total_seconds()
    if elapsed < 0:
        return None
    if profile["chargingProfileKind"] == "Recurring":
        elapsed %= _PERIODS[profile["recurrencyKind"]]
    duration = schedule.get("duration")
    if duration is not None and elapsed >= duration:
        return None
    current = None
    for period in sorted(schedule["chargingSchedulePeriod"], key=lambda period: float(period["startPeriod"])):
        if period["startPeriod"] <= elapsed:
            current = period
    return (
        None if current is None else _converted(current, schedule["chargingRateUnit"], unit, voltage, phases)
    )


def _converted(period: Payload, have: str, want: str, voltage: float, phases: int | None) -> float:
    limit = float(period["limit"])
    return limit if have == want else _scaled(limit, want, voltage, phases or period.get("numberPhases"))


def _scaled(limit: float, want: str, voltage: float, phases: int | None) -> float:
    factor = voltage * (phases or 3)
    return limit * factor if want == "W" else limit / factor


def _edges(profile: Payload, begin: datetime, start: datetime, end: datetime) -> Iterable[datetime]:
    """The instants, between `start` and `end`, at which the limit of a profile may change."""
    for field in ("validFrom", "validTo"):
        if profile.get(field) is not None:
            yield _time(profile[field])
    schedule, origin = profile["chargingSchedule"], _origin(profile, begin)
    offsets = [float(period["startPeriod"]) for period in schedule["chargingSchedulePeriod"]]
    offsets += [0.0, *([float(schedule["duration"])] if schedule.get("duration") is not None else [])]
    origins = [origin]
    if profile["chargingProfileKind"] == "Recurring":
        period = _PERIODS[profile["recurrencyKind"]]
        first = max(math.floor((start - origin).total_seconds() / period), 0)
        last = min(math.floor((end - origin).total_seconds() / period), first + _MANY)
        origins = [origin + timedelta(seconds=period * number) for number in range(first, last + 1)]
    for each in origins:
        for offset in offsets:
            yield each + timedelta(seconds=offset)


# -- what was returned --------------------------------------------------------------------------------------------


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
    expected unit, is the station's own limit if known (what it returns without profiles, see `lowest`): it may cap
    the expected limits then, or not ("might be taken into account", 5.7). A lower limit is a difference otherwise.

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
        rounding = max(_scaled(rounding, expected.unit, voltage, phases), 1e-6)
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
        start = expected.start if schedule_start is None else _time(schedule_start)
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
            limit = _converted(period, unit, expected.unit, voltage, phases)
            if not (math.isfinite(begin) and math.isfinite(limit)):
                raise ValueError(begin)
            if changes and begin < changes[-1][0]:
                return empty, ["the periods are not in ascending order of startPeriod"]
            changes.append((begin, limit))
        duration = returned.get("duration")
        length = math.inf if duration is None else float(duration)
    except (KeyError, TypeError, ValueError, OverflowError, ZeroDivisionError):
        return empty, ["a period or the duration cannot be read"]
    before: list[tuple[float, float | None]] = [(0.0, None)] if changes[0][0] > 0 else []
    return Steps(start, length, _merged([*before, *changes]), expected.unit), []


def lowest(steps: Steps) -> float | None:
    """The lowest limit told anywhere; of a schedule returned without profiles, the station's own limit."""
    return min((limit for _, limit in steps.changes if limit is not None), default=None)


def _merged(changes: Iterable[tuple[float, float | None]]) -> tuple[tuple[float, float | None], ...]:
    """Without changes that change nothing; of several at one instant the last counts."""
    merged: list[tuple[float, float | None]] = []
    for begin, limit in changes:
        if merged and merged[-1][0] == begin:
            merged.pop()
        if not merged or merged[-1][1] != limit:
            merged.append((begin, limit))
    return tuple(merged)


def _time(written: str | datetime) -> datetime:
    """A dateTime as an instant; one without a zone is UTC. ValueError if it is none."""
    moment = datetime.fromisoformat(written) if isinstance(written, str) else written
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
