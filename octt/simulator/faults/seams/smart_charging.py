"""Faults of charging profiles, composite schedules and limits."""

from __future__ import annotations

import math
from dataclasses import replace

from octt.simulator.faults.fault import Faults
from octt.simulator.part import Payload, Reply, on
from octt.simulator.parts.charging.profile import ChargingProfile
from octt.simulator.parts.charging.profiles import ChargingProfiles, RunningTransaction
from octt.simulator.parts.charging.smart_charging import SmartCharging
from octt.simulator.parts.session import Transaction
from octt.simulator.world.clock import parse_time


class FaultySmartCharging(SmartCharging):
    """Takes profiles it should refuse, clears the wrong ones, works schedules out wrongly, charges as it likes."""

    def _transaction_for(self, number: int, profile: Payload) -> RunningTransaction | None:
        tx_profile = profile["chargingProfilePurpose"] == "TxProfile"
        if tx_profile and self.station.faults.active("tx-profile-unchecked"):
            return RunningTransaction(profile.get("transactionId"), self.station.clock.now())
        return super()._transaction_for(number, profile)

    @on("ClearChargingProfile")
    def clear_charging_profile(self, payload: Payload) -> Reply | Payload:
        """The right answer, but other effects; or Unknown."""
        faults = self.station.faults
        asked_by = "id" if "id" in payload else "criteria" if payload else "nothing"
        answer = super().clear_charging_profile(payload)
        if not isinstance(answer, Reply):
            return answer
        if faults.active("clear-refused", asked_by):
            return {"status": "Unknown"}
        if faults.active("clears-nothing", asked_by):
            return answer.payload
        if faults.active("clears-everything"):
            return Reply(answer.payload, lambda: self._clear(list(self.store.profiles)))
        return answer

    @on("GetCompositeSchedule")
    def get_composite_schedule(self, payload: Payload) -> Payload:
        """The answer, with another scheduleStart."""
        faults, answer = self.station.faults, super().get_composite_schedule(payload)
        start = parse_time(answer.get("scheduleStart"))
        if start is not None and faults.active("composite-stale"):
            answer["scheduleStart"] = self.station.clock.text(start + faults.number("composite-stale"))
        return answer

    def _schedule(self, number: int, start: float, duration: int, unit: str) -> Payload | None:
        faults = self.station.faults
        start += faults.number("composite-skew")
        known = misread(self.store, faults)
        schedule = known.composite_schedule(number, self._running(), start, duration, unit)
        if schedule is not None and faults.active("composite-duration"):
            schedule["duration"] = int(faults.number("composite-duration"))
        return schedule

    def limit(self, connector: int, transaction: Transaction | None) -> float:
        """The power the connector may draw, in W."""
        if self.station.faults.active("limit-ignored"):
            return self.station.world.supply.most("W")
        return super().limit(connector, transaction)

    def remote_profile_problem(self, connector: int, profile: Payload) -> str | None:
        """Why the profile of a remote start cannot be used, or None."""
        unchecked = self.station.faults.active("remote-profile-unchecked")
        return None if unchecked else super().remote_profile_problem(connector, profile)

    def transaction_started(self, transaction: Transaction, profile: Payload | None) -> None:
        """Use the profile of the remote start, or not."""
        ignored = self.station.faults.active("remote-profile-ignored")
        super().transaction_started(transaction, None if ignored else profile)


def misread(store: ChargingProfiles, faults: Faults) -> ChargingProfiles:
    """The profiles as a station with the active faults reads them for a composite schedule."""
    ignored = faults.arguments("composite-ignores")
    profiles = [_misread(profile, ignored) for profile in store.profiles if profile.purpose not in ignored]
    return ChargingProfiles(store.supply, store.limits, profiles)


def _misread(profile: ChargingProfile, ignored: list[str]) -> ChargingProfile:
    if "stackLevel" in ignored:
        profile = replace(profile, stack_level=-profile.stack_level)
    if "duration" in ignored:
        profile = replace(profile, duration=math.inf)
    if "periods" in ignored:
        profile = replace(profile, periods=profile.periods[:1])
    if "overruling" in ignored and profile.purpose == "TxProfile":
        # only the highest of the default profiles, which leaves what it does not say to them
        profile = replace(profile, purpose="TxDefaultProfile", stack_level=1000 + profile.stack_level)
    return profile
