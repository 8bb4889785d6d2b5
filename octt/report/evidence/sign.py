"""Signs a run's folder.

`manifest.json` names every file with its size and SHA-256, every folder, the record's length and last hash, the
versions at work, and who signed; `manifest.sig` is the signature of that file's bytes.
"""

from __future__ import annotations

import base64
import contextlib
from importlib import metadata
from pathlib import Path
from typing import Any

import orjson
from cryptography.hazmat.primitives import serialization

from octt import __version__
from octt.ocpp.values import table, text
from octt.record import Chain
from octt.record.events import Noted, RunResumed, RunStarted
from octt.report.evidence.folder import MANIFEST, RECORD, SIGNATURE, describe, items
from octt.report.evidence.keys import SigningError, algorithm, fingerprint, key_bytes, load_signer

FORMAT = 2
PACKAGES = ("cryptography", "jinja2", "orjson", "typst")  # what makes and signs the files
CHECKPOINTS = 64
"""Lines of the record whose hashes stand in the manifest, so that it can be told where a new chain begins."""


def sign(folder: Path, key_file: Path, certificate_file: Path | None = None) -> str:
    """Writes manifest and signature of a run's folder; the signer's fingerprint. An older signature is replaced.

    SigningError when the folder has no record, its record is damaged, something in it is no file, or the key cannot
    be used.
    """
    signer = load_signer(key_file, certificate_file)
    if folder.resolve() in key_file.resolve().parents:
        raise SigningError(
            f"signing key {key_file}: it lies in the folder that is handed over; keep it elsewhere"
        )
    record = ReadRecord(folder)
    if record.chain.damages:
        raise SigningError(
            f"{folder / RECORD}: damaged at line {record.chain.damages[0].line}; it is not signed"
        )
    found = list(items(folder))
    for odd in found:
        if odd.odd:
            raise SigningError(f"{odd.path} is {odd.kind}, no file; take it out of the folder")
    public = signer.key.public_key()
    manifest = {
        "format": FORMAT,
        "tool": record.tool,
        "signed_with": {"octt": __version__, **{name: metadata.version(name) for name in PACKAGES}},
        "record": {
            "lines": record.chain.lines,
            "last_hash": record.chain.last_hash,
            "checkpoints": record.checkpoints,
        },
        "files": {item.name: describe(item) for item in found if item.kind != "folder"},
        "folders": [item.name for item in found if item.kind == "folder"],
        "signer": {
            "laboratory": record.laboratory,
            "algorithm": algorithm(public),
            "fingerprint": fingerprint(public),
            "key": base64.b64encode(key_bytes(public)).decode(),
            "certificates": [
                base64.b64encode(certificate.public_bytes(serialization.Encoding.DER)).decode()
                for certificate in signer.certificates
            ],
        },
    }
    content = orjson.dumps(manifest, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    try:
        for name in (SIGNATURE, MANIFEST):  # what is there, a link perhaps, is not written into
            with contextlib.suppress(FileNotFoundError):
                (folder / name).unlink()
        (folder / MANIFEST).write_bytes(content)
        (folder / SIGNATURE).write_bytes(base64.b64encode(signer.sign(content)) + b"\n")
    except OSError as error:
        raise SigningError(f"{folder}: the signature cannot be written: {error.strerror}") from None
    return fingerprint(public)


class ReadRecord:
    """A record that was read to its end: its chain, and what a signature says of it."""

    def __init__(self, folder: Path) -> None:
        """SigningError when there is none."""
        self.chain = Chain(folder / RECORD)
        self.tool: dict[str, Any] = {}
        self.laboratory = ""
        self.announced = ""
        """Fingerprint of the key that the run said it would be signed with."""

        self.kept: dict[str, str] = {}
        """What a person added to the run's folder, by its path there: the SHA-256 that the record has of it."""

        self.checkpoints: list[tuple[int, str]] = []
        """Some lines and their hashes, evenly spread."""

        self._every = 1
        try:
            for event, _ in self.chain.events():
                if isinstance(event, RunStarted) and not self.tool:
                    self.tool, self.announced = event.tool, event.signer
                    self.laboratory = text(table(event.bench.get("laboratory")).get("name"))[:200]
                elif isinstance(event, RunResumed):
                    self.announced = event.signer or self.announced
                elif isinstance(event, Noted) and event.file:
                    self.kept[event.file] = event.sha256
                self._note()
        except OSError as error:
            raise SigningError(f"{folder / RECORD}: {error.strerror}; is this the folder of a run?") from None

    def _note(self) -> None:
        """Keeps every so many hashes; when there are too many, every second of them."""
        if self.chain.lines % self._every == 0:
            self.checkpoints.append((self.chain.lines, self.chain.last_hash))
        if len(self.checkpoints) > CHECKPOINTS:
            self.checkpoints = self.checkpoints[1::2]
            self._every *= 2
