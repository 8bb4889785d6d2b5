"""Transactions: from a permit and a cable to StartTransaction, and the ways to StopTransaction (3.6, 4.8, 4.10)."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

from octt.simulator.part import Part, Payload
from octt.simulator.parts.connectors import Connector
from octt.simulator.parts.session import Permit, Transaction
from octt.simulator.world.world import Outlet


class Transactions(Part):
    """Runs the transactions of all connectors. Memory holds what is needed to finish them after a power loss."""

    def boot(self) -> None:
        """Resume or end what a power loss interrupted."""
        self._stored: dict[str, dict[str, Any]] = self.station.memory.section("transactions", {})
        self._interruption: str = self.station.memory.data.pop("interruption", "PowerLoss")
        """Why transactions were interrupted, as a reason of StopTransaction."""
        self._ended_ids: list[int] = self.station.memory.section("ended_transactions", [])
        self._all = {local: Transaction(**record) for local, record in self._stored.items()}
        for transaction in [one for one in self._all.values() if not one.ended]:
            self._recover(transaction)
        for connector in self.station.connectors.all.values():
            if connector.transaction is None:
                connector.outlet.unlock()

    def _recover(self, transaction: Transaction) -> None:
        options = self.station.options
        connector = self.station.connectors.all.get(transaction.connector)
        if connector is None:
            del self._all[transaction.local]
            return
        connector.transaction = transaction
        resumes = options.resume_transactions and self._interruption == "PowerLoss"
        if resumes and connector.outlet.connected:
            connector.drawing = connector.resumed = True
            self.station.metering.started(transaction)
            if options.stop_resumed:
                self.station.spawn(self._stop_resumed(connector))
        else:
            self._end_interrupted(connector)

    def _end_interrupted(self, connector: Connector) -> None:
        self.stop(connector, self._interruption)
        connector.finishing = False

    async def _stop_resumed(self, connector: Connector) -> None:
        await self.station.pause("boot")
        self.stop(connector, "PowerLoss")

    def _note(self) -> None:
        """Put what is needed to finish every transaction into memory; with the next save it is kept."""
        self._stored.clear()
        self._stored.update({local: transaction.dump() for local, transaction in self._all.items()})
        self.station.metering.save_registers()

    def _save(self) -> None:
        self._note()
        self.station.memory.save()

    # start

    def start(self, connector: Connector, permit: Permit) -> None:
        """Begin a transaction; energy flows once the vehicle reacts."""
        station = self.station
        transaction = Transaction(
            uuid.uuid4().hex[:12],
            connector.number,
            permit.id_tag,
            permit.parent,
            int(connector.outlet.energy),
            station.clock.now(),
            station.reservations.use(connector.number, permit.id_tag, permit.parent),
        )
        self._all[transaction.local] = transaction
        connector.permit = None
        connector.transaction = transaction
        connector.drawing = False
        connector.outlet.locked = not connector.outlet.fixed_cable
        self._save()
        if not station.options.status_first:
            self._announce(transaction)
        station.smart_charging.transaction_started(transaction, permit.profile)
        connector.refresh()
        station.spawn(self._energize(connector, transaction))

    def _announce(self, transaction: Transaction) -> None:
        if transaction.announced:
            return
        transaction.announced = True
        if self.station.options.status_first:
            # it counts from here, so that messages of other connectors in between stay in order
            transaction.started = self.station.clock.now()
        self._note()
        payload: Payload = {
            "connectorId": transaction.connector,
            "idTag": transaction.id_tag,
            "meterStart": transaction.meter_start,
            "timestamp": self.station.clock.text(transaction.started),
        }
        if transaction.reservation is not None:
            payload["reservationId"] = transaction.reservation
        self.station.outbox.keep("StartTransaction", payload, transaction.local)
        self.station.metering.started(transaction)

    async def _energize(self, connector: Connector, transaction: Transaction) -> None:
        await asyncio.sleep(self.station.options.ev_seconds)
        if connector.transaction is not transaction:
            return
        if self.station.options.chatty and not connector.faulted:
            connector.pass_through("SuspendedEVSE", "SuspendedEV")
        connector.drawing = True
        connector.refresh()
        self._announce(transaction)

    # stop

    def stop_asked(
        self, connector: Connector, reason: str, id_tag: str | None = None, info: str = ""
    ) -> None:
        """Somebody or something wants a transaction to end: stop it, after the delay if there is one."""
        transaction = connector.transaction
        if transaction is None or transaction.stopping:
            return
        transaction.stopping = self.station.options.delay("stop") > 0

        def stop() -> None:
            if connector.transaction is transaction:
                self.stop(connector, reason, id_tag, info)

        self.station.after("stop", stop)

    def stop(self, connector: Connector, reason: str, id_tag: str | None = None, info: str = "") -> None:
        """End the transaction of a connector with a StopTransaction reason (4.10)."""
        station, transaction, outlet = self.station, connector.transaction, connector.outlet
        if transaction is None:
            return
        self._announce(transaction)
        self.station.metering.flush(transaction)
        connector.transaction = None
        connector.drawing = False
        outlet.power = 0.0
        payload = self._stop_transaction(transaction, outlet, reason)
        if id_tag is not None:
            payload["idTag"] = id_tag
        if reason != "EVDisconnected" or station.config.boolean("UnlockConnectorOnEVSideDisconnect"):
            outlet.unlock()
        connector.finishing = outlet.occupied
        if station.options.status_first:
            connector.refresh(info)
        transaction.ended, transaction.stop_tag = True, id_tag
        self._note()
        station.outbox.keep("StopTransaction", payload, transaction.local)
        connector.refresh(info)
        station.smart_charging.transaction_ended(transaction)

    def _stop_transaction(self, transaction: Transaction, outlet: Outlet, reason: str) -> Payload:
        """The payload of StopTransaction, but for idTag and transactionId."""
        now = self.station.clock.now()
        payload: Payload = {"meterStop": int(outlet.energy), "timestamp": self.station.clock.text(now)}
        if reason != "Local" or not self.station.options.terse:
            payload["reason"] = reason
        if data := self.station.metering.transaction_data(transaction, outlet, now):
            payload["transactionData"] = data
        return payload

    async def stopping(self, reason: str) -> None:
        """An orderly restart ends every transaction."""
        running = any(one.transaction is not None for one in self.station.connectors.all.values())
        if running and reason != "PowerLoss":
            await self.station.pause("stop")
        for connector in self.station.connectors.all.values():
            self.stop(connector, reason)

    def find(self, transaction_id: int) -> Connector | None:
        """The connector on which the transaction of that id runs."""
        if self.station.options.remember_transaction_ids and transaction_id in self._ended_ids:
            return None
        for connector in self.station.connectors.all.values():
            if connector.transaction is not None and connector.transaction.id == transaction_id:
                return connector
        return None

    def id_of(self, local: str) -> int:
        """The transactionId the Central System gave; -1 when it never gave one (errata 3.18 of edition 2)."""
        transaction = self._all.get(local)
        return -1 if transaction is None or transaction.id is None else transaction.id

    # answers of the Central System

    def delivered(self, action: str, local: str, answer: Payload | None) -> None:
        """A transaction-related message was answered, or given up (`answer` None)."""
        transaction = self._all.get(local)
        if transaction is None:
            return
        info: Payload = (answer or {}).get("idTagInfo") or {}
        if action == "StartTransaction" and answer is not None:
            transaction.id = answer["transactionId"]
            self._started(transaction, info)
        elif action == "StopTransaction":
            if info and transaction.stop_tag:
                self.station.authorization.learn(transaction.stop_tag, info)
            del self._all[local]
            if transaction.id is not None and self.station.options.remember_transaction_ids:
                self._ended_ids.append(transaction.id)
        self._save()

    def _started(self, transaction: Transaction, info: Payload) -> None:
        self.station.authorization.learn(transaction.id_tag, info)
        connector = self.station.connectors.all.get(transaction.connector)
        if connector is None or connector.transaction is not transaction:
            return
        if info.get("parentIdTag"):
            transaction.parent = info["parentIdTag"]
        if info["status"] != "Accepted":
            self._refused(connector, transaction)

    def _refused(self, connector: Connector, transaction: Transaction) -> None:
        """StartTransaction.conf does not accept the idTag of a running transaction (4.8, 9.1)."""
        if self.station.config.boolean("StopTransactionOnInvalidId"):
            self.stop_asked(connector, "DeAuthorized")
        else:
            self.station.spawn(self._allow_some_energy(connector, transaction))

    async def _allow_some_energy(self, connector: Connector, transaction: Transaction) -> None:
        """Give at most MaxEnergyOnInvalidId Wh, then suspend (9.1)."""
        until = transaction.meter_start + self.station.config.integer("MaxEnergyOnInvalidId")
        while connector.transaction is transaction:
            left = until - connector.outlet.energy
            if left <= 0 or self.station.config.integer("MaxEnergyOnInvalidId") <= 0:
                transaction.suspended = True
                connector.refresh()
                return
            power = connector.outlet.power
            await asyncio.sleep(min(max(left / power * 3600.0, 0.01), 1.0) if power else 1.0)
