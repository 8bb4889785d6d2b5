"""Who is trusted: the signers that were met, and the one that is expected.

A valid signature says that a folder is as somebody signed it. Who that was is known by his key alone: names in it are
his own words. So the keys that were met are kept, and only a person makes one of them trusted.
"""

from __future__ import annotations

import enum
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization

from octt import paths
from octt.record.reader import open_regular
from octt.report.evidence.keys import PublicKey, SigningError, fingerprint, key_bytes
from octt.report.evidence.meant import chain_problem

OWN_KEY, KNOWN = "signing-key.pem", "known-signers"
_TRUSTED, _SEEN = "trusted", "seen"
_LARGEST = 4 << 20


class Trust(enum.Enum):
    """What a signer's key is to whoever verifies."""

    TRUSTED = "somebody made it trusted"
    SEEN = "it was met before, and nobody made it trusted"
    NEW = "it was never met"
    CHANGED = "somebody of this name had another key before"


@dataclass(frozen=True)
class Known:
    """A key that was met: when first, whether it is trusted, and the name that came with it."""

    fingerprint: str
    since: str
    trusted: bool
    name: str


class KnownSigners:
    """The keys that were met, a line each in a file to which is only added; of a key the last line counts."""

    def __init__(self, path: Path | None = None) -> None:
        """By default the file among the user's settings. SigningError when it cannot be read."""
        try:
            self.path = path or paths.config(KNOWN)
        except RuntimeError as error:
            raise SigningError(f"known signers: {error}; set XDG_CONFIG_HOME") from None
        self._known: dict[str, Known] = {}
        try:
            with open_regular(self.path) as file:
                lines = file.read(_LARGEST).decode("utf-8", "replace").splitlines()
        except FileNotFoundError:
            return
        except OSError as error:
            raise SigningError(f"known signers {self.path}: {error.strerror}") from None
        for line in lines:
            key, since, word, name = (line.split("\t", 3) + [""] * 4)[:4]
            if word in (_TRUSTED, _SEEN):
                former = self._known.get(key)
                self._known[key] = Known(key, former.since if former else since, word == _TRUSTED, name)

    def find(self, key: str) -> Known | None:
        """What is known of the key with this fingerprint."""
        return self._known.get(key)

    def judge(self, key: str, name: str) -> tuple[Trust, Known | None]:
        """What the key with this fingerprint is, and what is known of it, or of the key it takes the place of."""
        known = self._known.get(key)
        if known and known.trusted:
            return Trust.TRUSTED, known
        others = [one for one in self._known.values() if _same(one.name, name) and one.fingerprint != key]
        if others:
            return Trust.CHANGED, max(others, key=lambda one: one.trusted)
        return (Trust.SEEN, known) if known else (Trust.NEW, None)

    def keep(self, key: str, name: str, *, trusted: bool) -> None:
        """Notes a key; harmless when that is known already. SigningError when it cannot be written."""
        known = self._known.get(key)
        if known and (known.trusted or not trusted):
            return
        since = datetime.now(UTC).strftime("%Y-%m-%d")
        shown = " ".join(name.split())[:200]
        line = f"{key}\t{since}\t{_TRUSTED if trusted else _SEEN}\t{shown}\n"
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NONBLOCK
            with os.fdopen(os.open(self.path, flags, 0o600), "ab", buffering=0) as file:
                file.write(line.encode("utf-8", "replace"))
        except OSError as error:
            raise SigningError(f"known signers {self.path}: {error.strerror}") from None
        self._known[key] = Known(key, known.since if known else since, trusted, shown)


def _same(one: str, other: str) -> bool:
    return bool(one) and " ".join(one.split()).casefold() == " ".join(other.split()).casefold()


def own_key() -> Path:
    """The key that runs are signed with unless the bench names another. SigningError when there is no place for it."""
    try:
        return paths.config(OWN_KEY)
    except RuntimeError as error:
        raise SigningError(f"no place for a signing key: {error}; set XDG_CONFIG_HOME") from None


def load_expected(path: Path) -> PublicKey | x509.Certificate:
    """A public key or certificate in PEM, to compare a signature with. SigningError when the file holds neither."""
    try:
        with open_regular(path) as file:
            content = file.read(_LARGEST)
    except OSError as error:
        raise SigningError(f"expected signer {path}: {error.strerror}") from None
    try:
        if b"-----BEGIN CERTIFICATE" in content:
            return x509.load_pem_x509_certificate(content)
        key = serialization.load_pem_public_key(content)
    except (ValueError, UnsupportedAlgorithm):
        raise SigningError(f"expected signer {path}: no public key or certificate in PEM format") from None
    if not isinstance(key, PublicKey):
        raise SigningError(f"expected signer {path}: this kind of key cannot have signed here")
    return key


def not_expected(expected: Path, key: Any, certificates: list[x509.Certificate]) -> str:
    """Why a signer is not who was expected, a sentence; "" when it is: by key, or by who issued its certificate."""
    wanted = load_expected(expected)
    if not isinstance(wanted, x509.Certificate):
        return "" if key_bytes(wanted) == key_bytes(key) else f"its key is {fingerprint(key)}"
    if key_bytes(wanted.public_key()) == key_bytes(key):
        return ""
    return chain_problem(wanted, certificates)
