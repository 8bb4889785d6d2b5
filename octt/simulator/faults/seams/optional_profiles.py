"""Faults of local lists and reservations."""

from __future__ import annotations

from dataclasses import replace

from octt.simulator.part import Payload, Reply, on
from octt.simulator.parts.absent import NoReservations
from octt.simulator.parts.list_management import ListManagement
from octt.simulator.parts.reserving import Reserving


class FaultyListManagement(ListManagement):
    """Ignores its list, is wrong about versions, hides that it could not store an update."""

    def lookup(self, id_tag: str) -> Payload | None:
        """What the list says, or nothing."""
        return None if self.station.faults.active("list-ignored") else super().lookup(id_tag)

    @on("GetLocalListVersion")
    def get_local_list_version(self, payload: Payload) -> Payload:
        """The version, also that of an empty list."""
        if self.enabled and self.station.faults.active("empty-list-versioned"):
            return {"listVersion": self.list.version}
        return super().get_local_list_version(payload)

    @on("SendLocalList")
    def send_local_list(self, payload: Payload) -> Payload:
        """The right answer, with another idea of the version before or after it."""
        faults, before = self.station.faults, self.list.version
        differential = payload["updateType"] == "Differential"
        if differential and faults.active("list-version-unchecked"):
            self.list.version = 0
        answer = super().send_local_list(payload)
        if answer["status"] == "VersionMismatch" and faults.active("list-mismatch-counts"):
            self.list.version = payload["listVersion"]
        if differential and faults.active("list-version-stuck"):
            self.list.version = before
        self._keep()
        return answer

    def _storage_broken(self) -> bool:
        return super()._storage_broken() and not self.station.faults.active("list-failure-hidden")


class FaultyReserving(Reserving):
    """Reserves what cannot be, does not let reservations end, lets in whom it should not."""

    def boot(self) -> None:
        """No connector is kept reserved in secret."""
        super().boot()
        self._blocked: set[int] = set()

    def _expire(self, now: float) -> None:
        faults = self.station.faults
        over = [one for one in self.store.held if one.expires <= now]
        if faults.active("reservation-endless"):
            self.store.held = [
                replace(one, expires=now + 3600) if one in over else one for one in self.store.held
            ]
        elif faults.active("expired-yet-blocks"):
            self._blocked |= {one.connector for one in over}
        super()._expire(now)

    @on("ReserveNow")
    def reserve_now(self, payload: Payload) -> Reply | Payload:
        """The right answer, or Accepted instead of it."""
        answer = super().reserve_now(payload)
        if isinstance(answer, dict) and self.station.faults.active("reserves", answer["status"]):
            return {"status": "Accepted"}
        return answer

    @on("CancelReservation")
    def cancel_reservation(self, payload: Payload) -> Reply | Payload:
        """The right answer; Rejected may cancel all the same."""
        answer = super().cancel_reservation(payload)
        if isinstance(answer, dict) and self.station.faults.active("cancel-any"):
            return Reply(answer, self._cancel_all)
        return answer

    def _cancel_all(self) -> None:
        for one in list(self.store.held):
            self._cancel(one.id)

    def allows(self, connector: int, id_tag: str, parent: str | None = None) -> bool:
        """Whether that idTag may use the connector now."""
        faults = self.station.faults
        if faults.active("reservation-ignored"):
            return True
        known = None if faults.active("reservation-parent-ignored") else parent
        return connector not in self._blocked and super().allows(connector, id_tag, known)


class FaultyNoReservations(NoReservations):
    """A station without the profile that answers otherwise than Rejected."""

    @on("ReserveNow")
    def reserve_now(self, payload: Payload) -> Payload:
        """Rejected, or what the fault says."""
        wrong = self.station.faults.value("reserve-unsupported")
        return {"status": wrong} if wrong else super().reserve_now(payload)
