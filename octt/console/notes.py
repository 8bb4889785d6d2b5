"""What a person adds to a case while it is tested, a remark or a picture: kept in the folder and on the record."""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path
from typing import Any

from octt.record import Record, RecordLost
from octt.record.events import Noted

FOLDER = "notes"
LARGEST = 20 << 20
"""Bytes of a picture."""
LONGEST = 2000
"""Characters of a remark."""
MOST = 500
"""Pictures of one run."""

_KINDS = ((b"\xff\xd8\xff", 0, "jpg"), (b"\x89PNG\r\n\x1a\n", 0, "png"), (b"WEBP", 8, "webp"))


class NotKept(Exception):
    """The note is not kept; the message says why."""


def keep(record: Record, folder: Path, case: str | None, text: str, picture: bytes = b"") -> Noted:
    """Puts a note on the record, its picture into the folder before. Raises NotKept."""
    text = text.strip()
    if not text and not picture:
        raise NotKept("there is nothing in it")
    if len(text) > LONGEST:
        raise NotKept(f"it is longer than {LONGEST} characters")
    try:
        fields = _keep(folder / FOLDER, picture) if picture else {}
        return record.write(Noted(text=text, **fields), case=case)
    except OSError as error:
        raise NotKept(f"it cannot be kept: {error.strerror}") from None
    except (RecordLost, ValueError) as error:  # ValueError: the run is over, its record closed
        raise NotKept(f"it cannot be kept: {error}") from None


def _keep(folder: Path, picture: bytes) -> dict[str, Any]:
    """Writes a picture under a name of its own, made of its content."""
    kind = next((end for mark, at, end in _KINDS if picture[at : at + len(mark)] == mark), "")
    if not kind:
        raise NotKept("a picture has to be JPEG, PNG or WebP")
    if len(picture) > LARGEST:
        raise NotKept(f"the picture is larger than {LARGEST >> 20} MB")
    folder.mkdir(exist_ok=True)
    if sum(1 for _ in folder.iterdir()) >= MOST:
        raise NotKept(f"this run has {MOST} pictures already")
    digest = hashlib.sha256(picture).hexdigest()
    path = folder / f"{digest[:16]}.{kind}"
    with contextlib.suppress(FileExistsError):  # the same picture once more
        with path.open("xb") as file:
            file.write(picture)
    return {"file": f"{FOLDER}/{path.name}", "bytes": len(picture), "sha256": digest}
