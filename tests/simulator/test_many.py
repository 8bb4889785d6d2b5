"""Many stations in one process: independent of each other, cheap while idle."""

import asyncio
import time

from fake_csms import Csms

from octt.simulator.control.actions import Actions
from octt.simulator.options import Options
from octt.simulator.station import Station

COUNT = 60


def test_sixty_stations_charge_side_by_side():
    async def life():
        async with Csms() as csms:
            stations = [Station(Options(csms.url, f"S{n}", ev_seconds=0.01)) for n in range(COUNT)]
            for station in stations:
                station.start()
            try:
                async with asyncio.timeout(30):
                    while not all(station.ready and station.outbox.empty for station in stations):
                        await asyncio.sleep(0.02)
                    used = time.process_time()
                    await asyncio.sleep(1)
                    assert time.process_time() - used < 0.5, "idle stations must cost nearly nothing"
                    for station in stations[::2]:
                        actions = Actions(station)
                        actions.do("plug_in", {"connector": 1})
                        actions.do("present_id_tag", {"connector": 1, "id_tag": station.options.identity})
                    while not all(station.connectors[1].status == "Charging" for station in stations[::2]):
                        await asyncio.sleep(0.02)
                    while not all(station.outbox.empty for station in stations):
                        await asyncio.sleep(0.02)
                started = {payload["idTag"] for payload in csms.sent("StartTransaction")}
                assert started == {f"S{n}" for n in range(0, COUNT, 2)}
                assert {station.connectors[1].status for station in stations[1::2]} == {"Available"}
                assert csms.connections == COUNT
            finally:
                await asyncio.gather(*(station.stop() for station in stations))

    asyncio.run(life())
