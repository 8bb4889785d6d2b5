"""The sequence diagrams of one attempt, one for each of its phases."""

from __future__ import annotations

from bisect import bisect_right
from typing import Any

from markupsafe import Markup

from octt.ocpp.values import payload
from octt.record.events import FrameSeen
from octt.record.words import ActionPhase, Outcome, Phase
from octt.report.html.frames import Gap, name_of
from octt.report.html.sequence import CSMS, OPERATOR, STATION, Arrow, Note, sequence
from octt.report.model.frames import describe, summary_of
from octt.report.model.parts import Action, Attempt, Result
from octt.report.text import seconds

FIRST = ("status", "reason", "requestedMessage", "connectorId", "idTag", "idTagInfo", "transactionId")
UNSAID = ("timestamp", "currentTime")
DIAGRAM_LIMIT = 160
LONG = 1.0
"""Seconds that an action has to take for the diagram to say so."""

Rows = list[tuple[int, Arrow | Note]]


class Phases:
    """Which phase of an attempt a moment belongs to, by what its steps and frames say."""

    def __init__(self, attempt: Attempt, frames: list[FrameSeen | Gap]) -> None:
        told = [(step.t, step.phase) for step in attempt.steps]
        told += [(f.t, f.phase) for f in frames if isinstance(f, FrameSeen) and f.phase is not None]
        self._told = sorted(told, key=lambda one: one[0])
        self._times = [moment for moment, _ in self._told]

    def at(self, moment: int) -> Phase:
        """That of what was told last before it; at the beginning that of what is told first."""
        place = max(bisect_right(self._times, moment) - 1, 0)
        return self._told[place][1] if self._told else Phase.TEST


def diagrams(result: Result, attempt: Attempt, frames: list[FrameSeen | Gap]) -> dict[Phase, Markup]:
    """A diagram for each phase that something happened in: frames, hands, prompts, connections."""
    phases = Phases(attempt, frames)
    by_phase: dict[Phase, Rows] = {}
    rows = [*_frames(attempt, frames), *_hands(attempt), *_connections(result, attempt)]
    for row in sorted(rows, key=lambda row: row[0]):
        by_phase.setdefault(phases.at(row[0]), []).append(row)
    who = OPERATOR if all(action.driver == "manual" for action in attempt.actions) else "Rig"
    drawn = {}
    for phase, its in by_phase.items():
        shown = [row for _, row in its[:DIAGRAM_LIMIT]]
        if len(its) > DIAGRAM_LIMIT:
            shown.append(Note(shown[-1].at, f"the list goes on with {len(its) - DIAGRAM_LIMIT:,} more"))
        drawn[phase] = sequence(shown, who)
    return {phase: drawn[phase] for phase in Phase if phase in drawn}


def _at(attempt: Attempt, moment: int) -> float:
    return max(moment - attempt.started, 0) / 1e9


def _frames(attempt: Attempt, frames: list[FrameSeen | Gap]) -> Rows:
    badges, rows, before = _badges(attempt), Rows(), attempt.started
    for entry in frames:
        if isinstance(entry, Gap):
            rows.append((before, Note(_at(attempt, before), f"{entry.count:,} frames not drawn")))
            continue
        before = entry.t
        rows.append((entry.t, _arrow(entry, _at(attempt, entry.t), badges)))
    return rows


def _hands(attempt: Attempt) -> Rows:
    """What was done at the station, where it was asked for: its effect comes before anybody says that it is done."""
    rows: Rows = [(action.t, _action(action, _at(attempt, action.t))) for action in attempt.actions[:100]]
    for prompt in attempt.prompts[:50]:
        label = f"asked: {prompt.text} — answered: {prompt.answer}"
        rows.append((prompt.t, Note(_at(attempt, prompt.t), label)))
    return rows


def _connections(result: Result, attempt: Attempt) -> Rows:
    start, end = attempt.started, attempt.ended if attempt.ended is not None else result.run.ended
    rows: Rows = []

    def note(moment: int | None, label: str) -> None:
        if moment and start <= moment <= end:
            rows.append((moment, Note(_at(attempt, moment), label)))

    for connection in result.connections:
        note(connection.t, f"station connects ({_security(connection.tls)})")
        note(connection.ended, _closing(connection.by, connection.code))
    for event in result.network:
        cut = event.event == "cut"
        note(event.t, "network cut by the Central System" if cut else "network restored")
    return rows


def _badges(attempt: Attempt) -> dict[int, tuple[str, bool]]:
    """For each frame that decided a step: the labels of those steps, and whether all were satisfied."""
    badges: dict[int, tuple[str, bool]] = {}
    for step in attempt.steps:
        line = step.frame or step.closest
        if line is None or step.outcome not in (Outcome.OK, Outcome.FAIL):
            continue
        label, good = step.step or f"#{step.number}", step.outcome is Outcome.OK
        if line in badges:
            others, all_good = badges[line]
            badges[line] = (
                others if label in others.split(", ") else f"{others}, {label}",
                all_good and good,
            )
        else:
            badges[line] = (label, good)
    return badges


def _arrow(frame: FrameSeen, at: float, badges: dict[int, tuple[str, bool]]) -> Arrow:
    badge, good = badges.get(frame.n, ("", True))
    css = {"CALL": "call", "CALLRESULT": "result"}.get(frame.type, "error")
    source, target = (STATION, CSMS) if frame.dir == "in" else (CSMS, STATION)
    return Arrow(at, source, target, f"{name_of(frame)}  {gist(frame)}", css, frame.n, badge, good)


def gist(frame: FrameSeen) -> str:
    """What matters most of a frame, in a few words: its state first, no timestamps."""
    said = payload(frame.raw)
    if frame.type == "CALLERROR" or said is None:
        return summary_of(frame)
    said = {name: value for name, value in said.items() if (name, value) != ("errorCode", "NoError")}
    names = [name for name in FIRST if name in said] + [
        name for name in said if name not in (*FIRST, *UNSAID)
    ]
    return describe({name: said[name] for name in names})


def _action(action: Action, at: float) -> Arrow | Note:
    parameters = " ".join(str(value) for value in action.params.values())
    name = f"{action.action} {parameters}".strip()
    if action.phase is ActionPhase.DONE:
        took = f", {seconds(action.seconds)}" if action.seconds and action.seconds >= LONG else ""
        return Arrow(at, OPERATOR, STATION, f"{name}{took}", "action")
    state = "was never acknowledged" if action.phase is ActionPhase.ASKED else action.phase
    return Note(at, f"{name}: {state} {action.detail}".strip(), bad=True)


def _security(tls: dict[str, Any] | None) -> str:
    return f"{tls.get('version', 'TLS')}, {tls.get('cipher', '')}" if tls else "no TLS"


def _closing(by: str, code: int | None) -> str:
    who = {"station": "station", "csms": "Central System", "network": "network"}.get(
        by, by or "unknown party"
    )
    return f"connection closed by the {who}" + (f", code {code}" if code else "")
