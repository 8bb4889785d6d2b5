"""Security events: the rolling log every one goes to, and the queue of those the Central System is told about.

OCPP 1.6-J security whitepaper, edition 3: A04 and the list of events in section 8.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from octt.simulator.part import CallRefused, NoAnswer, Part
from octt.simulator.world.clock import parse_time

CRITICAL = (
    "FirmwareUpdated",
    "SettingSystemTime",
    "StartupOfTheDevice",
    "ResetOrReboot",
    "SecurityLogWasCleared",
    "MemoryExhaustion",
    "TamperDetectionActivated",
)
# Not critical by section 8, but requirements say that the event is triggered or sent (A00.FR.309, 315, 322, 413,
# 419, 426; A02.FR.07; L01.FR.02 and 03; test cases TC_077 and TC_078).
TRIGGERED = (
    "InvalidFirmwareSignature",
    "InvalidFirmwareSigningCertificate",
    "InvalidCentralSystemCertificate",
    "InvalidChargePointCertificate",
    "InvalidTLSVersion",
    "InvalidTLSCipherSuite",
)
LONGEST_LOG = 500
LONGEST_QUEUE = 100


class SecurityLog:
    """The log and the queue of one station. Both are in memory, so they survive reboots and power cycles.

    `is_sent` tells of a type of event whether the Central System hears of it. The queue is bounded: repeated failures
    to connect are one event.
    """

    def __init__(self, owner: Part, is_sent: Callable[[str], bool]) -> None:
        self.station, self._is_sent = owner.station, is_sent
        self.entries: list[dict[str, str]] = self.station.memory.section("security_log", [])
        self._queue: list[dict[str, str]] = self.station.memory.section("security_events", [])
        self._wake = asyncio.Event()

    def add(self, type: str, info: str | None = None) -> None:
        """Note an event now, and send it if it is one to send."""
        station = self.station
        entry = {"type": type, "timestamp": self.station.clock.text(station.clock.now())}
        if info:
            entry["techInfo"] = info[:255]
        self.entries.append(entry)
        del self.entries[:-LONGEST_LOG]
        repeated = not station.ready and bool(self._queue) and self._queue[-1]["type"] == type
        if self._is_sent(type) and not repeated:
            self._queue.append(entry)
            del self._queue[:-LONGEST_QUEUE]
        station.memory.save()
        self._wake.set()

    def wake(self) -> None:
        """The station is online: deliver what waits."""
        self._wake.set()

    async def deliver(self) -> None:
        """Send queued events in order, one after another, for as long as the software runs (A04.FR.02)."""
        while True:
            self._wake.clear()
            while self._queue and self.station.ready:
                try:
                    await self.station.outbox.send("SecurityEventNotification", dict(self._queue[0]))
                except NoAnswer:
                    break
                except CallRefused:
                    pass  # the Central System has it and does not want it
                if self._queue:
                    self._queue.pop(0)
                self.station.memory.save()
            await self._wake.wait()

    def text(self, oldest: Any = None, latest: Any = None) -> str:
        """The log as lines, optionally only between two timestamps of GetLog.req."""
        lines = [f"{e['timestamp']} {e['type']} {e.get('techInfo', '')}".rstrip() for e in self.entries]
        first, last = parse_time(oldest), parse_time(latest)
        kept = []
        for entry, line in zip(self.entries, lines, strict=True):
            moment = parse_time(entry["timestamp"]) or 0.0
            if (first is None or moment >= first) and (last is None or moment <= last):
                kept.append(line)
        return "".join(f"{line}\n" for line in kept)
