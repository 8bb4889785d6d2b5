"""Where a case failed, for who opens it: the step, what came instead, the time it had, and what the sections demand."""

from __future__ import annotations

from typing import Any

from octt.record.words import Outcome
from octt.report.html.margin import margin
from octt.report.model.findings.causes import cause, line_of, title_of
from octt.report.model.parts import Attempt, Remark, Result, Step
from octt.report.model.sections import demanded
from octt.report.text import limit, seconds


def failed_at(attempt: Attempt) -> int | None:
    """The line of the record where the attempt failed; None when it did not, or nobody can say where."""
    found = cause(attempt)
    return None if found is None else line_of(found)


def failure_view(result: Result, attempt: Attempt) -> dict[str, Any] | None:
    """What the template needs of it; None for an attempt that passed, or that failed without a step."""
    found = cause(attempt)
    if isinstance(found, Step):
        return _of_step(result, attempt, found)
    return None if found is None else _of_breach(result, found)


def _of_step(result: Result, attempt: Attempt, step: Step) -> dict[str, Any]:
    line = step.frame if step.frame is not None else step.closest
    others = [one for one in attempt.steps if one.outcome is Outcome.FAIL and one is not step]
    title = title_of(step)
    return {
        "title": title,
        "step": step.step or f"#{step.number}",
        "phase": step.phase,
        "n": step.n,
        "expected": step.what,
        "actual": step.actual or "nothing",
        "line": line if result.frames.by_line(line) is not None else None,
        "closest": step.frame is None,
        "seconds": seconds(step.seconds),
        "limit": limit(step.limit),
        "margin": margin(step.seconds, step.limit),
        "demands": demanded(step.cite, title),
        "others": len(others),
    }


def _of_breach(result: Result, breach: Remark) -> dict[str, Any]:
    title = title_of(breach)
    return {
        "title": title,
        "step": "",
        "phase": "test",
        "n": None,
        "expected": "a station that keeps to the protocol, whatever it is asked for",
        "actual": breach.text,
        "line": breach.frame if result.frames.by_line(breach.frame) is not None else None,
        "closest": False,
        "seconds": "",
        "limit": "",
        "margin": None,
        "demands": demanded(breach.cite, title),
        "others": 0,
    }
