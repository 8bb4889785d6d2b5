"""The general rules of the test-case document (section 2, introduction), in one place.

They hold for every case: which neighbours may come in reversed order, and which messages a station may send at any
time without remark.
"""

from __future__ import annotations

from typing import Any

from octt.csms.traffic import Seen

_REVERSIBLE = (("StartTransaction", "Charging"), ("StopTransaction", "Finishing"))
"""A transaction message and the status that may come before or after it, in every case."""

_ONCE = {"StartTransaction": ("connectorId",), "StopTransaction": ("transactionId",)}
"""Messages sent once for what these fields name: the first one decides, waiting for another is in vain."""

_PROGRESS = {
    "FirmwareStatusNotification": (
        {"Downloading"},
        {"Downloaded", "DownloadFailed"},
        {"Installing"},
        {"Installed", "InstallationFailed"},
    ),
    "SignedFirmwareStatusNotification": (
        {"Downloading"},
        {"Downloaded", "DownloadFailed"},
        {"SignatureVerified", "InvalidSignature"},
        {"Installing"},
        {"Installed", "InstallationFailed", "InstallVerificationFailed"},
    ),
    "DiagnosticsStatusNotification": ({"Uploading"}, {"Uploaded", "UploadFailed"}),
    "LogStatusNotification": (
        {"Uploading"},
        {"Uploaded", "UploadFailure", "PermissionDenied", "BadMessage", "NotSupportedOperation"},
    ),
}
"""Statuses in their order: when one of the same place or a later one comes, waiting for another is in vain."""

_ANY_TIME = frozenset(
    {
        "Heartbeat",
        "MeterValues",
        "SecurityEventNotification",
        "LogStatusNotification",
        "DataTransfer",
    }
)


def may_be_reversed(
    action: str, expected: dict[str, Any], other: str, other_expected: dict[str, Any]
) -> bool:
    """Whether two neighbouring expectations may be met in either order."""
    return any(
        (action == message and _allows(other, other_expected, status))
        or (other == message and _allows(action, expected, status))
        for message, status in _REVERSIBLE
    )


def _allows(action: str, expected: dict[str, Any], status: str) -> bool:
    wanted = expected.get("status")
    members = wanted if isinstance(wanted, set | frozenset) else {wanted}
    return action == "StatusNotification" and status in members


def decides(action: str, expected: dict[str, Any], payload: dict[str, Any]) -> bool:
    """Whether this message is the one that was expected, right or wrong.

    A transaction starts and stops once; a status of an update or upload may be repeated, but none comes back.
    """
    if action in _PROGRESS and "status" in expected:
        wanted = expected["status"]
        members = wanted if isinstance(wanted, set | frozenset) else {wanted}
        places = [place for place, statuses in enumerate(_PROGRESS[action]) if statuses & members]
        late = set().union(*_PROGRESS[action][min(places) :]) if places else set()
        return str(payload.get("status")) in late
    fields = _ONCE.get(action)
    return fields is not None and all(
        field in expected and expected[field] == payload.get(field) for field in fields
    )


def needs_no_remark(seen: Seen, connector: int) -> bool:
    """Whether a request that no step expected is something a conformant station may send at any time."""
    if seen.action in _ANY_TIME:
        return True
    return seen.action == "StatusNotification" and seen.payload.get("connectorId") != connector
