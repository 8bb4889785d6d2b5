"""The SmartCharging profile of the station: three messages around `charging_profiles.py`, and the limit in force.

Specification 3.13, 5.5, 5.7, 5.16, 6.13 with errata sheet 4.0.
"""

from __future__ import annotations

import asyncio
import math

from octt.simulator.part import CallRefused, Payload, Reply, on
from octt.simulator.parts.absent import SmartChargingBase
from octt.simulator.parts.charging.profile import ChargingProfile, Limits
from octt.simulator.parts.charging.profiles import ChargingProfiles, RunningTransaction
from octt.simulator.parts.session import Transaction

_LONGEST_SLEEP = 30.0
"""Seconds; the station's clock may be set meanwhile."""
_UNITS = {"Current": "A", "Power": "W"}


class SmartCharging(SmartChargingBase):
    """Keeps charging profiles over reboots, answers about them, and makes the connectors follow them."""

    def boot(self) -> None:
        """Profiles come from memory (errata 3.37), limits from the configuration keys (9.4)."""
        config = self.station.config
        allowed = config.items("ChargingScheduleAllowedChargingRateUnit")
        self.store = ChargingProfiles(
            self.station.world.supply,
            Limits(
                config.integer("ChargeProfileMaxStackLevel"),
                config.integer("ChargingScheduleMaxPeriods"),
                config.integer("MaxChargingProfilesInstalled"),
                tuple(_UNITS[name] for name in allowed if name in _UNITS),
            ),
        )
        self._stored: list[Payload] = self.station.memory.section("charging_profiles", [])
        self.store.restore(self._stored)
        self._awake = asyncio.Event()
        self.station.spawn(self._follow())

    def _changed(self) -> None:
        """Keep the profiles and follow them from here."""
        self._stored[:] = self.store.dump()
        self.station.memory.save()
        self._awake.set()

    async def _follow(self) -> None:
        """Have the connectors look at their limits whenever these change."""
        while True:
            self._awake.clear()
            for connector in self.station.connectors.all.values():
                connector.refresh()
            now, running = self.station.clock.now(), self._running()
            due = self.store.next_change(0, running, now, now) if running else math.inf
            try:
                async with asyncio.timeout(None if math.isinf(due) else min(due - now, _LONGEST_SLEEP)):
                    await self._awake.wait()
            except TimeoutError:
                pass

    def _running(self) -> dict[int, RunningTransaction]:
        """The transactions by connector."""
        transactions = self.station.transactions
        running: dict[int, RunningTransaction] = {}
        for number, connector in self.station.connectors.all.items():
            if connector.transaction is not None:
                id = transactions.id_of(connector.transaction.local)
                running[number] = RunningTransaction(None if id == -1 else id, connector.transaction.started)
        return running

    # the Central System

    @on("SetChargingProfile")
    def set_charging_profile(self, payload: Payload) -> Reply | Payload:
        """Accepted or Rejected; PropertyConstraintViolation for an unknown connector (5.16, errata 3.39)."""
        number, profile = payload["connectorId"], payload["csChargingProfiles"]
        if number not in (0, *self.station.connectors.all):
            raise CallRefused("PropertyConstraintViolation", f"there is no connector {number}")
        running = self._transaction_for(number, profile)
        if self.store.refusal(profile, number, running):
            no_transaction = profile["chargingProfilePurpose"] == "TxProfile" and running is None
            if no_transaction and self.station.options.constraint_errors:
                raise CallRefused("PropertyConstraintViolation", "a TxProfile needs a transaction")
            return {"status": "Rejected"}
        return Reply({"status": "Accepted"}, lambda: self._install(number, profile, running))

    def _transaction_for(self, number: int, profile: Payload) -> RunningTransaction | None:
        """The transaction that a profile for that connector can be meant for."""
        return self._running().get(number)

    def _install(self, number: int, profile: Payload, running: RunningTransaction | None) -> None:
        self.store.install(profile, number, running, self.station.clock.now())
        self._changed()

    @on("ClearChargingProfile")
    def clear_charging_profile(self, payload: Payload) -> Reply | Payload:
        """Accepted, or Unknown when no profile matches (5.5)."""
        criteria = {
            "id": payload.get("id"),
            "connector": payload.get("connectorId"),
            "purpose": payload.get("chargingProfilePurpose"),
            "stack_level": payload.get("stackLevel"),
        }
        gone = self.store.matching(**criteria)
        if not gone:
            return {"status": "Unknown"}
        return Reply({"status": "Accepted"}, lambda: self._clear(gone))

    def _clear(self, gone: list[ChargingProfile]) -> None:
        self.store.remove(gone)
        self._changed()

    @on("GetCompositeSchedule")
    def get_composite_schedule(self, payload: Payload) -> Payload:
        """The schedule from now on, or Rejected when there is none to tell (5.7)."""
        number, duration = payload["connectorId"], payload["duration"]
        units = self.store.limits.rate_units
        if number not in (0, *self.station.connectors.all) or not units:
            return {"status": "Rejected"}
        start = float(math.floor(self.station.clock.now()))
        schedule = self._schedule(number, start, duration, payload.get("chargingRateUnit", units[0]))
        if schedule is None:
            return {"status": "Rejected"}
        if self.station.world.supply.direct:
            for period in schedule["chargingSchedulePeriod"]:
                del period["numberPhases"]
        if self.station.options.split_schedules:
            split(schedule)
        return {
            "status": "Accepted",
            "connectorId": number,
            "scheduleStart": self.station.clock.text(start),
            "chargingSchedule": schedule,
        }

    def _schedule(self, number: int, start: float, duration: int, unit: str) -> Payload | None:
        return self.store.composite_schedule(number, self._running(), start, duration, unit)

    # Core

    def limit(self, connector: int, transaction: Transaction | None) -> float:
        """The power the connector may draw now, in W: its share of what all may draw together."""
        if not self.store.profiles:
            return self.station.world.supply.most("W")
        now, running = self.station.clock.now(), self._running()
        if transaction is None or connector not in running:
            return self.store.limit_at(connector, running, now, "W")[0]
        amperes, phases = self.store.shared(running, now)[connector]
        return amperes * self.station.world.supply.volts * phases

    def remote_profile_problem(self, connector: int, profile: Payload) -> str | None:
        """Why the chargingProfile of a RemoteStartTransaction cannot be used, or None (5.16.2)."""
        if profile["chargingProfilePurpose"] != "TxProfile":
            if self.station.options.constraint_errors:
                raise CallRefused("PropertyConstraintViolation", "a remote start takes a TxProfile only")
            return "its purpose is not TxProfile"
        return self.store.refusal(profile, connector, RunningTransaction(None, self.station.clock.now()))

    def transaction_started(self, transaction: Transaction, profile: Payload | None) -> None:
        """Use the profile that came with the remote start, and none that a former transaction left."""
        self.store.end_transaction(transaction.connector)
        if profile is not None:
            running = RunningTransaction(None, transaction.started)
            self.store.install(profile, transaction.connector, running, self.station.clock.now())
        self._changed()

    def transaction_ended(self, transaction: Transaction) -> None:
        """A TxProfile ends with its transaction (3.13.1)."""
        self.store.end_transaction(transaction.connector)
        self._changed()

    def state(self) -> Payload:
        """For GET /state."""
        return {"charging_profiles": self.store.dump()}


def split(schedule: Payload) -> None:
    """Tell every period in two parts where it is long enough; the limit at every instant stays the same."""
    periods: list[Payload] = []
    ends = [period["startPeriod"] for period in schedule["chargingSchedulePeriod"][1:]] + [
        schedule["duration"]
    ]
    for period, end in zip(schedule["chargingSchedulePeriod"], ends, strict=True):
        middle = (period["startPeriod"] + end) // 2
        periods.append(period)
        if middle > period["startPeriod"]:
            periods.append({**period, "startPeriod": middle})
    schedule["chargingSchedulePeriod"] = periods
