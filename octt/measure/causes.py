"""What follows from a call of the Central System or from an action at the station, and how to know it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from octt.ocpp.values import same

Payload = dict[str, Any]
Fits = Callable[[Payload], bool]

READS = frozenset(
    {"GetConfiguration", "GetLocalListVersion", "GetCompositeSchedule", "GetInstalledCertificateIds"}
)
"""Calls that change nothing; what was asked for before any other call does not follow at once any more."""

_EXCLUDED = {"FirmwareStatusNotification", "DiagnosticsStatusNotification", "LogStatusNotification"}


def of_call(action: str, asked: Payload, statuses: Mapping[int, str]) -> tuple[str, str, Fits] | None:
    """The measure, the request to come and how to know it, for a call that is accepted; None when nothing follows.

    `statuses` are the last of each connector: what the station need not do, since it is so already, does not follow.
    """
    connector = asked.get("connectorId")
    match action:
        case "RemoteStartTransaction":
            return "remote_start", "StartTransaction", lambda got: _of_remote_start(got, asked)
        case "RemoteStopTransaction":
            ended = asked.get("transactionId")
            return "remote_stop", "StopTransaction", lambda got: got.get("transactionId") == ended
        case "ReserveNow":
            known = [statuses.get(connector, "")] if isinstance(connector, int) else []
            if known == ["Reserved"]:
                return None
            return (
                "triggered",
                "StatusNotification",
                lambda got: got.get("connectorId") == connector and got.get("status") == "Reserved",
            )
        case "ChangeAvailability":
            out = asked.get("type") == "Inoperative"
            known = [name for number, name in statuses.items() if connector in (0, number)]
            if known and all((name == "Unavailable") is out for name in known):
                return None
            return (
                "triggered",
                "StatusNotification",
                lambda got: (
                    connector in (0, got.get("connectorId")) and (got.get("status") == "Unavailable") is out
                ),
            )
        case "TriggerMessage" | "ExtendedTriggerMessage":
            return _of_trigger(asked.get("requestedMessage"), connector)
    return None


def _of_remote_start(got: Payload, asked: Payload) -> bool:
    connector = asked.get("connectorId")
    return same(got.get("idTag"), asked.get("idTag")) and connector in (None, 0, got.get("connectorId"))


def _of_trigger(requested: object, connector: object) -> tuple[str, str, Fits] | None:
    if not isinstance(requested, str) or requested in _EXCLUDED:
        return None
    request = "SignCertificate" if requested == "SignChargePointCertificate" else requested
    return (
        "triggered",
        request,
        lambda got: connector in (None, 0) or "connectorId" not in got or got["connectorId"] == connector,
    )


def of_action(name: str, params: Payload) -> Iterator[tuple[str, str, Fits]]:
    """The same for an action at the station, which may begin a transaction or end one.

    Begun by the card or by the cable, whichever comes last. Ended for the reason that belongs to the action (section
    7.36); a StopTransaction without a reason means Local.
    """
    connector, id_tag = params.get("connector"), params.get("id_tag")
    if name == "plug_in":
        yield "local_start", "StartTransaction", lambda got: connector in (None, got.get("connectorId"))
    elif name == "present_id_tag":
        yield "local_start", "StartTransaction", lambda got: same(got.get("idTag"), id_tag)
        yield (
            "local_stop",
            "StopTransaction",
            lambda got: _locally(got) and ("idTag" not in got or same(got["idTag"], id_tag)),
        )
    elif name == "press_stop":
        yield "local_stop", "StopTransaction", _locally
    elif name in ("unplug", "unplug_ev"):
        yield "local_stop", "StopTransaction", lambda got: got.get("reason") == "EVDisconnected"


def _locally(got: Payload) -> bool:
    return bool(got.get("reason", "Local") == "Local")
