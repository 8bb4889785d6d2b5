"""A run's folder on its way from a rack: packed there, fetched in pieces, unpacked and verified here."""

from __future__ import annotations

import hashlib
import os
import shutil
import tarfile
from dataclasses import dataclass
from pathlib import Path

from octt.record import check_chain
from octt.report.evidence.folder import RECORD
from octt.report.evidence.keys import SigningError
from octt.report.evidence.verify import verify

PIECE = 4 << 20
"""Bytes that are fetched at once."""


class EvidenceError(Exception):
    """What came from a rack is not what was there; the message is a sentence."""


@dataclass(frozen=True)
class Packed:
    """An archive on a rack, and how the record in it ends."""

    size: int
    sha256: str
    last_hash: str
    signed: bool


def place_of(folder: Path) -> Path:
    """Where the archive of a folder is."""
    return folder.with_name(f"{folder.name}.tar.gz")


def pack(folder: Path) -> Packed:
    """Packs a run's folder; the folder stays. Raises OSError when there is no record."""
    last_hash, _ = check_chain(folder / RECORD)
    place = place_of(folder)
    part = place.with_name(f"{place.name}.part")
    with tarfile.open(part, "w:gz", compresslevel=3) as archive:
        archive.add(folder, arcname=".")
    os.replace(part, place)
    signed = (folder / "manifest.sig").is_file()
    return Packed(place.stat().st_size, _sha256(place), last_hash, signed)


def piece(folder: Path, offset: int) -> bytes:
    """A piece of the archive of a folder."""
    with place_of(folder).open("rb") as file:
        file.seek(offset)
        return file.read(PIECE)


def unpack(archive: Path, folder: Path, packed: Packed) -> None:
    """Makes `folder` of an archive that was fetched, once it is what it was. Raises EvidenceError and OSError."""
    if _sha256(archive) != packed.sha256:
        raise EvidenceError("the archive was changed on its way")
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        with tarfile.open(archive) as members:
            members.extractall(part, filter="data")
    except (tarfile.TarError, EOFError) as error:
        raise EvidenceError(f"the archive cannot be read: {error}") from None
    _check(part, packed)
    shutil.rmtree(folder, ignore_errors=True)
    os.replace(part, folder)


def _check(folder: Path, packed: Packed) -> None:
    """By its own chain, and by its manifest where it was signed."""
    try:
        last_hash, damages = check_chain(folder / RECORD)
    except OSError as error:
        raise EvidenceError(f"the record cannot be read: {error.strerror}") from None
    if last_hash != packed.last_hash:
        raise EvidenceError("the record is not the one that the rack has")
    if not packed.signed:
        return
    if damages:
        raise EvidenceError(f"the record is damaged at line {damages[0].line}: {damages[0].what}")
    try:
        found = verify(folder)
    except SigningError as error:
        raise EvidenceError(str(error)) from None
    if found.problems:
        raise EvidenceError(str(found.problems[0]))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
