"""Faults of how the station connects, of its password and profile, and of security events."""

from __future__ import annotations

import ssl

from octt.simulator.faults.fault import Faults
from octt.simulator.faults.self_made import self_made
from octt.simulator.link import tls
from octt.simulator.link.truststore import CENTRAL_SYSTEM
from octt.simulator.parts.security.security import Security

_TLS_VERSIONS = {"1.0": ssl.TLSVersion.TLSv1, "1.1": ssl.TLSVersion.TLSv1_1, "1.2": ssl.TLSVersion.TLSv1_2}


class FaultySecurity(Security):
    """Connects otherwise than it should, takes changes it should refuse, keeps events to itself."""

    def boot(self) -> None:
        """A new security profile may be left unused."""
        super().boot()
        if self.station.faults.active("profile-kept"):
            self.profile = self._trial.get("previous", self.profile)

    def _connecting(self) -> Faults:
        """The faults of connecting; with `proper-first` there are none before the first connection worked."""
        faults = self.station.faults
        return Faults() if faults.active("proper-first") and not self._connected else faults

    def _context(self) -> ssl.SSLContext:
        faults = self._connecting()
        named = faults.value("cipher-suites")
        identity = self.store.identity if self.profile == 3 else None
        if faults.active("client-certificate-withheld"):
            identity = None
        elif identity and (kind := faults.value("client-certificate")):
            identity = self_made(kind, identity, self.now())
        return tls.client_context(
            self.store.trusted(CENTRAL_SYSTEM),
            identity=identity,
            suites=tuple(named.split(",")) if named else self.station.options.cipher_suites,
            maximum=_TLS_VERSIONS.get(faults.value("tls-version") or ""),
            minimum=ssl.TLSVersion.TLSv1 if faults.active("old-tls-accepted") else None,
            verify=not faults.active("any-server-trusted"),
            check_hostname=not faults.active("host-name-ignored"),
        )

    def _credentials(self) -> dict[str, str]:
        faults = self._connecting()
        if faults.active("basic-auth-missing"):
            return {}
        key = faults.value("basic-auth-key") or self.station.config.text("AuthorizationKey")
        user = faults.value("basic-auth-user") or self.station.options.identity
        return {"Authorization": tls.basic_auth(user, key)}

    def _check_password(self, key: str) -> None:
        bytes.fromhex(key)  # of any length

    def _judge_key(self, value: str) -> str | None:
        return None if self.station.faults.active("any-key-value") else super()._judge_key(value)

    def _judge_profile(self, value: str) -> str | None:
        lower = int(value) < self.station.config.integer("SecurityProfile")
        if lower and self.station.faults.active("profile-lowered"):
            return None
        return super()._judge_profile(value)

    def _use(self, profile: int) -> None:
        if not self.station.faults.active("profile-kept"):
            super()._use(profile)

    def _is_sent(self, type: str) -> bool:
        faults = self.station.faults
        if faults.active("event-missing", type):
            return False
        if not self.station.ready and faults.active("event-lost-offline"):
            return False
        return super()._is_sent(type)
