"""Putting the station and the physical world back when a case ends, pass or fail."""

from __future__ import annotations

from typing import Any

from octt.script.actions import Actions, World
from octt.script.csms import Csms
from octt.script.station import Station
from octt.script.verdicts import Inconclusive, Judgement
from octt.timeline.state import Transaction

_RUNNING = ("Charging", "SuspendedEV", "SuspendedEVSE")
LONGEST_CONNECTION_TIMEOUT = 300
"""Seconds to wait for a forgotten authorization to expire; a power cycle is quicker than an hour."""
_PLUGGED = ("Preparing", *_RUNNING, "Finishing")


def free_connectors(station: Station, driver: Actions) -> None:
    """Before the first case: cables that are in are pulled out, what is unavailable is made operative.

    A station that was running already need not have said how its connectors are: the tested one is asked for.
    Raises Inconclusive when a connector does not become Available. Only one that stays occupied keeps cases from
    being tried: one that is Unavailable or Faulted after a boot is what the boot cases are there to find.
    """
    tested = station.bench.connector
    if tested not in station.state.statuses:
        station.call("TriggerMessage", requestedMessage="StatusNotification", connectorId=tested)
        station.timeline.wait(lambda: tested in station.state.statuses, _in(station, station.limits.function))
    try:
        for connector, given in sorted(station.state.statuses.items()):
            if connector and given in _PLUGGED:
                driver.unplug(connector, f"connector {connector} is {given}; the run begins with a free one")
        await_available(station, driver.world)
    finally:
        statuses = station.state.statuses
        driver.world.stuck = {n: given for n, given in statuses.items() if given in _PLUGGED}


def stop_transaction(station: Station, driver: Actions, transaction: Transaction) -> None:
    """Ends a transaction remotely, by the stop button where the station refuses.

    A station that refuses and is not charging either has lost the transaction: it is not asked for again.
    """
    reply = station.call("RemoteStopTransaction", transactionId=transaction.id)
    if reply.payload.get("status") != "Accepted":
        if station.state.statuses.get(transaction.connector) not in _RUNNING:
            driver.world.lost.add(transaction.id)
            station.remark(
                f"transaction {transaction.id} was never stopped, and the station knows it no longer"
            )
            return
        driver.press_stop(transaction.connector, "ending the transaction")

    def stopped() -> bool:
        return all(one.id != transaction.id for one in station.state.open_transactions)

    if not station.timeline.wait(stopped, _in(station, station.limits.remote_stop)):
        raise Inconclusive(f"no StopTransaction came within {station.limits.remote_stop:g} s", "station")


def accept_registration(station: Station, driver: Actions) -> None:
    """A station that was left Pending or Rejected is accepted when it asks again; after a power cycle it must."""
    times = station.bench.times

    def accepted() -> bool:
        return station.state.registration in ("", "Accepted")

    if accepted():
        return
    limit = _in(station, times.boot_retry_interval + station.limits.function)
    if not station.timeline.wait(accepted, limit):
        power_cycle(station, driver, f"it was left {station.state.registration} and does not ask again")


def power_cycle(station: Station, driver: Actions, why: str) -> None:
    """A fresh start for a station that a case left out of order. Raises Inconclusive when that is impossible."""
    with station.case.during("restore"):
        driver.power_cycle(why)
        station.sends("BootNotification", within=station.bench.times.boot_timeout)
        await_available(station, driver.world)
        station.case.position.skip_to_end()


def put_back(station: Station, csms: Csms, driver: Actions) -> list[str]:
    """Undoes everything a case did, whatever its verdict; what could not be undone, one sentence each."""
    case, problems = station.case, []

    def attempt(what: str, how: Any) -> None:
        try:
            how()
        except Judgement as judgement:
            problems.append(f"{what} was not put back: {judgement.reason}")

    with case.during("restore"):
        case.position.skip_to_end()
        case.position.count_from_now()
        csms.system.restore()
        attempt("the physical world", driver.take_back)
        for undo in [undo for undo in case.undos if undo.early]:
            case.undos.remove(undo)
            attempt(undo.what, undo.how)
        attempt("the connection", lambda: station.connects(again=False))
        csms.system.answers.disarm()
        attempt("the registration", lambda: accept_registration(station, driver))
        for open_one in station.state.open_transactions:
            if open_one.id in driver.world.lost:
                continue
            attempt(f"transaction {open_one.id}", lambda t=open_one: stop_transaction(station, driver, t))
        for connector in sorted(driver.world.plugged):
            attempt(
                f"the cable of connector {connector}",
                lambda c=connector: driver.unplug(c, "putting things back"),
            )
        while case.undos:
            undo = case.undos.pop()
            attempt(undo.what, undo.how)
        attempt("the status Available", lambda: await_available(station, driver.world))
    return problems


def await_available(station: Station, world: World) -> None:
    """Waits until every connector whose status is known is Available; makes unavailable ones operative.

    What was stuck after the case before is not waited for at length again.
    """
    stuck = world.stuck

    def wrong() -> dict[int, str]:
        return {n: s for n, s in station.state.statuses.items() if s != "Available"}

    def wait(seconds: float, *, or_unavailable: bool = False) -> None:
        station.timeline.wait(
            lambda: not wrong() or (or_unavailable and "Unavailable" in wrong().values()),
            _in(station, seconds),
        )

    patience = station.limits.function if wrong() != stuck else min(1.0, station.limits.function)
    wait(patience, or_unavailable=True)
    if "Unavailable" in wrong().values():
        station.call("ChangeAvailability", connectorId=0, type="Operative")
        wait(patience)
    if "Preparing" in wrong().values() and wrong() != stuck:
        # Who was authorized and did not plug in: the connector is free when ConnectionTimeOut has passed. It may
        # have become Preparing only now, when a fault was cleared.
        own = station.number_of("ConnectionTimeOut") or 0
        wait(min(max(own, station.bench.times.connection_timeout), LONGEST_CONNECTION_TIMEOUT))
    world.stuck = wrong()
    if wrong():
        shown = ", ".join(f"connector {n} is still {s}" for n, s in sorted(wrong().items()))
        raise Inconclusive(shown, "station")


def _in(station: Station, seconds: float) -> int:
    """The moment in so many seconds, in monotonic nanoseconds."""
    return station.timeline.clock.now() + int(seconds * 1e9)
