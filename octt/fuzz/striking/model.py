"""A small station as the specification defines it: which statuses may answer a request after what was done before.

It knows one connector and only what certain sections leave no choice about; where a station may choose, any status
will do.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from octt.fuzz.story import Blow, Severity, Trouble

Payload = dict[str, Any]


@dataclass
class Model:
    """What the station must be like by now. `charging`: a transaction runs, and its id."""

    connector: int = 1
    charging: int | None = None
    plugged: bool = False
    unavailable: bool = False
    scheduled: bool = False
    reservations: set[int] = field(default_factory=set)
    doubtful: set[int] = field(default_factory=set)
    """Reservations of which no section says whether they are still there."""

    def allowed(self, action: str, payload: Payload) -> tuple[frozenset[str], str]:
        """The statuses that may answer a request, and the section; none: the section leaves it open."""
        match action:
            case "RemoteStopTransaction":
                known = payload["transactionId"] == self.charging
                return frozenset({"Accepted" if known else "Rejected"}), "OCPP 1.6 section 5.12"
            case "RemoteStartTransaction" if self.charging is not None or self.unavailable:
                return frozenset({"Rejected"}), "OCPP 1.6 section 5.11"
            case "ChangeAvailability" if payload["type"] == "Inoperative" and self.charging is not None:
                return frozenset({"Scheduled"}), "OCPP 1.6 section 5.2"
            case "ChangeAvailability" if self.charging is None and not self.plugged:
                return frozenset({"Accepted"}), "OCPP 1.6 section 5.2"
            case "ReserveNow" if payload["reservationId"] not in self.reservations and not self.doubtful:
                return self._reserving(), "OCPP 1.6 section 5.13"
            case "CancelReservation" if payload["reservationId"] not in self.doubtful:
                known = payload["reservationId"] in self.reservations
                return frozenset({"Accepted" if known else "Rejected"}), "OCPP 1.6 section 5.1"
        return frozenset(), ""

    def _reserving(self) -> frozenset[str]:
        """A station that takes no reservations at all may always reject them."""
        if self.unavailable:
            return frozenset({"Unavailable", "Rejected"})
        if self.charging is not None or self.plugged or self.reservations:
            return frozenset({"Occupied", "Rejected"})
        return frozenset({"Accepted", "Rejected"})

    def answered(self, blow: Blow, status: str, line: int) -> Trouble | None:
        """Takes note of the answer to a request; what is wrong with it."""
        payload: Payload = blow.payload
        allowed, cite = self.allowed(blow.action, payload)
        self._note(blow.action, payload, status)
        if not allowed or status in allowed or not status:
            return None
        fault = (
            f"{blow.action} is answered with {status[:30]} where only {' or '.join(sorted(allowed))} is left"
        )
        return Trouble(Severity.MUST, fault, str(payload), cite, line)

    def _note(self, action: str, payload: Payload, status: str) -> None:
        if action == "ReserveNow" and status == "Accepted":
            self.reservations, self.doubtful = {payload["reservationId"]}, set()
        elif action == "CancelReservation" and status == "Accepted":
            self.reservations.discard(payload["reservationId"])
            self.doubtful.discard(payload["reservationId"])
        elif action == "ChangeAvailability" and status in ("Accepted", "Scheduled"):
            self.scheduled = payload["type"] == "Inoperative" and status == "Scheduled"

    def shown(self, transaction: int | None, status: str) -> None:
        """What the station shows by now: the id of its transaction, and the status of its connector."""
        if transaction is not None and self.charging is None:
            self._doubt()
        self.charging = transaction
        self.unavailable = status == "Unavailable"
        self.plugged = status in ("Preparing", "Finishing", "Charging", "SuspendedEV", "SuspendedEVSE")
        if self.unavailable:
            self._doubt()

    def rebooted(self) -> None:
        """No section says what becomes of a reservation."""
        self._doubt()

    def _doubt(self) -> None:
        self.doubtful |= self.reservations
        self.reservations = set()
