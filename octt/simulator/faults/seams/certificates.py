"""Faults of certificates: installing, listing, deleting, requesting."""

from __future__ import annotations

import contextlib

from octt.simulator.faults.self_made import damage_signature, hash_of_whole_key
from octt.simulator.link import certificates
from octt.simulator.link.certificates import CertificateError, PrivateKey
from octt.simulator.part import Payload, Reply, on
from octt.simulator.parts.security.management import CertificateManagement


class FaultyCertificateManagement(CertificateManagement):
    """Takes what it should refuse, forgets what it accepted, requests the wrong certificate."""

    @on("InstallCertificate")
    def install_certificate(self, payload: Payload) -> Payload:
        """The right answer, or Accepted; the root may be forgotten."""
        kept = self._store.dump()
        if self.station.faults.active("any-root-accepted"):
            answer = self._install_any(payload)
        else:
            answer = super().install_certificate(payload)
        if self.station.faults.active("root-forgotten"):
            self._restore(kept)
        return answer

    def _install_any(self, payload: Payload) -> Payload:
        with contextlib.suppress(CertificateError):
            self._store.install(
                payload["certificateType"], payload["certificate"], self.station.security.now()
            )
        self.station.security.save()
        return {"status": "Accepted"}

    def _restore(self, kept: Payload) -> None:
        self._store.load(kept)
        self.station.security.save()

    @on("GetInstalledCertificateIds")
    def get_installed_certificate_ids(self, payload: Payload) -> Payload:
        """The right answer with wrong hash data."""
        faults, answer = self.station.faults, super().get_installed_certificate_ids(payload)
        found = answer.get("certificateHashData", [])
        if faults.active("hash-of-whole-key"):
            roots = self._store.trusted(payload["certificateType"])
            for data, root in zip(found, roots, strict=True):
                data["issuerKeyHash"] = hash_of_whole_key(root, data["hashAlgorithm"])
        if faults.active("serial-number-decimal"):
            for data in found:
                data["serialNumber"] = str(int(data["serialNumber"], 16))[:40]
        return answer

    @on("DeleteCertificate")
    def delete_certificate(self, payload: Payload) -> Payload:
        """The right answer; the root may stay."""
        kept = self._store.dump()
        answer = super().delete_certificate(payload)
        if self.station.faults.active("deletion-forgotten"):
            self._restore(kept)
        return answer

    @on("CertificateSigned")
    def certificate_signed(self, payload: Payload) -> Reply | Payload:
        """The right answer, or Accepted; the former certificate may stay in use."""
        former = self._store.identity
        if self.station.faults.active("any-certificate-accepted"):
            answer = self._adopt_any(payload["certificateChain"])
        else:
            answer = super().certificate_signed(payload)
        if self.station.faults.active("old-certificate-kept"):
            self._store.identity = former
            self.station.security.save()
        return answer

    def _adopt_any(self, pem: str) -> Reply | Payload:
        try:
            self._store.adopt(certificates.parse(pem))
        except CertificateError:
            return {"status": "Accepted"}
        return self._renewed()

    def _new_request(self) -> tuple[PrivateKey, str]:
        faults, options = self.station.faults, self.station.options
        weak = faults.active("csr-key-weak")
        key = certificates.generate_key("rsa", 1024) if weak else certificates.generate_key(options.key_type)
        csr = certificates.signing_request(
            key,
            faults.value("csr-common-name") or options.serial,
            faults.value("csr-organization") or self.station.config.text("CpoName"),
        )
        return key, damage_signature(csr) if faults.active("csr-signature-wrong") else csr
