"""What Core asks of the optional profiles, answered as a station without them does (negative test cases included).

The real parts derive from these classes and take their place in `station.py`.
"""

from __future__ import annotations

from octt.simulator.part import CallRefused, Part, Payload, on
from octt.simulator.parts.session import Transaction


class LocalListBase(Part):
    """Core's view of the local authorization list (3.5.2)."""

    def lookup(self, id_tag: str) -> Payload | None:
        """The idTagInfo the enabled list holds for an idTag, or None."""
        return None


class NoLocalList(LocalListBase):
    """A station without LocalAuthListManagement."""

    @on("GetLocalListVersion")
    def get_local_list_version(self, payload: Payload) -> Payload:
        """-1 says that local lists are not supported (5.10)."""
        if self.station.options.refuse_unsupported:
            raise CallRefused("NotSupported", "LocalAuthListManagement is not supported")
        return {"listVersion": -1}

    @on("SendLocalList")
    def send_local_list(self, payload: Payload) -> Payload:
        """NotSupported (5.15)."""
        if self.station.options.refuse_unsupported:
            raise CallRefused("NotSupported", "LocalAuthListManagement is not supported")
        return {"status": "NotSupported"}


class ReservationsBase(Part):
    """Core's view of reservations (5.13). Connector 0 reservations are the part's own business."""

    def reserved(self, connector: int) -> bool:
        """Whether the connector is to be shown as Reserved."""
        return False

    def allows(self, connector: int, id_tag: str, parent: str | None = None) -> bool:
        """Whether that idTag (or its parent) may use the connector now, given all reservations."""
        return True

    def needs_parent(self, connector: int, id_tag: str) -> bool:
        """Whether only the idTag's parentIdTag can tell if it may use the connector, so that it must be asked for."""
        return False

    def use(self, connector: int, id_tag: str, parent: str | None = None) -> int | None:
        """A transaction starts: end the reservation it fulfils and return its reservationId."""
        return None

    def status_changed(self, connector: int, status: str) -> None:
        """A connector has a new status."""


class NoReservations(ReservationsBase):
    """A station without Reservation."""

    @on("ReserveNow")
    def reserve_now(self, payload: Payload) -> Payload:
        """Rejected: the station is not configured to accept reservations (5.13)."""
        return {"status": "Rejected"}


class SmartChargingBase(Part):
    """Core's view of smart charging (3.13). Limits are watts."""

    def limit(self, connector: int, transaction: Transaction | None) -> float:
        """The power the connector may draw now, in W. Parts call `connectors[n].refresh()` when it changes."""
        return self.station.world.supply.most("W")

    def remote_profile_problem(self, connector: int, profile: Payload) -> str | None:
        """Why the chargingProfile of a RemoteStartTransaction cannot be used (then it is Rejected), or None."""
        return None

    def transaction_started(self, transaction: Transaction, profile: Payload | None) -> None:
        """A transaction started, `profile` is the one its RemoteStartTransaction carried."""

    def transaction_ended(self, transaction: Transaction) -> None:
        """A transaction ended: its TxProfiles are void."""
