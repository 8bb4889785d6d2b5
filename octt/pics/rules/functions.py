"""Rules on single functions: how the station answers a request, what it reports, which limits it keeps."""

from __future__ import annotations

import re

from octt.ocpp.values import ENERGY, PERIODIC, sampled, shown, table
from octt.pics.evidence import Message
from octt.pics.rules.base import Asked, Sighting, judged, remark
from octt.record.words import Profile

MESSAGES = {
    Profile.FIRMWARE_MANAGEMENT: ("UpdateFirmware", "GetDiagnostics"),
    Profile.LOCAL_AUTH_LIST_MANAGEMENT: ("SendLocalList", "GetLocalListVersion"),
    Profile.SMART_CHARGING: ("SetChargingProfile", "ClearChargingProfile", "GetCompositeSchedule"),
    Profile.REMOTE_TRIGGER: ("TriggerMessage",),
    Profile.RESERVATION: ("ReserveNow", "CancelReservation"),
    Profile.SECURITY: (
        "ExtendedTriggerMessage",
        "InstallCertificate",
        "GetInstalledCertificateIds",
        "GetLog",
    ),
}


def unsupported_message(asked: Asked) -> Sighting | None:
    """A message of a declared profile that was never answered but with NotImplemented or NotSupported.

    What was asked with the local list switched off, or of a connector that does not exist, does not count.
    """
    count = asked.declaration.answer("HFS-8")
    off = {
        call.case
        for call in asked.evidence.called("ChangeConfiguration")
        if call.payload.get("key") == "LocalAuthListEnabled"
        and str(call.payload.get("value")).lower() == "false"
    }
    for profile, actions in MESSAGES.items():
        for action in actions if profile in asked.answer else ():
            calls = [call for call in asked.evidence.called(action) if _fair(call, count, off)]
            if calls and all(
                "NotSupported" in (call.status, call.error) or call.error == "NotImplemented"
                for call in calls
            ):
                word = calls[0].error or calls[0].status
                why = f"{action} was always answered with {word}, though {profile} is declared"
                return judged(False, why, calls[0].reply_line)
    return None


def _fair(call: Message, connectors: object, list_off: set[int]) -> bool:
    if call.action in MESSAGES[Profile.LOCAL_AUTH_LIST_MANAGEMENT]:
        return call.case not in list_off
    connector = call.payload.get("connectorId")
    return not (type(connector) is int and type(connectors) is int and connector > connectors)


def unlocked(asked: Asked) -> Sighting | None:
    """Only a connector with a lock, so with a detachable cable, is Unlocked (section 5.18)."""
    for call in asked.evidence.called("UnlockConnector"):
        if call.status == "Unlocked":
            why = f"connector {call.payload.get('connectorId')} was Unlocked"
            return judged(asked.answer is True, why, call.reply_line)
    return None


def unlock_not_supported(asked: Asked) -> Sighting | None:
    """A fixed cable answers NotSupported; but a connector without a lock may do so too."""
    count = asked.declaration.answer("HFS-8")
    for call in asked.evidence.called("UnlockConnector"):
        connector = call.payload.get("connectorId")
        if call.status == "NotSupported" and type(count) is int and connector in range(1, count + 1):
            why = f"UnlockConnector of connector {connector} was answered with NotSupported"
            return (
                judged(True, why, call.reply_line) if asked.answer is True else remark(why, call.reply_line)
            )
    return None


def highest_connector(asked: Asked) -> Sighting | None:
    """The station reports no connector that it does not have."""
    for status in asked.evidence.sent("StatusNotification"):
        connector = status.payload.get("connectorId")
        if type(connector) is int and connector > asked.answer:
            return judged(False, f"StatusNotification of connector {connector}", status.line)
    return None


def measurands(asked: Asked) -> Sighting | None:
    """Measurands in MeterValues of that context: one not declared contradicts, all the declared ones confirm."""
    context = PERIODIC if asked.question.id == "C-09.1" else "Sample.Clock"
    declared = {str(item).lower(): str(item) for item in asked.answer}
    seen: dict[str, int] = {}
    for message in asked.evidence.sent("MeterValues"):
        for _, sample in sampled(message.payload):
            if sample.get("context", PERIODIC) == context:
                seen.setdefault(shown(sample.get("measurand", ENERGY)), message.line)
    for name, line in seen.items():
        if name.lower() not in declared:
            return judged(False, f"MeterValues ({context}) with {name}, which is not declared", line)
    if not seen:
        return None
    missing = [declared[name] for name in declared if name not in {found.lower() for found in seen}]
    last = max(seen.values())
    if missing:
        return remark(f"seen: {', '.join(seen)}; not seen: {', '.join(missing)}", last)
    return judged(True, f"seen: {', '.join(seen)}", last)


def reserved_zero(asked: Asked) -> Sighting | None:
    """ReserveNow of connector 0 is Accepted only where that is supported; else Rejected (section 5.13)."""
    for call in asked.evidence.called("ReserveNow"):
        if call.payload.get("connectorId") != 0:
            continue
        why = f"ReserveNow of connector 0 was answered with {call.status or call.error}"
        if call.status == "Accepted":
            return judged(asked.answer is True, why, call.reply_line)
        if call.status == "Rejected":
            return (
                judged(True, why, call.reply_line) if asked.answer is False else remark(why, call.reply_line)
            )
    return None


def signed_update(asked: Asked) -> Sighting | None:
    """SignedUpdateFirmware is accepted, or the message is not known."""
    for call in asked.evidence.called("SignedUpdateFirmware"):
        why = f"SignedUpdateFirmware was answered with {call.status or call.error}"
        if call.status == "Accepted" or call.error in ("NotImplemented", "NotSupported"):
            return judged(asked.answer is (call.status == "Accepted"), why, call.reply_line)
    return None


def last_root_deleted(asked: Asked) -> Sighting | None:
    """DeleteCertificate of a root certificate that was, by the list just read, the only one.

    One that verifies the connection in use must not be deleted (whitepaper M04.FR.06), which says nothing.
    """
    secure = {connect.connection for connect in asked.evidence.connects if connect.security_profile >= 2}
    only: dict[str, object] | None = None
    for call in asked.evidence.called(
        "GetInstalledCertificateIds", "InstallCertificate", "DeleteCertificate"
    ):
        wanted = call.payload.get("certificateHashData")
        if call.action == "DeleteCertificate" and wanted == only and call.status in ("Accepted", "Failed"):
            why = (
                f"DeleteCertificate of the only CentralSystemRootCertificate was answered with {call.status}"
            )
            if call.status == "Failed" and call.connection in secure:
                return remark(f"{why}: it may be in use", call.reply_line)
            return judged(asked.answer is (call.status == "Accepted"), why, call.reply_line)
        only = None
        if call.payload.get("certificateType") == "CentralSystemRootCertificate":
            listed = call.reply.get("certificateHashData")
            if isinstance(listed, list) and len(listed) == 1 and isinstance(listed[0], dict):
                only = listed[0]
    return None


def shortest_interval(asked: Asked) -> Sighting | None:
    """Which intervals ChangeConfiguration could set; 0 switches off and says nothing about a longer minimum."""
    key = "MeterValueSampleInterval" if asked.question.id == "ORS-4" else "HeartbeatInterval"
    best: Sighting | None = None
    for call in asked.evidence.called("ChangeConfiguration"):
        text = str(call.payload.get("value", ""))
        if call.payload.get("key") != key or not text.isdecimal():
            continue
        seconds, why = int(text), f"{key} = {text} was answered with {call.status or call.error}"
        accepted = call.status in ("Accepted", "RebootRequired")
        if (accepted and 0 < seconds < asked.answer) or (
            call.status == "Rejected" and seconds >= max(1, asked.answer)
        ):
            return judged(False, why, call.reply_line)
        if accepted and seconds == asked.answer:
            best = judged(True, why, call.reply_line)
        elif accepted and best is None:
            best = remark(why, call.reply_line)
    return best


def list_limits(asked: Asked) -> Sighting | None:
    """More idTags than the declared limit were accepted, so it is not the limit."""
    for call in asked.evidence.called("SendLocalList"):
        entries = call.payload.get("localAuthorizationList")
        count = len(entries) if isinstance(entries, list) else 0
        whole = call.payload.get("updateType") == "Full" or asked.question.id == "ORS-13"
        if whole and count > asked.answer and call.status == "Accepted":
            return judged(False, f"SendLocalList with {count} idTags was Accepted", call.reply_line)
    return None


def stack_level_limit(asked: Asked) -> Sighting | None:
    """A stackLevel above the declared limit was accepted, or exactly the limit was."""
    for call in asked.evidence.called("SetChargingProfile"):
        level = table(call.payload.get("csChargingProfiles")).get("stackLevel")
        if type(level) is int and level > asked.answer and call.status == "Accepted":
            return judged(False, f"SetChargingProfile with stackLevel {level} was Accepted", call.reply_line)
    return None


def milliseconds(asked: Asked) -> Sighting | None:
    """Whether timestamps have fractions of a second; three without one are taken as a habit."""
    plain: list[int] = []
    for message in asked.evidence.sent("StatusNotification", "StartTransaction", "StopTransaction"):
        text = message.payload.get("timestamp")
        if isinstance(text, str) and re.search(r"T\d\d:\d\d:\d\d\.\d", text):
            return judged(asked.answer is True, "a timestamp has a fraction of a second", message.line)
        if isinstance(text, str):
            plain.append(message.line)
    if len(plain) >= 3:
        return judged(
            asked.answer is False, f"none of {len(plain)} timestamps has a fraction of a second", plain[0]
        )
    return None
