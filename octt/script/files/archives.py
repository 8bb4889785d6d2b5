"""Archives that a station uploads: whether they are whole, and what is in them."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_LOOK_INTO = 256 << 20
"""Bytes of an archive's content that are read."""
_DEEP = 3
"""Archives within archives that are opened: logs are packed when they are rotated, and once more to be sent."""
_DAMAGED = (OSError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError)


def contents(file: Path) -> Iterator[bytes]:
    """The bytes of a file, and of all that is packed in it with zip or gzip, as far as they can be read."""
    return _unpacked(file.read_bytes(), _DEEP)


def _unpacked(data: bytes, deep: int) -> Iterator[bytes]:
    yield data
    try:
        for member in _members(io.BytesIO(data)) if deep else ():
            yield from _unpacked(member, deep - 1)
    except _DAMAGED:
        return  # what is damaged is told elsewhere


def damage(file: Path) -> str:
    """What is wrong with a zip or gzip archive; nothing for a good one, an encrypted one and any other format."""
    try:
        with file.open("rb") as opened:
            for _ in _members(opened):
                pass
    except NotImplementedError:
        return ""
    except Exception as error:  # A broken archive shows in many ways; what came is the station's, not ours.
        return str(error) or type(error).__name__
    return ""


def _members(opened: BinaryIO) -> Iterator[bytes]:
    """What is packed in a zip or gzip archive; nothing for any other format."""
    head = opened.read(4)
    opened.seek(0)
    if head == b"PK\x03\x04":
        with zipfile.ZipFile(opened) as archive:
            for member in archive.infolist():
                if not member.flag_bits & 1 and member.file_size < _LOOK_INTO:
                    yield archive.read(member)
    elif head.startswith(b"\x1f\x8b"):
        with gzip.open(opened) as stream:
            yield stream.read(_LOOK_INTO)
