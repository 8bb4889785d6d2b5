"""A run's folder as it is handed over: every file, link and folder in it, and what is none of these."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from octt.record.reader import open_regular
from octt.report.evidence.keys import SigningError

RECORD, MANIFEST, SIGNATURE = "record.jsonl", "manifest.json", "manifest.sig"
LARGEST = 64 << 20
"""Bytes of the largest manifest or signature that is read."""

_ODD = (
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


@dataclass(frozen=True)
class Item:
    """One thing in the folder. `kind` of what is neither file, link nor folder says what it is: "a FIFO"."""

    name: str
    path: Path
    kind: Literal["file", "link", "folder"] | str

    @property
    def odd(self) -> bool:
        """Whether it has no content that could be signed."""
        return self.kind not in ("file", "link", "folder")


def items(folder: Path) -> Iterator[Item]:
    """Everything below the folder but manifest and signature, by relative name; links are not followed."""
    for parent, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted([*folders, *names]):
            path = Path(parent) / name
            relative = path.relative_to(folder).as_posix()
            if relative not in (MANIFEST, SIGNATURE):
                yield Item(relative, path, _kind(path))


def _kind(path: Path) -> str:
    mode = path.lstat().st_mode
    if stat.S_ISREG(mode):
        return "file"
    if stat.S_ISLNK(mode):
        return "link"
    if stat.S_ISDIR(mode):
        return "folder"
    return next((name for is_one, name in _ODD if is_one(mode)), "no file")


def describe(item: Item) -> dict[str, Any]:
    """Size and SHA-256 of a file; of a link where it leads, since what is there is not in the folder."""
    if item.kind == "link":
        target = os.fsencode(os.readlink(item.path))
        return {"bytes": len(target), "sha256": "link:" + hashlib.sha256(target).hexdigest()}
    try:
        with open_regular(item.path) as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            return {"bytes": file.tell(), "sha256": digest}
    except OSError as error:
        raise SigningError(f"{item.path}: {error.strerror}") from None


def content(path: Path) -> bytes:
    """The bytes of a manifest or signature. OSError when it is not there, no plain file, or larger than any."""
    with open_regular(path) as file:
        return file.read(LARGEST)
