"""Faults of remote starts and triggers."""

from __future__ import annotations

import asyncio

from octt.simulator.part import Payload, Reply
from octt.simulator.parts.remote import Remote


class FaultyRemote(Remote):
    """Asks the wrong way round, refuses triggers, accepts them and is silent."""

    def _must_ask(self) -> bool:
        return super()._must_ask() != self.station.faults.active("remote-authorization-inverted")

    def triggered(self, message: str, number: int | None) -> Reply | Payload:
        """Answer a trigger for a message."""
        faults = self.station.faults
        if faults.active("trigger-refused", message):
            return {"status": "Rejected"}
        unknown = number is not None and number not in (0, *self.station.connectors.all)
        if unknown and faults.active("trigger-rejected-yet-sent"):
            return Reply({"status": "Rejected"}, lambda: self._send_anyway(message, number))
        answer = super().triggered(message, number)
        if isinstance(answer, Reply) and faults.active("trigger-silent", message):
            return answer.payload
        return answer

    async def _send_anyway(self, message: str, number: int | None) -> None:
        await asyncio.sleep(0.1)
        sample = self.station.metering.reading(1)
        self.station.outbox.send(message, {"connectorId": number, "meterValue": [sample]})
