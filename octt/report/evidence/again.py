"""What becomes of a signature when something of the folder is made anew: it is signed again, or that it is not is said.

Nobody's signature is renewed but one's own, and only of a folder that was as it had been signed: otherwise making the
reports again would put a good signature under somebody else's changes.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from octt.report.evidence.folder import MANIFEST, SIGNATURE
from octt.report.evidence.keys import fingerprint, load_signer
from octt.report.evidence.sign import sign
from octt.report.evidence.signers import KnownSigners, own_key
from octt.report.evidence.verify import VerifyResult, verify


def sign_own(folder: Path, key: Path, certificate: Path | None = None) -> str:
    """Signs with a key of one's own, which is trusted from now on; the fingerprint. SigningError."""
    found = sign(folder, key, certificate)
    KnownSigners().keep(found, verify(folder).name, trusted=True)
    return found


def announce(key: Path) -> str:
    """The fingerprint of the key that a run is going to be signed with; it is made when there is none. SigningError."""
    return fingerprint(load_signer(key).key.public_key())


def state(folder: Path) -> VerifyResult:
    """How a folder is before something in it is made anew; what is not signed is not looked at. SigningError."""
    signed = (folder / MANIFEST).exists() or (folder / SIGNATURE).exists()
    return verify(folder) if signed else VerifyResult(folder)


def renew(folder: Path, before: VerifyResult) -> str:
    """Sees to the signature of a folder in which something was made anew, and says what became of it.

    `before` is its `state` just before. SigningError.
    """
    if before.signature == "none" and before.intact:
        return ""
    if before.signature == "valid" and verify(folder).intact:
        return ""
    of = f"the signature by key {before.fingerprint}" if before.fingerprint else "the signature"
    if not before.intact:  # what was changed can still be told from it
        return f"{of} did not hold before ({before.problems[0]}); it is left as it is, and nothing is signed again"
    key = own_key()
    if key.exists() and announce(key) == before.fingerprint:
        return f"signed again; fingerprint of the key: {sign_own(folder, key)}"
    remove(folder)
    return f"{of} does not hold any more and was removed; sign again with: octt report {folder} --sign KEY"


def remove(folder: Path) -> None:
    """Takes the signature away."""
    for name in (MANIFEST, SIGNATURE):
        with contextlib.suppress(FileNotFoundError):
            (folder / name).unlink()
