"""The rule about what was refused and is done all the same (sections 5.11 to 5.15)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from octt.monitors.known.heard import Call, Heard
from octt.monitors.known.talk import Talk
from octt.monitors.rules.base import Breach, Rule, of
from octt.ocpp.values import Payload, same, text, whole
from octt.record.event import Event
from octt.record.events import Connected, Disconnected

_REFUSABLE = (
    *("RemoteStartTransaction", "RemoteStopTransaction", "ReserveNow", "ChangeAvailability", "SendLocalList"),
)
_SOON = 60.0
"""Seconds after a refusal in which what is done is what was refused."""
_BEFORE = 600.0
"""Seconds for which a card that was presented before may explain a start."""
_KEPT = 50
"""Refusals, and remote stops that were not refused, that are remembered."""
_AT_ONCE = 10.0
"""Seconds after a refused ChangeAvailability in which Unavailable is its effect."""


@dataclass(eq=False)
class _Refusal:
    call: Call
    payload: Payload
    status: str
    line: int
    m: int
    t: int


class RefusedYetDone(Rule):
    """What a station refuses it does not do.

    Certain where nothing else explains what came: no card that a rig or a person presented, no Authorize, no other
    request of ours, no reservation before, and the same connection. A person who acts unasked leaves a doubt, so a
    start is a violation only when a rig moves the cards.
    """

    name = "refused yet done"
    cite = "OCPP 1.6 chapter 5"
    requests = of("StartTransaction", "StopTransaction", "StatusNotification", "BootNotification")
    replies = of(*_REFUSABLE, "GetLocalListVersion")
    asked = of("RemoteStartTransaction")

    def __init__(self) -> None:
        self._refusals: list[_Refusal] = []
        self._stops: list[int] = []
        self._reserved: set[int] = set()
        self._status: dict[int, str] = {}
        self._version: int | None = None

    def event(self, event: Event, talk: Talk) -> Iterable[Breach]:
        """On another connection nothing of this is certain."""
        if isinstance(event, Connected | Disconnected):
            self._refusals.clear()
            self._status.clear()
        return ()

    def see(self, heard: Heard, talk: Talk) -> Iterator[Breach]:
        """Notes refusals, and looks for what was refused."""
        if heard.incoming and heard.call is not None and heard.action in (*_REFUSABLE, "GetLocalListVersion"):
            yield from self._reply(heard, heard.call)
        elif heard.asked("RemoteStartTransaction"):
            # asked again, what comes may be its effect
            again = heard.payload.get("idTag")
            self._refusals = [one for one in self._refusals if not same(one.payload.get("idTag"), again)]
        elif heard.request("StartTransaction"):
            yield from self._started(heard, talk)
        elif heard.request("StopTransaction"):
            yield from self._stopped(heard, talk)
        elif heard.request("StatusNotification"):
            yield from self._told_status(heard)
        elif heard.request("BootNotification"):
            self._status.clear()
            self._refusals.clear()

    def _reply(self, heard: Heard, call: Call) -> Iterator[Breach]:
        status = text(heard.payload.get("status"))[:20]
        ident, connector = whole(call.payload.get("transactionId")), whole(call.payload.get("connectorId"))
        accepted = heard.frame.type == "CALLRESULT" and status in ("Accepted", "Scheduled")
        if heard.action == "GetLocalListVersion":
            yield from self._list_version(heard)
        elif accepted or heard.frame.type == "CALLERROR":
            # an error says nothing certain of what was done
            if heard.action == "RemoteStopTransaction":
                self._stops = [*self._stops[-_KEPT:], -1 if ident is None else ident]
            elif heard.action == "ReserveNow" and len(self._reserved) < 1000:
                self._reserved.add(connector or 0)
            elif heard.action == "SendLocalList":
                self._version = whole(call.payload.get("listVersion")) if accepted else None
        elif status:
            kept = {key: call.payload.get(key) for key in ("connectorId", "idTag", "listVersion", "type")}
            refusal = _Refusal(call, kept, status, heard.n, heard.m, heard.t)
            self._refusals = [*self._refusals[-_KEPT:], refusal]

    def _recent(self, heard: Heard, action: str) -> list[_Refusal]:
        return [
            refusal
            for refusal in self._refusals
            if refusal.call.action == action
            and refusal.call.connection == heard.connection
            and heard.since(refusal.m) < _SOON
        ]

    def _started(self, heard: Heard, talk: Talk) -> Iterator[Breach]:
        tag, connector = text(heard.payload.get("idTag")), whole(heard.payload.get("connectorId"))
        began = heard.moment
        for refusal in self._recent(heard, "RemoteStartTransaction"):
            wanted = refusal.payload.get("connectorId")
            explained = (
                not same(refusal.payload.get("idTag"), tag)
                or (wanted is not None and wanted != connector)
                or self._authorized(heard, refusal, tag, talk)
                or (began is not None and began.timestamp() < refusal.t / 1e9 - 1)
            )
            if explained:
                continue
            self._refusals.remove(refusal)
            rig = talk.hands.at_work and not talk.hands.persons
            yield (self.violation if rig else self.remark)(
                heard,
                f"RemoteStartTransaction was {refusal.status}, and then the transaction began",
                f"refused in line {refusal.line}, {heard.since(refusal.m):.1f} s before",
                "OCPP 1.6 section 5.11",
            )

    def _authorized(self, heard: Heard, refusal: _Refusal, tag: str, talk: Talk) -> bool:
        """Whether a card, or an earlier remote start, explains the transaction."""
        since = max(refusal.m - int(_BEFORE * 1e9), 0)
        presented = any(
            act.name == "present_id_tag" and same(act.id_tag, tag) for act in talk.hands.latest(since)
        )
        return presented or since < talk.tags.authorized(tag) < refusal.call.m

    def _stopped(self, heard: Heard, talk: Talk) -> Iterator[Breach]:
        ident = whole(heard.payload.get("transactionId"))
        recent = self._recent(heard, "RemoteStopTransaction")
        known = ident is not None and ident in talk.ledger.by_id
        if not recent or heard.payload.get("reason") != "Remote" or not known:
            return
        waiting = any(
            call.action == "RemoteStopTransaction" and not incoming and not call.answer
            for (incoming, _), call in list(talk.calls.items())[-20:]
        )
        if ident not in self._stops and -1 not in self._stops and not waiting:
            self._refusals.remove(recent[-1])
            yield self.violation(
                heard,
                f"RemoteStopTransaction was {recent[-1].status}, and then a transaction was stopped with reason Remote",
                f"transaction {ident}, refused in line {recent[-1].line}",
                "OCPP 1.6 section 5.12",
            )

    def _told_status(self, heard: Heard) -> Iterator[Breach]:
        connector, status = whole(heard.payload.get("connectorId")), text(heard.payload.get("status"))
        if connector is None or (connector not in self._status and len(self._status) >= 1000):
            return
        before, self._status[connector] = self._status.get(connector, ""), status[:20]
        if before == "Reserved" != status:
            self._reserved -= {connector, 0}  # used, cancelled or expired
        if before in ("", status):
            return
        if status == "Reserved" and before != "Faulted" and not self._reserved & {connector, 0}:
            for refusal in self._of(heard, "ReserveNow", connector, _SOON):
                yield self.violation(
                    heard,
                    f"ReserveNow was {refusal.status}, and then the connector was reserved",
                    f"connector {connector}, refused in line {refusal.line}",
                    "OCPP 1.6 section 5.13",
                )
        if status == "Unavailable":
            for refusal in self._of(heard, "ChangeAvailability", connector, _AT_ONCE):
                if refusal.payload.get("type") == "Inoperative":
                    yield self.remark(
                        heard,
                        f"ChangeAvailability was {refusal.status}, and then the connector was Unavailable",
                        f"connector {connector}, refused in line {refusal.line}",
                        "OCPP 1.6 section 5.2",
                    )

    def _of(self, heard: Heard, action: str, connector: int, within: float) -> list[_Refusal]:
        """The refusals that concern a connector, which are told of no more."""
        found = [
            refusal
            for refusal in self._recent(heard, action)
            if refusal.payload.get("connectorId") in (0, connector) and heard.since(refusal.m) < within
        ]
        self._refusals = [refusal for refusal in self._refusals if refusal not in found]
        return found[:1]

    def _list_version(self, heard: Heard) -> Iterator[Breach]:
        version, before = whole(heard.payload.get("listVersion")), self._version
        for refusal in [one for one in self._refusals if one.call.action == "SendLocalList"]:
            self._refusals.remove(refusal)
            if before not in (None, version) and version == refusal.payload.get("listVersion"):
                yield self.violation(
                    heard,
                    f"SendLocalList was {refusal.status}, and then the list has its version",
                    f"version {version}, refused in line {refusal.line}",
                    "OCPP 1.6 section 5.15",
                )
        self._version = version
