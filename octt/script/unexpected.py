"""What a station sent that no step asked for: what it may send at any time, and what is kept as a remark."""

from __future__ import annotations

from octt.script.case_run import CaseRun
from octt.timeline.entry import Entry

_ANY_TIME = frozenset(
    {
        "Heartbeat",
        "MeterValues",
        "SecurityEventNotification",
        "LogStatusNotification",
        "DataTransfer",
    }
)


def remark_unexpected(case: CaseRun, until: int, connector: int) -> None:
    """Keeps every request of the test phase that no step accounted for; `until` is where putting back began."""
    if case.position.test_from is None:
        return
    for entry in case.position.entries(case.position.test_from, until):
        if entry.is_call() and not needs_no_remark(entry, connector):
            case.remark(f"not asked for by any step: {entry.short()}", entry)


def needs_no_remark(entry: Entry, connector: int) -> bool:
    """Whether a request that no step expected is something a conformant station may send at any time."""
    if entry.action in _ANY_TIME:
        return True
    return entry.action == "StatusNotification" and entry.payload.get("connectorId") != connector
