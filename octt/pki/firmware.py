"""Signatures of firmware files. OCPP 1.6 security whitepaper edition 3, L01."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from octt.pki.certificates import Identity, PkiError, describe

Algorithm = Literal["RSA-PSS", "ECDSA", "SHA256withRSA"]
"""The whitepaper names RSA-PSS and ECSchnorr; no TLS library has the latter, so elliptic keys sign with ECDSA.

PSS has a salt as long as the hash. "SHA256withRSA" (PKCS#1 v1.5) is what some older tools send.
"""


@dataclass(frozen=True)
class FirmwareSignature:
    """`signature` (Base64) and `signingCertificate` (PEM) of SignedUpdateFirmware.req, and how it was made."""

    signature: str
    signingCertificate: str
    algorithm: Algorithm


def sign(firmware: bytes | Path, signer: Identity, algorithm: Algorithm) -> FirmwareSignature:
    """Signs a whole file over SHA-256 (L01.FR.04). Raises PkiError when key and algorithm do not fit, OSError."""
    if isinstance(firmware, Path):
        with firmware.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").digest()
    else:
        digest = hashlib.sha256(firmware).digest()
    hashed = utils.Prehashed(hashes.SHA256())
    if algorithm == "ECDSA" and isinstance(signer.key, ec.EllipticCurvePrivateKey):
        signature = signer.key.sign(digest, ec.ECDSA(hashed))
    elif algorithm in ("RSA-PSS", "SHA256withRSA") and isinstance(signer.key, rsa.RSAPrivateKey):
        pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
        signature = signer.key.sign(digest, pss if algorithm == "RSA-PSS" else padding.PKCS1v15(), hashed)
    else:
        raise PkiError(f"{algorithm} does not fit the key of {describe(signer.certificate)}")
    return FirmwareSignature(base64.b64encode(signature).decode(), signer.pem, algorithm)
