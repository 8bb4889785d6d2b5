"""Legal messages nobody asked for: what a talkative but conformant station sends beside the necessary."""

from __future__ import annotations

import asyncio
import itertools

from octt.simulator.part import Part

_PAUSE = 0.4


class Chatter(Part):
    """Runs only with the option `chatty`: heartbeats, meter values of idle connectors, repeated statuses, events."""

    def boot(self) -> None:
        """Start talking."""
        if self.station.options.chatty:
            self.station.spawn(self._talk())

    async def _talk(self) -> None:
        others = (self._meter_values, self._statuses, self._event)
        kinds = itertools.cycle(
            (self._heartbeat, *others * 6)
        )  # seldom enough to leave the interval to be seen
        while True:
            await asyncio.sleep(_PAUSE)
            if self.station.ready and self.station.outbox.empty:
                next(kinds)()

    def _heartbeat(self) -> None:
        self.station.outbox.send("Heartbeat", {})

    def _meter_values(self) -> None:
        for number, connector in self.station.connectors.all.items():
            if connector.transaction is None:
                sample = self.station.metering.reading(number, "Other")
                self.station.outbox.send("MeterValues", {"connectorId": number, "meterValue": [sample]})

    def _statuses(self) -> None:
        self.station.connectors.report_station()
        for connector in self.station.connectors.all.values():
            if connector.transaction is None:
                connector.report()

    def _event(self) -> None:
        if self.station.options.security_extension:
            event = {
                "type": "SettingSystemTime",
                "timestamp": self.station.clock.text(self.station.clock.now()),
            }
            self.station.outbox.send("SecurityEventNotification", event)
