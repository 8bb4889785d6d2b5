"""What a station sent that no step asked for: what it may send at any time, what is a remark, and what fails a case.

A transaction on the connector under test that the scenario does not begin, or its end that the scenario does not
bring about, is against the scenario (test-case document 1.2): nobody but the test acts there. Everything else that is
legal stays legal, whenever it comes.
"""

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
_TRANSACTION = ("StartTransaction", "StopTransaction")


def fail_unexpected(case: CaseRun, connector: int) -> None:
    """Fails the case for a transaction that began or ended on the connector under test without the scenario."""
    if case.position.test_from is None:
        return
    came = case.timeline.since(case.position.test_from)
    told = [e.payload for e in came if e.is_call() and case.position.was_taken(e)]
    for entry in came:
        if entry.action not in _TRANSACTION or not entry.is_call() or case.position.was_taken(entry):
            continue
        if entry.payload in told or not _of_this_case(case, entry, connector):
            continue  # a repetition, or none of ours
        case.fail(
            "",
            f"no {entry.action} that the scenario does not bring about",
            f"the station sent {entry.short()}",
            closest=entry,
            cite="test-case document 1.2",
        )


def _of_this_case(case: CaseRun, entry: Entry, connector: int) -> bool:
    if entry.action == "StartTransaction":
        return bool(entry.payload.get("connectorId") == connector)
    ident = entry.payload.get("transactionId")
    transaction = entry.state.transactions.get(ident) if isinstance(ident, int) else None
    begin = case.timeline.since(case.position.began)
    if transaction is None or not begin:
        return False
    return transaction.connector == connector and transaction.line >= begin[0].n


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
