"""Faults of booting and heartbeats."""

from __future__ import annotations

import asyncio
import math

from octt.simulator.parts.registration import Registration


class FaultyRegistration(Registration):
    """Boots and beats at wrong times."""

    def may_send(self, action: str) -> bool:
        """Anything at any time, with the fault."""
        return self.station.faults.active("talk-before-accepted") or super().may_send(action)

    def connected(self) -> None:
        """A connection is there."""
        if self.status == "Accepted" and self.station.faults.active("boot-on-reconnect"):
            self._begin()
        else:
            super().connected()

    async def _wait(self, seconds: float) -> None:
        faults = self.station.faults
        if faults.active("boot-retry", "never"):
            seconds = math.inf
        await super()._wait(seconds * faults.number("boot-retry-factor", default=1.0))

    async def _boot_notification(self) -> float:
        seconds = await super()._boot_notification()
        if self.status in ("Pending", "Rejected") and self.station.faults.active("talk-before-accepted"):
            self.station.spawn(self._talk(seconds / 2))
        return seconds

    async def _talk(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        self.station.connectors.online(booted=True)

    def _heartbeat_interval(self) -> float:
        faults = self.station.faults
        if faults.active("no-heartbeat"):
            return 0.0
        return super()._heartbeat_interval() * faults.number("heartbeat-factor", default=1.0)
