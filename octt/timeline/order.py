"""The general rules of the test-case document (section 2, introduction) about order, for every case: which neighbours
may come reversed, and which message decides that waiting for a right one is in vain.
"""

from __future__ import annotations

from typing import Any

from octt.timeline.entry import Entry
from octt.timeline.expectation import Link, Wanted

_REVERSIBLE = (("StartTransaction", "Charging"), ("StopTransaction", "Finishing"))
"""A transaction message and the status that may come before or after it, in every case."""

_ONCE = {"StartTransaction": ("connectorId",), "StopTransaction": ("transactionId",)}
"""Messages sent once for what these fields name: the first one decides, waiting for another is in vain."""

PROGRESS = {
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


def may_be_reversed(one: Wanted, other: Wanted) -> bool:
    """Whether two neighbouring expectations may be met in either order."""
    return any(
        (one.action == message and _allows(other, status))
        or (other.action == message and _allows(one, status))
        for message, status in _REVERSIBLE
    )


def _allows(wanted: Wanted, status: str) -> bool:
    return wanted.action == "StatusNotification" and status in _members(wanted.fields.get("status"))


def _members(value: Any) -> set[Any]:
    return set(value) if isinstance(value, set | frozenset) else {value}


def decides(wanted: Wanted | Link, entry: Entry) -> bool:
    """Whether this entry is the one that was wanted, right or wrong.

    A transaction starts and stops once; a status of an update or upload may be repeated, but none comes back.
    """
    if not isinstance(wanted, Wanted) or not entry.is_call(wanted.action):
        return False
    if wanted.action in PROGRESS and "status" in wanted.fields:
        members = _members(wanted.fields["status"])
        places = [place for place, statuses in enumerate(PROGRESS[wanted.action]) if statuses & members]
        late = set().union(*PROGRESS[wanted.action][min(places) :]) if places else set()
        return str(entry.payload.get("status")) in late
    fields = _ONCE.get(wanted.action)
    return fields is not None and all(
        field in wanted.fields and wanted.fields[field] == entry.payload.get(field) for field in fields
    )
