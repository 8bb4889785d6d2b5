"""Diagnostics and logs: GetDiagnostics (specification 4.4, 5.9) and GetLog (security whitepaper N01), real uploads."""

from __future__ import annotations

import asyncio
import io
import json
import re
import zipfile
from collections.abc import Callable
from typing import Any

from octt.simulator.link import transfer
from octt.simulator.link.transfer import TransferError
from octt.simulator.part import Part, Payload, Reply, on
from octt.simulator.parts.transfers.progress import Progress, Repetition, repetition

DIAGNOSTICS = "DiagnosticsStatusNotification"
LOG = "LogStatusNotification"


class Uploads(Part):
    """One upload of diagnostics and one of a log at a time; a new request ends the one underway (N01.FR.11)."""

    def boot(self) -> None:
        """Nothing is being uploaded."""
        self._progress = {action: Progress(self, action) for action in (DIAGNOSTICS, LOG)}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def handlers(self) -> dict[str, Callable[[Payload], object]]:
        """GetDiagnostics belongs to FirmwareManagement, GetLog to the security extension."""
        found = super().handlers()
        if "FirmwareManagement" not in self.station.options.profiles:
            del found["GetDiagnostics"]
        if not self.station.options.security_extension:
            del found["GetLog"]
        return found

    @on("GetDiagnostics")
    def get_diagnostics(self, payload: Payload) -> Reply:
        """The name of the file that is going to be uploaded."""
        name = self._file_name("diagnostics", "zip")

        def start() -> None:
            data = self._archive(payload.get("startTime"), payload.get("stopTime"))
            progress = Progress(self, DIAGNOSTICS)
            self._begin(progress, payload["location"], name, data, payload)

        return Reply({"fileName": name}, start)

    @on("GetLog")
    def get_log(self, payload: Payload) -> Reply:
        """Accepted, or AcceptedCanceled when this ends another upload, with the file's name (N01.FR.01, 11)."""
        log = payload["log"]
        oldest, latest = log.get("oldestTimestamp"), log.get("latestTimestamp")
        if payload["logType"] == "SecurityLog":
            name, data = self._file_name("security", "log"), self._security_log(oldest, latest)
        else:
            name, data = self._file_name("diagnostics", "zip"), self._archive(oldest, latest)

        def start() -> None:
            progress = Progress(self, LOG, payload["requestId"])
            self._begin(progress, log["remoteLocation"], name, data, payload)

        status = "AcceptedCanceled" if self._busy(LOG) else "Accepted"
        return Reply({"status": status, "filename": name}, start)

    def _busy(self, action: str) -> bool:
        return self._progress[action].status == "Uploading"

    def _begin(self, progress: Progress, location: str, name: str, data: bytes, payload: Payload) -> None:
        action = progress.action
        if self._busy(action):
            self._tasks[action].cancel()
        self._progress[action] = progress
        self._tasks[action] = self.station.spawn(self._upload(progress, location, name, data, payload))

    async def _upload(
        self, progress: Progress, location: str, name: str, data: bytes, payload: Payload
    ) -> None:
        await self.station.pause("function")
        await progress.report("Uploading")
        await self.station.pause("upload")
        try:
            await self._transfer(location, name, data, repetition(payload))
        except TransferError as problem:
            await progress.report(problem.status if progress.action == LOG else "UploadFailed")
        else:
            await progress.report("Uploaded")

    async def _transfer(self, location: str, name: str, data: bytes, repetition: Repetition) -> None:
        await transfer.upload(
            location,
            name,
            data,
            tls=self.station.security.file_trust(),
            protocols=tuple(self.station.config.items("SupportedFileTransferProtocols")),
            **repetition,
        )

    def trigger(self, message: str, connector: int | None) -> Callable[[], object] | None:
        """The status of the upload, Idle when none is underway (5.17, whitepaper N01.FR.12)."""
        if message == DIAGNOSTICS and "FirmwareManagement" in self.station.options.profiles:
            return lambda: self._progress[DIAGNOSTICS].repeat(self._busy(DIAGNOSTICS))
        if message == LOG and self.station.options.security_extension:
            return lambda: self._progress[LOG].repeat(self._busy(LOG))
        return None

    # content

    def _file_name(self, kind: str, extension: str) -> str:
        identity = re.sub(r"[^A-Za-z0-9_-]", "_", self.station.options.identity)[:60]
        return f"{kind}-{identity}-{int(self.station.clock.now())}.{extension}"

    def _security_log(self, oldest: Any, latest: Any) -> bytes:
        head = f"# security log of {self.station.options.identity}\n"
        return (head + self.station.security.log.text(oldest, latest)).encode()

    def _archive(self, oldest: Any, latest: Any) -> bytes:
        """A zip of what a service engineer would ask for; no secrets, as `state` shows none."""
        content = {
            "station.json": json.dumps(self.station.registration.notification(), indent=1),
            "state.json": json.dumps(self.station.state(), indent=1),
            "security.log": self.station.security.log.text(oldest, latest),
        }
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in content.items():
                archive.writestr(name, text)
        return buffer.getvalue()
