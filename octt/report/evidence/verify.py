"""Finds what was changed in a signed folder, and says who signed it (octt/report/evidence/signers.py: who is trusted).

The record's own chain of hashes tells the line. A chain can be computed anew by anybody who changes a record: that it
is not the one that was signed is told from the manifest.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import orjson
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from octt.record import Chain
from octt.report.evidence.folder import MANIFEST, RECORD, SIGNATURE, Item, content, describe, items
from octt.report.evidence.keys import algorithm, fingerprint, is_signed, key_bytes
from octt.report.evidence.sign import ReadRecord
from octt.report.evidence.signers import not_expected


@dataclass(frozen=True)
class Problem:
    """Something that is not as it was signed: in `file`, at `line` of the record where that is known."""

    file: str
    what: str
    line: int | None = None

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file} line {self.line}"
        return f"{place}: {self.what}"


@dataclass
class VerifyResult:
    """What `verify` found. `intact`: nothing was changed; `signed`: and a valid signature says so, whoever's it is."""

    folder: Path
    problems: list[Problem] = field(default_factory=list)
    intact_files: list[str] = field(default_factory=list)
    signature: Literal["none", "valid", "invalid"] = "none"
    signer: str = ""
    """The certificate's subject, or "" for a bare key."""

    issuer: str = ""
    laboratory: str = ""
    """The name that the signer gives to himself, which proves nothing."""

    algorithm: str = ""
    fingerprint: str = ""
    announced: str = ""
    """Fingerprint of the key that the run said it would be signed with; "" when it said none."""

    expected: bool | None = None
    """Whether it is the signer that was expected; None: nobody was."""

    record_lines: int = 0
    record_hash: str = ""
    tool: dict[str, Any] = field(default_factory=dict)

    @property
    def intact(self) -> bool:
        return not self.problems

    @property
    def signed(self) -> bool:
        return self.intact and self.signature == "valid" and self.expected is not False

    @property
    def name(self) -> str:
        """Who it says that it is."""
        return self.signer or self.laboratory


def verify(folder: Path, expected: Path | None = None) -> VerifyResult:
    """Compares a run's folder with its manifest, the manifest with its signature, the record with its chain.

    `expected` is a file with the public key or certificate (of the signer, or of who issued the signer's) in PEM. A
    folder without manifest is checked by its record alone. SigningError when there is no record or no folder.
    """
    result = VerifyResult(folder)
    record = ReadRecord(folder)
    chain, result.tool, result.announced = record.chain, record.tool, record.announced
    result.record_lines, result.record_hash = chain.lines, chain.last_hash
    result.problems += [Problem(RECORD, damage.what, damage.line) for damage in chain.damages]
    if chain.cut_off:
        result.problems.append(Problem(RECORD, "the last line is cut off", chain.lines + 1))
    _check_kept(result, record.kept)
    try:
        signed = content(folder / MANIFEST)
    except FileNotFoundError:
        if (folder / SIGNATURE).exists():
            result.problems.append(Problem(MANIFEST, "missing, though there is a signature of it"))
        return result
    except OSError as error:
        return _unreadable(result, str(error.strerror))
    try:
        manifest = _Manifest(orjson.loads(signed))
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error):
        return _unreadable(result, "was changed: it cannot be read any more")
    result.laboratory = manifest.laboratory
    _check_signature(result, signed, manifest, expected)
    _check_record(result, chain, record.checkpoints, manifest)
    _check_files(result, manifest)
    return result


class _Manifest:
    """What a manifest says. Raises nearly anything for one that is damaged."""

    def __init__(self, said: dict[str, Any]) -> None:
        self.files = {name: (entry["bytes"], entry["sha256"]) for name, entry in said["files"].items()}
        # Older manifests name no folders: those are known that have something in them.
        self.folders: set[str] = set(said.get("folders") or _above(self.files))
        record, signer = said["record"], said["signer"]
        self.lines, self.last_hash = int(record["lines"]), str(record["last_hash"])
        self.checkpoints = [(int(line), str(known)) for line, known in record.get("checkpoints", ())]
        self.laboratory = str(signer.get("laboratory", ""))[:200]
        self.key: Any = serialization.load_der_public_key(base64.b64decode(signer["key"]))
        self.certificates = [
            x509.load_der_x509_certificate(base64.b64decode(one)) for one in signer["certificates"]
        ]


def _above(names: Any) -> set[str]:
    return {parent.as_posix() for name in names for parent in Path(name).parents} - {"."}


def _unreadable(result: VerifyResult, why: str) -> VerifyResult:
    result.signature = "invalid"
    result.problems.append(Problem(MANIFEST, why))
    return result


def _check_signature(result: VerifyResult, signed: bytes, manifest: _Manifest, expected: Path | None) -> None:
    key, certificates = manifest.key, manifest.certificates
    result.algorithm, result.fingerprint = algorithm(key), fingerprint(key)
    if certificates:
        result.signer = certificates[0].subject.rfc4514_string()
        result.issuer = certificates[0].issuer.rfc4514_string()
    try:
        encoded = content(result.folder / SIGNATURE)
        signature = base64.b64decode(encoded.strip(), validate=True)
    except OSError as error:
        result.signature = "invalid"
        missing = isinstance(error, FileNotFoundError)
        why = "missing: nobody vouches for the manifest" if missing else str(error.strerror)
        result.problems.append(Problem(SIGNATURE, why))
        return
    except ValueError:
        encoded, signature = b"", b""
    matches = not certificates or key_bytes(certificates[0].public_key()) == key_bytes(key)
    if encoded != base64.b64encode(signature) + b"\n" or not matches or not is_signed(key, signature, signed):
        result.signature = "invalid"
        result.problems.append(Problem(SIGNATURE, f"is not the signature of {MANIFEST} by its signer's key"))
        return
    result.signature = "valid"
    if expected is not None:
        why = not_expected(expected, key, certificates)
        result.expected = not why
        if why:
            result.problems.append(Problem(SIGNATURE, f"the signer is not the one of {expected.name}: {why}"))


def _check_record(
    result: VerifyResult, chain: Chain, found: list[tuple[int, str]], manifest: _Manifest
) -> None:
    """What the chain alone cannot tell: its end, and whether it is the one that was signed."""
    found = [*found, (chain.lines, chain.last_hash)]
    whole = not chain.damages and not chain.cut_off
    if whole and (lines := _computed_anew(dict(found), manifest)):
        first, last = lines
        if first == last == chain.lines == manifest.lines:
            result.problems.append(Problem(RECORD, "the line was changed", first))
            return
        where = f"here on, or from one of the lines to {last}" if first < last else "here on"
        what = f"the hashes were computed anew from {where}: this is not the record that was signed"
        result.problems.append(Problem(RECORD, what, first))
    elif chain.lines < manifest.lines:
        what = f"lines are missing at the end: {manifest.lines} were signed"
        result.problems.append(Problem(RECORD, what, chain.lines + 1))
    elif chain.lines > manifest.lines:
        result.problems.append(Problem(RECORD, "lines were added at the end", manifest.lines + 1))
    elif chain.last_hash != manifest.last_hash:
        before = Problem(RECORD, "the line was changed", chain.lines - 1)
        if before in result.problems:  # so the last line says, but that one was changed itself
            result.problems.remove(before)
        result.problems.append(Problem(RECORD, "the line was changed", chain.lines))


def _computed_anew(found: dict[int, str], manifest: _Manifest) -> tuple[int, int] | None:
    """The lines between which a chain that holds in itself begins to be another than the signed one; None: nowhere."""
    held = 0
    for line, known in [*manifest.checkpoints, (manifest.lines, manifest.last_hash)]:
        if line in found and found[line] != known:
            return held + 1, line
        held = line if line in found else held
    return None


def _check_kept(result: VerifyResult, kept: dict[str, str]) -> None:
    """What a person added while the run went on: the record tells what it was, with or without a signature."""
    if not kept:
        return
    present = {item.name: item for item in items(result.folder)}
    for name, digest in kept.items():
        item = present.get(name)
        if item is None or item.kind != "file":
            result.problems.append(Problem(name, "is missing, though the record has it"))
        elif describe(item)["sha256"] != digest:
            result.problems.append(Problem(name, "is not what the record says it was"))


def _check_files(result: VerifyResult, manifest: _Manifest) -> None:
    present = {item.name: item for item in items(result.folder)}
    for name in sorted(manifest.files.keys() | manifest.folders | present.keys()):
        item = present.get(name)
        if item is None:
            result.problems.append(Problem(name, "is missing"))
        elif item.odd:
            result.problems.append(Problem(name, f"is {item.kind}, no file; it was not read"))
        elif name not in manifest.files and name not in manifest.folders:
            what = "a folder was added after signing" if item.kind == "folder" else "was added after signing"
            result.problems.append(Problem(name, what))
        elif item.kind == "folder" or name in manifest.folders:
            if name not in manifest.folders or item.kind != "folder":
                result.problems.append(Problem(name, f"is a {item.kind} now"))
        elif _same(item, manifest.files[name]):
            result.intact_files.append(name)
        elif name != RECORD or not any(problem.file == RECORD for problem in result.problems):
            result.problems.append(Problem(name, "was changed"))


def _same(item: Item, listed: tuple[Any, Any]) -> bool:
    if item.kind == "file" and item.path.lstat().st_size != listed[0]:
        return False
    found = describe(item)
    return (found["bytes"], found["sha256"]) == listed
