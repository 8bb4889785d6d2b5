"""The certificates a station holds: the roots it trusts by certificateType, and its own key and certificate.

Rules of the OCPP 1.6-J security whitepaper, edition 3: M03 to M05 for roots, A02 and A03 for the own certificate.
The store is plain data (`dump`, `load`) so that it lives in the station's state file and survives a power cycle.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from cryptography import x509

from octt.simulator.link import certificates
from octt.simulator.link.certificates import CertificateError, PrivateKey
from octt.simulator.link.hash_data import hash_data, same_hash_data

CENTRAL_SYSTEM = "CentralSystemRootCertificate"
MANUFACTURER = "ManufacturerRootCertificate"
TYPES = (CENTRAL_SYSTEM, MANUFACTURER)


@dataclass(frozen=True)
class Root:
    """An installed root certificate. `issuer` is itself, or the older root that signed it (M05.FR.09)."""

    certificate: x509.Certificate
    issuer: x509.Certificate

    def hash_data(self, algorithm: str = "SHA256") -> dict[str, str]:
        """Its CertificateHashDataType."""
        return hash_data(self.certificate, self.issuer, algorithm)


@dataclass(frozen=True)
class Identity:
    """The station's private key and its certificate chain, its own certificate first."""

    key: PrivateKey
    chain: tuple[x509.Certificate, ...]

    @property
    def certificate(self) -> x509.Certificate:
        """The charge point certificate itself."""
        return self.chain[0]


@dataclass
class TrustStore:
    """Roots and identity of one station.

    `limit` is CertificateStoreMaxLength, `replace` is AdditionalRootCertificateCheck; `fallback` is the Central
    System root that was replaced and is kept until the new one has proved itself (M05.FR.11 to 13).
    """

    limit: int = 10
    replace: bool = False
    roots: dict[str, list[Root]] = field(default_factory=lambda: {name: [] for name in TYPES})
    fallback: Root | None = None
    identity: Identity | None = None
    pending_key: PrivateKey | None = None
    previous: Identity | None = None
    """The identity before the present one, for when that does not work (A02.FR.10)."""

    def trusted(self, certificate_type: str) -> list[x509.Certificate]:
        """The certificates trusted as this type, the fallback included."""
        return [root.certificate for root in self._all(certificate_type)]

    def valid_root(self, certificate_type: str, now: datetime.datetime) -> bool:
        """Whether a root of this type is installed that has not expired (A05.FR.03)."""
        return any(
            c.not_valid_before_utc <= now <= c.not_valid_after_utc for c in self.trusted(certificate_type)
        )

    def valid_identity(self, now: datetime.datetime) -> bool:
        """Whether the station has a certificate of its own that is valid now (A05.FR.04)."""
        own = self.identity.certificate if self.identity else None
        return own is not None and own.not_valid_before_utc <= now <= own.not_valid_after_utc

    def install(self, certificate_type: str, pem: str, now: datetime.datetime) -> None:
        """Install a root (M05). Raises CertificateError when it is invalid or there is no room (Rejected)."""
        certificate = certificates.parse_one(pem)
        certificates.check_ca(certificate, now)
        installed = self.roots[certificate_type]
        if certificate in self.trusted(certificate_type):
            return
        if self.replace and certificate_type == CENTRAL_SYSTEM and installed:
            old = installed[0]
            if not certificates.issued_by(certificate, old.certificate):
                raise CertificateError("not signed by the root certificate it is to replace")
            self.roots[certificate_type] = [Root(certificate, old.certificate)]
            self.fallback = old
            return
        candidates = [certificate, *self.trusted(certificate_type)]
        issuer = next((c for c in candidates if certificates.issued_by(certificate, c)), None)
        if issuer is None:
            raise CertificateError("neither self-signed nor signed by an installed root certificate")
        if sum(len(self._all(name)) for name in TYPES) >= self.limit:
            raise CertificateError(f"the store already holds {self.limit} certificates")
        installed.append(Root(certificate, issuer))

    def hash_data(self, certificate_type: str, algorithm: str = "SHA256") -> list[dict[str, str]]:
        """CertificateHashDataType of every installed root of this type (M03.FR.04)."""
        return [root.hash_data(algorithm) for root in self._all(certificate_type)]

    def delete(self, wanted: dict[str, str], in_use: x509.Certificate | None) -> str:
        """Delete the root with this hash data and return the status for DeleteCertificate.conf (M04).

        `in_use` is the root by which the present connection was verified; it is not deleted (M04.FR.06), nor is
        the station's own certificate (M04.FR.05).
        """
        algorithm = wanted["hashAlgorithm"]
        for name in TYPES:
            for root in self._all(name):
                if not same_hash_data(root.hash_data(algorithm), wanted):
                    continue
                if name == CENTRAL_SYSTEM and root.certificate == in_use:
                    return "Failed"
                if root == self.fallback:
                    self.fallback = None
                else:
                    self.roots[name].remove(root)
                return "Accepted"
        return "Failed" if self._is_own(wanted) else "NotFound"

    def _is_own(self, wanted: dict[str, str]) -> bool:
        if self.identity is None:
            return False
        own, *rest = self.identity.chain
        issuers = [*rest, *self.trusted(CENTRAL_SYSTEM)]
        issuer = next((c for c in issuers if certificates.issued_by(own, c)), own)
        data = hash_data(own, issuer, wanted["hashAlgorithm"])
        return same_hash_data(data, wanted)

    def proved(self, root: x509.Certificate | None) -> None:
        """Note by which root a connection was verified; the replaced one goes when it is not needed (M05.FR.12)."""
        if self.fallback and root and root != self.fallback.certificate:
            self.fallback = None

    def accept_chain(
        self, pem: str, *, serial_number: str, organization: str, max_size: int, now: datetime.datetime
    ) -> None:
        """Take the chain of CertificateSigned.req as the station's own. Raises CertificateError (Rejected)."""
        if len(pem) > max_size:
            raise CertificateError(f"longer than CertificateSignedMaxChainSize ({max_size} characters)")
        if self.pending_key is None:
            raise CertificateError("this station has requested no certificate")
        chain = certificates.parse(pem)
        certificates.check_charge_point_chain(
            chain,
            self.pending_key,
            self.trusted(CENTRAL_SYSTEM),
            organization=organization,
            serial_number=serial_number,
            now=now,
        )
        self.adopt(chain)

    def adopt(self, chain: Sequence[x509.Certificate]) -> None:
        """Make a chain for the pending key the station's identity, whatever it is worth."""
        if self.pending_key is None or not certificates.is_for_key(chain[0], self.pending_key):
            raise CertificateError("not for the key of this station's last request")
        self.previous, self.identity = self.identity, Identity(self.pending_key, tuple(chain))
        self.pending_key = None

    def revert(self) -> bool:
        """Go back to the identity before the present one; False when there is none."""
        if self.previous is None:
            return False
        self.identity, self.previous = self.previous, None
        return True

    def _all(self, certificate_type: str) -> Sequence[Root]:
        extra = [self.fallback] if self.fallback and certificate_type == CENTRAL_SYSTEM else []
        return [*self.roots[certificate_type], *extra]

    def dump(self) -> dict[str, Any]:
        """The whole store as JSON values."""
        return {
            "roots": {name: [_pair(root) for root in found] for name, found in self.roots.items()},
            "fallback": _pair(self.fallback) if self.fallback else None,
            "identity": _identity_pair(self.identity),
            "previous": _identity_pair(self.previous),
            "pending_key": certificates.key_to_pem(self.pending_key) if self.pending_key else None,
        }

    def load(self, data: dict[str, Any]) -> None:
        """Restore what `dump` returned. Raises CertificateError when it is damaged."""
        try:
            self.roots = {name: [_root(pair) for pair in data["roots"].get(name, [])] for name in TYPES}
            self.fallback = _root(data["fallback"]) if data["fallback"] else None
            self.identity = identity_from_pem(*data["identity"]) if data["identity"] else None
            self.previous = identity_from_pem(*data["previous"]) if data["previous"] else None
            pending = data["pending_key"]
            self.pending_key = certificates.key_from_pem(pending) if pending else None
        except (KeyError, TypeError, AttributeError, IndexError) as error:
            raise CertificateError(f"the stored certificates are damaged ({error!r})") from error


def identity_from_pem(key: str, chain: str) -> Identity:
    """An identity from its PEM parts. Raises CertificateError, also when the two do not belong together."""
    identity = Identity(certificates.key_from_pem(key), tuple(certificates.parse(chain)))
    if not certificates.is_for_key(identity.certificate, identity.key):
        raise CertificateError("the certificate is not for this private key")
    return identity


def _pair(root: Root) -> list[str]:
    return [certificates.to_pem([root.certificate]), certificates.to_pem([root.issuer])]


def _root(pair: list[str]) -> Root:
    return Root(certificates.parse_one(pair[0]), certificates.parse_one(pair[1]))


def _identity_pair(identity: Identity | None) -> list[str] | None:
    if identity is None:
        return None
    return [certificates.key_to_pem(identity.key), certificates.to_pem(identity.chain)]
