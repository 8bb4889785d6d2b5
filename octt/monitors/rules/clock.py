"""Rules about timestamps (sections 3.7, 3.14 and 3.15). Nearly all are remarks: clocks may be corrected at any time."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from octt.monitors.known.hands import Act
from octt.monitors.known.heard import TRANSACTION_MESSAGES, Call, Heard, keep
from octt.monitors.known.talk import Talk
from octt.monitors.rules.base import Breach, Rule, of
from octt.ocpp.timestamps import unusual
from octt.ocpp.values import same, text, whole
from octt.record.event import Event
from octt.record.events import Connected, Disconnected

TOLERANCE = 60.0
"""Seconds by which a station's clock may differ before it is worth a remark."""
FALSE = 600.0
"""Seconds by which a time has to be off before it is false whatever the clocks."""

_KEPT = 200
"""Remote stops that are remembered."""

_UNSET = datetime(2015, 1, 1, tzinfo=UTC)
"""OCPP 1.6 is of October 2015: an earlier time was never set."""
_DATED = frozenset({"SecurityEventNotification", "StatusNotification", *TRANSACTION_MESSAGES})
"""Requests with times in them."""


class Timestamps(Rule):
    """Timestamps have a zone (UTC is strongly recommended) and are near the present, unless the message was queued."""

    name = "timestamp"
    cite = "OCPP 1.6 sections 3.14 and 3.15"
    requests = _DATED

    def __init__(self, tolerance: float = TOLERANCE) -> None:
        self._tolerance = tolerance
        self._since: dict[int, float] = {}
        self._former: Call | None = None
        self._told: set[str] = set()

    def event(self, event: Event, talk: Talk) -> Iterable[Breach]:
        """What happened before a connection was opened is told late for a good reason."""
        if isinstance(event, Connected):
            self._since = {talk.connection: talk.opened_at}
        return ()

    def case(self) -> None:
        """In another case the same is told again."""
        self._told.clear()

    def see(self, heard: Heard, talk: Talk) -> Iterable[Breach]:
        """Compares the times in a request with when it came, and with the time the Central System gave."""
        if heard.action not in _DATED or not heard.request():
            return ()
        queued = heard.action in TRANSACTION_MESSAGES
        if queued:
            if self._former and self._former.answer != "CALLRESULT":
                # What failed is sent again, and what came meanwhile waits behind it.
                self._since[heard.connection] = heard.t / 1e9
            self._former = heard.this
        found: list[Breach] = []
        for written, moment in heard.times:
            if odd := unusual(written):
                found += self._once(heard, f"a time {odd}", written[:40])
            off = talk.off(heard, moment)
            if abs(off) > self._tolerance:
                found += self._far(heard, moment, off, written[:40], queued)
        return found

    def _far(
        self, heard: Heard, moment: datetime, off: float, written: str, queued: bool
    ) -> Iterator[Breach]:
        if moment < _UNSET:
            yield from self._once(heard, "the time of a clock that was never set", written)
        elif off > 0:
            yield from self._once(heard, "a time in the future", f"{written}, {off:.0f} s from now")
        elif queued:
            online = self._since.get(heard.connection)
            if online is not None and moment.timestamp() > online:
                told = f"{written}, {-off:.0f} s ago"
                yield from self._once(heard, "a time long past, though the station was connected then", told)

    def _once(self, heard: Heard, what: str, detail: str) -> Iterator[Breach]:
        """The same kind of remark once per case and action."""
        fault = f"{heard.action} has {what}"
        if fault not in self._told and len(self._told) < 1000:
            self._told.add(fault)
            yield self.remark(heard, fault, detail)


class FalseTimes(Rule):
    """StartTransaction and StopTransaction have the time of the start and the stop, which is not in the future.

    Certain when the station's clock was right just before and just after, on the same connection and without being set
    by us in between (other timestamps show that), and when what caused the message, so that it was not queued before,
    came in between too. Told when the later timestamp has come.
    """

    name = "false time"
    cite = "OCPP 1.6 sections 6.45 and 6.49"
    requests = _DATED
    replies = of("RemoteStopTransaction", "Reset")

    WITHIN = 60.0
    """Seconds from the time that shows the clock to the false one, and from there to the next."""

    def __init__(self) -> None:
        self._right: tuple[int, int] | None = None
        self._suspect: tuple[Heard, str, int, Act | None] | None = None
        self._stops: OrderedDict[int, int] = OrderedDict()
        self._reset = 0

    def see(self, heard: Heard, talk: Talk) -> Iterable[Breach]:
        """Follows the clock by all timestamps."""
        if heard.replied(*self.replies) and heard.call:
            self._asked(heard, heard.call)
            return ()
        if heard.action not in _DATED or not heard.request() or not heard.times:
            return ()
        written, moment = heard.times[0]
        off = talk.off(heard, moment)
        suspect, right = self._suspect, self._right
        self._suspect = self._right = None
        if abs(off) <= TOLERANCE:
            self._right = (heard.connection, heard.m)
            return self._shown(heard, talk, *suspect) if suspect else ()
        if (
            off > FALSE
            and heard.action in ("StartTransaction", "StopTransaction")
            and right
            and right[0] == heard.connection
            and heard.since(right[1]) < self.WITHIN
            and written == heard.payload.get("timestamp")
            and not unusual(written)
        ):
            caused, act = self._caused(heard, talk)
            if caused > right[1]:
                self._suspect = (heard, f"{written[:40]}, {off:.0f} s from then", right[1], act)
        return ()

    def _asked(self, heard: Heard, call: Call) -> None:
        """Takes note of what stops a transaction, or all of them."""
        if heard.payload.get("status") != "Accepted":
            return
        ident = whole(call.payload.get("transactionId"))
        if heard.action == "Reset":
            self._reset = call.m
        elif ident is not None:
            keep(self._stops, ident, call.m, _KEPT)

    def _caused(self, heard: Heard, talk: Talk) -> tuple[int, Act | None]:
        """When a start was authorized, or a stop asked for or brought about by hand; 0 for what is not known.

        A cable that went in after the authorization began the transaction: if a rig put it in, which may be told later.
        """
        if heard.action == "StartTransaction":
            authorized = talk.tags.authorized(text(heard.payload.get("idTag")))
            act = talk.hands.last_at(whole(heard.payload.get("connectorId")) or 0)
            if act and act.name == "plug_in" and act.m > authorized > talk.opened:
                return act.m, act
            return authorized, None
        ident = whole(heard.payload.get("transactionId")) or 0
        transaction = talk.ledger.by_id.get(ident)
        act = talk.hands.last_at(transaction.connector) if transaction else None
        return max(act.m if act else 0, self._stops.get(ident, 0), self._reset), None

    def _shown(
        self, heard: Heard, talk: Talk, suspect: Heard, detail: str, right: int, act: Act | None
    ) -> Iterator[Breach]:
        soon = suspect.connection == heard.connection and heard.since(suspect.m) < self.WITHIN
        if soon and talk.given < right and (act is None or act.by_rig):
            yield self.violation(
                suspect,
                f"{suspect.action} is dated in the future, though the station's clock is right",
                detail,
                f"OCPP 1.6 section {'6.45' if suspect.action == 'StartTransaction' else '6.49'}",
            )


class ClockBehind(Rule):
    """What follows from something on this connection is not dated before it.

    A remark: the clock may be behind, or the message was kept back. What was said while offline is no measure.
    """

    name = "clock behind"
    cite = "OCPP 1.6 sections 3.14 and 3.15"
    requests = of("StatusNotification", "BootNotification", "StartTransaction")
    replies = of("RemoteStartTransaction")

    def __init__(self, tolerance: float = TOLERANCE) -> None:
        self._tolerance = tolerance
        self._status: dict[int, tuple[str, float, int]] = {}
        self._remote: tuple[str, float, int] | None = None
        self._told: set[str] = set()

    def event(self, event: Event, talk: Talk) -> Iterable[Breach]:
        """Another connection begins anew."""
        if isinstance(event, Connected | Disconnected):
            self._status.clear()
            self._remote = None
        return ()

    def case(self) -> None:
        """In another case the same is told again."""
        self._told.clear()

    def see(self, heard: Heard, talk: Talk) -> Iterator[Breach]:
        """Status after status of one connector, and a start after the remote start that was accepted."""
        now = heard.t / 1e9
        if heard.request("BootNotification"):
            self._status.clear()
        elif heard.request("StatusNotification"):
            connector, status = (
                whole(heard.payload.get("connectorId")) or 0,
                text(heard.payload.get("status")),
            )
            before, at, line = self._status.get(connector, (status, now, 0))
            if before != status:
                yield from self._behind(heard, talk, at, "a status change", f"the status of line {line}")
            if len(self._status) < 1000 or connector in self._status:
                self._status[connector] = (status[:20], now, heard.n)
        elif (
            heard.replied("RemoteStartTransaction")
            and heard.payload.get("status") == "Accepted"
            and heard.call
        ):
            asked = now - heard.since(heard.call.m)
            self._remote = (text(heard.call.payload.get("idTag")), asked, heard.call.n)
        elif heard.request("StartTransaction") and self._remote:
            tag, at, line = self._remote
            self._remote = None
            if same(tag, heard.payload.get("idTag")):
                yield from self._behind(
                    heard, talk, at, "a start", f"the RemoteStartTransaction of line {line}"
                )

    def _behind(self, heard: Heard, talk: Talk, at: float, what: str, cause: str) -> Iterator[Breach]:
        moment = heard.moment
        if moment is None:
            return
        early = at - max(moment.timestamp(), moment.timestamp() - talk.ahead)
        fault = f"{what} is dated before what it followed: the clock is behind, or it was told late"
        if early > self._tolerance and fault not in self._told:
            self._told.add(fault)
            yield self.remark(heard, fault, f"{early:.0f} s before {cause}")


class Chronology(Rule):
    """Transaction messages are delivered in chronological order. Seen by their times, so never more than a remark."""

    name = "chronological order"
    cite = "OCPP 1.6 section 3.7"
    requests = of(*TRANSACTION_MESSAGES)

    SLACK = 2.0
    """Seconds that times may go back, for rounding and for messages of several connectors."""

    def __init__(self) -> None:
        self._last: tuple[datetime, int] | None = None

    def see(self, heard: Heard, talk: Talk) -> Iterable[Breach]:
        """Compares the latest time in a transaction message with that of the one before."""
        if (
            heard.action not in TRANSACTION_MESSAGES
            or not heard.request()
            or "Trigger" in heard.readings.contexts
        ):
            return ()
        latest = heard.moment
        if heard.action == "MeterValues":
            latest = max((moment for _, moment in heard.times), default=None)
        if latest is None:
            return ()
        last, self._last = self._last, (latest, heard.n)
        if last is None or (last[0] - latest).total_seconds() <= self.SLACK:
            return ()
        told = f"{heard.action} came after a transaction message of a later time: "
        told += "out of order, or the clock was set back"
        detail = f"{latest.isoformat()} after {last[0].isoformat()} of line {last[1]}"
        return (self.remark(heard, told, detail),)
