"""The Reservation profile of the station: two messages, and what connectors show, around `reservations.py`.

Specification 4.9 (transitions A7, G1, G2, G9), 5.1, 5.13.
"""

from __future__ import annotations

import asyncio

from octt.simulator.part import CallRefused, Payload, Reply, on
from octt.simulator.parts.absent import ReservationsBase
from octt.simulator.parts.reservations import Reservation, Reservations
from octt.simulator.world.clock import format_time, parse_time

_LONGEST_SLEEP = 30.0
"""Seconds; the station's clock may be set meanwhile."""


class Reserving(ReservationsBase):
    """Keeps reservations over reboots, ends them in time, and tells Core who may use which connector."""

    def boot(self) -> None:
        """Reservations come from memory; what has expired meanwhile ends at once."""
        self.store = Reservations(self.station.config.boolean("ReserveConnectorZeroSupported"))
        self._stored: list[Payload] = self.station.memory.section("reservations", [])
        self.store.restore(self._stored)
        self.store.expire(self.station.clock.now())
        self._awake = asyncio.Event()
        self.station.spawn(self._watch())

    async def _watch(self) -> None:
        """Let reservations expire at their time, to the instant (5.13)."""
        while True:
            self._awake.clear()
            now, due = self.station.clock.now(), self.store.next_expiry()
            if due is not None and due <= now:
                self._expire(now)
                continue
            try:
                async with asyncio.timeout(None if due is None else min(due - now, _LONGEST_SLEEP)):
                    await self._awake.wait()
            except TimeoutError:
                pass

    def _expire(self, now: float) -> None:
        self.store.expire(now)
        self._changed()

    def _changed(self) -> None:
        """Keep what is reserved now, and show it."""
        self._stored[:] = self.store.dump()
        self.station.memory.save()
        self._awake.set()
        for connector in self.station.connectors.all.values():
            connector.refresh()

    def _states(self) -> dict[int, str]:
        connectors = self.station.connectors
        return {0: connectors.station_status, **{n: one.status for n, one in connectors.all.items()}}

    # the Central System

    @on("ReserveNow")
    def reserve_now(self, payload: Payload) -> Reply | Payload:
        """Accepted, Faulted, Occupied, Unavailable, Rejected (5.13)."""
        expires = parse_time(payload["expiryDate"])
        if expires is None:
            raise CallRefused("TypeConstraintViolation", "expiryDate is not a timestamp")
        new = Reservation(
            payload["reservationId"],
            payload["connectorId"],
            expires,
            payload["idTag"],
            payload.get("parentIdTag"),
        )
        status = self.store.reserve(new, self._states(), self.station.clock.now())
        if status == "Accepted":
            return Reply({"status": status}, self._changed)
        return {"status": status}

    @on("CancelReservation")
    def cancel_reservation(self, payload: Payload) -> Reply | Payload:
        """Accepted, or Rejected when there is no such reservation (5.1)."""
        wanted = payload["reservationId"]
        if any(one.id == wanted for one in self.store.held):
            return Reply({"status": "Accepted"}, lambda: self._cancel(wanted))
        return {"status": "Rejected"}

    def _cancel(self, id: int) -> None:
        self.store.cancel(id)
        self._changed()

    # Core

    def reserved(self, connector: int) -> bool:
        """Whether the connector, free otherwise, is to be shown as Reserved."""
        return connector in self.store.reserved({**self._states(), connector: "Available"})

    def allows(self, connector: int, id_tag: str, parent: str | None = None) -> bool:
        """Whether that idTag (or its parent) may use the connector now, given all reservations."""
        return self.store.allows(connector, id_tag, parent, self._states())

    def needs_parent(self, connector: int, id_tag: str) -> bool:
        """Whether only the idTag's parentIdTag can tell if it may use the connector."""
        return self.store.wants_parent(connector, id_tag)

    def use(self, connector: int, id_tag: str, parent: str | None = None) -> int | None:
        """A transaction starts: end the reservation it fulfils and return its reservationId."""
        used = self.store.used_by(connector, id_tag, parent)
        if used is None:
            return None
        self.store.end(used)
        self._changed()
        return used.id

    def status_changed(self, connector: int, status: str) -> None:
        """A fault or unavailability ends reservations; the other connectors may now be needed for the rest (5.13)."""
        if not self.store.held:
            return
        if status in ("Faulted", "Unavailable"):
            self.store.release(connector)
        if self.station.connectors.station_status in ("Faulted", "Unavailable"):
            self.store.release(0)
        self._changed()

    def state(self) -> Payload:
        """For GET /state."""
        return {
            "reservations": [{**one, "expires": format_time(one["expires"])} for one in self.store.dump()]
        }
