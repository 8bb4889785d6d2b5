"""The words for certificates: roots that are installed, listed and deleted, and the station's own that is renewed.

OCPP 1.6 security whitepaper edition 3: A02 (own certificate), M03 to M05 (roots), 2.6 (properties), 6.1 (hash data).
"""

from __future__ import annotations

from typing import Any, Literal

from cryptography import x509

from octt.ocpp.values import dicts, table, text
from octt.pki.broken import Purpose, broken
from octt.pki.certificates import HASHES, Identity, hash_data, issue, to_pem
from octt.pki.pki import Pki
from octt.pki.problems import csr_problems
from octt.script.calling import Reply
from octt.script.case_run import Label, following
from octt.script.security.facts import same_key
from octt.script.station import Station
from octt.script.undo import Kind

RootType = Literal["CentralSystemRootCertificate", "ManufacturerRootCertificate"]
CENTRAL_SYSTEM: RootType = "CentralSystemRootCertificate"
MANUFACTURER: RootType = "ManufacturerRootCertificate"

CITE = "whitepaper "


class Certificates:
    """What the station has of certificates, and the laboratory's to give."""

    def __init__(self, station: Station, pki: Pki) -> None:
        self.station, self.pki, self.case = station, pki, station.case
        self._csrs: list[str] = []

    # -- roots ------------------------------------------------------------------------------------------------------

    def installed(self, kind: RootType, *, step: Label = "") -> list[dict[str, Any]]:
        """The hash data of every root of a type; NotFound is a right answer when there is none (M03.FR.02)."""
        reply = self.station.call("GetInstalledCertificateIds", certificateType=kind, step=step)
        reply.returns(status={"Accepted", "NotFound"}, cite=CITE + "M03")
        return dicts(reply.payload.get("certificateHashData"))

    def extra_root(self, kind: RootType) -> x509.Certificate:
        """A root that the station does not have.

        With AdditionalRootCertificateCheck a Central System root must be signed by the one it takes the place of
        (M05.FR.09): then it is our root again, same name and key, renewed, so that our servers stay trusted.
        """
        root = self.pki.root
        if kind == CENTRAL_SYSTEM and self.only_one:
            self._may_replace_the_root()
            return issue(root.certificate.subject, root.certificate.public_key(), root, "ca").certificate
        return self.pki.extra_root().certificate

    def _may_replace_the_root(self) -> None:
        """Raises Inconclusive, before anything is sent, where the station's only root may or can not be replaced."""
        if not self.station.bench.security.replace_root:
            raise self.station.impossible(
                "the station keeps one root (AdditionalRootCertificateCheck), so that one of ours, valid for 90 days, "
                "would take the place of what it has; security.replace_root = true of the bench allows that"
            )
        if self.pki.root.certificate != self.pki.trust_anchor:
            raise self.station.impossible(
                "the station keeps one root (AdditionalRootCertificateCheck), and a new one must be signed by it "
                "(M05.FR.09): the imported CA is not that root"
            )

    @property
    def only_one(self) -> bool:
        """Whether the station keeps one Central System root only (AdditionalRootCertificateCheck)."""
        found = self.station.value_of("AdditionalRootCertificateCheck")
        return bool(found) and str(found and found[0]).strip().lower() == "true"

    def installs(self, kind: RootType, certificate: x509.Certificate, *, step: Label) -> None:
        """InstallCertificate, which must be Accepted; the root is gone again when the case ends.

        A station that says no because it is full is right (M05.FR.03): Inconclusive then.
        """
        reply = self.offers(kind, certificate, step=step)
        if reply.payload.get("status") == "Rejected" and (full := self._full()):
            raise self.station.impossible(f"the station rejects the root certificate, and {full}")
        reply.returns(status="Accepted", cite=CITE + "M05.FR.02")

    def offers(self, kind: RootType, certificate: x509.Certificate, *, step: Label = "") -> Reply:
        """InstallCertificate; a root that was accepted is deleted when the case ends. The answer is not judged."""
        name, pem = f"{kind} {_name(certificate)}", to_pem(certificate)
        owed = self.station.owes(
            Kind.CERTIFICATE, name, before=None, after="installed", type=kind, certificate=pem
        )
        return owed.call("InstallCertificate", certificateType=kind, certificate=pem, step=step)

    def lends(self, kind: RootType, certificate: x509.Certificate) -> None:
        """Installs a root that the case needs, if it is not there; then it goes again when the case ends."""
        if self.find(certificate, self.installed(kind)) is None:
            self.installs(kind, certificate, step="")

    def has_our_root(self) -> None:
        """Memory state CertificateInstalled (table 114) for the root that our servers are verified by; it stays."""
        with self.case.during("setup", "CertificateInstalled."):
            anchor = self.pki.trust_anchor
            if self.find(anchor, self.installed(CENTRAL_SYSTEM, step=1)):
                return
            reply = self.station.call(
                "InstallCertificate", certificateType=CENTRAL_SYSTEM, certificate=to_pem(anchor), step=3
            )
            reply.returns(status="Accepted", cite=CITE + "M05.FR.02")
            self.station.changed("certificate", CENTRAL_SYSTEM, None, _name(anchor))

    def has_extra_root(self, kind: RootType) -> x509.Certificate:
        """Memory state CertificateInstalled (table 114) for a root that nothing depends on."""
        with self.case.during("setup", "CertificateInstalled."):
            self.installed(kind, step=1)
            certificate = self.extra_root(kind)
            self.installs(kind, certificate, step=3)
        return certificate

    def find(self, certificate: x509.Certificate, listed: list[dict[str, Any]]) -> dict[str, Any] | None:
        """The entry that is this certificate, by hash data worked out here with the entry's own algorithm (6.1)."""
        return next((entry for entry in listed if not differences(certificate, entry)), None)

    def lists(
        self, kind: RootType, certificate: x509.Certificate, *, step: Label, after: str = "installed"
    ) -> None:
        """GetInstalledCertificateIds: the certificate must be among those listed."""
        reply = self.station.call("GetInstalledCertificateIds", certificateType=kind, step=step)
        reply.returns(status="Accepted", cite=CITE + "M03.FR.03")
        listed = dicts(reply.payload.get("certificateHashData"))
        self.station.check(
            self.find(certificate, listed) is not None,
            f"certificateHashData includes the certificate that was {after}",
            self._nearest(certificate, listed),
            step=reply.label,
            cite=CITE + "M03.FR.04, 6.1",
            frame=reply.seen,
        )

    def lists_no_more(self, kind: RootType, certificate: x509.Certificate, *, step: Label) -> None:
        """GetInstalledCertificateIds: the certificate must not be among those listed; NotFound is right too."""
        listed = self.installed(kind, step=step)
        self.station.check(
            self.find(certificate, listed) is None,
            "certificateHashData does not include the certificate that was deleted",
            "it is still listed",
            step=following(step),
            cite=CITE + "M04.FR.02",
        )

    def deletes(self, certificate: x509.Certificate, entry: dict[str, Any], *, step: Label) -> None:
        """DeleteCertificate by hash data worked out here, with the algorithm the station uses (M04.FR.07)."""
        data = hash_data(certificate, algorithm=str(entry["hashAlgorithm"]))
        reply = self.station.call("DeleteCertificate", certificateHashData=data, step=step)
        reply.returns(status="Accepted", cite=CITE + "M04.FR.02")

    def take_out(self, kind: RootType, pem: str) -> None:
        """Deletes a root that a case installed, if it is there; one that took the place of ours makes way for it."""
        certificate = x509.load_pem_x509_certificate(pem.encode())
        entry = self.find(certificate, self.installed(kind))
        if entry is None:
            return
        ours = certificate.subject == self.pki.root.certificate.subject
        if kind == CENTRAL_SYSTEM and ours and certificate != self.pki.trust_anchor:
            payload: dict[str, Any] = {"certificateType": kind, "certificate": to_pem(self.pki.trust_anchor)}
            reply = self.station.call("InstallCertificate", **payload)
        else:
            data = hash_data(certificate, algorithm=str(entry["hashAlgorithm"]))
            reply = self.station.call("DeleteCertificate", certificateHashData=data)
        if reply.given != "Accepted":
            raise self.station.impossible(f"it is still there: {reply.given}", blame="station")

    def _nearest(self, certificate: x509.Certificate, listed: list[dict[str, Any]]) -> str:
        if not listed:
            return "nothing is listed"
        wrong = min((differences(certificate, entry) for entry in listed), key=len)
        return f"{len(listed)} listed, none of them is it; of the nearest {', '.join(wrong)} differ"

    def _full(self) -> str:
        room = self.station.number_of("CertificateStoreMaxLength")
        if room is None:
            return ""
        count = sum(len(self.installed(kind)) for kind in (CENTRAL_SYSTEM, MANUFACTURER))
        if count < room:
            return ""
        return f"it holds {count} of CertificateStoreMaxLength = {room}; delete one that nothing needs"

    # -- the station's own ------------------------------------------------------------------------------------------

    def requested(self) -> str:
        """Steps 1 to 4 of TC_074: the station asks for a certificate on our request; its CSR, which must be right."""
        organization = self.station.bench.security.vendor_name
        self.station.call(
            "ExtendedTriggerMessage", requestedMessage="SignChargePointCertificate", step=1
        ).returns(status="Accepted", cite=CITE + "A02")
        seen = self.station.sends(
            "SignCertificate",
            step=3,
            cite=CITE + "A02.FR.03",
        )
        csr = text(seen.payload.get("csr"))
        found = [csr_problems(csr, serial, organization) for serial in self.serial_numbers or [""]]
        problems = min(found, key=len)
        place: dict[str, Any] = {"step": 3, "frame": seen}
        with self.station.independently():
            self.station.check(
                not problems,
                "a right certificate signing request",
                "; ".join(problems),
                cite=CITE + "A02.FR.03, A02.FR.13, 2.6.1",
                **place,
            )
        former = [*self._csrs, text(table((self.station.system.tls or {}).get("client_cert")).get("pem"))]
        with self.station.independently():
            self.station.check(
                not any(same_key(csr, one) for one in former),
                "a request for a new pair of keys",
                "it has the public key of the certificate, or the request, before",
                cite=CITE + "A02.FR.02",
                **place,
            )
        self._csrs.append(csr)
        return csr

    def named(self) -> None:
        """Configuration state of TC_074 and TC_077: CpoName is the configured vendor name."""
        self.station.configure(CpoName=self.station.bench.security.vendor_name)

    def renew(self) -> Identity:
        """Memory state RenewChargePointCertificate (table 115): a new certificate, signed here; it stays."""
        self.named()
        signed = self.sign(self.requested())
        self.gives(signed).returns(status="Accepted", cite=CITE + "A02.FR.06")
        return signed

    def sign(self, csr: str) -> Identity:
        """The right certificate for a CSR, with as short a chain as CertificateSignedMaxChainSize demands."""
        signed = self.pki.sign_csr(csr)
        room = self.station.number_of("CertificateSignedMaxChainSize")
        return self.pki.sign_csr(csr, direct=True) if room and len(signed.chain_pem) > room else signed

    def wrong(self, kind: str, purpose: Purpose, csr: str = "") -> Identity:
        """A certificate of the laboratory that is wrong in one thing (octt.pki.broken); for a CSR, if one is given."""
        return broken(self.pki, kind, purpose, csr=csr)

    def gives(self, signed: Identity, *, step: Label = 5) -> Reply:
        """CertificateSigned with a certificate and its chain; the answer is not judged."""
        reply = self.station.call("CertificateSigned", certificateChain=signed.chain_pem, step=step)
        if reply.payload.get("status") == "Accepted":
            serial = format(signed.certificate.serial_number, "x")
            self.station.changed("certificate", "the station's own", None, f"serial number {serial}")
        return reply

    @property
    def serial_numbers(self) -> list[str]:
        """What the station's serial number may be: the bench's, else what BootNotification says."""
        if self.station.bench.station.serial_number:
            return [self.station.bench.station.serial_number]
        boot = self.station.state.boot
        given = (boot.get(field) for field in ("chargePointSerialNumber", "chargeBoxSerialNumber"))
        return [str(number) for number in given if number]


def differences(certificate: x509.Certificate, entry: dict[str, Any]) -> list[str]:
    """The fields of a CertificateHashDataType that are not those of a root; they know no case (6.1)."""
    algorithm = str(entry.get("hashAlgorithm"))
    if algorithm not in HASHES:
        return ["hashAlgorithm"]
    right = hash_data(certificate, algorithm=algorithm)
    return [name for name, value in right.items() if str(entry.get(name, "")).lower() != value.lower()]


def _name(certificate: x509.Certificate) -> str:
    return certificate.subject.rfc4514_string()
