"""The rule about what comes first after a restart (section 4.2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from octt.monitors.known.heard import CROSSING, Heard
from octt.monitors.known.talk import Talk
from octt.monitors.rules.base import Breach, Rule, of
from octt.ocpp.values import text
from octt.record.event import Event
from octt.record.events import Acted, Connected, Disconnected
from octt.record.words import ActionPhase

_AT_ONCE = 300.0
"""Seconds after a connection opened in which a BootNotification is taken for that of a restart before it."""
_EARLY = 5
"""Requests before a BootNotification that are told."""
_EVENTS = ("SecurityEventNotification", "SignCertificate")
"""What the security whitepaper wants sent without saying that it has to wait for BootNotification."""


@dataclass(frozen=True)
class _Restart:
    """A restart that we know of. `kept`: the connection that was open then, which a restart ends."""

    why: str
    kept: int
    power: bool
    done: int = 0


class BootOrder(Rule):
    """After a restart a station sends nothing before BootNotification is accepted, queued messages included.

    A violation is told when we know of the restart (the power was off, or a Reset was accepted) and on the first
    connection after it BootNotification came, unasked, behind other requests: only a station that has restarted
    boots. One that was connected before and after, and one that reconnects without BootNotification, had back-up power
    or only lost its network. What the security whitepaper adds, and a restart that we do not know of, is a remark.
    """

    name = "boot order"
    cite = "OCPP 1.6 section 4.2"
    requests = "any"
    replies = of("Reset")
    asked = of("TriggerMessage", "ExtendedTriggerMessage")
    answers = of("BootNotification")

    def __init__(self) -> None:
        self._restart: _Restart | None = None
        self._opened = (-1, 0)
        self._early: list[tuple[int, str]] = []
        self._booting: tuple[int, bool] | None = None
        self._over = False
        self._triggered: set[str] = set()

    def event(self, event: Event, talk: Talk) -> Iterator[Breach]:
        """Power that goes, and connections."""
        if isinstance(event, Connected):
            self._opened = (event.connection, event.m)
            self._early, self._booting, self._over = [], None, False
            self._triggered.clear()
        elif isinstance(event, Disconnected):
            yield from self._ended(event)
        elif isinstance(event, Acted) and event.action.startswith("power"):
            self._power(event)

    def _power(self, event: Acted) -> None:
        restart = self._restart if self._restart and self._restart.power else None
        if event.phase == ActionPhase.ASKED and event.action != "power_on":
            self._restart = _Restart(f"{event.action} of line {event.n}", self._opened[0], True)
        elif restart and event.phase in (ActionPhase.CANNOT, ActionPhase.FAILED):
            self._restart = None
        elif restart and event.phase == ActionPhase.DONE and event.action != "power_off":
            self._restart = replace(restart, done=event.m or 1)

    def _ended(self, event: Disconnected) -> Iterator[Breach]:
        """A connection without BootNotification: no restart, unless a hard reset had been accepted."""
        restart = self._restart
        if restart is None or event.connection != self._opened[0] or not self._known(restart):
            return
        if self._early and self._booting is None:
            if restart.why.startswith("Reset Hard"):
                yield self.remark(
                    self._early[0][0],
                    "requests without BootNotification after a hard reset that was accepted",
                    f"{self._early[0][1]} first; {restart.why}",
                )
            self._restart = None

    def _known(self, restart: _Restart) -> bool:
        """Whether the connection that is open was opened after the restart."""
        return self._opened[0] != restart.kept

    def see(self, heard: Heard, talk: Talk) -> Iterable[Breach]:
        """Follows restart, connection and boot."""
        if self._over and self._restart is None and heard.request():
            return ()
        return self._follow(heard)

    def _follow(self, heard: Heard) -> Iterator[Breach]:
        if not heard.incoming:
            self._ours(heard)
            return
        restart = self._restart
        if (
            restart
            and restart.done
            and heard.connection == restart.kept
            and heard.since(restart.done) > CROSSING
        ):
            self._restart = None  # it is still there on the old connection: back-up power
        if heard.replied("Reset") and heard.call and heard.payload.get("status") == "Accepted":
            kind = text(heard.call.payload.get("type"))[:10]
            self._restart = _Restart(f"Reset {kind}, accepted in line {heard.n}", heard.connection, False)
            self._early = []
        elif heard.request() and heard.connection == self._opened[0]:
            yield from self._request(heard)

    def _ours(self, heard: Heard) -> None:
        if heard.asked("TriggerMessage", "ExtendedTriggerMessage"):
            wanted = text(heard.payload.get("requestedMessage"))[:50]
            self._triggered.add({"SignChargePointCertificate": "SignCertificate"}.get(wanted, wanted))
        elif heard.answered("BootNotification") and heard.connection == self._opened[0]:
            status = heard.payload.get("status")
            if status in ("Accepted", "Pending"):
                self._restart = None
            if status in ("Accepted", "Pending", "Rejected"):
                self._over, self._booting = True, None  # while Pending or Rejected another rule watches

    def _request(self, heard: Heard) -> Iterator[Breach]:
        if self._over or heard.action in self._triggered:
            return
        if heard.action == "BootNotification":
            if self._booting is None:
                yield from self._booted(heard)
        elif self._booting:
            line, known = self._booting
            tell = self.violation if known and heard.action not in _EVENTS else self.remark
            yield tell(
                heard,
                f"{heard.action} before BootNotification was answered",
                f"that of line {line}",
            )
        elif len(self._early) < _EARLY and (self._restart is None or self._known(self._restart)):
            self._early.append((heard.n, heard.action))

    def _booted(self, heard: Heard) -> Iterator[Breach]:
        known = self._restart is not None and self._known(self._restart)
        early, self._early = self._early, []
        self._booting = (heard.n, known)
        if heard.since(self._opened[1]) > _AT_ONCE:
            return
        for line, action in early:
            if known and self._restart and action not in _EVENTS:
                why = f"BootNotification came in line {heard.n}, {self._restart.why}"
                yield self.violation(line, f"{action} before BootNotification after a restart", why)
            else:
                yield self.remark(
                    line,
                    f"{action} before BootNotification, which comes first if the station had restarted",
                    f"it came in line {heard.n}",
                )
