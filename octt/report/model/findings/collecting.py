"""Every single thing to look at, before equal ones are put together."""

from __future__ import annotations

from collections.abc import Iterator

from octt.pics.questionnaire import load_questionnaire
from octt.record.words import Blame, Outcome, Severity, Verdict
from octt.report.model.findings.causes import decisive_step, failed_in_test, line_of
from octt.report.model.findings.faults import fault
from octt.report.model.parts import Attempt, Case, Change, Finding, Place, Remark, Result, Step
from octt.report.model.verdict import contradictions, undisclosed_attempts

RANKS = {
    "evidence": 0,  # without sound evidence nothing else counts
    "fail": 1,
    "pics": 2,
    "time": 3,
    "error": 4,
    "inconclusive": 5,
    "not run": 6,
    "station": 7,  # it breaks a rule that fails no case
    "override": 8,
    "tool": 9,  # what we left changed at the station
    "remark": 10,
}
OURS = frozenset({"evidence", "error", "not run", "override", "tool"})
"""Kinds that are never the station's."""

CHANGED = " is not as it was before"
KEY = "the configuration key "
UNASKED = "not asked for by any step"
MANY_KEYS = 4
"""Contradicted configuration keys that are told together."""


def collect(result: Result) -> Iterator[Finding]:
    """All of them, in the order of the record; the same cause as often as it was seen."""
    run = result.run
    for damage in run.damages[:20]:
        yield _finding("evidence", "The record is damaged", detail=f"line {damage.line}: {damage.what}")
    if not run.complete:
        yield _finding("evidence", "The run is incomplete", detail=run.why_incomplete)
    for case in result.cases:
        yield from _of_case(case)
    yield from _contradicted(result)
    for statistic in result.performance.exceeded:
        yield _finding(
            "time",
            f"{statistic.name} above the declared maximum",
            Place(frame=statistic.worst_line),
            detail=f"{statistic.found}, {statistic.declared:g} s declared",
            blame=Blame.STATION,
        )
    for remark in result.remarks:
        yield _of_remark(remark)
    yield from _left_in_configuration(result)
    yield from _broken_frames(result)


def unanswered(result: Result, told: list[Finding]) -> Iterator[Finding]:
    """The calls without an answer that no other finding tells."""
    titles = {finding.title for finding in told}
    actions = [
        action
        for action in result.performance.by_action.values()
        if action.unanswered
        and not any(title.endswith(_silent(action.name)) or _silent(action.name) in title for title in titles)
    ]
    if actions:
        detail = ", ".join(f"{action.name} {action.unanswered}×" for action in actions)
        count = sum(action.unanswered for action in actions)
        yield _finding("remark", "Calls of the Central System were not answered", detail=detail, count=count)


def _silent(action: str) -> str:
    return f"{action}.req is "


def _finding(kind: str, title: str, *places: Place, **more: object) -> Finding:
    group = "remark" if kind == "remark" else "ours" if kind in OURS else "station"
    blame = more.pop("blame", Blame.TOOL if kind == "tool" else Blame.NOBODY)
    if kind == "inconclusive" and blame not in (Blame.STATION, Blame.NOBODY):
        group = "ours"
    return Finding(RANKS[kind], kind, title, places=places, group=group, blame=blame, **more)  # type: ignore[arg-type]


def _of_case(case: Case) -> Iterator[Finding]:
    if missing := undisclosed_attempts(case):
        detail = "attempt " + ", ".join(str(number) for number in missing)
        yield _finding("evidence", "An attempt is not on the record", Place(case.id), detail=detail)
    for override in case.overrides:
        yield _finding(
            "override",
            f"{case.id} overruled from {override.before} to {override.verdict}",
            Place(case.id, frame=override.n),
            detail=f"{override.by or 'nobody named'}: {override.why or 'no reason given'}",
        )
    if case.verdict == Verdict.NOT_RUN:
        yield _finding("not run", "Applicable cases were not run", Place(case.id))
    if case.last is None:
        return
    kinds = {Verdict.FAIL: "fail", Verdict.ERROR: "error", Verdict.INCONCLUSIVE: "inconclusive"}
    kind = kinds.get(case.verdict)
    step = decisive_step(case.last) if kind is not None else None
    remarks = [remark for remark in case.last.remarks if not follows(remark, case.last, step)]
    if kind is not None:
        yield from _of_verdict(kind, case, case.last, step, remarks)
    yield from _of_attempts(case)
    for change in (change for attempt in case.attempts for change in attempt.changes):
        if _left(change):
            yield _finding(
                "tool",
                f"{_changed(change)}{CHANGED}",
                Place(case.id, frame=change.n),
                detail=f"before: {_value(change.before)}, now: {_value(change.after)}",
            )
    decided = kind == "fail" and (step is None or not failed_in_test(step))
    for remark in remarks:
        if step is None or kind is None or not _cause_of(remark, step):
            yield _of_remark(remark, case, decisive=decided)


def _of_attempts(case: Case) -> Iterator[Finding]:
    earlier = [attempt for attempt in case.attempts[:-1] if attempt.verdict != Verdict.PASS]
    if earlier and case.verdict == Verdict.PASS:
        numbers = ", ".join(f"attempt {attempt.number} {attempt.verdict}" for attempt in earlier)
        place = Place(case.id, frame=earlier[0].n)
        yield _finding("remark", f"{case.id} passed only after {numbers}", place)


def _of_verdict(
    kind: str, case: Case, attempt: Attempt, step: Step | None, remarks: list[Remark]
) -> Iterator[Finding]:
    """Why a case did not pass: its decisive step, or what a rule saw in the frame that this step failed by."""
    violations = [remark for remark in remarks if remark.severity is Severity.VIOLATION]
    if kind == "fail" and violations and (step is None or not failed_in_test(step)):
        return  # the violations are the findings
    if step is None:
        title = attempt.reason or f"{case.verdict} without a failing step"
        yield _finding(kind, title, Place(case.id, frame=attempt.n), blame=attempt.blame)
        return
    place = Place(case.id, step.step, line_of(step), step.what, step.actual)
    cause = next((remark for remark in violations if _cause_of(remark, step)), None)
    if cause is not None:
        yield _finding(
            kind, cause.fault or cause.text, place, detail=cause.text, cite=cause.cite, blame=attempt.blame
        )
        return
    title = fault(step.what, step.actual)
    yield _finding(kind, title, place, detail=step.actual, cite=step.cite, blame=attempt.blame)


def _cause_of(remark: Remark, step: Step) -> bool:
    """Whether a step failed by what a rule saw: the same frame, and the step says the same of it."""
    if remark.severity is not Severity.VIOLATION or remark.frame not in (step.frame, step.closest):
        return False
    told = remark.text.partition(": ")[2]
    return bool(told) and told in step.actual


def follows(remark: Remark, attempt: Attempt, step: Step | None) -> bool:
    """Whether a remark only follows from a failed step: the frame that it failed by, or what came after the last good
    one, which nobody was there to ask for any more.
    """
    if step is None or not remark.text.startswith(UNASKED) or remark.frame is None:
        return False
    failed = [one for one in attempt.steps if one.outcome is Outcome.FAIL]
    good = [one.frame for one in attempt.steps if one.outcome is Outcome.OK and one.n < step.n and one.frame]
    return remark.frame > max(good, default=0) or any(remark.frame == line_of(one) for one in failed)


def _of_remark(remark: Remark, case: Case | None = None, *, decisive: bool = False) -> Finding:
    """A rule's violation decides a case whose steps passed; otherwise it is the station's, beside the case."""
    violation = remark.severity is Severity.VIOLATION
    kind = "tool" if remark.by == "tool" else "remark" if not violation else "fail" if decisive else "station"
    return _finding(
        kind,
        remark.fault or remark.text,
        Place(case.id if case is not None else "", frame=remark.frame, actual=remark.text),
        detail=remark.text if remark.fault else "",
        cite=remark.cite,
        count=remark.count,
        blame=Blame.STATION if violation else Blame.TOOL if remark.by == "tool" else Blame.NOBODY,
    )


def _contradicted(result: Result) -> Iterator[Finding]:
    """Each answer that is contradicted; many configuration keys at once have one cause, a declaration of another."""
    found = contradictions(result)
    keys = [answer for answer in found if answer.item.startswith("configuration_keys.")]
    if len(keys) >= MANY_KEYS:
        yield _finding(
            "pics",
            f"The declaration is contradicted: {len(keys)} configuration keys are not as declared",
            *(Place(frame=answer.line, actual=answer.why) for answer in keys),
            detail="; ".join(answer.why for answer in keys),
            count=len(keys),
        )
        found = [answer for answer in found if answer not in keys]
    for answer in found:
        title = f"The declaration is contradicted: {_asked(answer.item)} = {answer.answer}"
        yield _finding("pics", title, Place(frame=answer.line), detail=answer.why)


def _left_in_configuration(result: Result) -> Iterator[Finding]:
    attempts = [attempt for case in result.cases for attempt in case.attempts]
    told = {change.name for attempt in attempts for change in attempt.changes if _left(change)}
    for key in result.configuration.differences:
        if key.key in told:
            continue
        before = _value(key.before) if key.seen_before else "(not reported)"
        after = _value(key.after) if key.seen_after else "(not reported)"
        yield _finding(
            "tool",
            f"{KEY}{key.key}{CHANGED}",
            detail=f"before: {before}, now: {after}",
        )


def _broken_frames(result: Result) -> Iterator[Finding]:
    """Frames that are broken, where no rule was there to say how (records of older versions)."""
    remarks = [*result.remarks, *(r for case in result.cases for a in case.attempts for r in a.remarks)]
    if result.problem_count and not any(remark.by == "monitor" for remark in remarks):
        count = result.problem_count
        yield _finding(
            "station",
            "Frames of the station that break OCPP-J or the message schemas",
            Place(frame=result.problem_frames[0]),
            detail="1 frame" if count == 1 else f"{count} frames",
            count=count,
            blame=Blame.STATION,
        )


def _left(change: Change) -> bool:
    """Whether the station is not as it was before this change."""
    return not change.restored and (change.before is None or change.before != change.after)


def _changed(change: Change) -> str:
    """What a case changed at the station. The names of most things say what they are (octt/script/undo.py)."""
    match change.what:
        case "configuration":
            return f"{KEY}{change.name}"
        case "availability" | "cable":
            return f"the {change.what} of {change.name}"
        case "certificate":
            return (
                f"{change.name} certificate"
                if change.name.startswith("the ")
                else f"the certificate {change.name}"
            )
        case "firmware":
            return "the firmware"
        case _:
            return change.name or change.what


def _asked(item: str) -> str:
    """An item of the declaration with its label: an id alone tells a reader nothing."""
    question = load_questionnaire().questions.get(item)
    return f"{item} ({question.label})" if question else item.removeprefix("configuration_keys.")


def _value(value: object) -> object:
    return "nothing" if value is None or value == "" else value
