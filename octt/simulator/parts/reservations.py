"""Reservations: of a connector and of the station, who may use them, when they end.

OCPP 1.6 edition 2, sections 3.11, 5.1, 5.13 and 7.40. Decisions where the specification leaves them:

- A reservation of connector 0 takes no particular connector. As long as more connectors are free than there are such
  reservations nothing is to be seen of it; when every free connector is needed for them, these show Reserved.
- A known reservationId replaces that reservation if the new one can be made, otherwise the old one stays.
- An expiryDate that has passed, and a connector the station does not have, are answered with Rejected.
- An incoming idTag is compared with the reserved idTag, its parent with the reserved parent (3.9: a parent id is not
  an id to present). Case does not matter (7.15).
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

FREE = ("Available", "Reserved")


@dataclass(frozen=True)
class Reservation:
    """An accepted ReserveNow.req; `expires` in seconds since 1970."""

    id: int
    connector: int
    expires: float
    id_tag: str
    parent_id_tag: str | None = None

    def admits(self, id_tag: str, parent_id_tag: str | None) -> bool:
        """Whether it was made for this idTag or for the group it belongs to."""
        if id_tag.casefold() == self.id_tag.casefold():
            return True
        if not parent_id_tag or not self.parent_id_tag:
            return False
        return parent_id_tag.casefold() == self.parent_id_tag.casefold()


@dataclass
class Reservations:
    """The reservations of one station.

    `states`, where a method asks for it, are the OCPP statuses of the connectors and of connector 0.
    """

    connector_zero: bool = True
    """ReserveConnectorZeroSupported."""
    held: list[Reservation] = field(default_factory=list)

    def reserve(self, new: Reservation, states: Mapping[int, str], now: float) -> str:
        """Make or replace a reservation and give the status of ReserveNow.conf."""
        if new.expires <= now or new.connector not in states:
            return "Rejected"
        if new.connector == 0 and not self.connector_zero:
            return "Rejected"
        others = [one for one in self.held if one.id != new.id]
        if states[0] in ("Faulted", "Unavailable"):
            return states[0]
        free = self._free(others, states)
        left = len(free) - sum(one.connector == 0 for one in others)
        if new.connector == 0 and not free:
            return _common([states[connector] for connector in states if connector > 0])
        if new.connector > 0 and new.connector not in free:
            return _common([states[new.connector]])
        if left < 1:
            return "Occupied"
        self.held = [*others, new]
        return "Accepted"

    def cancel(self, id: int) -> Reservation | None:
        """End the reservation with that id; None when there is none."""
        found = next((one for one in self.held if one.id == id), None)
        self.held = [one for one in self.held if one is not found]
        return found

    def expire(self, now: float) -> list[Reservation]:
        """End the reservations whose time is over, and give them."""
        over = [one for one in self.held if one.expires <= now]
        self.held = [one for one in self.held if one.expires > now]
        return over

    def next_expiry(self) -> float | None:
        """When the next reservation ends by itself."""
        return min((one.expires for one in self.held), default=None)

    def release(self, connector: int) -> list[Reservation]:
        """End what a fault or unavailability of the connector (0: of the station) ends (5.13), and give it."""
        ended = [one for one in self.held if connector in (0, one.connector)]
        self.held = [one for one in self.held if one not in ended]
        return ended

    def reserved(self, states: Mapping[int, str]) -> set[int]:
        """The connectors that are to show the status Reserved, if nothing else occupies them."""
        particular = {one.connector for one in self.held if one.connector > 0}
        free = self._free(self.held, states)
        any_connector = sum(one.connector == 0 for one in self.held)
        return particular | (free if any_connector and len(free) <= any_connector else set())

    def used_by(self, connector: int, id_tag: str, parent_id_tag: str | None) -> Reservation | None:
        """The reservation that a transaction of this idTag on this connector uses up."""
        particular = [one for one in self.held if one.connector == connector]
        for one in particular or [one for one in self.held if one.connector == 0]:
            if one.admits(id_tag, parent_id_tag):
                return one
        return None

    def allows(
        self, connector: int, id_tag: str, parent_id_tag: str | None, states: Mapping[int, str]
    ) -> bool:
        """Whether a transaction of this idTag may start on this connector."""
        if self.used_by(connector, id_tag, parent_id_tag):
            return True
        if any(one.connector == connector for one in self.held):
            return False
        others = self._free(self.held, states) - {connector}
        return len(others) >= sum(one.connector == 0 for one in self.held)

    def wants_parent(self, connector: int, id_tag: str) -> bool:
        """Whether the parent of the idTag decides, so that an Authorize.req is needed if it is not known (5.13)."""
        concerned = [one for one in self.held if one.connector in (0, connector) and one.parent_id_tag]
        return bool(concerned) and self.used_by(connector, id_tag, None) is None

    def end(self, reservation: Reservation) -> None:
        """A transaction has used the reservation."""
        self.held = [one for one in self.held if one != reservation]

    def dump(self) -> list[dict[str, Any]]:
        """The reservations as plain data, for the state file; `restore` reads it."""
        return [asdict(one) for one in self.held]

    def restore(self, data: Iterable[Mapping[str, Any]]) -> None:
        """Put back what `dump` gave."""
        self.held = [Reservation(**one) for one in data]

    @staticmethod
    def _free(held: Iterable[Reservation], states: Mapping[int, str]) -> set[int]:
        """The connectors nobody uses and nobody has reserved in particular."""
        taken = {one.connector for one in held}
        return {connector for connector, state in states.items() if connector > 0 and state in FREE} - taken


def _common(states: Iterable[str]) -> str:
    """Why none of the connectors can be reserved: the fault or unavailability they share, else Occupied."""
    shared = set(states)
    if shared == {"Faulted"}:
        return "Faulted"
    return "Unavailable" if shared and shared <= {"Faulted", "Unavailable"} else "Occupied"
