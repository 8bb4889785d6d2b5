"""What shows that an action was done: the fact that only this action causes in the state in which the station was.

Defined once for each action, as a value: `effect` says what to look for, `look` finds it among the entries that came
since somebody was asked. What the station would have sent anyway shows nothing: a status that it repeats, the
Finishing that follows StopTransaction, the Available after ConnectionTimeOut. OCPP 1.6 4.9 lists what leads from one
status to another. A *slip* is what shows that something else was done at the station, or that it is too late.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from octt.station.signs import (
    EV_SIDE,
    Becomes,
    Boots,
    Connectors,
    Connects,
    Reads,
    Sign,
    Starts,
    Stops,
    only,
    running,
)
from octt.timeline.entry import Entry
from octt.timeline.state import State

Params = dict[str, Any]

_CHARGING = frozenset({"Charging", "SuspendedEV", "SuspendedEVSE"})
_OCCUPIED = _CHARGING | {"Preparing", "Finishing"}
FREE = frozenset({"Available", "Reserved", "Unavailable"})
"""Statuses of a connector without a cable in it."""
_SOUND = _OCCUPIED | FREE


@dataclass(frozen=True)
class Slip:
    """Something else than what was asked for. `says`: in words; `over`: this try is lost."""

    sign: Sign
    says: str
    over: bool = False


@dataclass(frozen=True)
class Effect:
    """What the traffic can tell about an action.

    `sure`: a conformant station must show it, so that its absence means that nothing was done (or that the station is
    not conformant). `within`: which limit the station has for it. `key`: whose time runs while somebody is on the way.
    """

    shown_by: tuple[Sign, ...] = ()
    tells: str = ""
    """What the station does then, for who is asked; empty: it shows nothing."""

    sure: bool = False
    slips: tuple[Slip, ...] = ()
    within: Literal["function", "start", "boot"] = "function"
    key: str = ""


NOTHING = Effect()
"""No traffic can show it: somebody has to say so."""


@dataclass(frozen=True)
class Seen:
    """The action was done: this entry shows it."""

    entry: Entry


@dataclass(frozen=True)
class Slipped:
    """Something else was done: this entry shows it. `over`: doing the right thing now comes too late."""

    entry: Entry
    says: str
    over: bool


Sight = Seen | Slipped


def look(
    entries: Iterable[Entry], wanted: Effect, before: State, so_far: Slipped | None = None
) -> Sight | None:
    """What the entries show; `before` is the station before the first of them, `so_far` what was seen before that."""
    slipped = so_far
    for entry in entries:
        if slipped and slipped.over:
            break
        if any(sign.fits(entry, before) for sign in wanted.shown_by):
            return Seen(entry)
        slip = next((slip for slip in wanted.slips if slip.sign.fits(entry, before)), None)
        if slip is not None:
            slipped = Slipped(entry, _said(slip.says, entry), slip.over)
        before = entry.state
    return slipped


def was_pulled_out(connector: int, entries: Sequence[Entry]) -> bool:
    """Whether the cable of a connector came out after the first of these entries, and is out, as far as is known.

    After a boot a station tells every status anew: that one of them is another than before says nothing.
    """
    sign, out = _becomes(connector, _OCCUPIED, FREE), False
    for former, entry in itertools.pairwise(entries):
        if entry.is_call("BootNotification"):
            return False
        if entry.is_call("StatusNotification") and former.state.statuses != entry.state.statuses:
            out = sign.fits(entry, former.state) or (out and entry.state.statuses.get(connector) in FREE)
    return out


def _said(text: str, entry: Entry) -> str:
    for name, default in (("idTag", ""), ("reason", "Local"), ("status", ""), ("connectorId", "")):
        text = text.replace(f"{{{name}}}", str(entry.payload.get(name, default)))
    return text


def effect(action: str, params: Params, before: State, cables: Collection[int] = ()) -> Effect:
    """What shows that `action` was done, when it is asked for in the state `before`.

    `cables`: the connectors that have a cable in; one that is Preparing without one waits for it.
    """
    if not before.connected and action not in ("power_on", "power_cycle", "reachable"):
        return NOTHING
    if action == "plug_in":
        return _plug_in(params, before, cables)
    decide = _EFFECTS.get(action)
    return decide(params, before) if decide else NOTHING


def _plug_in(params: Params, before: State, cables: Collection[int]) -> Effect:
    n = params["connector"]
    status = before.statuses.get(n)
    waiting = [
        m
        for m, other in before.statuses.items()
        if m and other == "Preparing" and m not in cables and not running(before, m)
    ]
    tells = f"the station reports connector {n} as occupied"
    slips = [
        Slip(
            Becomes(Connectors(but=frozenset({0, n})), frozenset({"Available", "Reserved"}), _OCCUPIED),
            f"the station reports {{status}} of connector {{connectorId}}: it must be connector {n}",
        )
    ]
    if running(before, n):
        return NOTHING
    if waiting and status in ("Preparing", "Available"):  # somebody is authorized and has no cable yet
        late = "ConnectionTimeOut ran out before the cable was in: the station no longer waits for it"
        slips.append(Slip(Becomes(only(*waiting), frozenset({"Preparing"}), frozenset({"Available"})), late))
        signs: tuple[Sign, ...] = (Starts(only(n)), _becomes(n, {"Preparing", "Available"}, _CHARGING))
        return Effect(signs, "the station starts to charge", True, tuple(slips), "start", "ConnectionTimeOut")
    if status == "Available":
        return Effect((_becomes(n, {status}, _OCCUPIED - {"Finishing"}),), tells, True, tuple(slips))
    if status == "Reserved":  # it may stay so until the card has been presented
        expired = "the reservation ran out before the cable was in"
        slips.append(Slip(_becomes(n, {status}, {"Available"}), expired, over=True))
        return Effect((_becomes(n, {status}, _OCCUPIED - {"Finishing"}),), tells, False, tuple(slips))
    return NOTHING


def _plug_in_halfway(params: Params, before: State) -> Effect:
    n = params["connector"]
    if before.statuses.get(n) not in _SOUND:
        return NOTHING
    late = "ConnectionTimeOut ran out before the plug was in: the station no longer waits for it"
    slips = (
        Slip(Starts(only(n)), "the station starts a transaction: the plug was all the way in", over=True),
        Slip(_becomes(n, {"Preparing"}, {"Available"}), late, over=True),
    )
    tells = f"the station reports connector {n} as faulted"
    return Effect((_becomes(n, _SOUND, {"Faulted"}),), tells, True, slips, key="ConnectionTimeOut")


def _unplug(params: Params, before: State) -> Effect:
    n = params["connector"]
    status = before.statuses.get(n)
    slips = (
        Slip(_becomes(n, {"Finishing"}, {"Preparing"}), "it looks as if the cable was plugged in again"),
        Slip(
            Becomes(Connectors(but=frozenset({0, n})), _OCCUPIED, frozenset({"Available"})),
            f"the station reports connector {{connectorId}} as free: it must be connector {n}",
        ),
    )
    tells = f"the station reports connector {n} as free"
    if status in _OCCUPIED:
        return Effect((_becomes(n, _OCCUPIED, FREE),), tells, True, slips)
    if status == "Faulted":
        return Effect((_becomes(n, {status}, {"Available"}),), tells, False, slips)
    return NOTHING


def _unplug_ev(params: Params, before: State) -> Effect:
    n = params["connector"]
    if before.statuses.get(n) not in _OCCUPIED:
        return NOTHING
    signs = (
        Stops(only(n), frozenset({"EVDisconnected"})),
        Becomes(only(n), _CHARGING, frozenset({"SuspendedEV", "SuspendedEVSE"}), EV_SIDE),
        _becomes(n, _OCCUPIED, {"Available"}),
    )
    ended = Slip(Stops(only(n)), "the transaction ended for another reason ({reason})", over=True)
    tells = "the station reports that the cable is out on the EV's side"
    return Effect(signs, tells, running(before, n) is not None, (ended,))


def _present_id_tag(params: Params, before: State) -> Effect:
    n, tag = params["connector"], params["id_tag"]
    signs = (
        Reads(frozenset({"Authorize", "StartTransaction", "StopTransaction"}), tag),
        Stops(only(n), frozenset({"Local"}), tag),
    )
    other, asked = "the station read the card {idTag}", f"asked for was {tag}"
    slips = (
        Slip(Reads(frozenset({"Authorize"}), tag, other=True), f"{other}; {asked}"),
        Slip(Starts(only(n)), f"{other} and starts a transaction; {asked}", over=True),
        Slip(
            Reads(frozenset({"StopTransaction"}), tag, other=True),
            f"{other} and ends the transaction; {asked}",
            True,
        ),
        Slip(Stops(only(n)), "the transaction ended before the card was presented ({reason})", over=True),
        Slip(
            _becomes(n, {"Reserved"}, {"Available"}),
            "the reservation ran out before the card came",
            over=True,
        ),
    )
    sure = before.statuses.get(n) not in ("Faulted", "Unavailable")
    return Effect(signs, "the station asks about the card, or starts or ends a transaction", sure, slips)


def _press_stop(params: Params, before: State) -> Effect:
    n = params["connector"]
    if running(before, n) is None:
        return NOTHING
    return Effect((Stops(only(n)),), "the station ends the transaction", True)


def _power_off(params: Params, before: State) -> Effect:
    stops = Stops(Connectors(), frozenset({"PowerLoss"}))
    return Effect((stops,), "the station ends the transaction for loss of power")


def _power_on(params: Params, before: State) -> Effect:
    return Effect((Boots(before.connection),), "the station boots", True, within="boot")


def _reachable(params: Params, before: State) -> Effect:
    return NOTHING if before.connected else Effect((Connects(),), "the station connects", True, within="boot")


def _fault(params: Params, before: State) -> Effect:
    n = params["connector"]
    where = Connectors() if n == 0 else only(0, n)
    tells = "the station reports a fault"
    wrong = Slip(
        Becomes(Connectors(but=frozenset({0, n})), _SOUND, frozenset({"Faulted"})),
        f"the station reports a fault of connector {{connectorId}}: it must be connector {n}",
    )
    return Effect((Becomes(where, _SOUND, frozenset({"Faulted"})),), tells, True, (wrong,) if n else ())


def _clear_fault(params: Params, before: State) -> Effect:
    n = params["connector"]
    where = Connectors() if n == 0 else only(0, n)
    if not any(where.has(m) and status == "Faulted" for m, status in before.statuses.items()):
        return NOTHING
    return Effect(
        (Becomes(where, frozenset({"Faulted"}), _SOUND),), "the station reports no fault any more", True
    )


def _ev_suspend(params: Params, before: State) -> Effect:
    sign = _becomes(params["connector"], {"Charging", "SuspendedEVSE"}, {"SuspendedEV"})
    return Effect((sign,), "the station reports SuspendedEV")


def _ev_resume(params: Params, before: State) -> Effect:
    sign = _becomes(params["connector"], {"SuspendedEV"}, {"Charging"})
    return Effect((sign,), "the station reports Charging")


def _becomes(connector: int, was: Iterable[str], now: Iterable[str]) -> Becomes:
    return Becomes(only(connector), frozenset(was), frozenset(now))


_EFFECTS: dict[str, Callable[[Params, State], Effect]] = {
    "plug_in_halfway": _plug_in_halfway,
    "unplug": _unplug,
    "unplug_ev": _unplug_ev,
    "present_id_tag": _present_id_tag,
    "press_stop": _press_stop,
    "power_off": _power_off,
    "power_on": _power_on,
    "power_cycle": _power_on,
    "fault": _fault,
    "clear_fault": _clear_fault,
    "ev_suspend": _ev_suspend,
    "ev_resume": _ev_resume,
    "reachable": _reachable,
}
"""Besides plug_in, those of the driver contract that a station can show; no lock that is jammed is among them."""
