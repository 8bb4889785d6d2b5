"""Why an attempt at a case did not pass: its decisive step, or what a rule saw that the station broke."""

from __future__ import annotations

from octt.record.words import Outcome, Phase, Severity, Verdict
from octt.report.model.case import Attempt, Remark, Step
from octt.report.model.findings.faults import fault

FAILED = (Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.ERROR)


def cause(attempt: Attempt) -> Step | Remark | None:
    """What an attempt that did not pass failed by; None for one that passed, and where only its reason says why."""
    if attempt.verdict not in FAILED:
        return None
    step = decisive_step(attempt)
    breaches = [remark for remark in attempt.remarks if remark.severity is Severity.VIOLATION]
    if step is not None and not (attempt.verdict is Verdict.FAIL and breaches and not failed_in_test(step)):
        return step
    return breaches[0] if breaches else None


def title_of(found: Step | Remark) -> str:
    """The fault, in the station's terms."""
    if isinstance(found, Step):
        return fault(found.what, found.actual)
    return found.fault or found.text


def line_of(found: Step | Remark) -> int:
    """The line of the record to look at: its frame, the closest one, else its own."""
    closest = found.closest if isinstance(found, Step) else None
    return next(line for line in (found.frame, closest, found.n) if line is not None)


def decisive_step(attempt: Attempt) -> Step | None:
    """The first failed step of the test itself, else of its setup; None when no step failed."""
    failed = [
        step for step in attempt.steps if step.outcome is Outcome.FAIL and step.phase is not Phase.RESTORE
    ]
    return next(filter(failed_in_test, failed), failed[0] if failed else None)


def failed_in_test(step: Step) -> bool:
    """Whether it is a verdict about the station."""
    return step.outcome is Outcome.FAIL and step.phase is Phase.TEST
