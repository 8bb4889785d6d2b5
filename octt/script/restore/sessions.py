"""Ends transactions, by whatever makes the station end them, until none is open and none can begin any more."""

from __future__ import annotations

from octt.script.restore.means import Means
from octt.script.verdicts import Inconclusive, Judgement
from octt.timeline.entry import Entry
from octt.timeline.state import Transaction

RUNNING = ("Charging", "SuspendedEV", "SuspendedEVSE")


def open_transactions(means: Means) -> list[Transaction]:
    """Those that were started and not stopped, as far as the station knows them."""
    found = means.station.state.open_transactions
    return [one for one in found if one.id not in means.ground.lost]


def stop(means: Means, transaction: Transaction) -> None:
    """Ends a transaction: remotely, else by the stop button. Raises Inconclusive when nothing ends it.

    A station that refuses and is not charging either has lost the transaction: it is not asked for again.
    """
    station, limit = means.station, means.station.limits.remote_stop
    try:
        reply = station.call("RemoteStopTransaction", transactionId=transaction.id)
        refused, why = reply.refused, f"RemoteStopTransaction gave {reply.given}"
    except Judgement as silent:
        refused, why = True, silent.reason
    if not refused and _stops(means, transaction, limit):
        return
    if _stops(means, transaction, 0):  # it was on its way (3.7)
        return
    if refused and station.state.statuses.get(transaction.connector) not in RUNNING:
        means.ground.lost.add(transaction.id)
        station.remark(
            f"transaction {transaction.id} was never stopped, and the station knows it no longer ({why})"
        )
        return
    means.driver.press_stop(transaction.connector, "ending the transaction")
    if not _stops(means, transaction, limit):
        raise Inconclusive(f"no StopTransaction came within {limit:g} s", "station")


def _stops(means: Means, transaction: Transaction, seconds: float) -> bool:
    def stopped() -> bool:
        return all(one.id != transaction.id for one in means.station.state.open_transactions)

    return bool(means.case.timeline.wait(stopped, means.moment(seconds)))


def await_starts(means: Means) -> None:
    """A transaction that we asked for may begin when its case is over: it, or a sign that none will, is waited for.

    Such a sign is the connector Available after the request, or a transaction that was begun on it.
    """
    for reply in _started_remotely(means):
        connector = reply.call.payload.get("connectorId") if reply.call else None
        limit = means.moment(means.station.limits.remote_start)

        def decided(reply: Entry = reply, connector: object = connector) -> bool:
            after = means.case.timeline.since(reply.index + 1)
            return any(
                e.is_call("StartTransaction") or (e.is_call("StatusNotification") and _is_free(e))
                for e in after
                if e.payload.get("connectorId") == connector
            )

        with means.case.waits("station", "to start what it was asked for, or to give it up", limit):
            means.case.timeline.wait(decided, limit)


def _is_free(entry: Entry) -> bool:
    return entry.payload.get("status") == "Available"


def _started_remotely(means: Means) -> list[Entry]:
    """The replies to our remote starts of this case that are no refusals."""
    entries = means.case.timeline.since(means.case.position.began)
    replies = [e for e in entries if e.incoming and e.call and e.action == "RemoteStartTransaction"]
    return [e for e in replies if e.frame.type == "CALLRESULT" and e.payload.get("status") == "Accepted"]
