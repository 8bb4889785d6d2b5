"""The connection's security: profile in force, password, certificates for TLS, and what happens when they change.

OCPP 1.6-J security whitepaper, edition 3: profiles in section 2, A01 (password), A05 (profile), keys in section 7.
"""

from __future__ import annotations

import datetime
import ssl
from pathlib import Path
from typing import Any

from cryptography import x509
from websockets.exceptions import InvalidStatus

from octt.simulator.link import certificates, tls
from octt.simulator.link.connection import Dial
from octt.simulator.link.truststore import CENTRAL_SYSTEM, MANUFACTURER, TrustStore, identity_from_pem
from octt.simulator.part import Part, Payload
from octt.simulator.parts.security.log import CRITICAL, TRIGGERED, SecurityLog

ATTEMPTS_BEFORE_FALLBACK = 3


class Security(Part):
    """Decides how to connect, and judges changes of AuthorizationKey and SecurityProfile."""

    def boot(self) -> None:
        """Roots and identity come from memory or, the first time, from the files of the options."""
        station = self.station
        self.log = SecurityLog(self, self._is_sent)
        self.store = TrustStore(
            limit=station.config.integer("CertificateStoreMaxLength", 10),
            replace=station.config.boolean("AdditionalRootCertificateCheck"),
        )
        kept: dict[str, Any] = station.memory.section("certificates", {})
        if kept:
            self.store.load(kept)
        else:
            self._provision()
        self.profile = station.config.integer("SecurityProfile")
        self.in_use: x509.Certificate | None = None
        self._trial: dict[str, int] = station.memory.section("profile_trial", {})
        self._failures = 0
        self._asked = False
        """The Central System has asked for the password of the connection that is being made."""
        self._connected: dict[str, bool] = station.memory.section("connected", {})
        self._offset = station.clock.offset
        station.config.guard("AuthorizationKey", self._judge_key)
        station.config.guard("SecurityProfile", self._judge_profile)
        self.event("StartupOfTheDevice")
        station.spawn(self.log.deliver())

    def _provision(self) -> None:
        """What was put into the station before delivery; raises ValueError for unusable options."""
        options = self.station.options
        certificates.check_serial_number(options.serial)
        if options.authorization_key:
            self._check_password(options.authorization_key)
        for kind, files in ((CENTRAL_SYSTEM, options.trust), (MANUFACTURER, options.manufacturer_trust)):
            for file in files:
                for certificate in certificates.parse(_read(file)):
                    self.store.install(kind, certificates.to_pem([certificate]), self.now())
        if options.certificate:
            if not options.private_key:
                raise ValueError("a certificate needs its private key (--key-file)")
            self.store.identity = identity_from_pem(_read(options.private_key), _read(options.certificate))
        self.save()

    def _check_password(self, key: str) -> None:
        if not tls.valid_authorization_key(key):
            raise ValueError("the authorization key must be 32 to 40 hexadecimal digits")

    def save(self) -> None:
        """Keep the certificates in memory."""
        self.station.memory.section("certificates", {}).update(self.store.dump())
        self.station.memory.save()

    def now(self) -> datetime.datetime:
        """The station's clock, as certificates need it."""
        return datetime.datetime.fromtimestamp(self.station.clock.now(), datetime.UTC)

    # connecting

    def dial(self) -> Dial:
        """URL, TLS and credentials of the security profile in force."""
        base = self.station.options.endpoint(self.profile)
        dial = Dial(f"{base.rstrip('/')}/{self.station.options.identity}")
        if base.startswith("wss:"):
            dial.ssl = self._context()
        if self.profile in (1, 2) and (self._asked or not self.station.options.authenticate_when_asked):
            dial.headers |= self._credentials()
        return dial

    def _context(self) -> ssl.SSLContext:
        return tls.client_context(
            self.store.trusted(CENTRAL_SYSTEM),
            identity=self.store.identity if self.profile == 3 else None,
            suites=self.station.options.cipher_suites,
        )

    def _credentials(self) -> dict[str, str]:
        """The headers of HTTP basic authentication (A00.FR.202 to 205)."""
        key = self.station.config.text("AuthorizationKey")
        return {"Authorization": tls.basic_auth(self.station.options.identity, key)}

    def dial_failed(self, error: Exception) -> bool:
        """Note why; a new profile or certificate that does not work is given up (A05.FR.08, A02.FR.10).

        True when the Central System only asks for the password, which the next attempt sends.
        """
        if not self._asked and _asks_for_password(error) and self.station.options.authenticate_when_asked:
            self._asked = True
            return True
        self._asked = False
        type = tls.security_event(error)
        if type:
            self.event(type, str(error))
        elif isinstance(error, InvalidStatus) and error.response.status_code in (401, 403):
            self.event("FailedToAuthenticateAtCentralSystem", f"HTTP {error.response.status_code}")
        self._failures += 1
        if self._failures < ATTEMPTS_BEFORE_FALLBACK:
            return False
        self._failures = 0
        previous = self._trial.pop("previous", None)
        if previous is not None:
            self.profile = previous
            self.station.config.store("SecurityProfile", str(previous))
            self.event("ReconfigurationOfSecurityParameters", f"back to security profile {previous}")
        elif self.profile == 3 and self.store.revert():
            self.save()
            self.event("ReconfigurationOfSecurityParameters", "back to the previous certificate")
        return False

    def online(self, booted: bool) -> None:
        """A connection works: whatever was on trial is settled, and queued events can go."""
        self._connected["once"] = True
        self._asked = False
        self._failures = 0
        if self.profile == self.station.config.integer("SecurityProfile"):
            self._trial.clear()
        if self.profile == 3 and self.store.previous:
            self.store.previous = None
            self.save()
        socket = self.station.link.socket
        connection = socket.transport.get_extra_info("ssl_object") if socket is not None else None
        self.in_use = tls.verifying_root(connection) if connection is not None else None
        if self.store.fallback:
            self.store.proved(self.in_use)
            self.save()
        if self.station.clock.offset != self._offset:
            self._offset = self.station.clock.offset
            self.event("SettingSystemTime")
        self.log.wake()

    async def reconnect(self) -> None:
        """Close the connection, so that the next one uses what has changed; queued messages stay."""
        await self.station.outbox.drained(1.0)
        await self.station.link.close()

    def file_trust(self) -> ssl.SSLContext:
        """TLS for file transfers: verified by the installed roots; without any, the server is not verified.

        The whitepaper says nothing of file servers; a station that was given no root cannot judge one.
        """
        roots = [*self.store.trusted(CENTRAL_SYSTEM), *self.store.trusted(MANUFACTURER)]
        return tls.client_context(roots, suites=self.station.options.cipher_suites, verify=bool(roots))

    # changes

    def _judge_key(self, value: str) -> str | None:
        return None if tls.valid_authorization_key(value) else "Rejected"

    def _judge_profile(self, value: str) -> str | None:
        """Never lower, and only with what the new profile needs (A05.FR.01 to 04)."""
        wanted, current = int(value), self.station.config.integer("SecurityProfile")
        if wanted <= current:
            return "Rejected"
        key = self.station.config.text("AuthorizationKey")
        if wanted in (1, 2) and not tls.valid_authorization_key(key):
            return "Rejected"
        if wanted >= 2 and not self.store.valid_root(CENTRAL_SYSTEM, self.now()):
            return "Rejected"
        if wanted == 3 and not self.store.valid_identity(self.now()):
            return "Rejected"
        return "RebootRequired" if self.station.options.profile_change_reboots else None

    def key_changed(self, key: str, value: str) -> None:
        """A new password or profile takes effect with a new connection (A01, A05.FR.06 and 07)."""
        if key == "AuthorizationKey":
            self.event("ReconfigurationOfSecurityParameters", "AuthorizationKey changed")
            if self.profile in (1, 2):
                self.station.spawn(self.reconnect())
        elif key == "SecurityProfile":
            self._profile_changed()

    def _profile_changed(self) -> None:
        wanted = self.station.config.integer("SecurityProfile")
        if wanted == self.profile:
            return
        self.event("ReconfigurationOfSecurityParameters", f"security profile {wanted}")
        self._trial["previous"] = self.profile
        self.station.memory.save()
        if not self.station.options.profile_change_reboots:
            self._use(wanted)
            self.station.spawn(self.reconnect())

    def _use(self, profile: int) -> None:
        """From the next connection on, this is the security profile."""
        self.profile = profile

    # events

    def event(self, type: str, info: str | None = None) -> None:
        """A security event happened (whitepaper section 8)."""
        self.log.add(type, info)

    def _is_sent(self, type: str) -> bool:
        """Whether the Central System is told of an event: one of those the whitepaper names, in its time.

        A critical one is sent once a security profile is in use: a Central System that knows nothing of the
        whitepaper has no use for one at every boot.
        """
        if not self.station.options.security_extension:
            return False
        return type in TRIGGERED or (type in CRITICAL and self.station.config.integer("SecurityProfile") > 0)

    async def stopping(self, reason: str) -> None:
        """A reset or reboot is an event of its own."""
        if reason in ("HardReset", "SoftReset", "Reboot"):
            self.event("ResetOrReboot", reason)

    def state(self) -> Payload:
        """For GET /state; no secrets."""
        own = self.store.identity
        return {
            "security": {
                "profile": self.profile,
                "roots": {
                    name: [c.subject.rfc4514_string() for c in self.store.trusted(name)]
                    for name in self.store.roots
                },
                "certificate": own.certificate.subject.rfc4514_string() if own else None,
                "events": [entry["type"] for entry in self.log.entries[-20:]],
            }
        }


def _asks_for_password(error: Exception) -> bool:
    """Whether a connection was refused with the challenge of HTTP basic authentication (RFC 7617)."""
    if not isinstance(error, InvalidStatus) or error.response.status_code != 401:
        return False
    return error.response.headers.get("WWW-Authenticate", "").lower().startswith("basic")


def _read(file: str) -> str:
    """The text of a PEM file; raises ValueError (one sentence)."""
    try:
        return Path(file).read_text("ascii")
    except (OSError, UnicodeError) as error:
        raise ValueError(f"{file} cannot be read as PEM ({error})") from None
