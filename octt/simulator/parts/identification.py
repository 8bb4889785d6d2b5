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
        self._starting: dict[int, Permit] = {}
        """The permits that have their cable and wait for a slow station, by connector."""

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
        if connector.permit is permit and self._starting.get(connector.number) is not permit:
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
            self._start(connector, permit)
        connector.refresh()

    def _start(self, connector: Connector, permit: Permit) -> None:
        if self.station.options.delay("start") or not self.station.connectors.settled:
            self._starting[connector.number] = permit
            self.station.spawn(self._start_slowly(connector, permit))
        else:
            self.station.transactions.start(connector, permit)

    async def _start_slowly(self, connector: Connector, permit: Permit) -> None:
        """Start after the delay and after the statuses that led here, if nothing has changed meanwhile."""
        await self.station.pause("start")
        await self.station.connectors.settle()
        if self._starting.get(connector.number) is not permit:
            return
        del self._starting[connector.number]
        if connector.permit is not permit:
            return
        if connector.outlet.connected and self._fit(connector) and not connector.inoperative:
            self.station.transactions.start(connector, permit)
        elif (seconds := self._time_out()) > 0:
            self.station.spawn(self._expire(connector, permit, seconds))

    def _fit(self, connector: Connector) -> bool:
        """Whether nothing is wrong with the connector."""
        return not connector.faulted

    def _lock_failed(self, connector: Connector, permit: Permit) -> None:
        connector.lock_failed = True
        connector.permit = None

    # cards

    def id_presented(self, connector: Connector, id_tag: str) -> None:
        """A card is held before the reader of a connector."""
        if self.station.options.single_reader:
            connector = self._meant(connector, id_tag)
        if connector.number not in self._busy:
            self.station.spawn(self._presented(connector, id_tag))

    def _meant(self, nearest: Connector, id_tag: str) -> Connector:
        """Where a card goes that is held before the only reader: to its own session, else to a cable that waits."""
        every = list(self.station.connectors.all.values())
        own = [one for one in every if same_id(_id_tag_at(one), id_tag)]
        waiting = [one for one in every if one.outlet.occupied and _id_tag_at(one) is None]
        found = own or waiting
        return nearest if nearest in found or not found else found[0]

    def stop_pressed(self, connector: Connector) -> None:
        """The stop button is pressed."""
        if self.station.options.local_stop:
            self.station.transactions.stop_asked(connector, "Local")

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
        if connector.inoperative or not self._takes_cards(connector) or not self._fit(connector):
            return
        if not (reservations.allows(number, id_tag) or reservations.needs_parent(number, id_tag)):
            return
        connector.outlet.unlock()
        await self.station.pause("function")
        permit = await self.station.authorization.authorize(id_tag)
        if permit is None or connector.transaction is not None or connector.permit is not None:
            return
        if reservations.allows(number, id_tag, permit.parent) and not connector.inoperative:
            self.permitted(connector, permit)

    def _takes_cards(self, connector: Connector) -> bool:
        """Whether a card can start a transaction on a connector that nobody uses."""
        options, outlet = self.station.options, connector.outlet
        if not options.local_start or (options.card_first and outlet.occupied):
            return False
        if options.cable_first and not outlet.connected:
            return False
        waits = self.station.registration.status in ("Pending", "Rejected")
        return options.charge_before_accepted or not waits

    async def _presented_to_stop(self, connector: Connector, running: Transaction, id_tag: str) -> None:
        """The same idTag stops; another one only when its parentIdTag is the transaction's (4.1, 3.10)."""
        if not self.station.options.local_stop:
            return
        if same_id(running.id_tag, id_tag):
            self.station.transactions.stop_asked(connector, "Local", id_tag)
        elif running.parent is not None:  # else no answer could make this idTag stop the transaction
            await self.station.pause("function")
            permit = await self.station.authorization.authorize(id_tag)
            of_the_group = permit is not None and same_id(permit.parent, running.parent)
            if of_the_group and connector.transaction is running:
                self.station.transactions.stop_asked(connector, "Local", id_tag)

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
                self.station.transactions.stop_asked(connector, "EVDisconnected", info=EV_INFO)
            else:
                connector.refresh(EV_INFO)
        if not outlet.occupied:
            connector.finishing = False
        connector.refresh()


def _id_tag_at(connector: Connector) -> str | None:
    """The idTag that uses a connector, or waits there for a cable."""
    session = connector.transaction or connector.permit
    return session.id_tag if session else None
