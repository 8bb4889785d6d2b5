"""The messages about certificates: installing, listing and deleting roots, and renewing the station's own.

OCPP 1.6-J security whitepaper, edition 3: A02 and A03 (own certificate), M03 to M05 (roots).
"""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Callable

from octt.simulator.link import certificates
from octt.simulator.link.certificates import CertificateError
from octt.simulator.link.truststore import CENTRAL_SYSTEM, TrustStore
from octt.simulator.part import CallRefused, NoAnswer, Part, Payload, Reply, on

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
        security, kind = self.station.security, payload["certificateType"]
        try:
            self._store.install(kind, payload["certificate"], security.now())
        except CertificateError as problem:
            if kind == CENTRAL_SYSTEM:
                security.event("InvalidCentralSystemCertificate", str(problem))
            return {"status": "Rejected"}
        security.save()
        security.event("ReconfigurationOfSecurityParameters", f"{kind} installed")
        return {"status": "Accepted"}

    @on("GetInstalledCertificateIds")
    def get_installed_certificate_ids(self, payload: Payload) -> Payload:
        """The hash data of the roots of a type; NotFound when there is none (M03)."""
        found = self._store.hash_data(payload["certificateType"], self.station.options.hash_algorithm)
        return {"status": "Accepted", "certificateHashData": found} if found else {"status": "NotFound"}

    @on("DeleteCertificate")
    def delete_certificate(self, payload: Payload) -> Payload:
        """Accepted, NotFound, or Failed for a root in use and for the own certificate (M04)."""
        security = self.station.security
        status = self._store.delete(payload["certificateHashData"], security.in_use)
        if status == "Accepted":
            security.save()
            security.event("ReconfigurationOfSecurityParameters", "root certificate deleted")
        return {"status": status}

    @on("CertificateSigned")
    def certificate_signed(self, payload: Payload) -> Reply | Payload:
        """Accepted when the chain is this station's, else Rejected with a security event (A02.FR.06 and 07)."""
        try:
            self._store.accept_chain(
                payload["certificateChain"],
                serial_number=self.station.options.serial,
                organization=self.station.config.text("CpoName"),
                max_size=self.station.config.integer("CertificateSignedMaxChainSize", 10000),
                now=self.station.security.now(),
            )
        except CertificateError as problem:
            self.station.security.event("InvalidChargePointCertificate", str(problem))
            return {"status": "Rejected"}
        return self._renewed()

    def _renewed(self) -> Reply:
        """The station has a new certificate: keep it, and connect with it where the profile needs one."""
        security = self.station.security
        security.save()
        security.event("ReconfigurationOfSecurityParameters", "charge point certificate renewed")
        return Reply({"status": "Accepted"}, self._use if security.profile == 3 else None)

    async def _use(self) -> None:
        await self.station.pause("certificate")
        await self.station.security.reconnect()

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
        key = certificates.generate_key(self.station.options.key_type)
        organization = self.station.config.text("CpoName")
        return key, certificates.signing_request(key, self.station.options.serial, organization)
