"""The laboratory's certificates, kept in one folder per bench, right ones and wrong ones.

A station that was given our root yesterday still trusts us today: roots and keys stay, server certificates are
renewed when their hosts change or their time runs out. Folder 0700, files 0600; no key ever leaves through here but
as an `Identity` for the servers. OCPP 1.6 security whitepaper edition 3, section 2.6.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from octt.pki.certificates import (
    Identity,
    KeyType,
    PkiError,
    Usage,
    client_certificate_problems,
    csr_problems,
    describe,
    hash_data,
    issue,
    load_csr,
    name,
    new_key,
    to_pem,
    utc_now,
)
from octt.pki.store import Store

__all__ = [
    "BROKEN",
    "FirmwareSignature",
    "Identity",
    "Pki",
    "PkiError",
    "client_certificate_problems",
    "csr_problems",
    "hash_data",
]

Purpose = Literal["server", "client", "root", "firmware"]
Algorithm = Literal["RSA-PSS", "ECDSA", "SHA256withRSA"]

_ANY = ("expired", "not_yet_valid", "wrong_key_usage", "wrong_signature", "small_key")
BROKEN: dict[Purpose, tuple[str, ...]] = {
    "server": (*_ANY, "untrusted_root", "broken_chain", "wrong_host"),
    "client": (
        *_ANY,
        "untrusted_root",
        "broken_chain",
        "wrong_organization",
        "wrong_common_name",
        "wrong_key",
    ),
    "root": _ANY,
    "firmware": (*_ANY, "untrusted_root", "wrong_key"),
}
"""What `Pki.broken` can make: for each purpose the one thing that is wrong with an otherwise right certificate."""

_SERVER_DAYS, _SPARE_DAYS = 90, 7


@dataclass(frozen=True)
class FirmwareSignature:
    """`signature` (Base64) and `signingCertificate` (PEM) of SignedUpdateFirmware.req, and how it was made."""

    signature: str
    signingCertificate: str
    algorithm: Algorithm


class Pki:
    """One laboratory's certificate authority, servers and manufacturer. Made by `Pki.open`."""

    def __init__(
        self, folder: Path, hosts: Sequence[str], organization: str, root_key: KeyType, pss: bool
    ) -> None:
        self.store = Store(folder)
        self.hosts = tuple(dict.fromkeys(hosts)) or ("localhost", "127.0.0.1")
        self.organization = organization
        self.root_key = root_key
        self.pss = pss

    @classmethod
    def open(
        cls,
        folder: Path | str,
        hosts: Sequence[str] = (),
        organization: str = "OCPP Laboratory",
        root_key: KeyType = "rsa",
        pss: bool = False,
    ) -> Pki:
        """The laboratory in `folder`, made on first use. `hosts` are the names and addresses stations connect to.

        One root signs for both key types, so that a station needs only one; `root_key` chooses its type. `pss`: the
        root and intermediate sign with RSA-PSS. Raises PkiError for a folder or host name that cannot be used.
        """
        pki = cls(Path(folder), hosts, organization, root_key, pss)
        pki.servers()
        return pki

    # -- the right ones -----------------------------------------------------------------------------------------

    @property
    def root(self) -> Identity:
        """What signs everything: the laboratory's root, or the laboratory's own CA after `import_ca`."""
        own = self.store.read("own-ca")
        root = own or self.store.keep(f"root-{self.root_key}", lambda _former: self._new_root("Root"))
        if root.certificate.not_valid_after_utc < utc_now():
            raise PkiError(
                f"the root {describe(root.certificate)} has expired; import another CA, or delete {self.store.folder} "
                "and install the new root in the station"
            )
        return root

    @property
    def trust_anchor(self) -> x509.Certificate:
        """The certificate for the station's store (CentralSystemRootCertificate)."""
        root = self.root
        return root.chain[-1] if root.chain else root.certificate

    @property
    def trusted(self) -> list[x509.Certificate]:
        """The certificates that client certificates are verified against."""
        return [self.root.certificate, *self.root.chain]

    def intermediate(self, kind: KeyType) -> Identity:
        """The CA below the root that signs for servers and stations with keys of this type."""
        root = self.root
        with contextlib.suppress(x509.ExtensionNotFound):
            if (
                root.certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length
                == 0
            ):
                return root  # An imported CA that may have no CA below it.

        def make(former: Identity | None) -> Identity:
            key = (former and former.key) or new_key(kind)
            subject = name(f"{self.organization} Intermediate {kind.upper()}"[:64], self.organization)
            return issue(subject, key.public_key(), root, "ca", key=key, days=(-1, 3650), pss=self.pss)

        return self.store.keep(f"intermediate-{kind}", make, lambda former: self._fresh(former, root, 180))

    def server(self, kind: KeyType) -> Identity:
        """The certificate of the Central System for the bench's hosts (A00.FR.317: one of each type)."""
        issuer = self.intermediate(kind)

        def make(former: Identity | None) -> Identity:
            key = (former and former.key) or new_key(kind)
            return self._server(key, issuer)

        def usable(former: Identity) -> bool:
            return self._fresh(former, issuer, _SPARE_DAYS) and self._names(former) == self._wanted_names()

        return self.store.keep(f"server-{kind}", make, usable)

    def servers(self) -> list[Identity]:
        """Both server certificates, for `octt.tls.contexts.server_context`."""
        return [self.server("rsa"), self.server("ecdsa")]

    def _new_root(self, what: str) -> Identity:
        key = new_key(self.root_key)
        subject = name(f"{self.organization} {what} {secrets.token_hex(3)}"[:64], self.organization)
        return issue(subject, key.public_key(), key, "ca", key=key, days=(-1, 7300), pss=self.pss)

    def _server(self, key: Any, issuer: Identity, hosts: Sequence[str] = (), **changes: Any) -> Identity:
        hosts = hosts or self.hosts
        usage: Usage = changes.pop("usage", "server")
        subject = name(self._common_name(hosts), self.organization)
        try:
            return issue(
                subject,
                key.public_key(),
                issuer,
                usage,
                key=key,
                hosts=hosts,
                **{"days": (-1, _SERVER_DAYS), "pss": self.pss, **changes},
            )
        except ValueError as error:
            raise PkiError(f"a certificate for {', '.join(hosts)} cannot be made: {error}") from None

    def _common_name(self, hosts: Sequence[str]) -> str:
        names = [host for host in hosts if not host.replace(".", "").isdigit() and ":" not in host]
        return (names or list(hosts))[0]

    def _wanted_names(self) -> tuple[str, set[str]]:
        return name(self._common_name(self.hosts), self.organization).rfc4514_string(), {
            host.strip("[]") for host in self.hosts
        }

    def _names(self, identity: Identity) -> tuple[str, set[str]]:
        extension = identity.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        return identity.certificate.subject.rfc4514_string(), {str(entry.value) for entry in extension.value}

    def _fresh(self, identity: Identity, issuer: Identity, days: float) -> bool:
        left = identity.certificate.not_valid_after_utc - utc_now()
        try:
            identity.certificate.verify_directly_issued_by(issuer.certificate)
        except (ValueError, TypeError, InvalidSignature):
            return False
        return left.days >= days and identity.chain == issuer.as_chain()

    # -- stations -----------------------------------------------------------------------------------------------

    def sign_csr(
        self,
        pem: str,
        common_name: str = "",
        organization: str = "",
        days: float = 365,
        direct: bool = False,
    ) -> Identity:
        """A client certificate for a station's CSR; `chain_pem` is for CertificateSigned.req.

        The subject is the CSR's, or O and CN as given. `direct` signs with the root, for a station that takes no
        chain. What is wrong with the CSR is said by `csr_problems`; PkiError only when it cannot be signed.
        """
        request = load_csr(pem)
        if not request.is_signature_valid:
            raise PkiError("the CSR is not signed with its own key, so it is not signed here either")
        subject = name(common_name, organization) if common_name else request.subject
        key = request.public_key()
        issuer = self.root if direct else self.intermediate(_kind(key))
        return issue(subject, key, issuer, "client", days=(-1, days), pss=self.pss)

    def client(self, common_name: str, organization: str = "", kind: KeyType = "rsa") -> Identity:
        """A client certificate with a key made here, for a station that is provisioned by hand."""
        key = new_key(kind)
        subject = name(common_name, organization or self.organization)
        return issue(
            subject,
            key.public_key(),
            self.intermediate(kind),
            "client",
            key=key,
            days=(-1, 365),
            pss=self.pss,
        )

    def extra_root(self) -> Identity:
        """A fresh root that nothing depends on, for InstallCertificate and DeleteCertificate; not kept."""
        return self._new_root("Extra Root")

    # -- the manufacturer ---------------------------------------------------------------------------------------

    @property
    def manufacturer(self) -> Identity:
        """The manufacturer's root (ManufacturerRootCertificate) of the firmware signed here."""
        return self.store.keep("manufacturer", lambda _former: self._new_root("Manufacturer Root"))

    def firmware(self, kind: KeyType) -> Identity:
        """The firmware signing certificate, directly below the manufacturer's root."""
        root = self.manufacturer

        def make(former: Identity | None) -> Identity:
            key = (former and former.key) or new_key(kind)
            subject = name("Firmware Signing", self.organization)
            return issue(subject, key.public_key(), root, "firmware", key=key, days=(-1, 730), pss=self.pss)

        return self.store.keep(f"firmware-{kind}", make, lambda former: self._fresh(former, root, 30))

    def sign_firmware(
        self, firmware: bytes | Path, algorithm: Algorithm = "RSA-PSS", signer: Identity | None = None
    ) -> FirmwareSignature:
        """Signs a whole firmware file over SHA-256 (whitepaper L01.FR.04), by `signer` or the laboratory's own.

        The whitepaper names RSA-PSS and ECSchnorr; no TLS library has the latter, so stations with elliptic keys use
        ECDSA. PSS has a salt as long as the hash. "SHA256withRSA" (PKCS#1 v1.5) is what some older tools send.
        """
        if isinstance(firmware, Path):
            with firmware.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").digest()
        else:
            digest = hashlib.sha256(firmware).digest()
        identity = signer or self.firmware("ecdsa" if algorithm == "ECDSA" else "rsa")
        hashed = utils.Prehashed(hashes.SHA256())
        if algorithm == "ECDSA" and isinstance(identity.key, ec.EllipticCurvePrivateKey):
            signature = identity.key.sign(digest, ec.ECDSA(hashed))
        elif algorithm in ("RSA-PSS", "SHA256withRSA") and isinstance(identity.key, rsa.RSAPrivateKey):
            pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
            signature = identity.key.sign(
                digest, pss if algorithm == "RSA-PSS" else padding.PKCS1v15(), hashed
            )
        else:
            raise PkiError(f"{algorithm} does not fit the key of {describe(identity.certificate)}")
        return FirmwareSignature(base64.b64encode(signature).decode(), identity.pem, algorithm)

    # -- wrong ones ---------------------------------------------------------------------------------------------

    def broken(
        self,
        kind: str,
        purpose: Purpose = "server",
        *,
        key_type: KeyType = "rsa",
        csr: str = "",
        common_name: str = "",
        organization: str = "",
    ) -> Identity:
        """A certificate that is right but for one thing; `BROKEN[purpose]` lists what. A new one every time.

        For a client, `csr` gives the station's key and subject ("wrong_key" and "small_key" put another key in);
        `common_name` and `organization` complete or replace the subject. Raises PkiError for an unknown kind.
        """
        if kind not in BROKEN[purpose]:
            raise PkiError(
                f"a {purpose} certificate cannot be {kind!r}; it can be {', '.join(BROKEN[purpose])}"
            )
        request = load_csr(csr) if csr and purpose == "client" else None
        key: Any = new_key("rsa", 1024) if kind == "small_key" else new_key(key_type)
        public = (
            request.public_key() if request and kind not in ("wrong_key", "small_key") else key.public_key()
        )
        days = {"expired": (-60.0, -30.0), "not_yet_valid": (30.0, 120.0)}.get(kind, (-1.0, 90.0))
        right, wrong = _USAGES[purpose]
        usage = wrong if kind == "wrong_key_usage" else right
        hosts: Sequence[str] = ()
        subject = name(common_name or f"Octt {purpose}", organization or self.organization)
        if purpose == "server":
            hosts = ("wrong-host.invalid",) if kind == "wrong_host" else self.hosts
            subject = name(self._common_name(hosts), self.organization)
        elif request and not common_name:
            subject = request.subject
        if kind == "wrong_organization":
            subject = _renamed(subject, x509.NameOID.ORGANIZATION_NAME, "Another Operator")
        elif kind == "wrong_common_name":
            subject = _renamed(subject, x509.NameOID.COMMON_NAME, "another-station")
        issuer = (
            key if purpose == "root" else self._issuer_of(purpose, _kind(public), kind == "untrusted_root")
        )
        made = issue(
            subject, public, issuer, usage, key=None if request else key, hosts=hosts, days=days, pss=self.pss
        )
        if kind == "wrong_key" and purpose == "firmware":
            return replace(made, key=new_key(key_type))
        if kind == "broken_chain":
            return replace(made, chain=())
        return replace(made, certificate=_tampered(made.certificate)) if kind == "wrong_signature" else made

    def _issuer_of(self, purpose: Purpose, kind: KeyType, untrusted: bool) -> Identity:
        if untrusted:
            return self.extra_root()
        return self.manufacturer if purpose == "firmware" else self.intermediate(kind)

    # -- in and out ---------------------------------------------------------------------------------------------

    def import_ca(self, pem: bytes, password: bytes | None = None) -> None:
        """Takes a laboratory's own CA: its key, its certificate and, if it is no root, those above it, in PEM.

        From now on it signs instead of our root, and server certificates are renewed. Raises PkiError, and keeps
        what was, when key and certificate do not belong together or it is no valid CA.
        """
        try:
            key: Any = serialization.load_pem_private_key(pem, password)
            certificates = x509.load_pem_x509_certificates(pem)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise PkiError(
                f"the CA to import needs its private key and certificate in PEM: {error}"
            ) from None
        own = [certificate for certificate in certificates if certificate.public_key() == key.public_key()]
        if not own or not isinstance(key, (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey)):
            raise PkiError("the CA to import has no RSA or ECDSA key that belongs to one of its certificates")
        certificate = own[0]
        try:
            constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
        except x509.ExtensionNotFound:
            constraints = x509.BasicConstraints(False, None)
        if not constraints.ca or certificate.not_valid_after_utc < utc_now():
            raise PkiError(f"{describe(certificate)} is no certificate authority, or it has expired")
        above = tuple(other for other in certificates if other != certificate)
        with self.store.locked():
            self.store.write("own-ca", Identity(certificate, key, above))
            self.servers()

    def export(self, folder: Path) -> list[Path]:
        """Writes the roots a station has to trust, and how to install them, into `folder`; no key. The files."""
        folder.mkdir(parents=True, exist_ok=True)
        files = []
        for title, certificate in (
            ("central-system-root", self.trust_anchor),
            ("manufacturer-root", self.manufacturer.certificate),
        ):
            files += [folder / f"{title}.pem", folder / f"{title}.der"]
            files[-2].write_text(to_pem(certificate))
            files[-1].write_bytes(certificate.public_bytes(serialization.Encoding.DER))
        files.append(folder / "INSTALL.txt")
        files[-1].write_text(self.instructions())
        return files

    def instructions(self) -> str:
        """What a person has to install in the station and why, as text."""
        anchor, maker = self.trust_anchor, self.manufacturer.certificate
        return f"""Certificates for the station under test

central-system-root.pem (the same in central-system-root.der)
  Install it as the root certificate of the Central System (CentralSystemRootCertificate), in the station's
  own way or by InstallCertificate.req over a connection of security profile 1, before profile 2 or 3 is used.
  subject   {anchor.subject.rfc4514_string()}
  valid to  {anchor.not_valid_after_utc:%Y-%m-%d}
  SHA-256   {anchor.fingerprint(hashes.SHA256()).hex(":")}
  The server certificates below it are for: {", ".join(self.hosts)}

manufacturer-root.pem (the same in manufacturer-root.der)
  Install it as the manufacturer's root (ManufacturerRootCertificate) only if the station shall accept firmware
  that the laboratory signs. With the vendor's own signed firmware it is not needed. Remove it after the test.
  subject   {maker.subject.rfc4514_string()}
  valid to  {maker.not_valid_after_utc:%Y-%m-%d}
  SHA-256   {maker.fingerprint(hashes.SHA256()).hex(":")}
"""


_USAGES: dict[Purpose, tuple[Usage, Usage]] = {
    "server": ("server", "client"),
    "client": ("client", "server"),
    "root": ("ca", "client"),
    "firmware": ("firmware", "server"),
}


def _kind(key: Any) -> KeyType:
    return "ecdsa" if isinstance(key, ec.EllipticCurvePublicKey) else "rsa"


def _renamed(subject: x509.Name, oid: x509.ObjectIdentifier, value: str) -> x509.Name:
    kept = [attribute for attribute in subject if attribute.oid != oid]
    return x509.Name([*kept, x509.NameAttribute(oid, value)])


def _tampered(certificate: x509.Certificate) -> x509.Certificate:
    der = bytearray(certificate.public_bytes(serialization.Encoding.DER))
    der[-1] ^= 1  # The signature is the last field.
    return x509.load_der_x509_certificate(bytes(der))
