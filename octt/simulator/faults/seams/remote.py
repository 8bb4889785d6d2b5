"""Faults of remote starts and triggers."""

from __future__ import annotations

import asyncio

from octt.simulator.part import Payload, Reply, on
from octt.simulator.parts.remote import Remote


class FaultyRemote(Remote):
    """Asks the wrong way round, refuses triggers, accepts them and is silent."""

    def _must_ask(self) -> bool:
        return super()._must_ask() != self.station.faults.active("remote-authorization-inverted")

    @on("RemoteStopTransaction")
    def remote_stop(self, payload: Payload) -> Reply | Payload:
        """The right answer, and perhaps not what it says."""
        running = [one for one in self.station.connectors.all.values() if one.transaction is not None]
        answer = super().remote_stop(payload)
        if payload["transactionId"] < 0 and self.station.faults.active("refused-yet-stopped"):
            for connector in running:
                self.station.transactions.stop_asked(connector, "Remote")
        return answer

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
