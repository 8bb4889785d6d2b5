"""What one simulated station is: where it connects, what it supports, how fast it is, which legal variant it shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

PROFILES = (
    "Core",
    "FirmwareManagement",
    "LocalAuthListManagement",
    "Reservation",
    "SmartCharging",
    "RemoteTrigger",
)


@dataclass(frozen=True)
class Options:
    """The options of a station; durations are seconds. Every value here is legal, faults are kept apart."""

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

    fixed_cable: bool = False
    status_first: bool = False
    """Report Charging before StartTransaction and Finishing before StopTransaction."""
    chatty: bool = False
    """Legal but unnecessary messages: short intermediate statuses, repeated statuses, idle meter values."""
    terse: bool = False
    """As few messages as the specification allows: no heartbeat after other traffic, no reason Local."""
    refuse_unsupported: bool = False
    """Answer messages of absent profiles with CALLERROR NotSupported where a status would do too."""
    constraint_errors: bool = False
    """Answer CALLERROR PropertyConstraintViolation where Rejected would do too: a TxProfile without transaction, a
    remote start with another profile, a trigger for an unknown connector."""
    split_schedules: bool = False
    """Tell composite schedules in more periods than needed."""
    soft_reset_reboots: bool = True
    backup_power: bool = False
    """Enough energy to end transactions and report them before a power loss takes the station down."""
    resume_transactions: bool = False
    """Without backup power: a transaction goes on after the power loss instead of being stopped."""
    stop_resumed: bool = False
    """The transaction that was resumed is stopped for PowerLoss a moment later, after its connector said Charging."""
    update_style: Literal["reboot", "report-first", "no-reboot"] = "reboot"
    """A firmware update: reboots and then reports Installed, reports the end and then reboots, or waits for a reset."""
    second_swipe_cancels: bool = True
    """Presenting the same idTag again before plugging in ends the authorization."""

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
    profile_change_reboots: bool = False
    """A change of SecurityProfile is answered RebootRequired and waits for a reset."""
    signed_firmware: bool = True
    only_signed_firmware: bool = False
    """Answer UpdateFirmware with NotSupported, as the whitepaper has it (L01.FR.20)."""
    legacy_signatures: bool = False
    """Also take firmware signatures with RSA PKCS #1 v1.5 padding."""

    boot_seconds: float = 0.3
    ev_seconds: float = 0.05
    """Reaction of the vehicle between being offered energy and drawing it."""
    download_seconds: float = 0.1
    install_seconds: float = 0.2
    reply_seconds: float = 0.0
    """Delay of every answer to the Central System."""
    power_pause_seconds: float = 0.2
    backoff_seconds: tuple[float, float] = (0.2, 2.0)
    """First and longest pause between attempts to connect."""
    call_timeout_seconds: float = 30.0
    boot_retry_seconds: float = 2.0
    """Pause before the next BootNotification when the Central System gave none."""
    drain_seconds: float = 5.0
    """How long a reset waits for queued messages to be delivered."""

    vendor: str = "OCTT"
    model: str = "Simulated station"
    serial: str = "SIM-0001"
    firmware_version: str = "1.0.0"

    @property
    def url(self) -> str:
        """The WebSocket address of this station: the Central System's URL followed by the identity."""
        return f"{self.csms.rstrip('/')}/{self.identity}"

    def endpoint(self, profile: int) -> str:
        """The Central System's URL for a security profile, without the identity."""
        if profile < 2:
            return self.csms
        given = self.tls_csms.get(profile, self.csms)
        return "wss:" + given[3:] if given.startswith("ws:") else given
