"""A simulated charging station: what it is composed of, how it boots, resets and loses power.

Three layers. The *world* (`world.py`: cables, locks, meters, mains, network) and the *memory* (`memory.py`: what
survives a power cycle, a dictionary of JSON values, perhaps in a state file) last as long as the `Station` object. The
*software* is a set of parts that is built anew at every boot, so whatever is not in memory is truly forgotten.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from octt.simulator.faults.catalogue import Faults
from octt.simulator.faults.replacements import faulty, implied
from octt.simulator.link.connection import Dial, Link
from octt.simulator.link.outbox import Outbox
from octt.simulator.options import Options
from octt.simulator.part import Part, Payload
from octt.simulator.parts.absent import (
    LocalListBase,
    NoLocalList,
    NoReservations,
    ReservationsBase,
    SmartChargingBase,
)
from octt.simulator.parts.authorization import Authorization
from octt.simulator.parts.charging.smart_charging import SmartCharging
from octt.simulator.parts.chatter import Chatter
from octt.simulator.parts.configuration import Configuration
from octt.simulator.parts.connectors import Connectors
from octt.simulator.parts.identification import Identification
from octt.simulator.parts.list_management import ListManagement
from octt.simulator.parts.metering import Metering
from octt.simulator.parts.registration import Registration
from octt.simulator.parts.remote import Remote
from octt.simulator.parts.reserving import Reserving
from octt.simulator.parts.security.management import CertificateManagement
from octt.simulator.parts.security.security import Security
from octt.simulator.parts.transactions import Transactions
from octt.simulator.parts.transfers.firmware import Firmware
from octt.simulator.parts.transfers.uploads import Uploads
from octt.simulator.world.clock import Clock
from octt.simulator.world.memory import Memory
from octt.simulator.world.world import Supply, World

LOGGER = logging.getLogger("octt.simulator")

PARTS: list[tuple[str, type[Part], str, type[Part] | None]] = [
    # attribute, class, profile it needs ("" = always), class that stands in without the profile
    ("config", Configuration, "", None),
    ("registration", Registration, "", None),
    ("connectors", Connectors, "", None),
    ("local_list", ListManagement, "LocalAuthListManagement", NoLocalList),
    ("reservations", Reserving, "Reservation", NoReservations),
    ("smart_charging", SmartCharging, "SmartCharging", SmartChargingBase),
    ("security", Security, "", None),
    ("certificates", CertificateManagement, "", None),
    ("firmware", Firmware, "FirmwareManagement", None),
    ("uploads", Uploads, "", None),
    ("authorization", Authorization, "", None),
    ("outbox", Outbox, "", None),
    ("metering", Metering, "", None),
    ("identification", Identification, "", None),
    ("transactions", Transactions, "", None),
    ("remote", Remote, "", None),
    ("chatter", Chatter, "", None),
    ("link", Link, "", None),
]
"""The order is that in which parts boot and learn of the connection, and it matters in three places: `config` boots
before whoever reads a key; `transactions` boots after whoever it needs to end what a power loss interrupted
(connectors, reservations, smart charging, outbox, metering); `connectors` comes online before `outbox`, which puts what
it kept behind the statuses of a boot."""


class Station:
    """One station. Create it inside a running event loop, `start` it, and `stop` it at the end.

    Raises ValueError for an unknown fault or an unusable state file.
    """

    config: Configuration
    registration: Registration
    connectors: Connectors
    local_list: LocalListBase
    reservations: ReservationsBase
    smart_charging: SmartChargingBase
    security: Security
    certificates: CertificateManagement
    authorization: Authorization
    outbox: Outbox
    metering: Metering
    identification: Identification
    transactions: Transactions
    remote: Remote
    chatter: Chatter
    link: Link

    def __init__(self, options: Options) -> None:
        self.faults = Faults(options.faults)
        self.options = options = implied(options, self.faults)
        self.memory = Memory(options.state_file)
        self.clock = Clock(options.timestamps)
        self.world = World(_supply(options), options.fixed_cable, self.memory.section("meters", {}))
        self.parts: list[Part] = []
        self.handlers: dict[str, Callable[[Payload], Any]] = {}
        self.alive = False
        self.restarting = False
        self._tasks: set[asyncio.Task[Any]] = set()
        self._errands: set[asyncio.Task[Any]] = set()
        self._lifecycle = asyncio.Lock()

    # software

    def start(self) -> None:
        """Switch on for the first time: boot at once."""
        self._boot()

    async def stop(self) -> None:
        """End everything this station does; the connection is closed properly."""
        for errand in list(self._errands):
            errand.cancel()
        await self._shutdown(abort=False)
        self.memory.save()

    def _boot(self) -> None:
        self.parts = []
        self.handlers = {}
        for name, kind, profile, substitute in PARTS:
            chosen = kind if not profile or profile in self.options.profiles else substitute
            if chosen is None:
                continue
            part = (faulty(chosen) if self.faults else chosen)(self)
            setattr(self, name, part)
            self.parts.append(part)
            self.handlers.update(part.handlers())
        self.alive = True
        self.restarting = False
        for part in self.parts:
            part.boot()
        self.connectors.refresh()

    async def _shutdown(self, abort: bool) -> None:
        if not self.alive:
            return
        self.alive = False
        socket = self.link.socket
        if abort:
            self.link.abort()
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if socket is not None and not abort:
            await socket.close()
        for outlet in self.world.outlets.values():
            outlet.power = 0.0

    def spawn(self, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run something in the background until it is done or the software ends."""
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            LOGGER.error("%s: a task failed", self.options.identity, exc_info=error)

    def run_errand(self, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run something that outlives the software: resets and power."""
        task = asyncio.get_running_loop().create_task(coroutine)
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)
        return task

    # connection

    @property
    def ready(self) -> bool:
        """Messages of every kind may be sent now."""
        return self.alive and self.link.is_open and self.registration.status == "Accepted"

    def dial(self) -> Dial:
        """How to connect now."""
        return self.security.dial()

    def dial_failed(self, error: Exception) -> bool:
        """A connection could not be made; whether it is worth trying again at once."""
        return self.security.dial_failed(error)

    async def pause(self, kind: str) -> None:
        """Take the time of that kind of delay."""
        if seconds := self.options.delay(kind):
            await asyncio.sleep(seconds)

    def after(self, kind: str, effect: Callable[[], object]) -> None:
        """Do something once the delay of that kind (`Options.delay`) is over, at once when there is none."""
        seconds = self.options.delay(kind)
        if seconds:
            self.spawn(_later(seconds, effect))
        else:
            effect()

    def connected(self) -> None:
        """The link is open."""
        self.registration.connected()

    def disconnected(self) -> None:
        """The link is lost."""
        for part in self.parts:
            part.offline()

    def online(self, booted: bool) -> None:
        """Everything may be sent from here on."""
        for part in self.parts:
            part.online(booted)

    def limit(self, number: int) -> float:
        """The power a connector may draw now, in W."""
        limit = self.smart_charging.limit(number, self.connectors[number].transaction)
        return min(limit, self.world.supply.most("W"))

    # resets and power

    def begin_reset(self, hard: bool) -> None:
        """Reset as the Central System asked (5.14)."""
        reason = "HardReset" if hard else "SoftReset"
        if hard and self.options.hard_reset_stops_late:
            self.memory.data["interruption"] = reason
            self.restart(reason, graceful=False)
        elif hard or self.options.soft_reset_reboots:
            self.restart(reason)
        else:
            self.spawn(self._stop_transactions(reason))

    def restart(self, reason: str, graceful: bool = True) -> None:
        """End transactions with that reason and deliver what is queued, if `graceful`, then reboot."""
        if not self.restarting:
            self.restarting = True
            self.run_errand(self._restart(reason, graceful))

    async def _stop_transactions(self, reason: str) -> None:
        for part in self.parts:
            await part.stopping(reason)

    async def _restart(self, reason: str, graceful: bool) -> None:
        async with self._lifecycle:
            if not self.alive:
                return
            if graceful:
                await self._stop_transactions(reason)
                await self.outbox.drained(self.options.drain_seconds)
            # the one fault of the lifecycle; a seam for it would be longer than the question
            await self._shutdown(abort=self.faults.active("reset-without-close"))
            await asyncio.sleep(self.options.delay("boot"))
            if self.world.mains:
                self._boot()

    def power_off(self) -> asyncio.Task[None]:
        """Mains power goes away."""
        self.world.mains = False
        return self.run_errand(self._power_off())

    async def _power_off(self) -> None:
        async with self._lifecycle:
            if not self.alive or self.world.mains:
                return
            if self.options.backup_power:
                await self._stop_transactions("PowerLoss")
                await self.outbox.drained(self.options.drain_seconds)
            for part in self.parts:
                part.power_loss()
            self.memory.save()
            await self._shutdown(abort=True)
            if not self.options.resume_transactions:
                for outlet in self.world.outlets.values():
                    outlet.unlock()

    def power_on(self) -> asyncio.Task[None]:
        """Mains power comes back; the station boots."""
        self.world.mains = True
        return self.run_errand(self._power_on())

    async def _power_on(self) -> None:
        async with self._lifecycle:
            if not self.alive:
                await asyncio.sleep(self.options.delay("boot"))
                if self.world.mains and not self.alive:
                    self._boot()

    async def power_cycle(self) -> None:
        """Power off, a short pause, power on."""
        await self.power_off()
        await asyncio.sleep(self.options.power_pause_seconds)
        self.power_on()

    def state(self) -> Payload:
        """What GET /state shows."""
        shown: Payload = {
            "identity": self.options.identity,
            "power": self.world.mains,
            "running": self.alive,
            "connected": self.alive and self.link.is_open,
        }
        if self.alive:
            for part in self.parts:
                shown.update(part.state())
        return shown


async def _later(seconds: float, effect: Callable[[], object]) -> None:
    await asyncio.sleep(seconds)
    effect()


def _supply(options: Options) -> Supply:
    """What the station is connected to."""
    if options.direct_current:
        return Supply(volts=400.0, phases=1, amperes=125.0, connectors=options.connectors, direct=True)
    return Supply(phases=1 if options.one_phase else 3, connectors=options.connectors)
