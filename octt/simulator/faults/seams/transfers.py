"""Faults of firmware updates and of uploads."""

from __future__ import annotations

import asyncio
from typing import Any

from cryptography import x509

from octt.simulator.parts.transfers.firmware import Firmware
from octt.simulator.parts.transfers.progress import Progress, Repetition
from octt.simulator.parts.transfers.uploads import Uploads


class FaultyFirmware(Firmware):
    """Installs what it should not, never ends, leaves connectors out of service."""

    def _check_signer(self, signer: x509.Certificate) -> None:
        if not self.station.faults.active("signing-certificate-unchecked"):
            super()._check_signer(signer)

    def _check_signature(self, job: dict[str, Any], image: bytes) -> None:
        if not self.station.faults.active("signature-unchecked"):
            super()._check_signature(job, image)

    async def _update(self, progress: Progress, job: dict[str, Any]) -> None:
        if self.station.faults.active("connectors-held"):
            self._hold(True)
        await super()._update(progress, job)

    def _hold(self, held: bool) -> None:
        if held or not self.station.faults.active("connectors-held"):
            super()._hold(held)

    async def _download(self, job: dict[str, Any]) -> bytes | None:
        image = await super()._download(job)
        if image is None and self.station.faults.active("download-imagined"):
            return b"imagined"
        return image

    def _installable(self, image: bytes) -> bool:
        return super()._installable(image) or self.station.faults.active("image-unchecked")

    def _restart(self) -> None:
        if not self.station.faults.active("installs-forever"):
            super()._restart()

    async def _tell(self, progress: Progress, end: str) -> None:
        await super()._tell(progress, end)
        if self.station.faults.active("unavailable-after-update"):
            await asyncio.sleep(0.3)
            self._hold(True)


class FaultyUploads(Uploads):
    """Uploads nothing, or what nobody should see."""

    async def _transfer(self, location: str, name: str, data: bytes, repetition: Repetition) -> None:
        faults = self.station.faults
        if not faults.active("upload-imagined"):
            sent = b"" if faults.active("upload-empty") else data
            await super()._transfer(location, name, sent, repetition)

    def _security_log(self, oldest: Any, latest: Any) -> bytes:
        log = super()._security_log(oldest, latest)
        if self.station.faults.active("password-logged"):
            log += f"# AuthorizationKey {self.station.config.text('AuthorizationKey')}\n".encode()
        return log
