"""Archives that a station uploads: whether they are whole, and what is in them."""

from __future__ import annotations

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

_LOOK_INTO = 256 << 20
"""Bytes of an archive's content that are read."""


def contents(file: Path) -> Iterator[bytes]:
    """The bytes of a file, and those of the members of a zip or gzip archive as far as they can be read."""
    yield file.read_bytes()
    try:
        with file.open("rb") as opened:
            head = opened.read(4)
        if head == b"PK\x03\x04":
            with zipfile.ZipFile(file) as archive:
                for member in archive.infolist():
                    if not member.flag_bits & 1 and member.file_size < _LOOK_INTO:
                        yield archive.read(member)
        elif head.startswith(b"\x1f\x8b"):
            with gzip.open(file) as stream:
                yield stream.read(_LOOK_INTO)
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError):
        return  # what is damaged is told elsewhere


def damage(file: Path) -> str:
    """What is wrong with a zip or gzip archive; nothing for a good one, an encrypted one and any other format."""
    try:
        with file.open("rb") as opened:
            head = opened.read(4)
        if head == b"PK\x03\x04":
            with zipfile.ZipFile(file) as archive:
                for member in archive.infolist():
                    if not member.flag_bits & 1 and member.file_size < _LOOK_INTO:
                        archive.read(member)
        elif head.startswith(b"\x1f\x8b"):
            with gzip.open(file) as stream:
                for _ in range(_LOOK_INTO >> 20):
                    if not stream.read(1 << 20):
                        break
    except NotImplementedError:
        return ""
    except Exception as error:  # A broken archive shows in many ways; what came is the station's, not ours.
        return str(error) or type(error).__name__
    return ""
