"""Where a case failed, for who opens it: the step, what came instead, the time it had, and what the sections demand."""

from __future__ import annotations

from typing import Any

from octt.record.words import Outcome, Severity, Verdict
from octt.report.html.margin import margin
from octt.report.model.findings.collecting import decisive_step, line_of
from octt.report.model.findings.faults import fault
from octt.report.model.parts import Attempt, Remark, Result, Step
from octt.report.model.sections import demanded
from octt.report.text import limit, seconds

FAILED = (Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.ERROR)


def failed_at(attempt: Attempt) -> int | None:
    """The line of the record where the attempt failed; None when it did not, or nobody can say where."""
    if attempt.verdict not in FAILED:
        return None
    step, breach = _cause(attempt)
    if step is not None:
        return line_of(step)
    return breach.frame or breach.n if breach is not None else None


def failure_view(result: Result, attempt: Attempt) -> dict[str, Any] | None:
    """What the template needs of it; None for an attempt that passed, or that failed without a step."""
    if attempt.verdict not in FAILED:
        return None
    step, breach = _cause(attempt)
    if step is not None:
        return _of_step(result, attempt, step)
    return _of_breach(result, breach) if breach is not None else None


def _cause(attempt: Attempt) -> tuple[Step | None, Remark | None]:
    """The decisive step; else what a rule saw that the station broke."""
    step = decisive_step(attempt)
    breaches = [remark for remark in attempt.remarks if remark.severity is Severity.VIOLATION]
    if step is not None and not (attempt.verdict is Verdict.FAIL and breaches and step.phase != "test"):
        return step, None
    return None, breaches[0] if breaches else None


def _of_step(result: Result, attempt: Attempt, step: Step) -> dict[str, Any]:
    line = step.frame if step.frame is not None else step.closest
    others = [one for one in attempt.steps if one.outcome is Outcome.FAIL and one is not step]
    title = fault(step.what, step.actual)
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
    title = breach.fault or breach.text
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
