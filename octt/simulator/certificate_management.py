"""The messages about certificates: installing, listing and deleting roots, and renewing the station's own.

OCPP 1.6-J security whitepaper, edition 3: A02 and A03 (own certificate), M03 to M05 (roots).
"""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Callable

from octt.simulator import certificates
from octt.simulator.certificates import CertificateError, KeyType
from octt.simulator.part import CallRefused, NoAnswer, Part, Payload, Reply, on
from octt.simulator.self_made import damage_signature, hash_of_whole_key
from octt.simulator.truststore import CENTRAL_SYSTEM, TrustStore

RENEW_BEFORE = datetime.timedelta(days=30)


class CertificateManagement(Part):
    """Certificates as the Central System manages them; the store itself belongs to `station.security`."""

    def boot(self) -> None:
        """No request is underway."""
        self._requesting = False

    def handlers(self) -> dict[str, Callable[[Payload], object]]:
        """None without the security extension."""
        return super().handlers() if self.station.options.security_extension else {}

    @property
    def _store(self) -> TrustStore:
        return self.station.security.store

    @on("InstallCertificate")
    def install_certificate(self, payload: Payload) -> Payload:
        """Accepted, or Rejected when it is invalid or there is no room (M05.FR.02 to 11)."""
        security, faults = self.station.security, self.station.faults
        kind = payload["certificateType"]
        try:
            forgotten = faults.active("root-forgotten")
            self._store.install(kind, payload["certificate"], security.now(), keep=not forgotten)
        except CertificateError as problem:
            if faults.active("any-root-accepted"):
                return {"status": "Accepted"}
            if kind == CENTRAL_SYSTEM:
                security.event("InvalidCentralSystemCertificate", str(problem))
            return {"status": "Rejected"}
        security.save()
        security.event("ReconfigurationOfSecurityParameters", f"{kind} installed")
        return {"status": "Accepted"}

    @on("GetInstalledCertificateIds")
    def get_installed_certificate_ids(self, payload: Payload) -> Payload:
        """The hash data of the roots of a type; NotFound when there is none (M03)."""
        faults = self.station.faults
        found = self._store.hash_data(payload["certificateType"], self.station.options.hash_algorithm)
        if not found:
            return {"status": "NotFound"}
        if faults.active("hash-of-whole-key"):
            roots = self._store.trusted(payload["certificateType"])
            for data, root in zip(found, roots, strict=True):
                data["issuerKeyHash"] = hash_of_whole_key(root, data["hashAlgorithm"])
        if faults.active("serial-number-decimal"):
            for data in found:
                data["serialNumber"] = str(int(data["serialNumber"], 16))[:40]
        return {"status": "Accepted", "certificateHashData": found}

    @on("DeleteCertificate")
    def delete_certificate(self, payload: Payload) -> Payload:
        """Accepted, NotFound, or Failed for a root in use and for the own certificate (M04)."""
        security = self.station.security
        kept = self._store.dump()
        status = self._store.delete(payload["certificateHashData"], security.in_use)
        if self.station.faults.active("deletion-forgotten"):
            self._store.load(kept)
        if status == "Accepted":
            security.save()
            security.event("ReconfigurationOfSecurityParameters", "root certificate deleted")
        return {"status": status}

    @on("CertificateSigned")
    def certificate_signed(self, payload: Payload) -> Reply | Payload:
        """Accepted when the chain is this station's, else Rejected with a security event (A02.FR.06 and 07)."""
        security, faults = self.station.security, self.station.faults
        pem = payload["certificateChain"]
        former = self._store.identity
        try:
            if faults.active("any-certificate-accepted"):
                self._store.adopt(certificates.parse(pem))
            else:
                self._store.accept_chain(
                    pem,
                    serial_number=self.station.options.serial,
                    organization=self.station.config.text("CpoName"),
                    max_size=self.station.config.integer("CertificateSignedMaxChainSize", 10000),
                    now=security.now(),
                )
        except CertificateError as problem:
            if faults.active("any-certificate-accepted"):
                return {"status": "Accepted"}
            security.event("InvalidChargePointCertificate", str(problem))
            return {"status": "Rejected"}
        if faults.active("old-certificate-kept"):
            self._store.identity = former
        security.save()
        security.event("ReconfigurationOfSecurityParameters", "charge point certificate renewed")
        return Reply({"status": "Accepted"}, security.reconnect if security.profile == 3 else None)

    @on("ExtendedTriggerMessage")
    def extended_trigger_message(self, payload: Payload) -> Reply | Payload:
        """As TriggerMessage, with the messages of the whitepaper (section 6.16)."""
        message = payload["requestedMessage"]
        if message == "SignChargePointCertificate" and not self.station.config.text("CpoName"):
            return {"status": "Rejected"}  # A02: CpoName must be set
        if message == "FirmwareStatusNotification":
            message = "SignedFirmwareStatusNotification"
        return self.station.remote.triggered(message, payload.get("connectorId"))

    def trigger(self, message: str, connector: int | None) -> Callable[[], object] | None:
        """SignCertificate on request (A02)."""
        if message != "SignChargePointCertificate" or not self.station.options.security_extension:
            return None
        return lambda: self.station.spawn(self._request())

    def online(self, booted: bool) -> None:
        """A certificate that expires within a month is renewed without being asked (A03)."""
        own = self._store.identity
        due = (
            own is not None
            and own.certificate.not_valid_after_utc - self.station.security.now() < RENEW_BEFORE
        )
        if booted and due and self.station.security.profile == 3 and self.station.config.text("CpoName"):
            self.station.spawn(self._request())

    async def _request(self) -> None:
        """Generate a key and ask for its certificate (A02.FR.02, 03 and 13)."""
        if self._requesting:
            return
        self._requesting = True
        try:
            key, csr = await asyncio.to_thread(self._new_request)
            former, self._store.pending_key = self._store.pending_key, key
            self.station.security.save()
            try:
                answer = await self.station.outbox.send("SignCertificate", {"csr": csr}, triggered=True)
            except (NoAnswer, CallRefused):
                answer = {"status": "Rejected"}
            if answer["status"] == "Rejected" and self._store.pending_key is key:
                self._store.pending_key = former
                self.station.security.save()
        finally:
            self._requesting = False

    def _new_request(self) -> tuple[certificates.PrivateKey, str]:
        faults, options = self.station.faults, self.station.options
        weak = faults.active("csr-key-weak")
        kind: KeyType = "rsa" if weak else options.key_type
        key = certificates.generate_key(kind, 1024 if weak else 2048)
        csr = certificates.signing_request(
            key,
            serial_number=faults.value("csr-common-name") or options.serial,
            organization=faults.value("csr-organization") or self.station.config.text("CpoName"),
        )
        return key, damage_signature(csr) if faults.active("csr-signature-wrong") else csr
