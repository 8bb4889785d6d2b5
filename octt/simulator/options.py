"""What one simulated station is: where it connects, what it supports, how fast it is, which legal variant it shows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from octt.simulator.freedom import Freedom

PROFILES = (
    "Core",
    "FirmwareManagement",
    "LocalAuthListManagement",
    "Reservation",
    "SmartCharging",
    "RemoteTrigger",
)
DELAYS = {
    "reply": "every answer to the Central System",
    "function": "triggered messages, and what follows an action or request: statuses, Authorize, first progress",
    "start": "from authorization, or the cable if that comes later, to StartTransaction and Charging",
    "stop": "from being asked to stop to StopTransaction and Finishing",
    "boot": "from a reset, or from power, to the connection",
    "status-after-boot": "from an accepted BootNotification to the statuses",
    "download": "a download of firmware",
    "install": "an installation of firmware",
    "upload": "an upload of diagnostics or a log",
    "certificate": "a request for a certificate after its trigger, and the use of the new one",
}
"""The kinds of delay: what a slow station, no less legal, takes its time for."""


@dataclass(frozen=True)
class Options(Freedom):
    """The options of a station; durations are seconds. Every value here is legal, faults are kept apart.

    Raises ValueError, a sentence, for an unknown kind of delay and for choices that contradict each other.
    """

    csms: str
    """URL of the Central System without the identity, e.g. ws://host:port/ocpp."""
    identity: str
    connectors: int = 1
    faults: tuple[str, ...] = ()
    profiles: tuple[str, ...] = PROFILES
    state_file: str | None = None
    """JSON file that holds what survives a power cycle; without it, that lives in the process only."""

    keys: Mapping[str, str] = field(default_factory=dict)
    """Initial values of configuration keys."""
    readonly: tuple[str, ...] = ()
    """Configuration keys that are read-only here although the specification would let them be writable."""
    absent: tuple[str, ...] = ()
    """Optional configuration keys this station does not have."""

    security_extension: bool = True
    """Messages and keys of the OCPP 1.6-J security whitepaper."""
    security_profile: int = 0
    authorization_key: str = ""
    """Password of profiles 1 and 2: 16 to 20 bytes in hexadecimal digits."""
    tls_csms: Mapping[int, str] = field(default_factory=dict)
    """URLs for security profiles 2 and 3 when the station moves up to them; else `csms` with wss."""
    trust: tuple[str, ...] = ()
    """PEM files with root certificates of the Central System."""
    manufacturer_trust: tuple[str, ...] = ()
    """PEM files with root certificates for firmware."""
    certificate: str | None = None
    """PEM file with the station's own certificate, perhaps followed by its chain; `private_key` belongs to it."""
    private_key: str | None = None
    cipher_suites: tuple[str, ...] = ()
    """Only these suites, named as in the whitepaper, and TLS 1.2 only; else all secure ones."""
    key_type: Literal["rsa", "ec"] = "ec"
    """The kind of key the station generates for its certificate."""
    hash_algorithm: Literal["SHA256", "SHA384", "SHA512"] = "SHA256"
    """What GetInstalledCertificateIds.conf uses."""

    delays: Mapping[str, float] = field(default_factory=dict)
    """Seconds by the kinds of `DELAYS`; they come before the four that follow here."""
    boot_seconds: float = 0.3
    download_seconds: float = 0.1
    install_seconds: float = 0.2
    reply_seconds: float = 0.0
    ev_seconds: float = 0.05
    """Reaction of the vehicle between being offered energy and drawing it."""
    power_pause_seconds: float = 0.2
    backoff_seconds: tuple[float, float] = (0.2, 2.0)
    """First and longest pause between attempts to connect; each is twice the one before."""
    call_timeout_seconds: float = 30.0
    boot_retry_seconds: float = 2.0
    """Pause before the next BootNotification when the Central System gave none."""
    drain_seconds: float = 5.0
    """How long a reset waits for queued messages to be delivered."""

    vendor: str = "Simulated vendor"
    model: str = "Simulated station"
    serial: str = "SIM-0001"
    firmware_version: str = "1.0.0"

    def __post_init__(self) -> None:
        super().__post_init__()
        for kind, seconds in self.delays.items():
            delay(f"{kind}={seconds}")

    def delay(self, kind: str) -> float:
        """How long the station takes for something of that kind, in seconds."""
        usual = {
            "reply": self.reply_seconds,
            "boot": self.boot_seconds,
            "download": self.download_seconds,
            "install": self.install_seconds,
        }
        return self.delays.get(kind, usual.get(kind, 0.0))

    def endpoint(self, profile: int) -> str:
        """The Central System's URL for a security profile, without the identity."""
        if profile < 2:
            return self.csms
        given = self.tls_csms.get(profile, self.csms)
        return "wss:" + given[3:] if given.startswith("ws:") else given


def delay(text: str) -> tuple[str, float]:
    """The (kind, seconds) that `KIND=SECONDS` says. Raises ValueError, a sentence, when it says none."""
    kind, equals, value = text.partition("=")
    if kind not in DELAYS:
        raise ValueError(f"there is no delay {kind!r}; the kinds are {', '.join(DELAYS)}")
    try:
        seconds = float(value)
    except ValueError:
        seconds = math.nan
    if not (equals and math.isfinite(seconds) and seconds >= 0):
        raise ValueError(f"the delay {text!r} needs a number of seconds after the equals sign, 0 or more")
    return kind, seconds
