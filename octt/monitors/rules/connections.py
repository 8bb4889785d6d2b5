"""Rules about connections as such: one station, one identity, one connection (OCPP-J 1.6 section 3.1.1)."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from octt.monitors.known.talk import Talk
from octt.monitors.rules.base import Breach, Rule
from octt.record.event import Event
from octt.record.events import Connected


class Rivals(Rule):
    """The identity in the URL is that of one station. Two that use it take the connection from each other.

    A remark: a station whose network is bad may also open a connection before it knows that the old one is gone.
    """

    name = "rivals"
    cite = "OCPP-J 3.1.1"

    WITHIN, TIMES = 60.0, 3
    """Seconds, and how many connections have to be replaced within them."""

    def __init__(self) -> None:
        self._replaced: deque[tuple[int, str]] = deque(maxlen=10)
        self._told = False

    def case(self) -> None:
        """In another case it is told again."""
        self._told = False

    def event(self, event: Event, talk: Talk) -> Iterator[Breach]:
        """Counts connections that were opened while the one before was still open."""
        if not isinstance(event, Connected) or event.replaces is None:
            return
        m, host = event.m, event.remote[:100].rpartition(":")[0]
        self._replaced.append((m, host))
        recent = [host for at, host in self._replaced if (m - at) / 1e9 <= self.WITHIN]
        if len(recent) < self.TIMES or self._told:
            return
        self._told = True
        hosts = sorted(set(recent))
        if len(hosts) > 1:
            fault = "two peers take the connection from each other under one identity"
        else:
            fault = "open connections are replaced again and again, by a second peer with the same identity or by "
            fault += "the station itself"
        detail = f"{len(recent)} times within {self.WITHIN:.0f} s, from {', '.join(hosts)[:200] or 'nowhere'}"
        yield self.remark(event, fault, detail)
