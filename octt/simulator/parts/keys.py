"""The standard configuration keys: type, range, default, access (specification 9, security whitepaper 7, errata)."""

from __future__ import annotations

from dataclasses import dataclass

from octt.simulator.freedom import KNOWN_MEASURANDS
from octt.simulator.options import Options

_ROTATIONS = ("NotApplicable", "Unknown", "RST", "RTS", "SRT", "STR", "TRS", "TSR")


@dataclass(frozen=True)
class Key:
    """One configuration key. `access` is R, RW or W; `reboot` says that a change counts after a restart.

    `least` is the lowest value but 0, which switches off what the key is about.
    """

    name: str
    default: str
    type: str = "integer"
    access: str = "RW"
    low: int = 0
    high: int = 2**31 - 1
    least: int = 0
    members: tuple[str, ...] = ()
    most: int = 0
    reboot: bool = False

    def allows(self, value: str, connectors: int) -> bool:
        """Whether the key can have that value."""
        if len(value) > 500:
            return False
        if self.type == "boolean":
            return value.lower() in ("true", "false")
        if self.type == "integer":
            text = value.strip()
            if not text.lstrip("-").isascii() or not text.lstrip("-").isdigit() or len(text) > 11:
                return False
            return self.low <= int(text) <= self.high and (int(text) == 0 or int(text) >= self.least)
        if self.type == "rotation":
            return all(_is_rotation(item.strip(), connectors) for item in value.split(",") if item.strip())
        if self.type == "list":
            items = [item.strip() for item in value.split(",") if item.strip()]
            return len(items) == len(set(items)) <= self.most and all(
                split_phase(item)[0] in self.members for item in items
            )
        return self.low <= len(value) <= self.high


def split_phase(measurand: str) -> tuple[str, str]:
    """A measurand as a key names it, and its phase suffix (L1, L2-N, ...) or ""."""
    head, _, tail = measurand.rpartition(".")
    return (head, tail) if tail in ("L1", "L2", "L3", "N", "L1-N", "L2-N", "L3-N") else (measurand, "")


def _is_rotation(item: str, connectors: int) -> bool:
    number, dot, rotation = item.partition(".")
    if not dot:
        return item in _ROTATIONS
    return number.isascii() and number.isdigit() and int(number) <= connectors and rotation in _ROTATIONS


def standard_keys(options: Options) -> list[Key]:
    """The keys of a station with these options: Core always, the others with their profile."""

    def measurands(name: str, default: str) -> list[Key]:
        most = len(measurable)
        usual = ",".join(item for item in default.split(",") if item in measurable)
        return [
            Key(name, usual, "list", members=measurable, most=most),
            Key(f"{name}MaxLength", str(most), access="R"),
        ]

    measurable = options.measurands or KNOWN_MEASURANDS
    connectors = options.connectors
    keys = [
        Key("AllowOfflineTxForUnknownId", "false", "boolean"),
        Key("AuthorizationCacheEnabled", "true", "boolean"),
        Key("AuthorizeRemoteTxRequests", "true", "boolean"),
        Key("BlinkRepeat", "3"),
        Key("ClockAlignedDataInterval", "0", high=86400),
        Key("ConnectionTimeOut", "60"),
        Key("ConnectorPhaseRotation", ",".join(f"{n}.RST" for n in range(connectors + 1)), "rotation"),
        Key("ConnectorPhaseRotationMaxLength", str(connectors + 1), access="R"),
        Key("GetConfigurationMaxKeys", "60", access="R"),
        Key("HeartbeatInterval", "300"),
        Key("LightIntensity", "80", high=100),
        Key("LocalAuthorizeOffline", "true", "boolean"),
        Key("LocalPreAuthorize", "false", "boolean"),
        Key("MaxEnergyOnInvalidId", "0"),
        *measurands("MeterValuesAlignedData", "Energy.Active.Import.Register"),
        *measurands("MeterValuesSampledData", "Energy.Active.Import.Register,Power.Active.Import"),
        Key("MeterValueSampleInterval", "60"),
        Key("MinimumStatusDuration", "0"),
        Key("NumberOfConnectors", str(connectors), access="R"),
        Key("ResetRetries", "3"),
        Key("StopTransactionOnEVSideDisconnect", "true", "boolean"),
        Key("StopTransactionOnInvalidId", "true", "boolean"),
        *measurands("StopTxnAlignedData", ""),
        *measurands("StopTxnSampledData", ""),
        Key("SupportedFeatureProfiles", ",".join(options.profiles), "string", "R"),
        Key("SupportedFeatureProfilesMaxLength", "6", access="R"),
        Key("SupportedFileTransferProtocols", "FTP,FTPS,HTTP,HTTPS", "string", "R"),
        Key("TransactionMessageAttempts", "3", low=1),
        Key("TransactionMessageRetryInterval", "10"),
        Key("UnlockConnectorOnEVSideDisconnect", "true", "boolean"),
        Key("WebSocketPingInterval", "0"),
    ]
    if options.security_extension:
        keys += [
            Key("AdditionalRootCertificateCheck", "false", "boolean", "R"),
            Key("AuthorizationKey", options.authorization_key, "string", "W", low=16, high=40),
            Key("CertificateSignedMaxChainSize", "10000", access="R"),
            Key("CertificateStoreMaxLength", "10", access="R"),
            Key("CpoName", "", "string", high=64),
            Key("SecurityProfile", str(options.security_profile), high=3),
        ]
    if "LocalAuthListManagement" in options.profiles:
        keys += [
            Key("LocalAuthListEnabled", "true", "boolean"),
            Key("LocalAuthListMaxLength", "100", access="R"),
            Key("SendLocalListMaxLength", "50", access="R"),
        ]
    if "Reservation" in options.profiles:
        keys.append(Key("ReserveConnectorZeroSupported", "true", "boolean", "R"))
    if "SmartCharging" in options.profiles:
        keys += [
            Key("ChargeProfileMaxStackLevel", "8", access="R"),
            Key("ChargingScheduleAllowedChargingRateUnit", "Current,Power", "string", "R"),
            Key("ChargingScheduleMaxPeriods", "24", access="R"),
            Key("ConnectorSwitch3to1PhaseSupported", "true", "boolean", "R"),
            Key("MaxChargingProfilesInstalled", "20", access="R"),
        ]
    return keys
