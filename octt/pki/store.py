"""Keys and certificates in one folder: private to its owner, written whole or not at all, safe between runs."""

from __future__ import annotations

import contextlib
import fcntl
import functools
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization

from octt.pki.certificates import Identity, PkiError


class Store:
    """A folder (0700) of files (0600), each a private key with its certificate and the chain above it, in PEM."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._thread_lock = threading.RLock()
        self._depth = 0
        try:
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o700)
        except OSError as error:
            raise PkiError(f"certificates cannot be kept in {folder}: {error.strerror}") from None

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Two runs with one bench must not make two roots."""
        with self._thread_lock:
            self._depth += 1
            try:
                if self._depth > 1:
                    yield
                    return
                with os.fdopen(os.open(self.folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600), "w") as lock:
                    fcntl.flock(lock, fcntl.LOCK_EX)
                    yield
            finally:
                self._depth -= 1

    def keep(
        self,
        title: str,
        make: Callable[[Identity | None], Identity],
        usable: Callable[[Identity], bool] = lambda _identity: True,
    ) -> Identity:
        """The identity called `title`; made, from the former one if any, when there is no usable one."""
        with self.locked():
            former = self.read(title)
            if former and usable(former):
                return former
            identity = make(former)
            self.write(title, identity)
            return identity

    def read(self, title: str) -> Identity | None:
        """The identity called `title`, or None. Raises PkiError when its file is damaged."""
        path = self.folder / f"{title}.pem"
        if not path.exists():
            return None
        try:
            return _identity(path.read_bytes())
        except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise PkiError(
                f"{path} is no readable key with its certificate ({error}); "
                "restore it, or delete it and install the new root in the station"
            ) from None

    def write(self, title: str, identity: Identity) -> None:
        """Keeps an identity with its key, in place of the former one. Raises PkiError."""
        path = self.folder / f"{title}.pem"
        part = path.with_suffix(".part")
        part.unlink(missing_ok=True)
        try:
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(identity.key_pem + identity.chain_pem.encode())
            part.replace(path)
        except OSError as error:
            raise PkiError(f"{path} cannot be written: {error.strerror}") from None


@functools.lru_cache(maxsize=16)
def _identity(data: bytes) -> Identity:
    # Checking an RSA key takes 20 ms, and the root alone is asked for a dozen times before a run can listen.
    key: Any = serialization.load_pem_private_key(data, None)
    certificate, *chain = x509.load_pem_x509_certificates(data)
    return Identity(certificate, key, tuple(chain))
