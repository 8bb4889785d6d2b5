"""The standard configuration keys of OCPP 1.6 (chapter 9) and of the security whitepaper (section 2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Access = Literal["R", "RW", "R|RW", "W"]
Type = Literal["bool", "int", "list", "text"]


@dataclass(frozen=True)
class Key:
    """One standard key. `access` "R|RW": the station chooses; "W": it can be written but must not be readable."""

    name: str
    profile: str
    type: Type
    access: Access
    required: bool
    unit: str = ""


def _keys(profile: str, *rows: str) -> list[Key]:
    keys = []
    for row in rows:
        name, kind, access, required, *unit = row.split()
        keys.append(Key(name, profile, kind, access, required == "yes", " ".join(unit)))  # type: ignore[arg-type]
    return keys


KEYS: dict[str, Key] = {
    key.name: key
    for key in [
        *_keys(
            "Core",
            "AllowOfflineTxForUnknownId bool RW no",
            "AuthorizationCacheEnabled bool RW no",
            "AuthorizeRemoteTxRequests bool R|RW yes",
            "BlinkRepeat int RW no times",
            "ClockAlignedDataInterval int RW yes seconds",
            "ConnectionTimeOut int RW yes seconds",
            "ConnectorPhaseRotation list RW yes",
            "ConnectorPhaseRotationMaxLength int R no",
            "GetConfigurationMaxKeys int R yes",
            "HeartbeatInterval int RW yes seconds",
            "LightIntensity int RW no percent",
            "LocalAuthorizeOffline bool RW yes",
            "LocalPreAuthorize bool RW yes",
            "MaxEnergyOnInvalidId int RW no Wh",
            "MeterValuesAlignedData list RW yes",
            "MeterValuesAlignedDataMaxLength int R no",
            "MeterValuesSampledData list RW yes",
            "MeterValuesSampledDataMaxLength int R no",
            "MeterValueSampleInterval int RW yes seconds",
            "MinimumStatusDuration int RW no seconds",
            "NumberOfConnectors int R yes",
            "ResetRetries int RW yes times",
            # optional and of either access since errata sheet 4.0
            "StopTransactionOnEVSideDisconnect bool R|RW no",
            "StopTransactionOnInvalidId bool RW yes",
            "StopTxnAlignedData list RW yes",
            "StopTxnAlignedDataMaxLength int R no",
            "StopTxnSampledData list RW yes",
            "StopTxnSampledDataMaxLength int R no",
            "SupportedFeatureProfiles list R yes",
            "SupportedFeatureProfilesMaxLength int R no",
            "TransactionMessageAttempts int RW yes times",
            "TransactionMessageRetryInterval int RW yes seconds",
            "UnlockConnectorOnEVSideDisconnect bool R|RW yes",
            "WebSocketPingInterval int RW no seconds",
        ),
        *_keys("FirmwareManagement", "SupportedFileTransferProtocols list R no"),
        *_keys(
            "LocalAuthListManagement",
            "LocalAuthListEnabled bool RW yes",
            "LocalAuthListMaxLength int R yes",
            "SendLocalListMaxLength int R yes",
        ),
        *_keys("Reservation", "ReserveConnectorZeroSupported bool R no"),
        *_keys(
            "SmartCharging",
            "ChargeProfileMaxStackLevel int R yes",
            "ChargingScheduleAllowedChargingRateUnit list R yes",
            "ChargingScheduleMaxPeriods int R yes",
            "ConnectorSwitch3to1PhaseSupported bool R no",
            "MaxChargingProfilesInstalled int R yes",
        ),
        *_keys(
            "Security",
            "AdditionalRootCertificateCheck bool R no",
            "AuthorizationKey text W no",
            "CertificateSignedMaxChainSize int R no",
            "CertificateStoreMaxLength int R no",
            "CpoName text RW no",
            "SecurityProfile int RW no",
        ),
    ]
}
