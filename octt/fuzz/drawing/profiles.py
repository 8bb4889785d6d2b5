"""Which requests of the Central System belong to which profile."""

from __future__ import annotations

from octt.record.words import Profile

ACTIONS: dict[str, frozenset[str]] = {
    Profile.CORE: frozenset(
        {
            *("ChangeAvailability", "ChangeConfiguration", "ClearCache", "DataTransfer", "GetConfiguration"),
            *("RemoteStartTransaction", "RemoteStopTransaction", "Reset", "UnlockConnector"),
        }
    ),
    Profile.FIRMWARE_MANAGEMENT: frozenset({"GetDiagnostics", "UpdateFirmware"}),
    Profile.LOCAL_AUTH_LIST_MANAGEMENT: frozenset({"GetLocalListVersion", "SendLocalList"}),
    Profile.SMART_CHARGING: frozenset({"ClearChargingProfile", "GetCompositeSchedule", "SetChargingProfile"}),
    Profile.REMOTE_TRIGGER: frozenset({"TriggerMessage"}),
    Profile.RESERVATION: frozenset({"CancelReservation", "ReserveNow"}),
    Profile.SECURITY: frozenset(
        {
            *("CertificateSigned", "DeleteCertificate", "ExtendedTriggerMessage"),
            *("GetInstalledCertificateIds", "GetLog", "InstallCertificate", "SignedUpdateFirmware"),
        }
    ),
}
