"""Faults of statuses and availability; those of a single StatusNotification are in `sending`."""

from __future__ import annotations

from collections.abc import Callable

from octt.simulator.parts.connectors import Connectors


class FaultyConnectors(Connectors):
    """Forgets its availability, is silent or wrong about statuses when it comes online."""

    def boot(self) -> None:
        """ChangeAvailability may be forgotten."""
        super().boot()
        self._booting = False
        if self.station.faults.active("availability-forgotten"):
            self._availability.clear()

    def online(self, booted: bool) -> None:
        """Statuses are reported, or not."""
        if booted or not self.station.faults.active("reconnect-silent"):
            self._booting = booted
            super().online(booted)
            self._booting = False

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
        """Send one StatusNotification; after a boot perhaps with another status."""
        wrong = self.station.faults.value("boot-status", number) if self._booting and number else None
        super().notify(number, wrong or status, error_code, info, triggered, delivered, kind)

    def _change(self, numbers: list[int], wanted: str) -> None:
        if wanted != "Operative" or not self.station.faults.active("inoperative-forever"):
            super()._change(numbers, wanted)
