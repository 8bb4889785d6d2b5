"""Faults of authorization, and of what cards and cables do."""

from __future__ import annotations

import asyncio

from octt.simulator.part import Payload
from octt.simulator.parts.authorization import Authorization
from octt.simulator.parts.connectors import Connector
from octt.simulator.parts.identification import Identification
from octt.simulator.parts.session import Permit, Transaction, same_id


class FaultyAuthorization(Authorization):
    """Asks when it should not, does not ask when it should, does not listen to the answer."""

    def _pre_authorized(self, local: Payload | None) -> bool:
        return super()._pre_authorized(local) and not self.station.faults.active("ignore-cache")

    async def _ask(self, id_tag: str) -> Permit | None:
        if self.station.faults.active("no-authorize"):
            return Permit(id_tag)
        return await super()._ask(id_tag)

    def _accepted(self, info: Payload) -> bool:
        return super()._accepted(info) or self.station.faults.active("accept-any-id")

    def _authorize_offline(self, id_tag: str, local: Payload | None) -> Permit | None:
        refused = self.station.faults.active("offline-refused")
        return None if refused else super()._authorize_offline(id_tag, local)

    def _cache(self, id_tag: str, info: Payload) -> None:
        if not self.station.faults.active("nothing-cached"):
            super()._cache(id_tag, info)


class FaultyIdentification(Identification):
    """Permits that end at wrong times or never, starts and stops that should not be."""

    def _time_out(self) -> float:
        faults = self.station.faults
        if faults.active("permit-forever"):
            return 0.0
        return super()._time_out() * faults.number("timeout-factor", default=1.0)

    def _presented_again(self, connector: Connector) -> None:
        if not self.station.faults.active("permit-forever"):
            super()._presented_again(connector)

    def _fit(self, connector: Connector) -> bool:
        return super()._fit(connector) or self.station.faults.active("start-when-faulted")

    def _lock_failed(self, connector: Connector, permit: Permit) -> None:
        super()._lock_failed(connector, permit)
        connector.lock_failed = not self.station.faults.active("lock-failure-unnoticed")
        if self.station.faults.active("start-despite-lock-failure"):
            self.station.spawn(self._start_late(connector, permit))

    async def _start_late(self, connector: Connector, permit: Permit) -> None:
        await asyncio.sleep(0.2)
        self.station.transactions.start(connector, permit)

    async def _presented_to_stop(self, connector: Connector, running: Transaction, id_tag: str) -> None:
        faults, own = self.station.faults, same_id(running.id_tag, id_tag)
        if faults.active("stop-with-any-id") or (not own and faults.active("parent-unasked")):
            self.station.transactions.stop_asked(connector, "Local", id_tag)
        elif not own and running.parent is None and faults.active("authorize-other-id"):
            await self.station.authorization.authorize(id_tag)
        elif not faults.active("no-local-stop" if own else "parent-ignored"):
            await super()._presented_to_stop(connector, running, id_tag)
