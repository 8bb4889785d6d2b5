"""The faults of LocalAuthListManagement, Reservation and SmartCharging, and the checks that must notice them."""

from __future__ import annotations

from octt.simulator.faults.fault import Fault, extend, register, steps

_FAMILIES = {
    # local list
    "list-ignored": "authorizes as if there were no local list",
    "empty-list-versioned": "reports the version of an empty list instead of 0",
    "list-version-stuck": "a differential update leaves the version as it was",
    "list-version-unchecked": "takes a differential update that is older than the list",
    "list-mismatch-counts": "answers VersionMismatch and takes the version all the same",
    "list-failure-hidden": "answers Accepted although the list could not be stored",
    # reservations
    "reserves": "reserves:Status answers Accepted to a ReserveNow that should be answered with that status",
    "reservation-ignored": "lets every idTag use a reserved connector",
    "reservation-parent-ignored": "does not let an idTag in for its parentIdTag",
    "reservation-endless": "does not let reservations expire",
    "expired-yet-blocks": "reports an expired reservation as gone and refuses other idTags still",
    "cancel-any": "rejects to cancel an unknown reservation and cancels those it has",
    # smart charging
    "tx-profile-unchecked": "takes a TxProfile for any transaction and for none",
    "remote-profile-unchecked": "takes a profile of any purpose in a remote start",
    "remote-profile-ignored": "does not use the profile of a remote start",
    "limit-ignored": "accepts profiles and charges as if there were none",
    "clear-refused": "clear-refused:BY answers Unknown to clearing by id, by criteria, or by nothing",
    "clears-nothing": "clears-nothing:BY accepts clearing by id, by criteria, or by nothing, and keeps the profiles",
    "clears-everything": "clears all profiles whatever it is asked to clear",
    "composite-ignores": "composite-ignores:WHAT works composite schedules out without that: a purpose, stackLevel, "
    "duration, periods (all but the first), overruling (of TxDefaultProfile by TxProfile)",
    "composite-skew": "composite-skew=S tells the schedule that begins S seconds after now as if it began now",
    "composite-duration": "composite-duration=S reports that duration",
    "composite-stale": "composite-stale=S reports a scheduleStart S seconds after now",
}

_LISTS = [
    Fault(
        "reply:SendLocalList=Failed",
        "takes no list",
        steps("TC_042_2 2", "TC_043 2", "TC_043_2 2", "TC_008 4"),
    ),
    Fault(
        "reply:SendLocalList=VersionMismatch",
        "finds every version wrong",
        steps("TC_042_2 2", "TC_043 2", "TC_043_2 2", "TC_043_3 2"),
    ),
    Fault("reply:SendLocalList@2=Failed", "refuses every second list", steps("TC_043 4", "TC_043_2 6")),
    Fault("set:GetLocalListVersion.listVersion=7", "has a version of its own", steps("TC_043_2 4")),
    Fault("empty-list-versioned", "has a version without a list", steps("TC_042_2 4")),
    Fault("list-version-stuck", "keeps the version after a differential update", steps("TC_043_2 8")),
    Fault("list-version-unchecked", "takes an old differential update", steps("TC_043_2 10")),
    Fault("list-mismatch-counts", "takes the version it found wrong", steps("TC_043_2 12")),
    Fault("list-failure-hidden", "hides that the list could not be stored", steps("TC_043_3 2")),
    Fault("list-ignored", "asks about an idTag of the list", steps("TC_008 implied")),
]

_RESERVATIONS = [
    Fault(
        "reply:ReserveNow=Rejected",
        "takes no reservations",
        steps("TC_046_1 2", "TC_046_2 2", "TC_047 2", "TC_049 2", "TC_053 2"),
    ),
    Fault("reserves:Faulted", "reserves what is faulted", steps("TC_048_1 2", "TC_050_1 2")),
    Fault("reserves:Occupied", "reserves what is occupied", steps("TC_048_2 2", "TC_050_2 2")),
    Fault("reserves:Unavailable", "reserves what is unavailable", steps("TC_048_3 2", "TC_050_3 2")),
    Fault(
        "status-missing:Reserved",
        "does not report Reserved",
        steps("TC_046_1 3", "TC_046_2 3", "TC_047 3", "TC_049 3", "TC_053 3"),
    ),
    Fault(
        "set:StatusNotification[status=Reserved].connectorId=2",
        "reports another connector as Reserved",
        steps("TC_046_1 3", "TC_046_2 3", "TC_047 3", "TC_053 3"),
    ),
    Fault("set:Authorize.idTag=OTHERTAG", "asks about another idTag", steps("TC_046_1 5")),
    Fault(
        "omit:StartTransaction.reservationId",
        "does not say which reservation a transaction uses",
        steps("TC_046_1 9", "TC_046_2 5", "TC_049 5", "TC_053 7"),
    ),
    Fault(
        "set:StartTransaction.reservationId=7777",
        "names a reservation nobody made",
        steps("TC_046_1 9", "TC_046_2 5", "TC_049 5", "TC_051 5", "TC_053 7"),
    ),
    Fault(
        "set:StartTransaction.idTag=OTHERTAG",
        "starts with another idTag than was presented",
        steps("TC_046_1 9", "TC_046_2 5", "TC_049 5"),
    ),
    Fault("reservation-ignored", "lets every idTag use a reserved connector", steps("TC_046_1 result")),
    Fault(
        "reservation-parent-ignored",
        "takes no notice of the reserved parentIdTag",
        steps("TC_053 5/Authorized.3"),
    ),
    Fault("reservation-endless", "does not let reservations expire", steps("TC_047 5")),
    Fault(
        "set:StatusNotification[status=Available].connectorId=2",
        "reports another connector as Available",
        steps("TC_047 5", "TC_051 3"),
    ),
    Fault("expired-yet-blocks", "refuses others after the reservation expired", steps("TC_047 result")),
    Fault("reply:CancelReservation=Rejected", "cancels no reservation", steps("TC_051 2")),
    Fault("ignore:CancelReservation", "keeps a cancelled reservation", steps("TC_051 3")),
    Fault("reply:CancelReservation=Accepted", "accepts to cancel what is not there", steps("TC_052 2")),
    Fault("cancel-any", "cancels another reservation", steps("TC_052 result")),
]

_COMPOSITE = steps("TC_056 4", "TC_057 4", "TC_082 4", "TC_066 2", "TC_067 4", "TC_072 2", "TC_059 3")

_SMART_CHARGING = [
    Fault("reply:SetChargingProfile=Rejected", "takes no profile", steps("TC_056 2", "TC_057 2", "TC_082 2")),
    Fault(
        "reply:SetChargingProfile=NotSupported",
        "claims to know no profiles",
        steps("TC_058_1 2", "TC_058_2 2"),
    ),
    Fault(
        "ignore:SetChargingProfile",
        "accepts profiles and forgets them",
        steps("TC_056 4", "TC_057 4", "TC_082 4", "TC_066 2", "TC_072 2"),
    ),
    Fault("tx-profile-unchecked", "takes a TxProfile at any time", steps("TC_058_1 2", "TC_058_2 2")),
    Fault("callerror:SetChargingProfile", "answers with CALLERROR", steps("TC_058_1 2", "TC_058_2 2")),
    Fault(
        "callerror:SetChargingProfile=PropertyConstraintViolation",
        "answers with CALLERROR where a status is asked for",
        steps("TC_058_2 2"),
    ),
    Fault("reply:GetCompositeSchedule=Rejected", "tells no schedule", _COMPOSITE),
    Fault("callerror:GetCompositeSchedule", "answers with CALLERROR", _COMPOSITE),
    Fault("omit:GetCompositeSchedule.chargingSchedule", "answers without a schedule", _COMPOSITE),
    Fault("set:GetCompositeSchedule.connectorId=2", "tells the schedule of another connector", _COMPOSITE),
    Fault("set:GetCompositeSchedule.chargingSchedule.duration=60", "tells another duration", _COMPOSITE),
    Fault("set:GetCompositeSchedule.chargingSchedule.chargingRateUnit=W", "names another unit", _COMPOSITE),
    Fault(
        "set:GetCompositeSchedule.chargingSchedule.chargingSchedulePeriod.*.limit=9999",
        "tells other limits",
        _COMPOSITE,
    ),
    Fault(
        "set:GetCompositeSchedule.chargingSchedule.chargingSchedulePeriod.*.numberPhases=4",
        "tells of a fourth phase",
        steps("TC_067 4", "TC_072 2"),
    ),
    Fault("composite-stale=-3600", "tells a scheduleStart of an hour ago", _COMPOSITE),
    Fault("omit:GetCompositeSchedule.scheduleStart", "tells no scheduleStart", _COMPOSITE),
    Fault(
        "composite-skew=40", "tells a schedule that begins later", steps("TC_066 2", "TC_067 4", "TC_072 2")
    ),
    Fault("composite-ignores:periods", "knows first periods only", steps("TC_066 2", "TC_067 4", "TC_072 2")),
    Fault("composite-ignores:duration", "lets schedules go on for ever", steps("TC_072 2")),
    Fault("composite-ignores:stackLevel", "prefers the lower stackLevel", steps("TC_072 2")),
    Fault(
        "composite-ignores:ChargePointMaxProfile",
        "does not count the station's own limit",
        steps("TC_066 2", "TC_067 8"),
    ),
    Fault(
        "composite-ignores:TxProfile",
        "does not count the transaction's profile",
        steps("TC_057 4", "TC_066 2", "TC_059 3"),
    ),
    Fault(
        "composite-ignores:TxDefaultProfile",
        "does not count default profiles",
        steps("TC_056 4", "TC_082 4", "TC_067 4", "TC_072 2"),
    ),
    Fault("composite-ignores:overruling", "returns to the TxDefaultProfile too early", steps("TC_066 2")),
    Fault("clear-refused:id", "does not find a profile by its id", steps("TC_067 2")),
    Fault("clear-refused:criteria", "does not find profiles by criteria", steps("TC_067 6")),
    Fault("clear-refused:nothing", "does not clear all profiles", steps("TC_067 10")),
    Fault("clears-nothing:id", "keeps the profile with that id", steps("TC_067 4")),
    Fault("clears-nothing:criteria", "keeps profiles that match", steps("TC_067 8")),
    Fault("clears-nothing:nothing", "keeps all profiles", steps("TC_067 12")),
    # the third and fourth composite schedule of TC_067; the first one is the station's own limit
    Fault("reply:GetCompositeSchedule@3=Rejected", "tells not every schedule", steps("TC_067 8")),
    Fault("reply:GetCompositeSchedule@4=Rejected", "tells not every schedule", steps("TC_067 12")),
    Fault("composite-duration:@3=60", "reports another duration at times", steps("TC_067 8")),
    Fault("composite-duration:@4=60", "reports another duration at times", steps("TC_067 12")),
    Fault("clears-everything", "clears more than it is asked to", steps("TC_067 4")),
    Fault("remote-profile-ignored", "does not use the profile of a remote start", steps("TC_059 3")),
    Fault("remote-profile-unchecked", "takes any profile in a remote start", steps("TC_060 2")),
    Fault("limit-ignored", "charges faster than the profile allows", steps("TC_059 result")),
]

register(_FAMILIES, [*_LISTS, *_RESERVATIONS, *_SMART_CHARGING])
extend(
    {
        "status-missing:Preparing": steps("TC_008 5", "TC_046_1 7", "TC_010 Charging.3"),
        "status-missing:Charging": steps("TC_008 11", "TC_046_1 11", "TC_010 Charging.13"),
        "reply:RemoteStartTransaction=Rejected": steps("TC_008 8", "TC_010 Charging.6"),
        "set:Authorize.idTag=OTHERTAG": steps("TC_010 Charging.9"),
        "set:StartTransaction.idTag=OTHERTAG": steps("TC_010 Charging.11"),
        "reply:RemoteStartTransaction=Accepted": steps("TC_060 2"),
        "ignore-cache": steps("TC_008 implied"),
        "set:GetLocalListVersion.listVersion=1": steps("TC_042_2 4", "TC_043_2 4"),
        "hang-after:ReserveNow=1.5": steps(
            *(f"TC_{case} result" for case in ("048_1", "048_2", "048_3", "050_1", "050_2", "050_3"))
        ),
    }
)
