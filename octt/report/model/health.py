"""How connection and harness fared in a run: what was lost, how often the station booted, whose clock was off."""

from __future__ import annotations

import re
import statistics
from collections import Counter
from dataclasses import dataclass, field

from octt.ocpp.values import instant
from octt.record import Event
from octt.record.events import (
    Connected,
    Disconnected,
    FrameSeen,
    NetworkChanged,
    Refused,
    RunResumed,
    ToolTroubled,
)
from octt.report.text import moment, seconds

_TIMED = frozenset({"StatusNotification", "StartTransaction", "StopTransaction"})
_TIME = re.compile(r'"timestamp"\s*:\s*"([^"]{19,40})"')
TIMES = 2000
"""Times of the station that are compared with ours: the middle of so many is that of all."""
TROUBLES = 200


@dataclass
class Health:
    """Counted from the events of a run, in order. Seconds, but `t` is wall clock in Unix nanoseconds."""

    connections: int = 0
    replaced: int = 0
    """Connections that took the place of one that was still open: two peers, or a station that left it behind."""

    ended: Counter[str] = field(default_factory=Counter)
    """Ends of connections by who ended them: station, network, csms."""

    refused: int = 0
    boots: int = 0
    pings: int = 0
    """Pings of the station."""

    pongs: int = 0
    """Answers to ours."""

    slowest_pong: float | None = None
    longest_outage: float | None = None
    """The longest time without a connection that we did not bring about."""

    offsets: list[float] = field(default_factory=list)
    troubles: list[tuple[int, str]] = field(default_factory=list)
    """When, and a sentence: what was wrong with the harness itself."""

    _open: set[int] = field(default_factory=set)
    _gone: int | None = None
    _cut: bool = False

    @property
    def clock_offset(self) -> float | None:
        """By how much the station's clock was ahead of ours, the middle of all times it gave; None: it gave none."""
        return round(statistics.median(self.offsets), 3) if self.offsets else None

    def feed(self, event: Event) -> None:
        """Takes the next event; of other kinds it takes nothing."""
        match event:
            case FrameSeen():
                if event.dir == "in" and event.type == "CALL":
                    self._call(event)
            case Connected():
                self._connected(event)
            case Disconnected():
                self._disconnected(event)
            case Refused():
                self.refused += 1
            case RunResumed():
                self._open.clear()
                self._gone, self._cut = None, False
            case NetworkChanged():
                self._cut = event.event == "cut"
                self._gone = None
            case ToolTroubled():
                if len(self.troubles) < TROUBLES:
                    self.troubles.append((event.t, event.text))

    def _call(self, event: FrameSeen) -> None:
        if event.action == "BootNotification":
            self.boots += 1
        elif event.action in _TIMED and len(self.offsets) < TIMES and (found := _TIME.search(event.raw)):
            said = instant(found[1])
            if said is not None:
                self.offsets.append(said.timestamp() - event.t / 1e9)

    def _connected(self, event: Connected) -> None:
        self.connections += 1
        self.replaced += event.replaces is not None
        self._open.add(event.connection)
        if self._gone is not None:
            self.longest_outage = max(self.longest_outage or 0.0, (event.t - self._gone) / 1e9)
        self._gone = None

    def _disconnected(self, event: Disconnected) -> None:
        self.ended[event.by] += 1
        self.pings += event.pings
        self.pongs += event.pongs
        if event.slowest_pong is not None:
            self.slowest_pong = max(self.slowest_pong or 0.0, event.slowest_pong)
        self._open.discard(event.connection)
        if not self._open and not self._cut and event.by != "csms":
            self._gone = event.t

    def rows(self) -> list[tuple[str, str]]:
        """Words and values for a table."""
        by = {"station": "by the station", "network": "broken", "csms": "by the Central System"}
        ends = ", ".join(f"{count} {by.get(who, who)}" for who, count in sorted(self.ended.items()))
        slowest = f", at the latest after {seconds(self.slowest_pong)}" if self.pongs else ""
        rows = [
            ("Connections", f"{self.connections}{f'; ended: {ends}' if ends else ''}"),
            ("Replaced while open", str(self.replaced)),
            ("Longest time away", seconds(self.longest_outage) or "never"),
            ("Refused handshakes", str(self.refused)),
            ("Boots", str(self.boots)),
            ("Pings of the station", str(self.pings)),
            ("Our pings answered", f"{self.pongs}{slowest}"),
            ("Station's clock against ours", _offset(self.clock_offset)),
        ]
        return [*rows, *((f"Trouble of the tool, {moment(t)}", text) for t, text in self.troubles)]


def _offset(offset: float | None) -> str:
    if offset is None:
        return "not told"
    return f"{seconds(abs(offset))} {'ahead' if offset > 0 else 'behind'} (middle of the times it gave)"
