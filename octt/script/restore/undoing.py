"""How each kind of undo is carried out: what is asked of the station, and what is believed of its answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from octt.script.limits import STOP
from octt.script.restore.means import Means
from octt.script.station import same_value
from octt.script.undo import Kind, Undo
from octt.script.verdicts import AbortRun, Inconclusive, Judgement


def carry_out(means: Means, undo: Undo) -> str:
    """Carries out an undo; nothing, or a sentence that says why it stays open. Raises AbortRun."""
    try:
        _HOW[undo.kind](means, undo)
    except Judgement as judgement:
        reason = judgement.reason
    except (AbortRun, KeyboardInterrupt):
        raise
    except Exception as error:  # one that fails ends no other
        reason = f"{type(error).__name__}: {error}"
    else:
        means.journal.restored(undo)
        return ""
    means.journal.failed(undo, reason)
    return f"{undo}: {reason}"


def _configuration(means: Means, undo: Undo) -> None:
    station, value = means.station, str(undo.given["value"])
    reply = station.call("ChangeConfiguration", key=undo.name, value=value)
    if reply.given == "RebootRequired":
        station.reboot()
    elif reply.given != "Accepted":
        now = station.setting(undo.name)
        if now is None or not same_value(now.value, value):
            raise _not(f"ChangeConfiguration gave {reply.given}")


def _availability(means: Means, undo: Undo) -> None:
    connector = undo.connector or 0
    reply = means.station.call("ChangeAvailability", connectorId=connector, type="Operative")
    if reply.given != "Accepted":
        raise _not(f"ChangeAvailability gave {reply.given}")


def _reservation(means: Means, undo: Undo) -> None:
    """A station that rejects it does not have it any more (5.1), unless the connector is still reserved."""
    reply = means.station.call("CancelReservation", reservationId=undo.given["id"])
    statuses = means.station.state.statuses
    if reply.given != "Accepted" and statuses.get(undo.connector or 0) == "Reserved":
        raise _not(f"CancelReservation gave {reply.given} and the connector is still Reserved")


def _list(means: Means, undo: Undo) -> None:
    reply = means.station.call("SendLocalList", listVersion=1, updateType="Full", localAuthorizationList=[])
    if reply.given != "Accepted":
        version = means.station.call("GetLocalListVersion").payload.get("listVersion")
        if version not in (0, -1):
            raise _not(f"SendLocalList gave {reply.given}, the list has version {version}")


def _profile(means: Means, undo: Undo) -> None:
    """Unknown says that the station has no such profile (5.5)."""
    reply = means.station.call("ClearChargingProfile", id=undo.given["id"])
    if reply.given not in ("Accepted", "Unknown"):
        reply = means.station.call("ClearChargingProfile")
    if reply.given not in ("Accepted", "Unknown"):
        raise _not(f"ClearChargingProfile gave {reply.given}")


def _certificate(means: Means, undo: Undo) -> None:
    if means.security is None:
        raise Inconclusive("nothing is known of certificates here", "tool")
    means.security().certificates.take_out(undo.given["type"], undo.given["certificate"])


def _transaction(means: Means, undo: Undo) -> None:
    """A transaction that an earlier run left; a station that refuses does not know it any more."""
    timeline, ident, start = means.case.timeline, undo.given["id"], means.case.timeline.end
    if means.station.call("RemoteStopTransaction", transactionId=ident).refused:
        return

    def stopped() -> bool:
        stops = (e for e in timeline.since(start) if e.is_call("StopTransaction"))
        return any(entry.payload.get("transactionId") == ident for entry in stops)

    limit = means.station.limits.of(STOP)
    if not timeline.wait(stopped, means.moment(limit.seconds)):
        raise _not(f"no StopTransaction came within {limit}")


def _password(means: Means, undo: Undo) -> None:
    if means.security is None:
        raise Inconclusive("nothing is known of passwords here", "tool")
    means.security().former_password()


def _lock(means: Means, undo: Undo) -> None:
    """NotSupported: nothing is locked (5.18)."""
    reply = means.station.call("UnlockConnector", connectorId=undo.connector or 0)
    if reply.given not in ("Unlocked", "NotSupported"):
        raise _not(f"UnlockConnector gave {reply.given}")


def _cable(means: Means, undo: Undo) -> None:
    means.driver.unplug(undo.connector or 0, "putting things back")


def _power(means: Means, undo: Undo) -> None:
    means.driver.power_on("putting things back")


def _action(means: Means, undo: Undo) -> None:
    where: dict[str, Any] = {} if undo.connector is None else {"connector": undo.connector}
    means.driver.act(str(undo.given["action"]), "putting things back", **where)


def _not(why: str) -> Inconclusive:
    return Inconclusive(why, "station")


_HOW: dict[Kind, Callable[[Means, Undo], None]] = {
    Kind.CONFIGURATION: _configuration,
    Kind.AVAILABILITY: _availability,
    Kind.RESERVATION: _reservation,
    Kind.LIST: _list,
    Kind.PROFILE: _profile,
    Kind.CERTIFICATE: _certificate,
    Kind.TRANSACTION: _transaction,
    Kind.PASSWORD: _password,
    Kind.LOCK: _lock,
    Kind.CABLE: _cable,
    Kind.POWER: _power,
    Kind.ACTION: _action,
}
