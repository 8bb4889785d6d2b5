"""The verdict rules: what passes a profile, what passes a run, what keeps a report from being issued."""

from __future__ import annotations

from collections.abc import Iterable

from octt.measure import DECLARED
from octt.record.words import Agreement, Verdict
from octt.report.model.parts import (
    Case,
    PicsResult,
    ProfileResult,
    Result,
)

EXPLANATION = (
    (
        "Case",
        "A case has the verdict of its last attempt, unless the operator overruled it; all attempts and every "
        "overruling are listed in this report.",
    ),
    (Verdict.PASS, "Every expectation of the case was met."),
    (Verdict.FAIL, "The station did something the specification forbids, or not what it requires."),
    (
        Verdict.INCONCLUSIVE,
        "The case did not get to the point: a precondition, the driver or the operator failed.",
    ),
    (Verdict.ERROR, "The tool made a mistake; this says nothing about the station."),
    (Verdict.NOT_APPLICABLE, "The declaration (PICS) excludes the case, with the answer that does."),
    (Verdict.NOT_RUN, "The case applies, but was not carried out."),
    (
        "Profile",
        "A profile passes when every applicable case of it passed and there is at least one. One FAIL fails it; "
        "otherwise anything inconclusive, erroneous or not run leaves it inconclusive.",
    ),
    (
        "Run",
        "The run passes when it is complete, every applicable case passed and there is at least one. One FAIL "
        "fails it; otherwise it is inconclusive.",
    ),
    (
        "Issuable",
        "The report may be issued unless one of these holds: an applicable case is inconclusive, erroneous or was "
        "not run; the declaration was not cross-examined, or an answer of it is contradicted by what was "
        "observed; a measured time is above the declared maximum; the record lacks an attempt of a case; a verdict "
        "was overruled without a name or a reason; the run is incomplete; the record is damaged. A FAIL does not "
        "stop a report from being issued: it says so.",
    ),
)


def undecided(case: Case) -> bool:
    """Whether a case that applies has neither passed nor failed. Only the declaration can exclude a case."""
    if case.verdict == Verdict.NOT_APPLICABLE:
        return case.applicable
    return case.verdict not in (Verdict.PASS, Verdict.FAIL)


def verdict_of(cases: Iterable[Case], *, complete: bool = True) -> Verdict:
    """The verdict of a profile or a run from its cases; NOT APPLICABLE when none of them applies."""
    members = list(cases)
    if any(case.verdict == Verdict.FAIL for case in members):
        return Verdict.FAIL
    if not complete or any(undecided(case) for case in members):
        return Verdict.INCONCLUSIVE
    return Verdict.PASS if any(case.verdict == Verdict.PASS for case in members) else Verdict.NOT_APPLICABLE


def run_verdict(result: Result) -> Verdict:
    """The verdict of the whole run; a run in which nothing was tested is inconclusive, never a pass."""
    complete = result.run.complete and not result.run.damages
    verdict = verdict_of(result.cases, complete=complete)
    return Verdict.INCONCLUSIVE if verdict == Verdict.NOT_APPLICABLE else verdict


def profiles(cases: list[Case]) -> list[ProfileResult]:
    """Every profile of the plan, in its order, with verdict, number of cases by verdict, and why it did not pass."""
    by_name: dict[str, list[Case]] = {}
    for case in cases:
        by_name.setdefault(case.profile, []).append(case)
    return [_profile(name, members) for name, members in by_name.items()]


def _profile(name: str, cases: list[Case]) -> ProfileResult:
    counts: dict[Verdict, int] = {}
    for case in cases:
        counts[case.verdict] = counts.get(case.verdict, 0) + 1
    verdict = verdict_of(cases)
    if verdict == Verdict.PASS:
        reason = ""
    elif verdict == Verdict.NOT_APPLICABLE:
        reason = "no case of this profile applies"
    else:
        guilty = [
            case
            for case in cases
            if (case.verdict == Verdict.FAIL if verdict == Verdict.FAIL else undecided(case))
        ]
        reason = "; ".join(f"{case.id} {case.verdict}" for case in guilty)
    return ProfileResult(name, verdict, counts, reason)


def undisclosed_attempts(case: Case) -> list[int]:
    """The attempts that must have taken place, by the numbers of later ones, and are not on the record."""
    numbers = {attempt.number for attempt in case.attempts}
    return sorted(set(range(1, max(numbers, default=0) + 1)) - numbers)


def contradictions(result: Result) -> list[PicsResult]:
    """The contradicted answers, without declared maxima: those are judged as measured times."""
    times = DECLARED.values() if result.performance.exceeded else ()
    return [
        answer
        for answer in result.pics
        if answer.result is Agreement.CONTRADICTED and answer.item not in times
    ]


def obstacles(result: Result) -> list[str]:
    """Why the report may not be issued, a sentence each; empty when it may."""
    run, reasons = result.run, []
    for damage in run.damages[:20]:
        reasons.append(f"The record is damaged at line {damage.line}: {damage.what}.")
    if not run.complete:
        reasons.append(f"The run is incomplete: {run.why_incomplete}.")
    if not any(case.attempts for case in result.cases):
        reasons.append("No case was carried out.")
    for case in result.cases:
        if undecided(case):
            short = case.reason.split("; instead came")[0]  # what did come is with the finding
            why = f": {short}" if short and case.verdict != Verdict.NOT_RUN else ""
            reasons.append(f"{case.id} applies and is {case.verdict}{why}.")
        if case.attempts and not case.applicable and case.verdict != Verdict.NOT_APPLICABLE:
            reasons.append(f"{case.id} was carried out although the declaration excludes it.")
        if missing := undisclosed_attempts(case):
            numbers = ", ".join(str(number) for number in missing)
            reasons.append(f"{case.id}: attempt {numbers} is not on the record.")
    for override in result.overrides:
        if not override.by.strip() or not override.why.strip():
            reasons.append(
                f"{override.case} was overruled to {override.verdict} without a name and a reason."
            )
    if result.declaration and not result.pics:
        reasons.append("The declaration was not cross-examined.")
    for answer in contradictions(result):
        reasons.append(f"PICS {answer.item} is contradicted: {answer.why or 'see the record'}.")
    for statistic in result.performance.exceeded:
        reasons.append(f"{statistic.name}: {statistic.found}, {statistic.declared:g} s declared at most.")
    return [reason.removesuffix("..") + "." if reason.endswith("..") else reason for reason in reasons]
