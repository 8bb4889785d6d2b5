"""Putting the station and the physical world back when a case ends, pass or fail."""

from __future__ import annotations

import time
from typing import Any

from octt.suite.station import Station
from octt.suite.verdicts import Inconclusive, Judgement
from octt.suite.words import Actions, Csms


def stop_transactions(station: Station, driver: Actions) -> None:
    """Ends what is charging, remotely, and by its card where the station refuses."""
    for transaction in station.csms.answers.open_transactions():
        reply = station.call("RemoteStopTransaction", transactionId=transaction.id)
        if reply.payload.get("status") != "Accepted":
            driver.press_stop(transaction.connector, "ending the transaction")
        limit = time.monotonic_ns() + int(station.limits.remote_stop * 1e9)
        station.csms.traffic.wait(lambda t=transaction: t.stop is not None, limit)  # type: ignore[misc]


def put_back(station: Station, csms: Csms, driver: Actions) -> list[str]:
    """Undoes everything a case did, whatever its verdict; what could not be undone, one sentence each."""
    case, problems = station.case, []

    def attempt(what: str, how: Any) -> None:
        try:
            how()
        except Judgement as judgement:
            problems.append(f"{what} was not put back: {judgement.reason}")

    with case.during("restore"):
        case.cursor = len(csms.system.traffic.entries)
        case.now()
        csms.system.restore()
        attempt("the physical world", driver.take_back)
        attempt("the connection", lambda: station.connects(again=False))
        csms.system.answers.disarm()
        attempt("the transaction", lambda: stop_transactions(station, driver))
        for connector in sorted(driver.world.plugged):
            attempt(
                f"the cable of connector {connector}",
                lambda c=connector: driver.unplug(c, "putting things back"),
            )
        while case.undos:
            undo = case.undos.pop()
            attempt(undo.what, undo.how)
        attempt("the status Available", lambda: await_available(station))
    return problems


def await_available(station: Station) -> None:
    """Waits until every connector whose status is known is Available; makes unavailable ones operative."""
    status = station.csms.answers.status

    def wrong() -> dict[int, str]:
        return {n: s for n, s in status.items() if s != "Available"}

    limit = time.monotonic_ns() + int(station.limits.function * 1e9)
    if (
        station.csms.traffic.wait(lambda: not wrong() or "Unavailable" in wrong().values(), limit)
        and not wrong()
    ):
        return
    if "Unavailable" in wrong().values():
        station.call("ChangeAvailability", connectorId=0, type="Operative")
        limit = time.monotonic_ns() + int(station.limits.function * 1e9)
    if not station.csms.traffic.wait(lambda: not wrong(), limit):
        shown = ", ".join(f"connector {n} is {s}" for n, s in sorted(wrong().items()))
        raise Inconclusive(shown, "station")
