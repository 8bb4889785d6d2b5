"""The laboratory's signing key: an Ed25519 key of our own making, or any key with its X.509 certificate."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from octt.record.reader import open_regular
from octt.report.evidence.meant import not_for_documents

PrivateKey = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
PublicKey = ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey | rsa.RSAPublicKey
PSS = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)


class SigningError(Exception):
    """A key, certificate or folder cannot be used; the message says which, why and what to do."""


@dataclass(frozen=True)
class Signer:
    """A private key and, with an X.509 signature, its certificate and those that issued it."""

    key: PrivateKey
    certificates: tuple[x509.Certificate, ...] = ()

    def sign(self, data: bytes) -> bytes:
        """Signs: Ed25519, ECDSA with SHA-256, or RSA-PSS with SHA-256, by the kind of key."""
        if isinstance(self.key, ed25519.Ed25519PrivateKey):
            return self.key.sign(data)
        if isinstance(self.key, ec.EllipticCurvePrivateKey):
            return self.key.sign(data, ec.ECDSA(hashes.SHA256()))
        return self.key.sign(data, PSS, hashes.SHA256())


def load_signer(key_file: Path, certificate_file: Path | None = None) -> Signer:
    """The signer of a PEM key file, and of a PEM file with its certificate (first) and the issuers' certificates.

    A key file that does not exist is made, with a new Ed25519 key and permissions 0600, unless a certificate is given.
    SigningError when something cannot be read, does not fit together, the key is open to other users, or the
    certificate is not meant for signing documents.
    """
    if not key_file.exists() and certificate_file is None:
        _generate(key_file)
    try:
        with open_regular(key_file) as file:
            content, mode = file.read(1 << 20), os.fstat(file.fileno()).st_mode
    except OSError as error:
        raise SigningError(f"signing key {key_file}: {error.strerror}") from None
    if os.name == "posix" and mode & 0o077:
        raise SigningError(f"signing key {key_file}: other users may read it; run: chmod 600 {key_file}")
    try:
        key = serialization.load_pem_private_key(content, None)
    except TypeError:
        raise SigningError(f"signing key {key_file}: it is encrypted; give one without a password") from None
    except (ValueError, UnsupportedAlgorithm):
        raise SigningError(f"signing key {key_file}: no private key in PEM format") from None
    if not isinstance(key, PrivateKey):
        raise SigningError(f"signing key {key_file}: this kind cannot sign here; use Ed25519, ECDSA or RSA")
    if certificate_file is None:
        return Signer(key)
    try:
        certificates = x509.load_pem_x509_certificates(certificate_file.read_bytes())
    except OSError as error:
        raise SigningError(f"certificate {certificate_file}: {error.strerror}") from None
    except ValueError:
        raise SigningError(f"certificate {certificate_file}: no certificate in PEM format") from None
    if key_bytes(certificates[0].public_key()) != key_bytes(key.public_key()):
        raise SigningError(
            f"certificate {certificate_file}: its first certificate is not of the key {key_file}"
        )
    if why := not_for_documents(certificates[0]):
        raise SigningError(f"certificate {certificate_file}: {why}")
    return Signer(key, tuple(certificates))


def _generate(key_file: Path) -> None:
    """Makes a key; one that somebody else makes in the same moment stays."""
    pem = ed25519.Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    try:
        key_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, part = tempfile.mkstemp(
            dir=key_file.parent, prefix=f".{key_file.name}."
        )  # private, as it is
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(pem)
            with contextlib.suppress(FileExistsError):
                os.link(part, key_file)
        finally:
            os.unlink(part)
    except OSError as error:
        raise SigningError(f"signing key {key_file}: cannot be made: {error.strerror}") from None


def key_bytes(key: object) -> bytes:
    """The public key in DER (SubjectPublicKeyInfo)."""
    return key.public_bytes(  # type: ignore[attr-defined, no-any-return]
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def fingerprint(key: object) -> str:
    """SHA-256 of the public key in DER, in groups that a person can compare."""
    digest = hashlib.sha256(key_bytes(key)).hexdigest()
    return ":".join(digest[index : index + 4] for index in range(0, len(digest), 4))


def algorithm(key: PublicKey) -> str:
    """How this kind of key signs."""
    if isinstance(key, ed25519.Ed25519PublicKey):
        return "Ed25519"
    return "ECDSA with SHA-256" if isinstance(key, ec.EllipticCurvePublicKey) else "RSA-PSS with SHA-256"


def is_signed(key: object, signature: bytes, data: bytes) -> bool:
    """Whether `signature` is this public key's over `data`."""
    try:
        if isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, data)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, data, ec.ECDSA(hashes.SHA256()))
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, data, PSS, hashes.SHA256())
        else:
            return False
    except (InvalidSignature, ValueError):
        return False
    return True
