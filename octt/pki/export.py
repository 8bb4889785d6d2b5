"""What a station has to be given of the laboratory: its roots as files, and how to install them. No private key."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization

from octt.pki.certificates import to_pem
from octt.pki.pki import Pki


def export(pki: Pki, folder: Path) -> list[Path]:
    """Writes the roots a station has to trust, and how to install them, into `folder`; the files. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for title, certificate in (
        ("central-system-root", pki.trust_anchor),
        ("manufacturer-root", pki.manufacturer.certificate),
    ):
        files += [folder / f"{title}.pem", folder / f"{title}.der"]
        files[-2].write_text(to_pem(certificate))
        files[-1].write_bytes(certificate.public_bytes(serialization.Encoding.DER))
    files.append(folder / "INSTALL.txt")
    files[-1].write_text(instructions(pki))
    return files


def instructions(pki: Pki) -> str:
    """What a person has to install in the station and why, as text."""
    anchor, maker = pki.trust_anchor, pki.manufacturer.certificate
    return f"""Certificates for the station under test

central-system-root.pem (the same in central-system-root.der)
  Install it as the root certificate of the Central System (CentralSystemRootCertificate), in the station's
  own way or by InstallCertificate.req over a connection of security profile 1, before profile 2 or 3 is used.
  subject   {anchor.subject.rfc4514_string()}
  valid to  {anchor.not_valid_after_utc:%Y-%m-%d}
  SHA-256   {anchor.fingerprint(hashes.SHA256()).hex(":")}
  The server certificates below it are for: {", ".join(pki.hosts)}

manufacturer-root.pem (the same in manufacturer-root.der)
  Install it as the manufacturer's root (ManufacturerRootCertificate) only if the station shall accept firmware
  that the laboratory signs. With the vendor's own signed firmware it is not needed. Remove it after the test.
  subject   {maker.subject.rfc4514_string()}
  valid to  {maker.not_valid_after_utc:%Y-%m-%d}
  SHA-256   {maker.fingerprint(hashes.SHA256()).hex(":")}
"""
