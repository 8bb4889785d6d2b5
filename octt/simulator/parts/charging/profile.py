"""One charging profile: what it says, and which limit it gives at an instant.

OCPP 1.6 edition 2, sections 3.13, 5.16.4, 7.8 to 7.14 and 7.37, read with errata sheet 4.0. Where those leave a
choice open, this station has decided:

- `Relative`, and `Absolute` without startSchedule, count from the start of the transaction; where no transaction
  runs, from the moment that is asked about, as if one started then. A ChargePointMaxProfile, which belongs to no
  transaction, counts from its installation.
- `Recurring` begins with its startSchedule and comes back every 86 400 or 604 800 seconds of UTC (errata 3.79).
- A schedule gives no limit before it starts and after its duration; without a duration its last period goes on.
- validFrom is included, validTo is not.
"""

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from octt.simulator.world.clock import parse_time

PURPOSES = ("ChargePointMaxProfile", "TxDefaultProfile", "TxProfile")
RECURRENCE = {"Daily": 86_400, "Weekly": 604_800}
_LARGEST = 2**31 - 1


@dataclass(frozen=True)
class Limits:
    """How much of smart charging a station takes, as its configuration keys declare (section 9.4)."""

    max_stack_level: int = 10
    max_periods: int = 50
    max_profiles: int = 50
    rate_units: tuple[str, ...] = ("A", "W")


@dataclass(frozen=True)
class Period:
    """A chargingSchedulePeriod: seconds from the start of the schedule, limit in the schedule's unit."""

    start: int
    limit: float
    phases: int


@dataclass(frozen=True)
class ChargingProfile:
    """A charging profile as it is installed on a connector (0: the station).

    `received` is the time of installation, `payload` the profile as it came. Times are seconds since 1970.
    """

    connector: int
    received: float
    payload: dict[str, Any]
    id: int
    transaction_id: int | None
    stack_level: int
    purpose: str
    kind: str
    recurrence: int | None
    valid_from: float
    valid_to: float
    start: float | None
    duration: float
    unit: str
    min_rate: float
    periods: tuple[Period, ...]

    def is_valid(self, t: float) -> bool:
        """Whether validFrom and validTo include `t`."""
        return self.valid_from <= t < self.valid_to

    def _run(self, t: float, transaction_start: float) -> tuple[float, float] | None:
        """Start and end of the run of the schedule that `t` falls in or, between two runs, follows."""
        if self.purpose == "ChargePointMaxProfile":
            transaction_start = float(math.floor(self.received))
        start = self.start if self.start is not None else transaction_start
        if t < start:
            return None
        if self.recurrence is not None:
            start += (t - start) // self.recurrence * self.recurrence
        return start, start + self.duration

    def period_at(self, t: float, transaction_start: float) -> Period | None:
        """The period in force at `t`; None when the profile says nothing about that instant."""
        run = self._run(t, transaction_start)
        if run is None or t >= run[1] or not self.is_valid(t):
            return None
        return next(period for period in reversed(self.periods) if run[0] + period.start <= t)

    def changes(self, t: float, transaction_start: float) -> Iterator[float]:
        """Instants, among them the first after `t`, at which `period_at` may change."""
        yield self.valid_from
        yield self.valid_to
        run = self._run(t, transaction_start)
        if run is None:
            yield self.start if self.start is not None else transaction_start
            return
        yield run[1]
        if self.recurrence is not None:
            yield run[0] + self.recurrence
        yield from (run[0] + period.start for period in self.periods)


def _moment(text: str) -> float:
    """Seconds since 1970; raises ValueError for what is no timestamp."""
    moment = parse_time(text)
    if moment is None:
        raise ValueError(f"{text!r} is not a timestamp")
    return moment


def parse(connector: int, payload: dict[str, Any], received: float) -> ChargingProfile:
    """The profile that a schema-valid `payload` (field names of section 7.8) describes.

    Raises ValueError, a sentence, when it makes no sense: a Recurring profile that does not say when and how often,
    a validity or duration that never begins, periods that do not start at 0 or do not ascend, negative limits,
    numberPhases other than 1, 2 or 3, an unreadable timestamp.
    """
    schedule = payload["chargingSchedule"]
    kind = payload["chargingProfileKind"]
    start = _moment(schedule["startSchedule"]) if "startSchedule" in schedule and kind != "Relative" else None
    recurrence = RECURRENCE.get(payload.get("recurrencyKind", "")) if kind == "Recurring" else None
    if kind == "Recurring" and (recurrence is None or start is None):
        raise ValueError("a Recurring profile needs a recurrencyKind and a startSchedule")
    valid_from = _moment(payload["validFrom"]) if "validFrom" in payload else -math.inf
    valid_to = _moment(payload["validTo"]) if "validTo" in payload else math.inf
    if valid_to <= valid_from:
        raise ValueError("validTo is not after validFrom")
    duration = schedule.get("duration", math.inf)
    if duration <= 0:
        raise ValueError("the duration of the schedule is not positive")
    periods = tuple(
        Period(period["startPeriod"], period["limit"], period.get("numberPhases", 3))
        for period in schedule["chargingSchedulePeriod"]
    )
    if not periods or periods[0].start != 0:
        raise ValueError("the first chargingSchedulePeriod does not have startPeriod 0")
    if any(later.start <= earlier.start for earlier, later in itertools.pairwise(periods)):
        raise ValueError("the startPeriods do not ascend")
    if any(period.limit < 0 or period.phases not in (1, 2, 3) for period in periods):
        raise ValueError("a period has a negative limit or an impossible numberPhases")
    if payload["stackLevel"] < 0:
        raise ValueError("the stackLevel is negative")
    if max(schedule.get("duration", 0), periods[-1].start, *(period.limit for period in periods)) > _LARGEST:
        raise ValueError("a duration, startPeriod or limit is larger than a schedule can hold")
    return ChargingProfile(
        connector=connector,
        received=received,
        payload=payload,
        id=payload["chargingProfileId"],
        transaction_id=payload.get("transactionId"),
        stack_level=payload["stackLevel"],
        purpose=payload["chargingProfilePurpose"],
        kind=kind,
        recurrence=recurrence,
        valid_from=valid_from,
        valid_to=valid_to,
        start=start,
        duration=duration,
        unit=schedule["chargingRateUnit"],
        min_rate=float(schedule.get("minChargingRate", 0)),
        periods=periods,
    )
