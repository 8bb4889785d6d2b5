"""BootNotification until accepted, and heartbeats (specification 4.2, 4.6)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from octt.simulator.part import CallRefused, NoAnswer, Part, Payload


class Registration(Part):
    """Whether the Central System has accepted this station, since this boot."""

    status = ""
    """Empty before the first answer, then Accepted, Pending or Rejected."""

    def boot(self) -> None:
        """Nothing is sent before a connection exists."""
        self._booting: asyncio.Task[None] | None = None
        self._heart: asyncio.Task[None] | None = None
        self._again = asyncio.Event()
        self._last_traffic = 0.0

    def may_send(self, action: str) -> bool:
        """Whether a request of that action may go out in the present state."""
        return self.status == "Accepted" or action == "BootNotification"

    def connected(self) -> None:
        """A connection is there: register, or take up where a lost connection left off."""
        if self.status == "Accepted":
            self.station.online(booted=False)
        else:
            self._begin()

    def _begin(self) -> None:
        if self._booting is None or self._booting.done():
            self._again.clear()
            self._booting = self.station.spawn(self._register())

    def traffic(self) -> None:
        """A request of ours was answered; heartbeats may count from here (4.6)."""
        self._last_traffic = asyncio.get_running_loop().time()

    async def _register(self) -> None:
        while self.station.link.is_open:
            wait = await self._boot_notification()
            if not self._again.is_set():  # else it was triggered while this one was still on its way
                if self.status == "Accepted":
                    return
                if self.status == "Rejected" and self.station.options.close_when_rejected:
                    await self.station.link.rest(wait)
                    return
                await self._wait(wait)
            self._again.clear()
        # the connection went away; `connected` starts over, after what is left of the interval

    async def _wait(self, seconds: float) -> None:
        """Wait before the next BootNotification, unless it is triggered earlier."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._again.wait()

    def notification(self) -> Payload:
        """The payload of BootNotification."""
        options = self.station.options
        return {
            "chargePointVendor": options.vendor[:20],
            "chargePointModel": options.model[:20],
            "chargePointSerialNumber": options.serial[:25],
            "firmwareVersion": str(self.station.memory.data.get("firmware", options.firmware_version))[:50],
        }

    async def _boot_notification(self) -> float:
        """Send it and act on the answer; returns the seconds to wait before the next when not accepted."""
        default = self.station.options.boot_retry_seconds
        try:
            answer = await self.station.outbox.send("BootNotification", self.notification(), triggered=True)
        except (NoAnswer, CallRefused):
            return default
        self.station.clock.synchronize(answer["currentTime"])
        was, self.status = self.status, answer["status"]
        interval = answer["interval"]
        if self.status == "Accepted":
            if interval > 0:
                self.station.config.store("HeartbeatInterval", str(interval))
            self._start_heart()
            if was != "Accepted":
                self.station.online(booted=True)
        return float(interval) if interval > 0 else default

    def trigger(self, message: str, connector: int | None) -> Callable[[], object] | None:
        """BootNotification and Heartbeat on request (5.17)."""
        if message == "BootNotification":
            return self._trigger_boot
        if message == "Heartbeat":
            return lambda: self.station.outbox.send("Heartbeat", {}, triggered=True)
        return None

    def _trigger_boot(self) -> None:
        if self._booting is not None and not self._booting.done():
            self._again.set()
        else:
            self._begin()

    def key_changed(self, key: str, value: str) -> None:
        """A new heartbeat interval counts from now."""
        if key == "HeartbeatInterval" and self.status == "Accepted":
            self._start_heart()

    def _start_heart(self) -> None:
        if self._heart is not None:
            self._heart.cancel()
        self._heart = self.station.spawn(self._beat())

    def _heartbeat_interval(self) -> float:
        """Seconds from one heartbeat to the next; 0: none (9.1.9)."""
        return self.station.config.integer("HeartbeatInterval")

    async def _beat(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while (interval := self._heartbeat_interval()) > 0:
            due += interval
            await asyncio.sleep(max(due - loop.time(), 0.0))
            if self.station.options.terse and loop.time() - self._last_traffic < interval * 0.9:
                due = self._last_traffic  # HeartbeatInterval is one of inactivity (9.1.10)
                continue
            try:
                answer = await self.station.outbox.send("Heartbeat", {})
                self.station.clock.synchronize(answer["currentTime"])
            except (NoAnswer, CallRefused):
                pass

    def state(self) -> Payload:
        """For GET /state."""
        return {"registration": self.status}
