"""The words of the smart charging cases: profiles in the station's own unit, and composite schedules judged.

A composite schedule is right when the limit it gives at every instant is right (`composite.py`, `comparing.py`).
"""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

from octt.ocpp.values import instant, shown
from octt.record.clock import utc
from octt.script.calling import Reply
from octt.script.case_run import Label
from octt.script.charging.comparing import Comparison, compare, returned_schedule
from octt.script.charging.composite import expected_schedule
from octt.script.charging.steps import Unit
from octt.script.station import Owing, Station
from octt.script.times import in_seconds
from octt.script.undo import Kind

_LEAST = {"A": 6.0, "W": 1380.0}
"""No EV charges below 6 A (IEC 61851-1), 1380 W on one phase: a lower limit is no limit of a station's own."""

Profile = dict[str, Any]
Periods = list[tuple[int, float]]


class SmartCharging:
    """Sets profiles on one station and knows what must follow from them."""

    def __init__(self, station: Station, *, direct: bool = False) -> None:
        """Reads from the station which unit it takes, and what it tells without any profile.

        `direct`: the connector under test has direct current, which has no phases.
        """
        self.station, self.bench, self.direct = station, station.bench, direct
        self.unit: Unit = self._unit()
        self.most_periods = max(1, station.number_of("ChargingScheduleMaxPeriods") or 99)
        self.set: list[Profile] = []
        self._former: list[Profile] = []
        """What was set before the last ClearChargingProfile."""
        self.transaction: int | None = None
        self.transaction_start: datetime | None = None
        self.local_limit = self._local_limit()

    def _unit(self) -> Unit:
        wanted: Unit = self.bench.smart_charging.charging_rate_unit
        found = self.station.value_of("ChargingScheduleAllowedChargingRateUnit")
        allowed = str(found[0] or "").casefold() if found else ""
        other: Unit = "W" if wanted == "A" else "A"
        words = {"A": "current", "W": "power"}
        return other if words[wanted] not in allowed and words[other] in allowed else wanted

    def _local_limit(self) -> float | None:
        request: Profile = {
            "connectorId": self.bench.connector,
            "duration": 60,
            "chargingRateUnit": self.unit,
        }
        reply = self.station.call("GetCompositeSchedule", **request).payload
        nothing = expected_schedule([], self.bench.connector, utc(), 60, self.unit)
        steps, problems = returned_schedule(
            reply.get("chargingSchedule"), reply.get("scheduleStart"), nothing
        )
        limit = None if problems else steps.lowest()
        return limit if limit is not None and limit >= _LEAST[self.unit] else None

    def during(self, transaction: Any) -> None:
        """A transaction runs from now on."""
        self.transaction, self.transaction_start = transaction.id, utc()

    def profile(
        self,
        purpose: str,
        periods: Periods,
        *,
        duration: int | None = None,
        level: int | None = None,
        valid: bool = False,
        **more: Any,
    ) -> Profile:
        """An Absolute profile that started the configured time deviation ago; limits in A, or that many kW.

        `duration` is how long it lasts from now, so that all of a composite schedule lies within. `level` None: the
        configured stackLevel, or less where the station has fewer. `valid`: within 401 seconds. Of more periods than
        ChargingScheduleMaxPeriods the first ones are taken.
        """
        past = self.bench.times.max_deviation
        start = in_seconds(-past)
        factor = 1 if self.unit == "A" else 1000
        phases = {} if self.direct else {"numberPhases": self.bench.smart_charging.number_phases}
        schedule: Profile = {
            "startSchedule": start,
            "chargingRateUnit": self.unit,
            "chargingSchedulePeriod": [
                {"startPeriod": begin, "limit": float(limit * factor), **phases}
                for begin, limit in periods[: self.most_periods]
            ],
        }
        if duration is not None:
            schedule["duration"] = duration + math.ceil(past)
        window = {"validFrom": start, "validTo": in_seconds(401 - past)} if valid else {}
        highest = self.station.number_of("ChargeProfileMaxStackLevel")
        chosen = min(self.bench.smart_charging.stack_level, highest if highest is not None else 99)
        return {
            "chargingProfileId": len(self.set) + 1,
            "stackLevel": chosen if level is None else level,
            "chargingProfilePurpose": purpose,
            "chargingProfileKind": "Absolute",
            "chargingSchedule": schedule,
            **window,
            **more,
        }

    def install(self, profile: Profile, *, connector: int | None = None, step: Label = 1) -> None:
        """SetChargingProfile, which must be Accepted; every profile is cleared when the case ends."""
        number = self.bench.connector if connector is None else connector
        self.offer(profile, connector=number, step=step).returns(status="Accepted", cite="OCPP 1.6 5.16")

    def offer(self, profile: Profile, *, connector: int, step: Label = 1) -> Reply:
        """SetChargingProfile; what was taken is cleared when the case ends. The reply is not judged."""
        request: Profile = {"connectorId": connector, "csChargingProfiles": profile}
        reply = self.owing(profile).call("SetChargingProfile", step=step, **request)
        if not reply.refused:
            self.set.append(request)
        return reply

    def owing(self, profile: Profile) -> Owing:
        """For a request that brings this profile."""
        ident = profile["chargingProfileId"]
        name, purpose = f"charging profile {ident}", profile["chargingProfilePurpose"]
        return self.station.owes(Kind.PROFILE, name, before=None, after=purpose, id=ident)

    def remember(self, request: Profile) -> None:
        """A profile that came with a transaction is in force from now on."""
        self.set.append(request)

    def clear(self, *profiles: int, step: Label, **fields: Any) -> None:
        """ClearChargingProfile, which must be Accepted and takes away the profiles with these numbers (from 1)."""
        reply = self.station.call("ClearChargingProfile", step=step, **fields)
        reply.returns(status="Accepted", cite="OCPP 1.6 5.5")
        gone, self._former = set(profiles), self.set
        self.set = [r for r in self.set if r["csChargingProfiles"]["chargingProfileId"] not in gone]

    def composite(self, duration: int, *, step: Label) -> Reply:
        """GetCompositeSchedule, judged: its head, when it was worked out, and its limit at every instant."""
        connector = self.bench.connector
        asked = utc()
        reply = self.station.call(
            "GetCompositeSchedule",
            connectorId=connector,
            duration=duration,
            chargingRateUnit=self.unit,
            step=step,
        )
        head = {"duration": duration, "chargingRateUnit": self.unit}
        reply.returns(status="Accepted", connectorId=connector, chargingSchedule=head, cite="OCPP 1.6 5.7")
        self._is_fresh(reply, asked)
        self._is_right(reply, asked, duration)
        return reply

    def _is_fresh(self, reply: Reply, asked: datetime) -> None:
        """scheduleStart is near now. The document says startSchedule, which errata 4.0 (3.57) leaves out."""
        text, start = shown(reply.payload.get("scheduleStart")), instant(reply.payload.get("scheduleStart"))
        tolerance = self.bench.times.max_deviation + 1
        off = (start - asked).total_seconds() if start else None
        self.station.check(
            off is not None and abs(off) <= tolerance,
            f"scheduleStart at most {tolerance:g} s from now",
            f"scheduleStart is {text or 'absent'}" + (f", {off:.1f} s from now" if off is not None else ""),
            step=reply.label,
            cite="OCPP 1.6 5.7, errata 3.57",
            frame=reply.seen,
        )

    def _is_right(self, reply: Reply, asked: datetime, duration: int) -> None:
        expected = expected_schedule(
            self.set, self.bench.connector, asked, duration, self.unit, self.transaction_start
        )
        returned = reply.payload.get("chargingSchedule")
        compared = compare(
            expected,
            returned,
            reply.payload.get("scheduleStart"),
            self.bench.times.max_deviation + 1,
            local_limit=self.local_limit,
        )
        ok, actual = compared.ok, str(compared)
        if ok and not self.set and (lingers := self._lingers(compared, asked)):
            ok, actual = False, lingers
        what = "chargingSchedulePeriod as follows from the profiles set"
        plot = {
            "expected": expected.points(),
            "returned": compared.returned_steps.points(),
            "unit": self.unit,
            "duration": duration,
        }
        self.station.check(
            ok,
            what,
            actual,
            step=reply.label,
            cite="OCPP 1.6 3.13",
            frame=reply.seen,
            data={"schedule": plot},
        )

    def _lingers(self, compared: Comparison, asked: datetime) -> str:
        """Why a schedule is wrong when no profile is set any more: it must be the one from before any was set.

        A station that told no limit then may tell any limit of its own now, but not the course of what was cleared.
        """
        returned = compared.returned_steps
        limits = {limit for _, limit in returned.changes if limit is not None}
        if self.local_limit is not None:
            if limits and all(abs(limit - self.local_limit) < 0.1 for limit in limits):
                return ""
            return f"the limit without profiles was {self.local_limit:g} {self.unit}, now it is another"
        former = expected_schedule(
            self._former, self.bench.connector, asked, returned.duration, self.unit, self.transaction_start
        )
        wanted = {limit for _, limit in former.changes if limit is not None}
        return "it is that of the profile that was cleared" if len(wanted) > 1 and limits == wanted else ""
