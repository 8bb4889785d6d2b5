"""What to look at after a run, sorted by what to fix first."""

from __future__ import annotations

import re
from collections.abc import Iterator

from octt.pics.questionnaire import load_questionnaire
from octt.record.words import Blame, Outcome, Phase, Profile, Severity, Verdict
from octt.report.model.parts import Attempt, Case, Change, Finding, Remark, Result, Step
from octt.report.model.verdict import contradictions, undisclosed_attempts

RANKS = {
    "evidence": 0,  # without sound evidence nothing else counts
    "fail": 1,
    "pics": 2,
    "time": 3,
    "error": 4,
    "inconclusive": 5,
    "not run": 6,
    "tool": 7,  # we left the station changed
    "station": 7,  # the station has other keys than before, or sends what no case asked about
    "override": 8,
    "remark": 9,
}
_NUMBER = re.compile(r"\d+(\.\d+)?")
_OWN_NUMBER = re.compile(r"((?:transaction|reservation|request)Id = )\d+")  # of this case, and of no other
FIRST_PROFILES = (Profile.CORE, Profile.SECURITY)


def findings(result: Result) -> list[Finding]:
    """All findings: by rank, then those of the most cases first, then Core before the rest, then in plan order.

    The same thing found in several cases (same expectation, same answer of the station but for its numbers) is one
    finding, with the detail of the first.
    """
    grouped: dict[tuple[str, ...], Finding] = {}
    for finding in _all(result):
        key = _same(finding)
        if (seen := grouped.get(key)) is not None:
            both: dict[str, object] = {
                "cases": seen.cases + tuple(case for case in finding.cases if case not in seen.cases),
                "count": seen.count + finding.count,
                "step": seen.step if seen.step == finding.step else "",
                "cite": seen.cite if seen.cite == finding.cite else "",
            }
            grouped[key] = Finding(**{**vars(seen), **both})
        else:
            grouped[key] = finding
    profile_of = {case.id: case.profile for case in result.cases}

    def order(finding: Finding) -> tuple[int, int, int]:
        names = {profile_of.get(case, "") for case in finding.cases}
        first = min(
            (FIRST_PROFILES.index(Profile(n)) if n in FIRST_PROFILES else 2 for n in names), default=2
        )
        return finding.rank, -len(finding.cases), first

    return sorted(grouped.values(), key=order)


def _same(finding: Finding) -> tuple[str, ...]:
    """What findings have in common that are one: ids, times, what came instead and the citation may differ."""
    title = _OWN_NUMBER.sub(r"\1", finding.title)
    detail = "" if finding.kind == "remark" else finding.detail
    if finding.kind in ("fail", "inconclusive"):
        return finding.kind, title, _NUMBER.sub("", detail.split("; instead came")[0])
    return finding.kind, title, detail, finding.cite


def _finding(kind: str, title: str, **more: object) -> Finding:
    return Finding(RANKS[kind], kind, title, **more)  # type: ignore[arg-type]


def _all(result: Result) -> Iterator[Finding]:
    run = result.run
    for damage in run.damages[:20]:
        yield _finding("evidence", "The record is damaged", detail=f"line {damage.line}: {damage.what}")
    if not run.complete:
        yield _finding("evidence", "The run is incomplete", detail=run.why_incomplete)
    for case in result.cases:
        yield from _of_case(case)
    for answer in contradictions(result):
        title = f"The declaration is contradicted: {_asked(answer.item)} = {answer.answer}"
        yield _finding("pics", title, detail=answer.why, frame=answer.line)
    for statistic in result.performance.exceeded:
        yield _finding(
            "time",
            f"{statistic.name} above the declared maximum",
            detail=f"{statistic.found}, {statistic.declared:g} s declared",
            frame=statistic.worst_line,
        )
    if unanswered := result.performance.response.unanswered:
        actions = [action for action in result.performance.by_action.values() if action.unanswered]
        yield _finding(
            "remark",
            "Calls of the Central System were not answered",
            detail=", ".join(f"{action.name} {action.unanswered}×" for action in actions),
            count=unanswered,
        )
    for remark in result.remarks:
        yield _of_remark(remark)
    told = {
        change.name for case in result.cases if case.last for change in case.last.changes if _left(change)
    }
    for key in result.configuration.differences:
        if key.key in told:
            continue
        before = key.before if key.seen_before else "(not reported)"
        after = key.after if key.seen_after else "(not reported)"
        yield _finding(
            "station",
            f"The configuration key {key.key} is not what it was before the run",
            detail=f"before: {before}, after: {after}",
        )
    if result.problem_count:
        yield _finding(
            "station",
            "Frames of the station that break OCPP-J or the message schemas",
            detail="1 frame" if result.problem_count == 1 else f"{result.problem_count} frames",
            frame=result.problem_frames[0],
            count=result.problem_count,
        )


def _of_case(case: Case) -> Iterator[Finding]:
    if missing := undisclosed_attempts(case):
        detail = "attempt " + ", ".join(str(number) for number in missing)
        yield _finding("evidence", "An attempt is not on the record", detail=detail, cases=(case.id,))
    for override in case.overrides:
        yield _finding(
            "override",
            f"{case.id} overruled from {override.before} to {override.verdict}",
            detail=f"{override.by or 'nobody named'}: {override.why or 'no reason given'}",
            cases=(case.id,),
            frame=override.n,
        )
    if case.verdict == Verdict.NOT_RUN:
        yield _finding("not run", "Applicable cases were not run", cases=(case.id,))
    if case.last is None:
        return
    kind = {Verdict.FAIL: "fail", Verdict.ERROR: "error", Verdict.INCONCLUSIVE: "inconclusive"}.get(
        case.verdict
    )
    if kind is not None:
        yield from _of_verdict(kind, case, case.last)
    earlier = [attempt for attempt in case.attempts[:-1] if attempt.verdict != Verdict.PASS]
    if earlier and case.verdict == Verdict.PASS:
        numbers = ", ".join(f"attempt {attempt.number} {attempt.verdict}" for attempt in earlier)
        yield _finding(
            "remark", f"{case.id} passed only after {numbers}", cases=(case.id,), frame=earlier[0].n
        )
    for change in (change for attempt in case.attempts for change in attempt.changes):
        if not _left(change):
            continue
        yield _finding(
            "tool",
            f"Changed at the station and not put back: {change.what} {change.name}".rstrip(),
            detail=f"before: {_value(change.before)}, now: {_value(change.after)}",
            cases=(case.id,),
            frame=change.n,
            blame=Blame.TOOL,
        )
    decided = kind == "fail" and not any(_failed_test(step) for step in case.last.steps)
    for remark in case.last.remarks:
        yield _of_remark(remark, case, decisive=decided)


def _left(change: Change) -> bool:
    """Whether the station is not as it was before this change."""
    return not change.restored and (change.before is None or change.before != change.after)


def _asked(item: str) -> str:
    """An item of the declaration with its label: an id alone tells a reader nothing."""
    question = load_questionnaire().questions.get(item)
    return f"{item} ({question.label})" if question else item.removeprefix("configuration_keys.")


def _value(value: object) -> object:
    return "nothing" if value is None or value == "" else value


def _of_remark(remark: Remark, case: Case | None = None, *, decisive: bool = False) -> Finding:
    """A monitor's violation decides a case whose steps passed; otherwise it is the station's, beside the case."""
    violation = remark.severity is Severity.VIOLATION
    kind = "remark" if not violation else "fail" if decisive else "station"
    return _finding(
        kind,
        remark.text,
        cases=(case.id,) if case is not None else (),
        cite=remark.cite,
        frame=remark.frame,
        count=remark.count,
        blame=Blame.STATION if violation else Blame.NOBODY,
    )


def _of_verdict(kind: str, case: Case, attempt: Attempt) -> Iterator[Finding]:
    step = decisive_step(attempt)
    violations = any(remark.severity is Severity.VIOLATION for remark in attempt.remarks)
    if kind == "fail" and violations and (step is None or not _failed_test(step)):
        return  # the violations are the findings
    if step is None:
        title = attempt.reason or f"{case.verdict} without a failing step"
        yield _finding(kind, title, cases=(case.id,), frame=attempt.n, blame=attempt.blame)
        return
    yield _finding(
        kind,
        step.what,
        detail=step.actual,
        cases=(case.id,),
        step=step.step,
        cite=step.cite,
        frame=step.frame if step.frame is not None else step.closest if step.closest is not None else step.n,
        blame=attempt.blame,
    )


def decisive_step(attempt: Attempt) -> Step | None:
    """The first failed step of the test itself, else of its setup; None when no step failed."""
    failed = [step for step in attempt.steps if step.outcome is Outcome.FAIL]
    return next(filter(_failed_test, failed), failed[0] if failed else None)


def _failed_test(step: Step) -> bool:
    return step.outcome is Outcome.FAIL and step.phase is Phase.TEST
