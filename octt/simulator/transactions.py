"""Transactions: from a permit and a cable to StartTransaction, and the ways to StopTransaction (3.6, 4.8, 4.10)."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass, field
from typing import Any

from octt.simulator.authorization import Permit, same_id
from octt.simulator.clock import format_time
from octt.simulator.connectors import Connector
from octt.simulator.part import Part, Payload

EV_INFO = "EV side disconnected"


@dataclass
class Transaction:
    """A running transaction. `local` names it until (and after) the Central System has given it an id."""

    local: str
    connector: int
    id_tag: str
    parent: str | None
    meter_start: int
    started: float
    reservation: int | None = None
    announced: bool = False
    suspended: bool = False
    """The station withholds energy, because the idTag turned out invalid."""
    samples: list[Payload] = field(default_factory=list)

    def state(self) -> Payload:
        """For GET /state."""
        return {"local": self.local, "id_tag": self.id_tag, "started": format_time(self.started)}


class Transactions(Part):
    """Runs the transactions of all connectors. Memory holds what is needed to finish them after a power loss."""

    def boot(self) -> None:
        """Resume or end what a power loss interrupted."""
        self._busy: set[int] = set()
        self._records: dict[str, dict[str, Any]] = self.station.memory.section("transactions", {})
        interrupted = [local for local, record in self._records.items() if not record.get("ended")]
        for local in interrupted:
            self._recover(local, self._records[local])
        for connector in self.station.connectors.all.values():
            if connector.transaction is None:
                connector.outlet.unlock()

    def _recover(self, local: str, record: dict[str, Any]) -> None:
        station = self.station
        connector = station.connectors.all.get(record["connector"])
        if connector is None:
            self._records.pop(local)
            return
        transaction = Transaction(
            local,
            record["connector"],
            record["id_tag"],
            record["parent"],
            record["meter_start"],
            record["started"],
        )
        transaction.announced = record.get("announced", False)
        connector.transaction = transaction
        resumes = station.options.resume_transactions or station.faults.active("resumed-end-silent")
        if resumes and connector.outlet.connected:
            connector.drawing = connector.resumed = True
            station.metering.started(transaction)
            if station.options.stop_resumed:
                station.spawn(self._stop_resumed(connector))
        elif not station.faults.active("transaction-forgotten"):
            self.stop(connector, "PowerLoss")
            connector.finishing = False
        else:
            connector.transaction = None

    async def _stop_resumed(self, connector: Connector) -> None:
        await asyncio.sleep(self.station.options.boot_seconds)
        self.stop(connector, "PowerLoss")

    def _save(self, local: str, **changes: Any) -> None:
        self._records.setdefault(local, {}).update(changes)
        self.station.metering.save_registers()
        self.station.memory.save()

    # permits

    def permitted(self, connector: Connector, permit: Permit) -> None:
        """An idTag may charge at this connector: start now, or wait for the cable until ConnectionTimeOut."""
        connector.finishing = False
        connector.permit = permit
        connector.refresh()
        seconds = self.station.config.integer("ConnectionTimeOut")
        seconds_shown = seconds * self.station.faults.number("timeout-factor", default=1.0)
        if seconds > 0 and not self.station.faults.active("permit-forever"):
            self.station.spawn(self._expire(connector, permit, seconds_shown))
        self.try_start(connector)

    async def _expire(self, connector: Connector, permit: Permit, seconds: float) -> None:
        await asyncio.sleep(seconds)
        if connector.permit is permit:
            connector.permit = None
            connector.refresh()

    def try_start(self, connector: Connector) -> None:
        """Start the transaction when permit and cable are there; a lock that cannot close is a fault."""
        permit, outlet, faults = connector.permit, connector.outlet, self.station.faults
        if permit is None or not outlet.occupied:
            return
        if outlet.halfway:
            connector.lock_failed = not faults.active("lock-failure-unnoticed")
            connector.permit = None
            if faults.active("start-despite-lock-failure"):
                self.station.spawn(self._start_late(connector, permit))
        elif outlet.connected and (not connector.faulted or faults.active("start-when-faulted")):
            self.start(connector, permit)
        connector.refresh()

    async def _start_late(self, connector: Connector, permit: Permit) -> None:
        await asyncio.sleep(0.2)
        self.start(connector, permit)

    # start

    def start(self, connector: Connector, permit: Permit) -> None:
        """Begin a transaction; energy flows once the vehicle reacts."""
        station = self.station
        reservation = station.reservations.use(connector.number, permit.id_tag, permit.parent)
        transaction = Transaction(
            uuid.uuid4().hex[:12],
            connector.number,
            permit.id_tag,
            permit.parent,
            int(connector.outlet.energy),
            station.clock.now(),
            reservation,
        )
        connector.permit = None
        connector.transaction = transaction
        connector.drawing = False
        connector.outlet.locked = not connector.outlet.fixed_cable
        self._save(
            transaction.local,
            connector=connector.number,
            id_tag=permit.id_tag,
            parent=permit.parent,
            meter_start=transaction.meter_start,
            started=transaction.started,
            id=None,
        )
        if not station.options.status_first:
            self._announce(transaction)
        station.smart_charging.transaction_started(transaction, permit.profile)
        connector.refresh()
        station.spawn(self._energize(connector, transaction))

    def _announce(self, transaction: Transaction) -> None:
        if transaction.announced:
            return
        record = self._records[transaction.local]
        transaction.announced = record["announced"] = True
        if self.station.options.status_first:
            # it counts from here, so that messages of other connectors in between stay in order
            transaction.started = record["started"] = self.station.clock.now()
        payload: Payload = {
            "connectorId": transaction.connector,
            "idTag": transaction.id_tag,
            "meterStart": transaction.meter_start,
            "timestamp": format_time(transaction.started),
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

    def stop(self, connector: Connector, reason: str, id_tag: str | None = None, info: str = "") -> None:
        """End the transaction of a connector with a StopTransaction reason (4.10)."""
        station, transaction, outlet = self.station, connector.transaction, connector.outlet
        if transaction is None:
            return
        self._announce(transaction)
        connector.transaction = None
        connector.drawing = False
        outlet.power = 0.0
        now = station.clock.now()
        meter_stop = int(outlet.energy)
        if station.faults.active("meter-backwards"):
            meter_stop = transaction.meter_start - 100
        payload: Payload = {"meterStop": meter_stop, "timestamp": format_time(now), "reason": reason}
        if reason == "Local" and station.options.terse:
            del payload["reason"]
        if id_tag is not None:
            payload["idTag"] = id_tag
        data = station.metering.transaction_data(transaction, outlet, now)
        if data:
            payload["transactionData"] = data
        if reason != "EVDisconnected" or station.config.boolean("UnlockConnectorOnEVSideDisconnect"):
            outlet.unlock()
        connector.finishing = outlet.occupied
        if station.options.status_first:
            connector.refresh(info)
        station.outbox.keep("StopTransaction", payload, transaction.local)
        self._save(transaction.local, ended=True, stop_tag=id_tag)
        connector.refresh(info)
        station.smart_charging.transaction_ended(transaction)

    async def stopping(self, reason: str) -> None:
        """An orderly restart ends every transaction."""
        for connector in self.station.connectors.all.values():
            self.stop(connector, reason)

    def find(self, transaction_id: int) -> Connector | None:
        """The connector on which the transaction of that id runs."""
        for connector in self.station.connectors.all.values():
            running = connector.transaction
            if running is not None and self._records.get(running.local, {}).get("id") == transaction_id:
                return connector
        return None

    def id_of(self, local: str) -> int:
        """The transactionId the Central System gave; -1 when it never gave one (errata 3.18 of edition 2)."""
        value = self._records.get(local, {}).get("id")
        return value if isinstance(value, int) else -1

    # answers of the Central System

    def delivered(self, action: str, local: str, answer: Payload | None) -> None:
        """A transaction-related message was answered, or given up (`answer` None)."""
        record = self._records.get(local)
        if record is None:
            return
        info: Payload = (answer or {}).get("idTagInfo") or {}
        if action == "StartTransaction" and answer is not None:
            record["id"] = answer["transactionId"]
            self._started(local, record, info)
        elif action == "StopTransaction":
            if info and record.get("stop_tag"):
                self.station.authorization.learn(record["stop_tag"], info)
            del self._records[local]

    def _started(self, local: str, record: dict[str, Any], info: Payload) -> None:
        self.station.authorization.learn(record["id_tag"], info)
        connector = self.station.connectors.all.get(record["connector"])
        transaction = connector.transaction if connector else None
        if connector is None or transaction is None or transaction.local != local:
            return
        if info.get("parentIdTag"):
            transaction.parent = record["parent"] = info["parentIdTag"]
        if info["status"] == "Accepted" or self.station.faults.active("invalid-id-ignored"):
            return
        if self.station.config.boolean("StopTransactionOnInvalidId"):
            self.stop(connector, "DeAuthorized")
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

    # people at the station

    def id_presented(self, connector: Connector, id_tag: str) -> None:
        """A card is held before the reader of a connector."""
        if connector.number not in self._busy:
            self.station.spawn(self._presented(connector, id_tag))

    async def _presented(self, connector: Connector, id_tag: str) -> None:
        self._busy.add(connector.number)
        try:
            if connector.transaction is not None:
                await self._presented_to_stop(connector, connector.transaction, id_tag)
            elif connector.permit is not None and same_id(connector.permit.id_tag, id_tag):
                if self.station.options.second_swipe_cancels and not self.station.faults.active(
                    "permit-forever"
                ):
                    connector.permit = None
                    connector.refresh()
            elif connector.permit is None:
                await self._presented_to_start(connector, id_tag)
        finally:
            self._busy.discard(connector.number)

    async def _presented_to_start(self, connector: Connector, id_tag: str) -> None:
        station = self.station
        number = connector.number
        if connector.inoperative or station.registration.status in ("Pending", "Rejected"):
            return
        if connector.faulted and not station.faults.active("start-when-faulted"):
            return
        if not station.reservations.allows(number, id_tag) and not station.reservations.needs_parent(
            number, id_tag
        ):
            return
        connector.outlet.unlock()
        permit = await station.authorization.authorize(id_tag)
        if permit is None or connector.transaction is not None or connector.permit is not None:
            return
        if not station.reservations.allows(number, id_tag, permit.parent) or connector.inoperative:
            return
        self.permitted(connector, permit)

    async def _presented_to_stop(self, connector: Connector, running: Transaction, id_tag: str) -> None:
        """The same idTag stops; another one only when its parentIdTag is the transaction's (4.1, 3.10)."""
        faults = self.station.faults
        if faults.active("stop-with-any-id") or (
            same_id(running.id_tag, id_tag) and not faults.active("no-local-stop")
        ):
            self.stop(connector, "Local", id_tag)
            return
        if running.parent is None and not faults.active("authorize-other-id"):
            return  # nothing the Central System could say would make this idTag stop the transaction
        if faults.active("parent-ignored"):
            return
        if faults.active("parent-unasked"):
            self.stop(connector, "Local", id_tag)
            return
        permit = await self.station.authorization.authorize(id_tag)
        if permit is not None and same_id(permit.parent, running.parent) and connector.transaction is running:
            self.stop(connector, "Local", id_tag)

    def plugged(self, connector: Connector) -> None:
        """A plug went in."""
        connector.refresh()
        self.try_start(connector)

    def unplugged(self, connector: Connector) -> None:
        """The vehicle's end, or the whole cable, is out."""
        outlet = connector.outlet
        connector.lock_failed = connector.lock_failed and outlet.halfway
        if connector.transaction is not None and not outlet.plugged_ev:
            if self.station.config.boolean("StopTransactionOnEVSideDisconnect", True):
                self.stop(connector, "EVDisconnected", info=EV_INFO)
            else:
                connector.refresh(EV_INFO)
        if not outlet.occupied:
            connector.finishing = False
        connector.refresh()
