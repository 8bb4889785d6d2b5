"""Status notifications of something that takes a while: firmware updates, uploads of diagnostics and logs."""

from __future__ import annotations

import asyncio
from typing import TypedDict

from octt.simulator.part import CallRefused, NoAnswer, Part, Payload

ENDS = (
    *("Installed", "DownloadFailed", "InstallationFailed", "InvalidSignature", "InstallVerificationFailed"),
    *("Uploaded", "UploadFailed", "UploadFailure", "BadMessage", "PermissionDenied", "NotSupportedOperation"),
)
"""Statuses after which nothing is underway."""


class Repetition(TypedDict):
    """How often and how far apart a transfer is tried again."""

    retries: int
    interval: float


def repetition(payload: Payload) -> Repetition:
    """`retries` and `retryInterval` of a request; left to the station, that is one retry after a second."""
    retries = min(max(payload.get("retries", 1), 0), 100)
    interval = max(payload.get("retryInterval", 1), 0)
    return {"retries": retries, "interval": float(max(interval, 0.1))}


class Progress:
    """Reports statuses with one action, such as FirmwareStatusNotification, and remembers the last one."""

    def __init__(self, owner: Part, action: str, request_id: int | None = None) -> None:
        self.station = owner.station
        self.action = action
        self.request_id = request_id
        self.status = "Idle"

    async def report(self, status: str) -> None:
        """Enter a status and tell the Central System, after a reconnection if need be."""
        self.status = status
        while True:
            try:
                for _ in range(self._times(status)):
                    await self.station.outbox.send(self.action, self._payload(status))
                return
            except CallRefused:
                return
            except NoAnswer:
                if self.station.ready:
                    return  # it was sent, and the Central System does not answer
                while not self.station.ready:
                    await asyncio.sleep(0.05)

    def _times(self, status: str) -> int:
        """How often a status is told; nothing forbids twice."""
        options = self.station.options
        begins, ends = status in ("Downloading", "Uploading"), status in ENDS
        return 2 if (begins and options.chatty) or (ends and options.repeat_progress) else 1

    def repeat(self, underway: bool) -> object:
        """Send the present status again, Idle when nothing is underway."""
        payload = self._payload(self.status) if underway else {"status": "Idle"}
        return self.station.outbox.send(self.action, payload, triggered=True)

    def _payload(self, status: str) -> Payload:
        if self.request_id is None:
            return {"status": status}
        return {"status": status, "requestId": self.request_id}
