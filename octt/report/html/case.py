"""One test case as the HTML report shows it: what the template needs, computed from the result model."""

from __future__ import annotations

import math
import re
from typing import Any

from octt.record.words import Outcome, Phase
from octt.report.differences import of_case
from octt.report.html.diagram import diagrams
from octt.report.html.failure import failed_at, failure_view
from octt.report.html.frames import (
    TITLES,
    WINDOW,
    Budget,
    action_view,
    chosen,
    group_view,
    grouped,
    name_of,
)
from octt.report.html.margin import margin
from octt.report.html.states import States
from octt.report.html.svg import schedule
from octt.report.model.case import Note
from octt.report.model.findings.causes import FAILED, decisive_step
from octt.report.model.findings.collecting import follows
from octt.report.model.frames import summary_of
from octt.report.model.parts import Attempt, Case, Change, Remark, Result, Step
from octt.report.model.printing import as_json, plain
from octt.report.text import limit, moment, seconds

STEPS_LIMIT, REMARKS_LIMIT, CHANGES_LIMIT, ATTEMPTS_LIMIT, NOTES_LIMIT = 400, 200, 200, 20, 100
_PICTURE = re.compile(r"notes/[0-9a-f]{16}\.(?:jpg|png|webp)")


def case_view(result: Result, case: Case, budget: Budget) -> dict[str, Any]:
    """Everything the template shows of `case`; frames shown are noted in `budget`."""
    attempts = case.attempts[-ATTEMPTS_LIMIT:]
    counts = [case.last] if case.last else []
    return {
        "id": case.id,
        "name": case.name,
        "profile": case.profile,
        "section": case.section,
        "verdict": case.verdict,
        "measured_verdict": case.measured_verdict,
        "blame": case.blame,
        "reason": case.reason,
        "pics_reason": case.pics_reason,
        "applicable": case.applicable,
        "seconds": seconds(case.seconds) if case.attempts else "",
        "forced": seconds(case.forced) if case.forced else "",
        "attempts_made": len(case.attempts),
        "attempts_left_out": len(case.attempts) - len(attempts),
        "remark_count": len(case.remarks) + (case.last.remarks_left_out if case.last else 0),
        "overrides": [
            {"when": moment(o.t), "before": o.before, "verdict": o.verdict, "by": o.by, "why": o.why}
            for o in case.overrides
        ],
        "differences": [
            {"text": one.beside(case.verdict), "source": one.source}
            for one in (of_case(case.id) if attempts else ())
        ],
        "connectors": [{"number": at, "verdict": verdict} for at, verdict in case.verdicts if at],
        "notes": [note_view(note) for note in case.notes[:NOTES_LIMIT]],
        "attempts": [
            attempt_view(result, case, attempt, budget)
            for attempt in [*counts, *(other for other in reversed(attempts) if other not in counts)]
        ],
    }


def note_view(note: Note) -> dict[str, Any]:
    """What a person added to a case or the run. `picture`: where it leads, if it leads into the run's own folder."""
    return {
        "when": moment(note.t),
        "text": note.text,
        "file": note.file,
        "sha256": note.sha256,
        "picture": note.file if _PICTURE.fullmatch(note.file) else "",
    }


def attempt_view(result: Result, case: Case, attempt: Attempt, budget: Budget) -> dict[str, Any]:
    """One execution of a case; the one that counts comes first in the page."""
    frames, failed = case.frames_of(attempt), failed_at(attempt)
    referenced = [n for step in attempt.steps for n in (step.frame, step.closest) if n is not None]
    referenced += [remark.frame for remark in attempt.remarks if remark.frame is not None]
    referenced = [*frames.lines_before(failed, WINDOW + 1), *referenced] if failed else referenced
    shown = chosen(frames, referenced, budget.frames_per_attempt)
    steps = attempt.steps
    if len(steps) > STEPS_LIMIT:  # those that failed first: they are what the reader came for
        steps = sorted(
            sorted(steps, key=lambda step: step.outcome is not Outcome.FAIL)[:STEPS_LIMIT],
            key=lambda step: step.number,
        )
    states, decisive = States(), decisive_step(attempt) if attempt.verdict in FAILED else None
    groups = [group_view(group, result, budget, attempt.started, states) for group in grouped(shown, failed)]
    return {
        "number": attempt.number,
        "connector": attempt.connector,
        "started": moment(attempt.started),
        "verdict": attempt.verdict,
        "blame": attempt.blame,
        "reason": attempt.reason,
        "seconds": seconds(attempt.seconds),
        "forced": seconds(attempt.forced) if attempt.forced else "",
        "failure": failure_view(result, attempt),
        "steps": _by_phase(result, steps, budget),
        "steps_left_out": len(attempt.steps) - len(steps),
        "remarks": [
            {**_remark(r), "follows": follows(r, attempt, decisive)} for r in attempt.remarks[:REMARKS_LIMIT]
        ],
        "remarks_left_out": attempt.remarks_left_out + max(len(attempt.remarks) - REMARKS_LIMIT, 0),
        "actions": [action_view(action) for action in attempt.actions[:100]],
        "prompts": [
            {"text": p.text, "answer": p.answer, "seconds": seconds(p.seconds)} for p in attempt.prompts[:100]
        ],
        "changes": [_change(change) for change in attempt.changes[:CHANGES_LIMIT]],
        "changes_left_out": max(len(attempt.changes) - CHANGES_LIMIT, 0),
        "groups": groups,
        "frame_count": len(frames),
        "diagrams": [
            {"phase": phase, "title": TITLES[phase], "svg": svg}
            for phase, svg in diagrams(result, attempt, shown).items()
        ],
    }


def _by_phase(result: Result, steps: list[Step], budget: Budget) -> list[dict[str, Any]]:
    """The steps of each phase; what went as expected before and after the test can be folded."""
    found: list[dict[str, Any]] = []
    for step in steps:
        if not found or found[-1]["phase"] != step.phase:
            found.append({"phase": step.phase, "title": TITLES[step.phase], "failed": False, "steps": []})
        found[-1]["steps"].append(step_view(result, step, budget))
        found[-1]["failed"] |= step.outcome is Outcome.FAIL
    for part in found:
        part["fold"] = part["phase"] != Phase.TEST and not part["failed"]
    return found


def step_view(result: Result, step: Step, budget: Budget) -> dict[str, Any]:
    """One expectation: expected beside actual, measured beside limit."""
    line = step.frame if step.frame is not None else step.closest
    actual = step.actual
    if not actual and line in budget.shown and (frame := result.frames.by_line(line)) is not None:
        actual = f"{name_of(frame)} {summary_of(frame)}".strip()
    return {
        "n": step.n,
        "label": step.step,
        "number": step.number,
        "what": step.what,
        "outcome": step.outcome,
        "actual": actual,
        "line": line,
        "closest": step.frame is None and step.closest is not None,
        "phase": step.phase,
        "cite": step.cite,
        "seconds": seconds(step.seconds),
        "limit": limit(step.limit),
        "margin": margin(step.seconds, step.limit),
        **_data(step.data),
    }


def _data(data: Any) -> dict[str, Any]:
    """A step's free data: a charging schedule drawn, anything else as JSON."""
    if data is None:
        return {"schedule": None, "data": ""}
    drawing = None
    given = data.get("schedule") if isinstance(data, dict) else None
    if isinstance(given, dict):
        expected, returned = _points(given.get("expected")), _points(given.get("returned"))
        if expected or returned:
            duration: Any = given.get("duration")
            length = float(duration) if _is_number(duration) else 0.0
            drawing = schedule(expected, returned, str(given.get("unit") or ""), length)
    text = as_json(data)
    return {"schedule": drawing, "data": text[:3000] + ("…" if len(text) > 3000 else "")}


def _points(value: Any) -> list[tuple[float, float | None]]:
    """The points of a schedule, at most 500: a finite second, a finite limit or none; all else is left out."""
    if not isinstance(value, list):
        return []
    pairs = (point for point in value[:500] if isinstance(point, list | tuple) and len(point) == 2)
    return [
        (float(start), None if value is None else float(value))
        for start, value in pairs
        if _is_number(start) and (value is None or _is_number(value))
    ]


def _is_number(value: Any) -> bool:
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and math.isfinite(value)
        and abs(value) < 1e12
    )


def _remark(remark: Remark) -> dict[str, Any]:
    return {name: getattr(remark, name) for name in ("text", "frame", "cite", "by", "count")}


def _change(change: Change) -> dict[str, Any]:
    return {
        "what": change.what,
        "name": change.name,
        "before": plain(change.before),
        "after": plain(change.after),
        "restored": change.restored,
    }
