"""Signatures of firmware: right ones, wrong ones, and by whom. OCPP 1.6 security whitepaper edition 3, L01."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from pathlib import Path

from octt.files.servers import dummy_image
from octt.pki.broken import broken
from octt.pki.certificates import PkiError
from octt.pki.firmware import Algorithm, FirmwareSignature
from octt.script.security.certificates import CENTRAL_SYSTEM, MANUFACTURER
from octt.script.security.words import Security
from octt.script.station import Station
from octt.script.verdicts import Inconclusive

Signed = dict[str, str]
"""`signature` and `signingCertificate` of SignedUpdateFirmware.req."""


class Signing:
    """Signs the image that the case serves. The manufacturer's own signature, if the bench has one, else ours."""

    def __init__(self, security: Security, station: Station, protocols: Iterable[str], seed: int = 1) -> None:
        """Lends the station the roots it needs: for what we sign, and for file servers of ours with TLS.

        `seed` is that of the dummy image, where the bench has none.
        """
        self.seed = seed
        certificates = security.certificates
        self.pki, self.bench = security.laboratory.pki, station.bench
        self.firmware = self.bench.firmware
        self.algorithm: Algorithm = "SHA256withRSA" if self.bench.security.legacy_signatures else "RSA-PSS"
        if {"https", "ftps"} & set(protocols):
            certificates.lends(CENTRAL_SYSTEM, self.pki.trust_anchor)
        if self.firmware.signature:
            return
        if self.bench.security.legacy_signatures:
            station.remark(
                "firmware is signed with RSA PKCS#1 v1.5, beyond the specification (security.legacy_signatures)",
                cite="whitepaper L01.FR.04",
            )
        certificates.lends(MANUFACTURER, self.pki.manufacturer.certificate)

    def right(self) -> Signed:
        """For the image as it is. Raises Inconclusive for files that cannot be read."""
        if not self.firmware.signature:
            return _fields(self._sign(self._image()))
        try:
            certificate = Path(self.firmware.signing_certificate).read_text("ascii")
        except (OSError, UnicodeError) as error:
            raise Inconclusive(
                f"[firmware] signing_certificate of the bench: {error}", "configuration"
            ) from None
        return {"signature": self.firmware.signature, "signingCertificate": certificate}

    def wrong(self) -> Signed:
        """By the right signer, but the signature is that of other bytes."""
        if not self.firmware.signature:
            return _fields(self._sign(b"other bytes than those that are served"))
        try:
            spoilt = bytearray(base64.b64decode(self.firmware.signature, validate=True))
            spoilt[-1] ^= 1
        except (binascii.Error, IndexError):
            raise Inconclusive("[firmware] signature of the bench is not Base64", "configuration") from None
        return {**self.right(), "signature": base64.b64encode(spoilt).decode()}

    def by(self, kind: str) -> Signed:
        """A right signature by a signer whose certificate is wrong in one thing (octt.pki.broken)."""
        return _fields(
            self.pki.sign_firmware(self._image(), self.algorithm, broken(self.pki, kind, "firmware"))
        )

    def _image(self) -> bytes | Path:
        return Path(self.firmware.image) if self.firmware.image else dummy_image(seed=self.seed)

    def _sign(self, image: bytes | Path) -> FirmwareSignature:
        try:
            return self.pki.sign_firmware(image, self.algorithm)
        except (OSError, PkiError) as error:
            raise Inconclusive(f"the firmware could not be signed: {error}", "configuration") from None


def _fields(signed: FirmwareSignature) -> Signed:
    return {"signature": signed.signature, "signingCertificate": signed.signingCertificate}
