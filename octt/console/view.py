"""What the page shows, as messages: those that a new event causes, and those that build the whole page.

The page only carries them out (octt/console/page/console.js); what an event means is known here alone. Every text that
may come from outside is made visible (octt/text.py), and cut.
"""

from __future__ import annotations

import collections
from dataclasses import dataclass, field
from typing import Any

from octt.console.station import Shown
from octt.record import Event
from octt.record.events import (
    Acted,
    CaseEnded,
    CaseRevised,
    CaseStarted,
    Connected,
    Disconnected,
    FrameSeen,
    Listening,
    Noted,
    PlanLine,
    Prompted,
    Remarked,
    RunEnded,
    RunResumed,
    RunStarted,
    StepDecided,
    ToolTroubled,
)
from octt.record.words import ActionPhase, printed
from octt.text import visible

Message = tuple[str, Any]
"""What kind, and its data."""

FRAMES, ITEMS = 300, 300
"""How many frames, and lines of a case, are kept for who comes later."""
RAW, TEXT = 8000, 600
"""Characters of a frame, and of any other text, that the page is given."""


@dataclass
class Row:
    """A case of the plan."""

    line: PlanLine
    verdict: str = ""
    why: str = ""
    seconds: float = 0.0
    attempts: int = 0
    asked: int = 0
    """How often a person was asked in it."""

    items: list[dict[str, Any]] = field(default_factory=list)
    """What its last attempt went through, line by line."""

    def as_data(self) -> dict[str, Any]:
        """For the page."""
        return {
            "case": visible(self.line.case, 40),
            "name": visible(self.line.name, 200),
            "profile": printed(self.line.profile),
            "applicable": self.line.applicable,
            "reason": visible(self.line.reason, TEXT),
            "verdict": self.verdict,
            "why": visible(self.why, TEXT),
            "seconds": self.seconds,
            "attempts": self.attempts,
            "asked": self.asked,
        }


class View:
    """The page as it stands."""

    def __init__(self) -> None:
        self.run: dict[str, Any] = {"ended": "", "urls": []}
        self.rows: dict[str, Row] = {}
        self.case: dict[str, Any] = {}
        self.frames: collections.deque[dict[str, Any]] = collections.deque(maxlen=FRAMES)
        self.station = Shown()

    def snapshot(self) -> list[Message]:
        """The messages that build the page as it stands."""
        current = self.rows.get(self.case.get("case", ""))
        return [
            ("reset", {}),
            ("run", self.run),
            ("plan", [row.as_data() for row in self.rows.values()]),
            ("station", self._shown_station()),
            ("case", self.case),
            *(("item", item) for item in (current.items if current else ())),
            *(("frame", frame) for frame in self.frames),
        ]

    def items(self, case: str) -> list[dict[str, Any]]:
        """What the last attempt at a case went through."""
        return self.rows[case].items if case in self.rows else []

    def see(self, event: Event) -> list[Message]:
        """Takes an event; what it changes."""
        match event:
            case FrameSeen():
                return self._frame(event)
            case StepDecided() | Acted() | Prompted() | Remarked() | Noted() | ToolTroubled():
                return self._item(event)
            case CaseStarted():
                return self._begins(event)
            case CaseEnded() | CaseRevised():
                return self._decided(event)
            case Connected():
                self.station.connects(event)
                return self._station()
            case Disconnected():
                self.station.disconnects(event)
                return self._station()
            case RunStarted() | RunResumed():
                return self._starts(event)
            case Listening():
                self.run = {**self.run, "urls": [*self.run["urls"], visible(event.url, TEXT)][-10:]}
                return [("run", self.run)]
            case RunEnded():
                self.run, self.case = {**self.run, "ended": visible(event.reason, TEXT)}, {}
                return [("case", {}), ("run", self.run)]
        return []

    # -- kinds of events ------------------------------------------------------------------------------------------

    def _starts(self, event: RunStarted | RunResumed) -> list[Message]:
        bench = event.bench
        station = bench.get("station") if isinstance(bench.get("station"), dict) else {}
        driver = bench.get("driver") if isinstance(bench.get("driver"), dict) else {}
        self.run = {
            **self.run,
            "ended": "",
            "identity": visible((station or {}).get("identity"), 100),
            "driver": visible((driver or {}).get("kind"), 40),
            "version": visible(event.tool.get("version"), 40),
            "started": event.t // 1_000_000,
        }
        for line in event.plan:
            known = self.rows.get(line.case)
            self.rows[line.case] = Row(line) if known is None else known
        self.case = {}  # one that ran when a run was cut off does not run any more
        return [("run", self.run), ("plan", [row.as_data() for row in self.rows.values()]), ("case", {})]

    def _row(self, case: str | None) -> Row:
        return self.rows.setdefault(case or "", Row(PlanLine(case=case or "")))

    def _begins(self, event: CaseStarted) -> list[Message]:
        row = self._row(event.case)
        row.attempts, row.verdict, row.why, row.asked, row.items = event.attempt, "", "", 0, []
        name = visible(row.line.name or event.name, 200)
        at = {"attempt": event.attempt, "t": event.t // 1_000_000}
        self.case = {
            "case": visible(event.case, 40),
            "name": name,
            "profile": printed(row.line.profile),
            **at,
        }
        return [("case", self.case), ("row", row.as_data())]

    def _decided(self, event: CaseEnded | CaseRevised) -> list[Message]:
        row = self._row(event.case)
        row.verdict, row.why = event.verdict, event.reason
        row.seconds = event.seconds if isinstance(event, CaseEnded) else row.seconds
        if self.case.get("case") != event.case:
            return [("row", row.as_data())]
        self.case = {}
        return [("row", row.as_data()), ("case", {})]

    def _frame(self, event: FrameSeen) -> list[Message]:
        self.station.hears(event)
        frame = {
            "n": event.n,
            "t": event.t // 1_000_000,
            "dir": event.dir,
            "type": event.type,
            "action": visible(event.action, 60),
            "problems": [visible(problem, TEXT) for problem in event.problems[:20]],
            "raw": visible(event.raw, RAW),
            "cut": len(event.raw) > RAW or event.truncated is not None,
        }
        self.frames.append(frame)
        return [("frame", frame), *self._station()]

    def _shown_station(self) -> dict[str, Any]:
        """As it stands; that somebody sees it for the first time is no reason not to tell the others what is new."""
        changed, data = self.station.changed, self.station.as_data()
        self.station.changed = changed
        return data

    def _station(self) -> list[Message]:
        return [("station", self.station.as_data())] if self.station.changed else []

    def _item(self, event: Event) -> list[Message]:
        """A line of the running case. A picture or a remark may be for a case that is over."""
        item = {"n": event.n, "t": event.t // 1_000_000, **_told(event)}
        if event.case is None:
            return [("item", item)] if isinstance(event, Noted | ToolTroubled) else []
        row = self._row(event.case)
        row.items = [*row.items, item][-ITEMS:]
        row.asked += isinstance(event, Prompted)
        changed: list[Message] = [("row", row.as_data())] if isinstance(event, Prompted | Noted) else []
        return [*changed, ("item", item)] if event.case == self.case.get("case") else changed


def _told(event: Event) -> dict[str, Any]:
    """A line of a case in words: `is` what it is, `mark` how it stands."""
    match event:
        case StepDecided():
            limit = f" of {event.limit:g} s" if event.limit is not None else ""
            took = f"{event.seconds:.2f} s{limit}" if event.seconds is not None else ""
            return {
                "is": "step",
                "mark": event.outcome,
                "phase": event.phase,
                "label": visible(event.step, 60),
                "text": visible(event.what, TEXT),
                "more": visible(event.actual, TEXT),
                "took": took,
                "cite": visible(event.cite, 200),
                "frame": event.frame or event.closest,
            }
        case Acted():
            params = " ".join(f"{name} {value}" for name, value in event.params.items())
            mark = {"asked": "asked", "done": "ok"}.get(event.phase, "fail")
            more = event.why if event.phase is ActionPhase.ASKED else f"{event.who} {event.detail}".strip()
            told = f"{event.action.replace('_', ' ')} {params}".strip()
            return {"is": "action", "mark": mark, "text": visible(told, TEXT), "more": visible(more, TEXT)}
        case Prompted():
            more = f"answered: {event.answer}, after {event.seconds:.0f} s"
            return {
                "is": "prompt",
                "mark": "info",
                "text": visible(event.text, TEXT),
                "more": visible(more, TEXT),
            }
        case Remarked():
            mark = "fail" if event.severity == "violation" else "info"
            text, cite = visible(event.text, TEXT), visible(event.cite, 200)
            return {"is": "remark", "mark": mark, "text": text, "cite": cite, "frame": event.frame}
        case Noted():
            more = f"{event.file} ({event.bytes} bytes)" if event.file else ""
            return {
                "is": "note",
                "mark": "info",
                "text": visible(event.text, TEXT),
                "more": visible(more, TEXT),
            }
        case ToolTroubled():
            return {"is": "trouble", "mark": "fail", "text": visible(event.text, TEXT)}
    return {}
