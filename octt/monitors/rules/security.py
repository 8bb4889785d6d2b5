"""The rule about security events (security whitepaper A04)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from octt.monitors.known.heard import Heard
from octt.monitors.known.talk import Talk
from octt.monitors.rules.base import Breach, Rule, of
from octt.record.event import Event
from octt.record.events import Acted
from octt.record.words import ActionPhase

_OF_BOOTS = ("StartupOfTheDevice", "ResetOrReboot")
_OFTEN = ("Authorize", "Heartbeat", "MeterValues", "StartTransaction", "StatusNotification")
"""Requests that show that the station had time to tell the event."""


class BootEvent(Rule):
    """A station that tells of security events tells of its restart too, which is a critical one.

    Never more than a remark: no test case asks for it. A station may not know the message, so that it is only looked
    for where other events came. A restart is one that we know of: the power was cycled, or a Reset was accepted.
    """

    name = "boot event"
    cite = "OCPP security whitepaper A04.FR.01 and chapter 8"
    requests = of("SecurityEventNotification", *_OFTEN)
    replies = of("Reset")
    answers = of("BootNotification")

    WITHIN = 60.0
    """Seconds after BootNotification was accepted in which the event may come."""

    def __init__(self) -> None:
        self._tells, self._restarted = False, False
        self._booted: Heard | None = None

    def event(self, event: Event, talk: Talk) -> Iterable[Breach]:
        """Power that comes back."""
        if isinstance(event, Acted) and event.action in ("power_on", "power_cycle"):
            self._restarted = self._restarted or event.phase == ActionPhase.ASKED
        return ()

    def see(self, heard: Heard, talk: Talk) -> Iterator[Breach]:
        """Waits for the event of a restart."""
        if heard.replied("Reset"):
            self._restarted = self._restarted or heard.payload.get("status") == "Accepted"
        elif heard.answered("BootNotification") and heard.payload.get("status") == "Accepted":
            self._booted, self._restarted = heard if self._restarted else None, False
        elif heard.request("SecurityEventNotification"):
            self._tells = True
            if heard.payload.get("type") in _OF_BOOTS:
                self._booted = None
        elif heard.request(*_OFTEN) and self._booted and heard.since(self._booted.m) > self.WITHIN:
            booted, self._booted = self._booted, None
            if self._tells:
                yield self.remark(
                    booted,
                    "a restart of which no security event told, though others were",
                    f"neither {' nor '.join(_OF_BOOTS)} in {self.WITHIN:g} s",
                )
