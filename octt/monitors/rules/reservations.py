"""The rule about the reservation that a transaction ends (sections 4.8, 5.13 and 6.45), and what it rests on."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from octt.monitors.known.heard import CROSSING, Call, Heard, keep
from octt.monitors.known.talk import Talk
from octt.monitors.rules.base import Breach, Rule, of
from octt.ocpp.values import instant, same, text, whole
from octt.record.event import Event
from octt.record.events import Acted, Connected, Disconnected, NetworkChanged

_KEPT = 200
"""Reservations that are remembered."""
_CLOCKS = timedelta(seconds=60)
"""By how much the station's clock may differ from ours."""
_PLUGGING = 300
"""Seconds between the card and the start of the transaction, where ConnectionTimeOut is not known."""
_REFUSALS = ("Faulted", "Occupied", "Rejected", "Unavailable")


@dataclass(eq=False)
class _Reservation:
    """What was reserved. `alive`: surely still there; a restart or a fault may end it unseen."""

    id: int
    connector: int | None
    tag: str
    parent: str
    expiry: datetime | None
    line: int
    status: str
    answered: int
    alive: bool = True
    ended_by: Call | None = None


class Reservations(Rule):
    """A transaction that ends a reservation names it, and names none that it cannot end.

    An id that this run did not issue may be one of an earlier run: a remark.
    """

    name = "reservation"
    cite = "OCPP 1.6 sections 4.8, 5.13 and 6.45"
    requests = of("StartTransaction", "StatusNotification", "BootNotification")
    replies = of("ReserveNow", "CancelReservation", "Reset")

    def __init__(self) -> None:
        self._known: OrderedDict[int, _Reservation] = OrderedDict()

    def event(self, event: Event, talk: Talk) -> Iterable[Breach]:
        """What happens to a reservation while nothing is seen, is unknown."""
        if isinstance(event, Connected | Disconnected | NetworkChanged) or _disturbs(event):
            self._doubt()
        return ()

    def _doubt(self) -> None:
        for reservation in self._known.values():
            reservation.alive = False

    def see(self, heard: Heard, talk: Talk) -> Iterable[Breach]:
        """Follows reservations, and holds a start beside them."""
        if heard.request("StartTransaction") and heard.sound and heard.this:
            return self._start(heard, heard.this, talk)
        if heard.replied("ReserveNow") and heard.call:
            self._reserved(heard, heard.call)
        elif heard.replied("CancelReservation") and heard.call:
            if heard.payload.get("status") == "Accepted":
                self._cancelled(heard, whole(heard.call.payload.get("reservationId")))
        elif _ends(heard):
            self._doubt()
        return ()

    def _reserved(self, heard: Heard, call: Call) -> None:
        ident, status = whole(call.payload.get("reservationId")), text(heard.payload.get("status"))[:20]
        before = None if ident is None else self._known.get(ident)
        if ident is None or (before and before.status == "Accepted" and status != "Accepted"):
            return
        new = _Reservation(
            ident,
            whole(call.payload.get("connectorId")),
            text(call.payload.get("idTag"))[:40],
            text(call.payload.get("parentIdTag"))[:40],
            instant(call.payload.get("expiryDate")),
            call.n,
            status,
            heard.m,
            status == "Accepted",
        )
        keep(self._known, ident, new, _KEPT)

    def _cancelled(self, heard: Heard, ident: int | None) -> None:
        found = self._known.get(ident) if ident is not None else None
        if found:
            found.status, found.answered, found.alive = "cancelled", heard.m, False

    def _start(self, heard: Heard, call: Call, talk: Talk) -> Iterator[Breach]:
        ident, tag = whole(heard.payload.get("reservationId")), text(heard.payload.get("idTag"))
        connector = whole(heard.payload.get("connectorId"))
        if ident is None:
            yield from self._unnamed(heard, tag, connector, talk)
            return
        found = self._known.get(ident)
        if found is None:
            yield self.remark(
                heard,
                "StartTransaction with a reservationId that was not issued in this run",
                f"reservation {ident}",
            )
            return
        told = self._wrong(heard, call, found, tag, connector, talk)
        detail = f"reservation {ident} of line {found.line}"
        if told:
            yield self.violation(
                heard, f"StartTransaction with the reservationId of a reservation {told}", detail
            )
        found.ended_by, found.alive = found.ended_by or call, False

    def _wrong(
        self,
        heard: Heard,
        call: Call,
        found: _Reservation,
        tag: str,
        connector: int | None,
        talk: Talk,
    ) -> str:
        """Why a transaction cannot have ended a reservation; nothing when it can."""
        settled = heard.since(found.answered) > CROSSING
        began = heard.moment
        if found.status in _REFUSALS and settled:
            return f"that the station had answered with {found.status}"
        if found.status == "cancelled" and settled and _later(began, heard, found.answered):
            return "that was cancelled before"
        if found.status != "Accepted":
            return ""
        if found.connector not in (None, 0, connector):
            return "of another connector"
        if _stranger(found, tag, talk):
            return "for another idTag"
        patience = timedelta(seconds=talk.number("ConnectionTimeOut") or _PLUGGING)
        if found.expiry and began and began > found.expiry + patience + _CLOCKS:
            # its own clock says so, which ours confirms
            return "that had expired" if abs(talk.off(heard, began)) <= _CLOCKS.total_seconds() else ""
        first = found.ended_by
        if first and first.digest != call.digest and heard.settled(first):
            return "that another transaction had ended before"
        return ""

    def _unnamed(self, heard: Heard, tag: str, connector: int | None, talk: Talk) -> Iterator[Breach]:
        """Whether the start ends a reservation that it does not name, or takes the connector from one."""
        began = heard.moment
        for found in [one for one in self._known.values() if one.alive and one.connector == connector]:
            in_time = found.expiry is not None and began is not None and began < found.expiry - _CLOCKS
            found.alive = False
            if (
                not in_time
                or not _later(began, heard, found.answered)
                or heard.since(found.answered) < CROSSING
            ):
                continue
            detail = f"reservation {found.id} of line {found.line}"
            if same(found.tag, tag):
                yield self.violation(
                    heard,
                    "StartTransaction of the reserved idTag on the reserved connector without the reservationId",
                    detail,
                    "OCPP 1.6 sections 4.8 and 5.13",
                )
            elif _stranger(found, tag, talk):
                yield self.violation(
                    heard,
                    "StartTransaction on a reserved connector with an idTag that the reservation is not for",
                    detail,
                    "OCPP 1.6 section 5.13",
                )


def _stranger(found: _Reservation, tag: str, talk: Talk) -> bool:
    """Whether an idTag is surely neither the reserved one nor of its group."""
    apart = talk.tags.together(found.tag, tag) is False
    return apart and (not found.parent or talk.tags.in_group(tag, found.parent) is False)


def _ends(heard: Heard) -> bool:
    """Whether reservations may have ended: a restart, a fault, a connector that is out of order."""
    out_of_order = heard.payload.get("status") in ("Faulted", "Unavailable")
    return (
        heard.replied("Reset")
        or heard.request("BootNotification")
        or (heard.request("StatusNotification") and out_of_order)
    )


def _later(began: datetime | None, heard: Heard, m: int) -> bool:
    """Whether a transaction began after our monotonic time `m`, by its own timestamp."""
    return began is not None and began.timestamp() > (heard.t - (heard.m - m)) / 1e9


def _disturbs(event: Event) -> bool:
    """Whether an action may have ended a reservation: not those of cards and cables."""
    usual = ("present_id_tag", "plug_in", "unplug", "unplug_ev", "ev_suspend", "ev_resume")
    return isinstance(event, Acted) and event.action not in usual
