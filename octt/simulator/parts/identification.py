"""People at the station: cards, cables, and the permit that both lead to (specification 3.1, 3.10, 4.1, 9.1.6)."""

from __future__ import annotations

import asyncio

from octt.simulator.part import Part
from octt.simulator.parts.connectors import Connector
from octt.simulator.parts.session import Permit, Transaction, same_id

EV_INFO = "EV side disconnected"


class Identification(Part):
    """Lets a transaction begin when an idTag may charge and a cable connects, in whichever order they come."""

    def boot(self) -> None:
        """Nobody is there."""
        self._busy: set[int] = set()
        """Connectors whose reader is at work."""

    # permits

    def permitted(self, connector: Connector, permit: Permit) -> None:
        """An idTag may charge at this connector: start now, or wait for the cable until ConnectionTimeOut."""
        connector.finishing = False
        connector.permit = permit
        connector.refresh()
        seconds = self._time_out()
        if seconds > 0:
            self.station.spawn(self._expire(connector, permit, seconds))
        self._try_start(connector)

    def _time_out(self) -> float:
        """Seconds after which a permit without a cable ends; 0: never (9.1.6)."""
        return self.station.config.integer("ConnectionTimeOut")

    async def _expire(self, connector: Connector, permit: Permit, seconds: float) -> None:
        await asyncio.sleep(seconds)
        if connector.permit is permit:
            connector.permit = None
            connector.refresh()

    def _try_start(self, connector: Connector) -> None:
        """Start the transaction when permit and cable are there; a lock that cannot close is a fault."""
        permit, outlet = connector.permit, connector.outlet
        if permit is None or not outlet.occupied:
            return
        if outlet.halfway:
            self._lock_failed(connector, permit)
        elif outlet.connected and self._fit(connector):
            self.station.transactions.start(connector, permit)
        connector.refresh()

    def _fit(self, connector: Connector) -> bool:
        """Whether nothing is wrong with the connector."""
        return not connector.faulted

    def _lock_failed(self, connector: Connector, permit: Permit) -> None:
        connector.lock_failed = True
        connector.permit = None

    # cards

    def id_presented(self, connector: Connector, id_tag: str) -> None:
        """A card is held before the reader of a connector."""
        if connector.number not in self._busy:
            self.station.spawn(self._presented(connector, id_tag))

    async def _presented(self, connector: Connector, id_tag: str) -> None:
        self._busy.add(connector.number)
        try:
            if connector.transaction is not None:
                await self._presented_to_stop(connector, connector.transaction, id_tag)
            elif connector.permit is None:
                await self._presented_to_start(connector, id_tag)
            elif same_id(connector.permit.id_tag, id_tag):
                self._presented_again(connector)
        finally:
            self._busy.discard(connector.number)

    def _presented_again(self, connector: Connector) -> None:
        """The idTag that waits for a cable."""
        if self.station.options.second_swipe_cancels:
            connector.permit = None
            connector.refresh()

    async def _presented_to_start(self, connector: Connector, id_tag: str) -> None:
        reservations, number = self.station.reservations, connector.number
        if connector.inoperative or self.station.registration.status in ("Pending", "Rejected"):
            return
        if not self._fit(connector):
            return
        if not (reservations.allows(number, id_tag) or reservations.needs_parent(number, id_tag)):
            return
        connector.outlet.unlock()
        permit = await self.station.authorization.authorize(id_tag)
        if permit is None or connector.transaction is not None or connector.permit is not None:
            return
        if reservations.allows(number, id_tag, permit.parent) and not connector.inoperative:
            self.permitted(connector, permit)

    async def _presented_to_stop(self, connector: Connector, running: Transaction, id_tag: str) -> None:
        """The same idTag stops; another one only when its parentIdTag is the transaction's (4.1, 3.10)."""
        if same_id(running.id_tag, id_tag):
            self.station.transactions.stop(connector, "Local", id_tag)
        elif running.parent is not None:  # else no answer could make this idTag stop the transaction
            permit = await self.station.authorization.authorize(id_tag)
            of_the_group = permit is not None and same_id(permit.parent, running.parent)
            if of_the_group and connector.transaction is running:
                self.station.transactions.stop(connector, "Local", id_tag)

    # cables

    def plugged(self, connector: Connector) -> None:
        """A plug went in."""
        connector.refresh()
        self._try_start(connector)

    def unplugged(self, connector: Connector) -> None:
        """The vehicle's end, or the whole cable, is out."""
        outlet = connector.outlet
        connector.lock_failed = connector.lock_failed and outlet.halfway
        if connector.transaction is not None and not outlet.plugged_ev:
            if self.station.config.boolean("StopTransactionOnEVSideDisconnect", True):
                self.station.transactions.stop(connector, "EVDisconnected", info=EV_INFO)
            else:
                connector.refresh(EV_INFO)
        if not outlet.occupied:
            connector.finishing = False
        connector.refresh()
