"""What the file servers share over all protocols: who may what, safe names, bounds, the account of a transfer."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Direction = Literal["upload", "download"]
REPORTED_REFUSALS = 500
"""The most failed logins and forbidden paths that are reported in a run; a station may try more often."""


class FilesError(Exception):
    """A file server cannot start or a file cannot be served; the message says why and what helps."""


class TooMuch(Exception):
    """A transfer goes beyond a bound; the message says which."""


@dataclass(frozen=True)
class Bounds:
    """Limits of what a station may send: one upload, all of them, their number, and the time one may take.

    `files` also counts the folders and second names that a station makes over ftp. `idle_seconds` is how long a
    connection over http may be open without a request.
    """

    upload_bytes: int = 100 << 20
    total_bytes: int = 1 << 30
    files: int = 1000
    seconds: float = 600
    idle_seconds: float = 60


@dataclass(frozen=True)
class Grant:
    """One location given to a station: everything below `folder`, in one direction, for one user."""

    direction: Direction
    folder: Path
    token: str
    user: str
    password: str


def safe_name(name: str) -> str:
    """A file name made of letters, digits, dot, dash and underscore, that hides and escapes nothing."""
    name = re.sub(r"[^A-Za-z0-9._-]", "_", name).lstrip(".")
    stem, dot, suffix = name.rpartition(".")
    return (f"{stem[:80]}{dot}{suffix[:16]}" if dot else name[:80]) or "upload"


def unused(folder: Path, name: str) -> Path:
    """A path in `folder` that does not exist yet: `name`, or with a number before its suffix."""
    path, number = folder / name, 1
    while path.exists() or path.is_symlink():
        number += 1
        stem, dot, suffix = name.rpartition(".")
        path = folder / (f"{stem}.{number}.{suffix}" if dot else f"{name}.{number}")
    return path


class Tree:
    """The run's folder for files: `firmware/<token>/` to read from, `uploads/<token>/` to write to, and who may."""

    def __init__(self, folder: Path, bounds: Bounds, login: bool) -> None:
        self.folder, self.bounds, self.login = folder, bounds, login
        self.firmware, self.uploads = folder / "firmware", folder / "uploads"
        for place in (self.firmware, self.uploads):
            place.mkdir(parents=True, exist_ok=True)
        self._grants: dict[str, Grant] = {}
        self._lock = threading.Lock()
        self._sent_bytes, self._files = 0, 0

    def grant(self, direction: Direction) -> Grant:
        """A new place with a name nobody can guess, and a user and password for it."""
        token = secrets.token_hex(8)
        folder = (self.firmware if direction == "download" else self.uploads) / token
        folder.mkdir()
        grant = Grant(direction, folder, token, f"u{secrets.token_hex(4)}", secrets.token_hex(8))
        with self._lock:
            self._grants[token] = grant
        return grant

    def by_token(self, token: str) -> Grant | None:
        """The grant of a place."""
        return self._grants.get(token)

    def knows(self, user: str, password: str) -> Grant | None:
        """The grant of a user with this password."""
        for grant in list(self._grants.values()):
            if grant.user == user and hmac.compare_digest(grant.password.encode(), password.encode()):
                return grant
        return None

    def split(self, path: str) -> tuple[str, str, list[str]] | None:
        """A decoded path as (tree, token, the rest); None when it is none of ours or leads elsewhere.

        Nothing that comes from here has a "..", a NUL, a backslash or a control character in it.
        """
        if len(path) > 1000 or any(ord(character) < 32 or character in "\\\x7f" for character in path):
            return None
        parts = [part for part in path.split("/") if part not in ("", ".")]
        if len(parts) < 2 or len(parts) > 10 or ".." in parts or parts[0] not in ("firmware", "uploads"):
            return None
        return parts[0], parts[1], parts[2:]

    def to_read(self, path: str) -> tuple[Grant, Path] | None:
        """The firmware file that a path names, with its grant; None when there is none."""
        parts = self.split(path)
        grant = self.by_token(parts[1]) if parts and parts[0] == "firmware" and len(parts[2]) == 1 else None
        if parts is None or grant is None or grant.direction != "download":
            return None
        file = grant.folder / parts[2][0]
        return (grant, file) if file.is_file() and not file.is_symlink() else None

    def to_write(self, path: str) -> tuple[Grant, str] | None:
        """The grant of an upload's path and the name to keep it under; folders in it become part of the name."""
        parts = self.split(path)
        grant = self.by_token(parts[1]) if parts and parts[0] == "uploads" else None
        if parts is None or grant is None or grant.direction != "upload":
            return None
        return grant, safe_name("_".join(parts[2])) if parts[2] else ""

    def begin_upload(self) -> None:
        """Counts one more file, folder or name. Raises TooMuch."""
        with self._lock:
            if self._files >= self.bounds.files:
                raise TooMuch(f"no more than {self.bounds.files} files and folders are taken in a run")
            self._files += 1

    def count(self, so_far: int, more: int, started: float) -> None:
        """Counts bytes of an upload that has brought `so_far` bytes before these. Raises TooMuch."""
        with self._lock:
            self._sent_bytes += more
            total = self._sent_bytes
        if so_far + more > self.bounds.upload_bytes:
            raise TooMuch(f"an upload may have {self.bounds.upload_bytes} bytes, this one has more")
        if total > self.bounds.total_bytes:
            raise TooMuch(f"all uploads of a run may have {self.bounds.total_bytes} bytes together")
        self.check_time(started)

    def check_time(self, started: float) -> None:
        """Raises TooMuch when a transfer has taken too long."""
        if time.monotonic() - started > self.bounds.seconds:
            raise TooMuch(f"a transfer may take {self.bounds.seconds:g} s, this one takes longer")


@dataclass
class Transfer:
    """One transfer while it goes on; `fields` is what the record keeps of it (kind `transfer`)."""

    protocol: str
    direction: str
    path: str
    remote: str
    user: str = ""
    tls: dict[str, Any] | None = None
    size: int = 0
    digest: Any = field(default_factory=hashlib.sha256)
    whole: bool = True
    kept: Path | None = None
    error: str = ""
    started: float = field(default_factory=time.monotonic)

    def add(self, data: bytes) -> None:
        """Counts bytes that went over the wire."""
        self.size += len(data)
        self.digest.update(data)

    def fields(self, base: Path) -> dict[str, Any]:
        """`sha256` is that of the kept file, or of what was sent; empty for a part of a file."""
        return {
            "protocol": self.protocol,
            "direction": self.direction,
            "path": self.path[:300],
            "bytes": self.size,
            "sha256": self.digest.hexdigest() if self.whole else "",
            "seconds": round(time.monotonic() - self.started, 3),
            "remote": self.remote,
            "user": self.user[:64],
            "tls": self.tls,
            "complete": not self.error,
            "error": self.error,
            "file": self.kept.relative_to(base).as_posix() if self.kept else "",
        }


class Ledger:
    """Reports every transfer once, and refusals up to REPORTED_REFUSALS. May be used from any thread."""

    def __init__(self, base: Path, report: Callable[[dict[str, Any]], None]) -> None:
        self.base, self._report = base, report
        self.transfers: list[dict[str, Any]] = []
        self.contacts: list[dict[str, Any]] = []
        self._refused = 0
        self._lock = threading.Lock()

    def done(self, transfer: Transfer) -> None:
        """Reports a transfer that took place, whole or not."""
        fields = transfer.fields(self.base)
        with self._lock:
            self.transfers.append(fields)
            self.contacts.append(fields)
        self._report(fields)

    def refused(self, transfer: Transfer, why: str) -> None:
        """Reports that a transfer was not allowed to begin."""
        with self._lock:
            self._refused += 1
            if self._refused > REPORTED_REFUSALS:
                return
        transfer.error, transfer.whole = why, False
        fields = transfer.fields(self.base)
        with self._lock:
            self.contacts.append(fields)
        self._report(fields)
