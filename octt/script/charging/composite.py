"""What limit follows from charging profiles: the expectations of the smart charging cases.

Rests on OCPP 1.6 sections 3.13, 5.7, 5.16, 7.8 to 7.14 and errata 4.0. Schedules are functions of time here: how they
are cut into periods does not matter. Where the specification leaves something open, the docstrings say what was
decided; cases do not depend on it unless they say so.

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
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal

from octt.script.charging.steps import Payload, Steps, Unit, converted, merged, time_of

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
        merged(
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
    return (begin is None or time_of(begin) <= instant) and (end is None or instant < time_of(end))


def _origin(profile: Payload, begin: datetime) -> datetime:
    """From when the periods of a profile count: startSchedule, or the start of charging (7.9, 7.13)."""
    written = profile["chargingSchedule"].get("startSchedule")
    if profile["chargingProfileKind"] == "Relative" or written is None:
        return begin
    return time_of(written)


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
        None if current is None else converted(current, schedule["chargingRateUnit"], unit, voltage, phases)
    )


def _edges(profile: Payload, begin: datetime, start: datetime, end: datetime) -> Iterable[datetime]:
    """The instants, between `start` and `end`, at which the limit of a profile may change."""
    for field in ("validFrom", "validTo"):
        if profile.get(field) is not None:
            yield time_of(profile[field])
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
