"""Signs a run's folder, and finds what was changed in one.

`manifest.json` names every file with its size and SHA-256, the record's length and last hash, the versions at work, and
who signed; `manifest.sig` is the signature of that file's bytes. The record's own chain of hashes tells the line.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

import orjson
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from octt import __version__
from octt.record import Chain
from octt.record.events import RunStarted
from octt.report.evidence.keys import (
    SigningError,
    algorithm,
    fingerprint,
    is_signed,
    key_bytes,
    load_expected,
    load_signer,
)

RECORD, MANIFEST, SIGNATURE = "record.jsonl", "manifest.json", "manifest.sig"
PACKAGES = ("cryptography", "jinja2", "orjson", "typst")  # what makes and signs the files


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
    """What `verify` found. `intact`: nothing was changed; `signed`: and a valid signature says so."""

    folder: Path
    problems: list[Problem] = field(default_factory=list)
    intact_files: list[str] = field(default_factory=list)
    signature: str = "none"  # "none", "valid", "invalid"
    signer: str = ""  # the certificate's subject, or "" for a bare key
    issuer: str = ""
    algorithm: str = ""
    fingerprint: str = ""
    expected: bool | None = None  # whether it is the signer that was expected; None: nobody was
    record_lines: int = 0
    record_hash: str = ""
    tool: dict[str, Any] = field(default_factory=dict)

    @property
    def intact(self) -> bool:
        return not self.problems

    @property
    def signed(self) -> bool:
        return self.intact and self.signature == "valid" and self.expected is not False


def sign(folder: Path, key_file: Path, certificate_file: Path | None = None) -> str:
    """Writes manifest and signature of a run's folder; the signer's fingerprint. An older signature is replaced.

    SigningError when the folder has no record, its record is damaged, or the key cannot be used.
    """
    signer = load_signer(key_file, certificate_file)
    if folder.resolve() in key_file.resolve().parents:
        raise SigningError(
            f"signing key {key_file}: it lies in the folder that is handed over; keep it elsewhere"
        )
    chain, tool = _read_record(folder)
    if chain.damages:
        raise SigningError(f"{folder / RECORD}: damaged at line {chain.damages[0].line}; it is not signed")
    public = signer.key.public_key()
    manifest = {
        "format": 1,
        "tool": tool,
        "signed_with": {"octt": __version__, **{name: metadata.version(name) for name in PACKAGES}},
        "record": {"lines": chain.lines, "last_hash": chain.last_hash},
        "files": {name: _describe(path) for name, path in _files(folder)},
        "signer": {
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
    (folder / MANIFEST).write_bytes(content)
    (folder / SIGNATURE).write_bytes(base64.b64encode(signer.sign(content)) + b"\n")
    return fingerprint(public)


def verify(folder: Path, expected: Path | None = None) -> VerifyResult:
    """Compares a run's folder with its manifest, the manifest with its signature, the record with its chain.

    `expected` is a file with the public key or certificate (of the signer, or of who issued the signer's) in PEM. A
    folder without manifest is checked by its record alone. SigningError when there is no record or no folder.
    """
    result = VerifyResult(folder)
    chain, result.tool = _read_record(folder)
    result.record_lines, result.record_hash = chain.lines, chain.last_hash
    result.problems += [Problem(RECORD, damage.what, damage.line) for damage in chain.damages]
    if chain.cut_off:
        result.problems.append(Problem(RECORD, "the last line is cut off", chain.lines + 1))
    if not (folder / MANIFEST).exists():
        if (folder / SIGNATURE).exists():
            result.problems.append(Problem(MANIFEST, "missing, though there is a signature of it"))
        return result
    content = (folder / MANIFEST).read_bytes()
    try:
        manifest = orjson.loads(content)
        signed_files, record, signer = manifest["files"], manifest["record"], manifest["signer"]
        listed = {name: (entry["bytes"], entry["sha256"]) for name, entry in signed_files.items()}
        lines, last_hash = int(record["lines"]), str(record["last_hash"])
        key = serialization.load_der_public_key(base64.b64decode(signer["key"]))
        certificates = [
            x509.load_der_x509_certificate(base64.b64decode(one)) for one in signer["certificates"]
        ]
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error):
        result.signature = "invalid"
        result.problems.append(Problem(MANIFEST, "was changed: it cannot be read any more"))
        return result
    _check_signature(result, content, key, certificates, expected)
    _check_record(result, chain, lines, last_hash)
    _check_files(result, listed)
    return result


def _check_signature(
    result: VerifyResult,
    content: bytes,
    key: Any,
    certificates: list[x509.Certificate],
    expected: Path | None,
) -> None:
    result.algorithm, result.fingerprint = algorithm(key), fingerprint(key)
    if certificates:
        result.signer = certificates[0].subject.rfc4514_string()
        result.issuer = certificates[0].issuer.rfc4514_string()
    try:
        encoded = (result.folder / SIGNATURE).read_bytes()
        signature = base64.b64decode(encoded.strip(), validate=True)
    except OSError:
        result.signature = "invalid"
        result.problems.append(Problem(SIGNATURE, "missing: nobody vouches for the manifest"))
        return
    except ValueError:
        encoded, signature = b"", b""
    matches = not certificates or key_bytes(certificates[0].public_key()) == key_bytes(key)
    if (
        base64.b64encode(signature) + b"\n" != encoded
        or not is_signed(key, signature, content)
        or not matches
    ):
        result.signature = "invalid"
        result.problems.append(Problem(SIGNATURE, f"does not fit: it or {MANIFEST} was changed"))
        return
    result.signature = "valid"
    if expected is not None:
        result.expected = _is_expected(expected, key, certificates)
        if not result.expected:
            result.problems.append(Problem(SIGNATURE, f"the signer is not the one of {expected.name}"))


def _is_expected(expected: Path, key: Any, certificates: list[x509.Certificate]) -> bool:
    """Whether the key is the expected one, or each certificate was issued by the next up to the expected one."""
    wanted = load_expected(expected)
    if not isinstance(wanted, x509.Certificate):
        return key_bytes(wanted) == key_bytes(key)
    if key_bytes(wanted.public_key()) == key_bytes(key):
        return True
    for index, certificate in enumerate(certificates):
        if _issued(certificate, wanted):
            return True
        if index + 1 == len(certificates) or not _issued(certificate, certificates[index + 1]):
            return False
    return False


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
        authority = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (
        Exception
    ):  # names, signature, kind of key or extensions: whatever does not fit, it did not issue it
        return False
    return authority


def _check_record(result: VerifyResult, chain: Chain, lines: int, last_hash: str) -> None:
    """What the chain alone cannot tell: its end."""
    if chain.lines < lines:
        result.problems.append(
            Problem(RECORD, f"lines are missing at the end: {lines} were signed", chain.lines + 1)
        )
    elif chain.lines > lines:
        result.problems.append(Problem(RECORD, "lines were added at the end", lines + 1))
    elif chain.last_hash != last_hash:
        before = Problem(RECORD, "the line was changed", chain.lines - 1)
        if before in result.problems:  # so the last line says, but that one was changed itself
            result.problems.remove(before)
        result.problems.append(Problem(RECORD, "the line was changed", chain.lines))


def _check_files(result: VerifyResult, listed: dict[str, tuple[Any, Any]]) -> None:
    present = dict(_files(result.folder))
    for name in sorted(listed.keys() | present.keys()):
        path = present.get(name)
        if path is None:
            result.problems.append(Problem(name, "is missing"))
        elif name not in listed:
            result.problems.append(Problem(name, "was added after signing"))
        else:
            found = _describe(path)
            if (found["bytes"], found["sha256"]) == listed[name]:
                result.intact_files.append(name)
            elif name != RECORD or not any(problem.file == RECORD for problem in result.problems):
                result.problems.append(Problem(name, "was changed"))


def _read_record(folder: Path) -> tuple[Chain, dict[str, Any]]:
    chain = Chain(folder / RECORD)
    tool: dict[str, Any] = {}
    try:
        for event, _ in chain.events():
            if isinstance(event, RunStarted) and not tool:
                tool = event.tool
    except OSError as error:
        raise SigningError(f"{folder / RECORD}: {error.strerror}; is this the folder of a run?") from None
    return chain, tool


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Every file below the folder but manifest and signature, by relative name. Links are not followed."""
    for parent, folders, names in os.walk(folder):
        folders.sort()
        links = [name for name in folders if (Path(parent) / name).is_symlink()]
        for name in sorted([*names, *links]):
            path = Path(parent) / name
            relative = path.relative_to(folder).as_posix()
            if relative not in (MANIFEST, SIGNATURE):
                yield relative, path


def _describe(path: Path) -> dict[str, Any]:
    if path.is_symlink():  # what it points to is not in the folder; the link itself is what was handed over
        target = os.fsencode(os.readlink(path))
        return {"bytes": len(target), "sha256": "link:" + hashlib.sha256(target).hexdigest()}
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            return {"bytes": file.tell(), "sha256": digest}
    except OSError as error:
        raise SigningError(f"{path}: {error.strerror}") from None
