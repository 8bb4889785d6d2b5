"""The laboratory's certificate authority, its servers and its manufacturer, kept in one folder per bench.

A station that was given our root yesterday still trusts us today: roots and keys stay, server certificates are
renewed when their hosts change or their time runs out. Folder 0700, files 0600; no key ever leaves through here but
as an `Identity` for the servers. OCPP 1.6 security whitepaper edition 3, section 2.6.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from octt.pki.certificates import (
    Identity,
    KeyType,
    PkiError,
    describe,
    issue,
    key_type_of,
    load_ca,
    load_csr,
    name,
    names_of,
    new_key,
    utc_now,
)
from octt.pki.firmware import Algorithm, FirmwareSignature, sign
from octt.pki.store import Store

_SERVER_DAYS, _SPARE_DAYS = 90, 7


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

    def _server(self, key: Any, issuer: Identity) -> Identity:
        subject = name(common_name_for(self.hosts), self.organization)
        try:
            return issue(
                subject,
                key.public_key(),
                issuer,
                "server",
                key=key,
                hosts=self.hosts,
                days=(-1, _SERVER_DAYS),
                pss=self.pss,
            )
        except ValueError as error:
            raise PkiError(f"a certificate for {', '.join(self.hosts)} cannot be made: {error}") from None

    def _wanted_names(self) -> tuple[str, set[str]]:
        subject = name(common_name_for(self.hosts), self.organization)
        return subject.rfc4514_string(), {host.strip("[]") for host in self.hosts}

    def _names(self, identity: Identity) -> tuple[str, set[str]]:
        return identity.certificate.subject.rfc4514_string(), set(names_of(identity.certificate))

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
        issuer = self.root if direct else self.intermediate(key_type_of(key))
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
        """Signs a firmware file by `signer` or the laboratory's own. Raises PkiError and OSError."""
        return sign(firmware, signer or self.firmware("ecdsa" if algorithm == "ECDSA" else "rsa"), algorithm)

    # -- another authority ----------------------------------------------------------------------------------------

    def import_ca(self, pem: bytes, password: bytes | None = None) -> None:
        """Lets a laboratory's own CA (see `load_ca`) sign from now on instead of our root.

        Server certificates are renewed. Raises PkiError, and keeps what was, when it is no usable CA.
        """
        authority = load_ca(pem, password)
        with self.store.locked():
            self.store.write("own-ca", authority)
            self.servers()


def common_name_for(hosts: Sequence[str]) -> str:
    """What a server's certificate is called: the first name among its hosts, else the first address."""
    names = [host for host in hosts if not host.replace(".", "").isdigit() and ":" not in host]
    return (names or list(hosts))[0]
