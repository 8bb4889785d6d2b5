"""Faults of running transactions."""

from __future__ import annotations

from octt.simulator.part import Payload
from octt.simulator.parts.connectors import Connector
from octt.simulator.parts.session import Transaction
from octt.simulator.parts.transactions import Transactions
from octt.simulator.world.world import Outlet


class FaultyTransactions(Transactions):
    """Forgets interrupted transactions, ignores refused idTags, ends with a register that fell."""

    def _end_interrupted(self, connector: Connector) -> None:
        if self.station.faults.active("transaction-forgotten"):
            connector.transaction = None
        else:
            super()._end_interrupted(connector)

    def _stop_transaction(self, transaction: Transaction, outlet: Outlet, reason: str) -> Payload:
        payload = super()._stop_transaction(transaction, outlet, reason)
        if self.station.faults.active("meter-backwards"):
            payload["meterStop"] = transaction.meter_start - 100
        return payload

    def _refused(self, connector: Connector, transaction: Transaction) -> None:
        if not self.station.faults.active("invalid-id-ignored"):
            super()._refused(connector, transaction)
