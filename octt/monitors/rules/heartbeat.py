"""The rule about heartbeats (section 4.6)."""

from __future__ import annotations

from collections.abc import Iterator

from octt.monitors.known.heard import Heard
from octt.monitors.known.talk import Talk
from octt.monitors.rules.base import Breach, Rule, of
from octt.ocpp.values import text, whole

_FLOOD = 0.5
"""Seconds between heartbeats that no interval can have asked for: the shortest is 1 s."""


class HeartbeatInterval(Rule):
    """Heartbeats come at the configured interval; any other message may stand for one. Never more than a remark."""

    name = "heartbeat"
    cite = "OCPP 1.6 section 4.6"
    requests = replies = "any"
    asked = of("TriggerMessage", "ExtendedTriggerMessage")
    answers = of("BootNotification")

    def __init__(self) -> None:
        self._interval: int | None = None
        self._connection, self._beat, self._any = -1, 0, 0

    def see(self, heard: Heard, talk: Talk) -> Iterator[Breach]:
        """Compares the pauses between messages with the interval, with a tolerance of a tenth and two seconds."""
        if not heard.incoming:
            if heard.answered("BootNotification") and heard.payload.get("status") == "Accepted":
                self._set(whole(heard.payload.get("interval")))
            elif heard.asked("TriggerMessage", "ExtendedTriggerMessage"):
                self._beat = 0
            return
        if heard.replied("ChangeConfiguration") and heard.payload.get("status") == "Accepted" and heard.call:
            if text(heard.call.payload.get("key")).lower() == "heartbeatinterval":
                self._set(talk.number("HeartbeatInterval"))
        elif heard.replied("GetConfiguration") and self._interval is None:
            self._set(talk.number("HeartbeatInterval"))
        if heard.connection != self._connection:
            self._connection, self._beat, self._any = heard.connection, 0, 0
        if heard.request():
            yield from self._pauses(heard)
        self._any = heard.m

    def _pauses(self, heard: Heard) -> Iterator[Breach]:
        interval, slack = self._interval, (self._interval or 0) * 0.1 + 2
        silent, pause = heard.since(self._any), heard.since(self._beat)
        if interval and self._any and silent > interval + slack:
            yield self.remark(
                heard,
                "nothing was sent for longer than the heartbeat interval (with OCPP-J heartbeats are not mandatory)",
                f"{silent:.1f} s, the interval is {interval} s",
            )
        if heard.action != "Heartbeat":
            return
        if self._beat and (pause < interval - slack if interval else pause < _FLOOD):
            known = f"the interval is {interval} s" if interval else "whatever the interval"
            yield self.remark(heard, "Heartbeat earlier than its interval", f"after {pause:.1f} s, {known}")
        self._beat = heard.m

    def _set(self, interval: int | None) -> None:
        self._interval, self._beat, self._any = interval, 0, 0
