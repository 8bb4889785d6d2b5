"""Firmware updates: UpdateFirmware (specification 4.5, 5.19) and SignedUpdateFirmware (security whitepaper L01).

The image is really downloaded and its signature really verified. What it contains does not matter: an image can be
installed when it is not empty and does not begin with the word CORRUPT. The new version that BootNotification then
reports is the old one with the beginning of the image's SHA-256 hash.

Statuses come in this order: Downloading, Downloaded, (SignatureVerified,) Installing, reboot, Installed after
the reboot, unless the choice update_style says otherwise. Idle connectors are Unavailable from the wait for running
transactions until the reboot.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from typing import Any

from cryptography import x509

from octt.simulator.link import certificates, transfer
from octt.simulator.link.certificates import CertificateError
from octt.simulator.link.transfer import TransferError
from octt.simulator.link.truststore import MANUFACTURER
from octt.simulator.part import CallRefused, Part, Payload, Reply, on
from octt.simulator.parts.transfers.progress import ENDS, Progress, repetition
from octt.simulator.world.clock import parse_time

PLAIN = "FirmwareStatusNotification"
SIGNED = "SignedFirmwareStatusNotification"
_FAILED = {"Downloading": "DownloadFailed", "DownloadScheduled": "DownloadFailed"}


class Firmware(Part):
    """At most one update at a time; a new request takes the place of one that is not being installed yet."""

    def boot(self) -> None:
        """An update that was underway before this boot is in memory; what became of it is told when online."""
        self._kept: Payload = self.station.memory.section("update", {})
        self._task: asyncio.Task[None] | None = None
        self._last = {action: self._restored(action) for action in (PLAIN, SIGNED)}

    def _restored(self, action: str) -> Progress:
        progress = Progress(self, action)
        if self._kept.get("action") == action:
            progress.request_id = self._kept.get("requestId")
            progress.status = self._kept["status"]
        return progress

    def handlers(self) -> dict[str, Callable[[Payload], object]]:
        """SignedUpdateFirmware only with the security extension and support for signed firmware."""
        found = super().handlers()
        if not (self.station.options.security_extension and self.station.options.signed_firmware):
            del found["SignedUpdateFirmware"]
        return found

    @property
    def _underway(self) -> bool:
        ended = self._kept.get("status") in ENDS
        return self._task is not None and not self._task.done() and not ended

    @on("UpdateFirmware")
    def update_firmware(self, payload: Payload) -> Reply:
        """Start an update; NotSupported on a station that takes signed firmware only (L01.FR.20)."""
        if self.station.options.only_signed_firmware:
            raise CallRefused("NotSupported", "this station takes signed firmware only")
        job = {"location": payload["location"], "retrieve": payload["retrieveDate"], **repetition(payload)}
        return Reply({}, lambda: self._begin(Progress(self, PLAIN), job))

    @on("SignedUpdateFirmware")
    def signed_update_firmware(self, payload: Payload) -> Reply | Payload:
        """Accepted, AcceptedCanceled, Rejected (installing now), InvalidCertificate (L01.FR.23 to 27)."""
        firmware = payload["firmware"]
        security = self.station.security
        try:
            signer = certificates.parse_one(firmware["signingCertificate"])
            self._check_signer(signer)
        except CertificateError as problem:
            security.event("InvalidFirmwareSigningCertificate", str(problem))
            return {"status": "InvalidCertificate"}
        if self.station.restarting or (self._underway and self._kept.get("status") == "Installing"):
            return {"status": "Rejected"}
        job = {
            "location": firmware["location"],
            "retrieve": firmware["retrieveDateTime"],
            "install": firmware.get("installDateTime"),
            "signature": firmware["signature"],
            "signer": signer,
            **repetition(payload),
        }
        progress = Progress(self, SIGNED, payload["requestId"])
        status = "AcceptedCanceled" if self._underway else "Accepted"
        return Reply({"status": status}, lambda: self._begin(progress, job))

    def _check_signer(self, signer: x509.Certificate) -> None:
        roots, now = self.station.security.store.trusted(MANUFACTURER), self.station.security.now()
        certificates.check_signing_certificate(signer, roots, now)

    def _begin(self, progress: Progress, job: dict[str, Any]) -> None:
        if self._underway and self._task is not None:
            self._task.cancel()
        self._kept.clear()
        self._last[progress.action] = progress
        self._task = self.station.spawn(self._update(progress, job))

    async def _report(self, progress: Progress, status: str) -> None:
        """Enter a status; what is underway survives a power cycle."""
        self._kept.update(action=progress.action, requestId=progress.request_id, status=status)
        self.station.memory.save()
        await progress.report(status)

    async def _update(self, progress: Progress, job: dict[str, Any]) -> None:
        station, signed = self.station, progress.action == SIGNED
        await self._until(job["retrieve"], progress, "DownloadScheduled" if signed else "")
        await station.pause("function")
        if station.options.download_waits:
            await self._no_transactions()
        terse = station.options.terse  # it says nothing of what fails at once
        if not terse:
            await self._report(progress, "Downloading")
        image = await self._download(job)
        if image is None:
            return await self._report(progress, "DownloadFailed")
        if terse:
            await self._report(progress, "Downloading")
        await self._report(progress, "Downloaded")
        if signed and not await self._verified(progress, job, image):
            return None
        await self._until(job.get("install"), progress, "InstallScheduled")
        self._hold(True)
        await self._no_transactions()
        version = f"{station.options.firmware_version}+{hashlib.sha256(image).hexdigest()[:8]}"
        self._kept["version"] = version if self._installable(image) else ""
        if station.options.update_style != "reboot-first":
            return await self._install(progress)
        if signed:
            await self._report(progress, "InstallRebooting")
        self._kept["waits"] = True
        station.memory.save()
        return self._restart()

    async def _no_transactions(self) -> None:
        """Wait until no transaction is running."""
        while any(one.transaction is not None for one in self.station.connectors.all.values()):
            await asyncio.sleep(0.05)

    async def _install(self, progress: Progress) -> None:
        """Install what memory holds the version of: empty when the image was no good."""
        station, version = self.station, self._kept.pop("version")
        if version or not station.options.terse:
            in_bootloader = station.options.update_style != "no-reboot"
            if progress.action == PLAIN or not (in_bootloader and station.options.installing_untold):
                await self._report(progress, "Installing")
            await station.pause("install")
        if not version:
            return await self._end(progress, "InstallationFailed")
        station.memory.data["firmware"] = version
        if station.options.update_style != "reboot":
            return await self._end(progress, "Installed")
        self._kept["installed"] = True
        station.memory.save()
        return self._restart()

    async def _end(self, progress: Progress, status: str) -> None:
        """The installation has ended without a reboot, or before it."""
        reboots = self.station.options.update_style == "report-first"
        if not reboots:
            self._hold(False)
        if status == "Installed":
            self.station.security.event("FirmwareUpdated")
        await self._report(progress, status)
        if reboots:
            self._restart()

    def _restart(self) -> None:
        self.station.restart("Reboot")

    async def _download(self, job: dict[str, Any]) -> bytes | None:
        station = self.station
        await station.pause("download")
        try:
            return await transfer.download(
                job["location"],
                tls=station.security.file_trust(),
                protocols=tuple(station.config.items("SupportedFileTransferProtocols")),
                retries=job["retries"],
                interval=job["interval"],
            )
        except TransferError:
            return None

    async def _verified(self, progress: Progress, job: dict[str, Any], image: bytes) -> bool:
        """Whether the signature fits; says so (L01.FR.03 and 04)."""
        try:
            self._check_signature(job, image)
        except CertificateError as problem:
            self.station.security.event("InvalidFirmwareSignature", str(problem))
            await self._report(progress, "InvalidSignature")
            return False
        await self._report(progress, "SignatureVerified")
        return True

    def _check_signature(self, job: dict[str, Any], image: bytes) -> None:
        legacy = self.station.options.legacy_signatures
        certificates.check_firmware_signature(job["signer"], image, job["signature"], legacy=legacy)

    async def _until(self, moment: object, progress: Progress, status: str) -> None:
        """Wait for a date of the request; a signed update tells that it waits (L01.FR.13 and 16)."""
        when = parse_time(moment) if moment else None
        wait = (when - self.station.clock.now()) if when is not None else 0.0
        if wait > 1.0 and status:
            await self._report(progress, status)
        while wait > 0:
            await asyncio.sleep(min(wait, 3600.0))
            wait = (when or 0.0) - self.station.clock.now()

    def _installable(self, image: bytes) -> bool:
        return bool(image) and not image.startswith(b"CORRUPT")

    def _hold(self, held: bool) -> None:
        self.station.connectors.held = held
        self.station.connectors.refresh()

    def online(self, booted: bool) -> None:
        """After the reboot of an installation, or after one that was interrupted, tell how it ended."""
        status = self._kept.get("status")
        if not booted or self._underway or status is None or status in ENDS:
            return
        progress = self._last[self._kept["action"]]
        if self._kept.pop("waits", False):
            self._task = self.station.spawn(self._install_now(progress))
            return
        if self._kept.pop("installed", False):
            self.station.security.event("FirmwareUpdated")
            end = "Installed"
        else:
            end = _FAILED.get(status, "InstallationFailed")
        self._task = self.station.spawn(self._tell(progress, end))

    async def _install_now(self, progress: Progress) -> None:
        """The reboot that came before the installation is over."""
        await self.station.connectors.settle()
        self._hold(True)
        await self._install(progress)

    async def _tell(self, progress: Progress, end: str) -> None:
        await self.station.connectors.settle()
        await self._report(progress, end)

    def trigger(self, message: str, connector: int | None) -> Callable[[], object] | None:
        """The present status; Idle when nothing is underway, for signed updates after Installed (L01.FR.28, 29)."""
        if message == PLAIN:
            return lambda: self._last[PLAIN].repeat(self._last[PLAIN].status not in ("Idle", *ENDS))
        if message == SIGNED and "SignedUpdateFirmware" in self.handlers():
            return lambda: self._last[SIGNED].repeat(self._last[SIGNED].status not in ("Idle", "Installed"))
        return None

    def state(self) -> Payload:
        """For GET /state."""
        return {"firmware": dict(self._kept)}
