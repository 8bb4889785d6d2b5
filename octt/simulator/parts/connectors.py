"""Connectors and their statuses (specification 4.9): the status follows from the facts, transitions from the table."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from octt.simulator.part import Part, Payload, Reply, on
from octt.simulator.parts.session import Permit, Transaction

_USING = {"Charging", "SuspendedEV", "SuspendedEVSE"}
TRANSITIONS: dict[str, set[str]] = {
    "Available": {"Preparing", *_USING, "Reserved", "Unavailable", "Faulted"},
    "Preparing": {"Available", *_USING, "Finishing", "Faulted"},
    "Charging": {"Available", "SuspendedEV", "SuspendedEVSE", "Finishing", "Unavailable", "Faulted"},
    "SuspendedEV": {"Available", "Charging", "SuspendedEVSE", "Finishing", "Unavailable", "Faulted"},
    "SuspendedEVSE": {"Available", "Charging", "SuspendedEV", "Finishing", "Unavailable", "Faulted"},
    "Finishing": {"Available", "Preparing", "Unavailable", "Faulted"},
    "Reserved": {"Available", "Preparing", "Unavailable", "Faulted"},
    "Unavailable": {"Available", "Preparing", *_USING, "Faulted"},
    "Faulted": {"Available", "Preparing", *_USING, "Finishing", "Reserved", "Unavailable"},
}


class Connector:
    """One connector as the software sees it."""

    def __init__(self, owner: Part, number: int) -> None:
        self.station = owner.station
        self.number = number
        self.outlet = self.station.world.outlets[number]
        self.permit: Permit | None = None
        """An accepted idTag that waits for a cable."""
        self.transaction: Transaction | None = None
        self.finishing = False
        self.lock_failed = False
        self.resumed = False
        """Its transaction was running when power was lost, and went on."""
        self.drawing = False
        """The vehicle has answered the offer of energy."""
        self.status = "Available"
        self.delivered = ""
        self._delay: asyncio.TimerHandle | None = None

    @property
    def inoperative(self) -> bool:
        """Set out of service by ChangeAvailability, or by a firmware update that waits (5.19)."""
        connectors = self.station.connectors
        return connectors.held or bool(connectors.inoperative(self.number))

    @property
    def faulted(self) -> bool:
        """A fault keeps the connector from charging."""
        return self.outlet.faulted or self.station.world.faulted or self.lock_failed

    @property
    def error_code(self) -> str:
        """The errorCode that goes with the status."""
        if not self.faulted:
            return "NoError"
        return "ConnectorLockFailure" if self.lock_failed else "OtherError"

    def _derive(self) -> str:
        transaction = self.transaction
        if self.faulted:
            return "Faulted"
        if transaction is not None:
            if transaction.stopping:
                return self.status
            if not self.drawing:
                return self.status if self.status in ("Preparing", *_USING) else "Preparing"
            if transaction.suspended or self.station.smart_charging.limit(self.number, transaction) <= 0:
                return "SuspendedEVSE"
            return "SuspendedEV" if self.outlet.ev_suspended or not self.outlet.connected else "Charging"
        if self.finishing:
            return "Finishing"
        if self.inoperative:
            return "Unavailable"
        if self.permit is not None or self.outlet.occupied:
            return "Preparing"
        return "Reserved" if self.station.reservations.reserved(self.number) else "Available"

    def refresh(self, info: str = "") -> None:
        """Recompute status and power; report what changed, by way of Available where the table asks for it."""
        status = self._derive()
        transaction = self.transaction
        closed = self.permit is None and transaction is None
        self.outlet.shut = closed and self.station.options.locked_until_authorized
        flows = status == "Charging" and transaction is not None and self.outlet.connected
        power = self.station.limit(self.number) if flows else 0.0
        if power != self.outlet.power:
            self.outlet.power = power
        if status == self.status:
            return
        if status not in TRANSITIONS[self.status]:
            self._set("Available")
        self._set(status, info)
        self.station.reservations.status_changed(self.number, status)

    def pass_through(self, *statuses: str) -> None:
        """Report short-lived statuses on the way to the next one."""
        for status in statuses:
            if status in TRANSITIONS[self.status]:
                self._set(status)

    def _set(self, status: str, info: str = "") -> None:
        kind = _kind_of_delay(self.status, status)
        self.status = status
        if self._delay is not None:
            self._delay.cancel()
            self._delay = None
        pause = self.station.config.integer("MinimumStatusDuration")
        if pause > 0:
            loop = asyncio.get_running_loop()
            self._delay = loop.call_later(pause, self._report_later, info, kind)
        else:
            self.report(info, kind=kind)

    def _report_later(self, info: str, kind: str) -> None:
        if self.station.alive:
            self.report(info, kind=kind)

    def report(self, info: str = "", triggered: bool = False, kind: str = "") -> None:
        """Send StatusNotification for the present status, after the delay of that kind."""
        status = self.status
        self.station.connectors.notify(
            self.number,
            status,
            self.error_code,
            info,
            triggered,
            lambda: setattr(self, "delivered", status),
            kind,
        )


def _kind_of_delay(former: str, status: str) -> str:
    """The delay of a change of status; none of its own where `start` or `stop` have passed already."""
    starts = status in _USING and former not in _USING
    stops = status in ("Finishing", "Available") and former in _USING
    return "" if starts or stops else "function"


class Connectors(Part):
    """All connectors, connector 0 included, with their availability (5.2) and unlocking (5.18)."""

    def boot(self) -> None:
        """Statuses start from the facts: cables, faults, availability kept in memory."""
        self._availability: dict[str, str] = self.station.memory.section("availability", {})
        self.held = False
        self.all = {number: Connector(self, number) for number in self.station.world.outlets}
        self._zero = ""
        self._late: deque[tuple[float, Callable[[], None]]] = deque()
        """Statuses that a slow station has yet to tell, with the time of the loop when it does."""

    def __getitem__(self, number: int) -> Connector:
        return self.all[number]

    def inoperative(self, number: int) -> bool:
        """Whether ChangeAvailability has put that connector (0: the station) out of service."""
        return self._availability.get(str(number)) == "Inoperative"

    @property
    def station_status(self) -> str:
        """The status of connector 0."""
        if self.station.world.faulted:
            return "Faulted"
        return "Unavailable" if self.inoperative(0) else "Available"

    def online(self, booted: bool) -> None:
        """After a boot every status is sent, after a reconnection those that changed meanwhile (4.9)."""
        chatty = self.station.options.chatty
        kind = "status-after-boot" if booted else "function"
        if booted or chatty or self._zero != self.station_status:
            self.report_station(kind=kind)
        for connector in self.all.values():
            if booted or chatty or connector.delivered != connector.status:
                connector.report(kind=kind)

    def offline(self) -> None:
        """What has not been told is history when the station is online again (4.9)."""
        self._late.clear()

    @property
    def _tells(self) -> bool:
        """Whether statuses can be told in the present state of the station."""
        return self.station.link.is_open and self.station.registration.may_send("StatusNotification")

    @property
    def settled(self) -> bool:
        """Every status has been told."""
        return not self._late

    async def settle(self) -> None:
        """Wait until every status has been told."""
        while not self.settled:
            await asyncio.sleep(0.01)

    def refresh(self) -> None:
        """Recompute everything."""
        if self._zero and self._zero != self.station_status:
            self.report_station(kind="function")
        for connector in self.all.values():
            connector.refresh()

    def report_station(self, triggered: bool = False, error_code: str = "NoError", kind: str = "") -> None:
        """Send the status of connector 0, with an error that leaves it as it is."""
        status = self.station_status
        code = "OtherError" if status == "Faulted" else error_code
        self.notify(0, status, code, "", triggered, lambda: setattr(self, "_zero", status), kind)

    def notify(
        self,
        number: int,
        status: str,
        error_code: str,
        info: str = "",
        triggered: bool = False,
        delivered: Callable[[], None] | None = None,
        kind: str = "",
    ) -> None:
        """Send one StatusNotification after the delay of that kind, and after those that wait for theirs."""
        payload: Payload = {
            "connectorId": number,
            "errorCode": error_code,
            "status": status,
            "timestamp": self.station.clock.text(self.station.clock.now()),
        }
        if info:
            payload["info"] = info
        loop = asyncio.get_running_loop()
        due = loop.time() + (self.station.options.delay(kind) if kind else 0.0)
        on_time = self.settled and due <= loop.time()
        if on_time or not (self._tells or triggered):  # what cannot be told now never will be
            self._send(payload, triggered, delivered)
            return
        if self.settled:
            self.station.spawn(self._send_late())
        self._late.append((due, lambda: self._send(payload, triggered, delivered)))

    async def _send_late(self) -> None:
        while self._late:
            due, send = self._late[0]
            await asyncio.sleep(due - asyncio.get_running_loop().time())
            if self._late and self._late[0][1] is send:
                self._late.popleft()
                send()

    def _send(self, payload: Payload, triggered: bool, delivered: Callable[[], None] | None) -> None:
        answer = self.station.outbox.send("StatusNotification", payload, triggered)
        if self.station.options.repeat_statuses:
            self.station.outbox.send("StatusNotification", dict(payload), triggered)

        def done(future: asyncio.Future[Payload]) -> None:
            if delivered is not None and not future.cancelled() and future.exception() is None:
                delivered()

        answer.add_done_callback(done)

    def trigger(self, message: str, connector: int | None) -> Callable[[], object] | None:
        """StatusNotification on request, of one connector or of all (5.17)."""
        if message != "StatusNotification":
            return None
        return lambda: self._report_again(connector)

    def _report_again(self, connector: int | None) -> None:
        if connector in (None, 0):
            self.report_station(triggered=True)
        for number, one in self.all.items():
            if connector in (None, number):
                one.report(triggered=True)

    @on("ChangeAvailability")
    def change_availability(self, payload: Payload) -> Reply | Payload:
        """Accepted, Rejected (unknown connector), Scheduled (a transaction is in progress) (5.2)."""
        number, wanted = payload["connectorId"], payload["type"]
        if number not in (0, *self.all):
            return {"status": "Rejected"}
        concerned = list(self.all) if number == 0 else [number]
        busy = wanted == "Inoperative" and any(self.all[n].transaction is not None for n in concerned)
        numbers = [0, *concerned] if number == 0 else concerned
        return Reply({"status": "Scheduled" if busy else "Accepted"}, lambda: self._change(numbers, wanted))

    def _change(self, numbers: list[int], wanted: str) -> None:
        for number in numbers:
            self._availability[str(number)] = wanted
            connector = self.all.get(number)
            if connector is not None and wanted == "Inoperative" and connector.transaction is None:
                connector.finishing = False
                connector.permit = None
        self.station.memory.save()
        self.refresh()

    @on("UnlockConnector")
    def unlock_connector(self, payload: Payload) -> Reply | Payload:
        """Unlocked, UnlockFailed, NotSupported (fixed cable or unknown connector) (5.18)."""
        connector = self.all.get(payload["connectorId"])
        if connector is None or connector.outlet.fixed_cable:
            return {"status": "NotSupported"}
        if not connector.outlet.unlock():
            return {"status": "UnlockFailed"}

        def stop() -> None:
            if connector.transaction is not None:
                self.station.transactions.stop_asked(connector, "UnlockCommand")
            connector.refresh()

        return Reply({"status": "Unlocked"}, stop)

    def state(self) -> Payload:
        """For GET /state."""
        return {"connectors": {n: _describe(connector) for n, connector in self.all.items()}}


def _describe(connector: Connector) -> Payload:
    outlet = connector.outlet
    return {
        "status": connector.status,
        "plugged_ev": outlet.plugged_ev,
        "plugged_station": outlet.plugged_station,
        "locked": outlet.locked,
        "authorized": connector.permit.id_tag if connector.permit else None,
        "transaction": connector.transaction.state() if connector.transaction else None,
        "energy_wh": round(outlet.energy, 3),
        "power_w": outlet.power,
    }
