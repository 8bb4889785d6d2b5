"""Faults of meter values."""

from __future__ import annotations

from octt.simulator.part import Payload
from octt.simulator.parts.metering import DEFAULT_MEASURAND, Metering
from octt.simulator.world.world import Outlet

_FACTORS = {"MeterValueSampleInterval": "sample-factor", "ClockAlignedDataInterval": "aligned-factor"}


class FaultyMetering(Metering):
    """Reads the meters at wrong times, leaves measurands out, shows a register that falls."""

    def _interval(self, key: str) -> float:
        return super()._interval(key) * self.station.faults.number(_FACTORS[key], default=1.0)

    def _next_aligned(self, now: float, interval: float) -> float:
        shift = self.station.faults.number("aligned-shift")
        return super()._next_aligned(now - shift, interval) + shift

    def _read(self, outlet: Outlet, measurand: str, context: str) -> list[Payload]:
        missing = measurand in self.station.faults.arguments("measurand-missing")
        return [] if missing else super()._read(outlet, measurand, context)

    def _quantity(self, outlet: Outlet, measurand: str) -> float:
        if measurand == DEFAULT_MEASURAND and self.station.faults.active("meter-backwards"):
            return max(10000.0 - (self.station.clock.now() % 10000), 0.0)
        return super()._quantity(outlet, measurand)
