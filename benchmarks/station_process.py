"""Many simulated stations in one process: `python -m benchmarks.station_process URL COUNT`; ends with stdin."""

from __future__ import annotations

import asyncio
import sys

from octt.simulator.control.actions import Actions
from octt.simulator.options import Options
from octt.simulator.station import Station


async def _live(url: str, count: int) -> None:
    stations = [Station(Options(url, f"S{number:03}", connectors=2)) for number in range(count)]
    for station in stations:
        for connector in (1, 2):
            Actions(station).do("plug_in", {"connector": connector})
        station.start()
    try:
        await asyncio.to_thread(sys.stdin.read)
    finally:
        await asyncio.gather(*(station.stop() for station in stations))


if __name__ == "__main__":
    asyncio.run(_live(sys.argv[1], int(sys.argv[2])))
