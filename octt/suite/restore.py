"""Changing the station's configuration and state with a way back, and going that way when a case ends."""

from __future__ import annotations

import time
from typing import Any

from octt.suite.station import Station
from octt.suite.verdicts import Inconclusive, Judgement
from octt.suite.words import Actions, Csms


def value_of(station: Station, key: str) -> tuple[str | None, bool] | None:
    """Value and read-only flag of a configuration key now; None when the station does not know the key."""
    reply = station.call("GetConfiguration", key=[key])
    for entry in reply.payload.get("configurationKey", []):
        if isinstance(entry, dict) and str(entry.get("key", "")).casefold() == key.casefold():
            return entry.get("value"), bool(entry.get("readonly"))
    return None


def same_value(one: object, other: object) -> bool:
    """Whether two configuration values mean the same: booleans without case, lists without blanks, numbers as such."""
    first, second = (",".join(part.strip() for part in str(v).casefold().split(",")) for v in (one, other))
    try:
        return first == second or float(first) == float(second)
    except ValueError:
        return False


def configure(station: Station, *, optional: bool = False, **keys: Any) -> None:
    """Sets configuration keys as a precondition; each goes back to its former value when the case ends.

    `optional`: a station that does not have the key, or cannot change it, is left alone (the document's "if
    implemented"). Otherwise a read-only key with the right value is as good; anything else is INCONCLUSIVE.
    """
    with station.case.during("setup"):
        for key, value in keys.items():
            _configure_one(station, key, _text(value), optional)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _configure_one(station: Station, key: str, value: str, optional: bool) -> None:
    before = value_of(station, key)
    if before is None and optional:
        return
    if before is not None and same_value(before[0], value):
        return
    reply = station.call("ChangeConfiguration", key=key, value=value)
    status = reply.payload.get("status")
    if status not in ("Accepted", "RebootRequired"):
        if optional:
            return
        shown = (
            "does not exist"
            if before is None
            else f"is {before[0]!r}" + (" and read-only" if before[1] else "")
        )
        raise Inconclusive(
            f"the precondition {key} = {value} cannot be set: it {shown}, ChangeConfiguration gave {status}",
            "configuration",
        )
    changed(station, "configuration", key, before[0] if before else None, value)
    if before is not None and before[0] is not None:
        station.case.undo(f"{key} = {before[0]}", lambda: _put_back(station, key, str(before[0]), value))
    if status == "RebootRequired":
        reboot(station)


def _put_back(station: Station, key: str, value: str, after: str) -> None:
    reply = station.call("ChangeConfiguration", key=key, value=value)
    if reply.payload.get("status") not in ("Accepted", "RebootRequired"):
        raise Inconclusive(f"{key} could not be set back to {value}", "station")
    changed(station, "configuration", key, after, value, restored=True)
    if reply.payload.get("status") == "RebootRequired":
        reboot(station)


def changed(
    station: Station, what: str, name: str, before: object, after: object, restored: bool = False
) -> None:
    """Puts on the record that the case changed the station, or put it back."""
    station.case.record.write("changed", what=what, name=name, before=before, after=after, restored=restored)


def reboot(station: Station, kind: str = "Soft") -> None:
    """Resets the station and waits until it has come back."""
    station.call("Reset", type=kind)
    station.sends("BootNotification", within=station.bench.times.boot_timeout)


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
