"""Ends transactions, by whatever makes the station end them, until none is open and none can begin any more."""

from __future__ import annotations

from octt.script.limits import START, STOP, TRIGGERED, Limit
from octt.script.restore.means import Means
from octt.script.verdicts import Inconclusive, Judgement
from octt.timeline.entry import Entry
from octt.timeline.state import Transaction

LONGEST_CONNECTION_TIMEOUT = 300
"""Seconds to wait for a forgotten authorization to expire; a fresh start is quicker than an hour."""

RUNNING = ("Charging", "SuspendedEV", "SuspendedEVSE")


def open_transactions(means: Means) -> list[Transaction]:
    """Those that were started and not stopped, as far as the station knows them."""
    found = means.station.state.open_transactions
    return [one for one in found if one.id not in means.ground.lost]


def stop(means: Means, transaction: Transaction) -> None:
    """Ends a transaction: remotely, else by the stop button. Raises Inconclusive when nothing ends it.

    A station that refuses and is not charging either has lost the transaction: it is not asked for again.
    """
    station, limit = means.station, means.station.limits.of(STOP)
    try:
        reply = station.call("RemoteStopTransaction", transactionId=transaction.id)
        refused, why = reply.refused, f"RemoteStopTransaction gave {reply.given}"
    except Judgement as silent:
        refused, why = True, silent.reason
    if _stops(means, transaction, station.limits.of(TRIGGERED) if refused else limit):
        return  # one that was refused may have ended already, and its end be on its way (3.7)
    if refused and station.state.statuses.get(transaction.connector) not in RUNNING:
        means.ground.lost.add(transaction.id)
        station.remark(
            f"transaction {transaction.id} was never stopped, and the station knows it no longer ({why})"
        )
        return
    means.driver.press_stop(transaction.connector, "ending the transaction")
    if not _stops(means, transaction, limit):
        raise Inconclusive(f"no StopTransaction came within {limit}", "station")


def _stops(means: Means, transaction: Transaction, limit: Limit) -> bool:
    def stopped() -> bool:
        return all(one.id != transaction.id for one in means.station.state.open_transactions)

    return bool(means.case.timeline.wait(stopped, means.moment(limit.seconds)))


def await_starts(means: Means) -> None:
    """Waits for what may begin though the case is over: a transaction that we asked for, or that a card allowed.

    It begins, or the connector becomes Available, which says that none will; else an authorization ends with
    ConnectionTimeOut (9.1.6).
    """
    entries = means.case.timeline.since(means.case.position.began)
    pending = [entry for entry in entries if _may_start(entry) and not _over(means, entry)]
    if not pending:
        return
    limit = means.moment(longest_authorization(means))
    with means.case.waits("station", "to start what it was asked for, or to give it up", limit):
        means.case.timeline.wait(lambda: all(_over(means, entry) for entry in pending), limit)


def longest_authorization(means: Means) -> float:
    """Seconds after which an authorization that nobody used has ended, and a slow start has begun."""
    own = means.station.number_of("ConnectionTimeOut") or 0
    configured = max(own, means.station.bench.times.connection_timeout)
    return max(min(configured, LONGEST_CONNECTION_TIMEOUT), means.station.limits.of(START).seconds)


def _may_start(entry: Entry) -> bool:
    """Whether this is an acceptance after which a transaction may begin."""
    if entry.frame.type != "CALLRESULT" or entry.call is None:
        return False
    if entry.action == "RemoteStartTransaction":
        return entry.incoming and entry.payload.get("status") == "Accepted"
    info = entry.payload.get("idTagInfo")
    return entry.action == "Authorize" and isinstance(info, dict) and info.get("status") == "Accepted"


def _over(means: Means, accepted: Entry) -> bool:
    """Whether what was accepted has begun since, or will not any more."""
    for entry in means.case.timeline.since(accepted.index + 1):
        if entry.is_call("StatusNotification") and entry.payload.get("status") == "Available":
            return True
        if entry.is_call("StartTransaction") or entry.is_call("StopTransaction"):
            return True
    return False
