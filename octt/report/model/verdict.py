"""The verdict rules: what passes a profile, what passes a run, what keeps a report from being issued."""

from __future__ import annotations

from collections.abc import Iterable

from octt.measure import DECLARED
from octt.record.words import Agreement, Profile, Severity, Verdict
from octt.report.model.parts import Case, PicsResult, ProfileResult, Result

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
        "otherwise anything inconclusive, erroneous or not run leaves it incomplete. A run of chosen cases, and one "
        "without an examined declaration, pass no profile: a part says nothing about the whole.",
    ),
    (
        "Run",
        "The run passes when it was carried out to its end with every case that applies, the declaration was examined, "
        "and every applicable case passed. One FAIL fails it; otherwise it is inconclusive.",
    ),
    (
        "May be filed",
        "The report may be filed (issued) unless one of these holds: only chosen cases were run; an applicable case is "
        "inconclusive, erroneous or was not run; there is no declaration, it was not cross-examined, or an answer of "
        "it is contradicted by what was observed; a measured time is above the declared maximum; the station broke the "
        "protocol outside any case; the record lacks an attempt of a case; a verdict was overruled without a name or a "
        "reason; the run was broken off; the station had other firmware in a later sitting; the record is damaged. A "
        "FAIL does not stop a report from being filed: it says so.",
    ),
)
MOST_NAMED = 12  # cases named in one sentence


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


def whole(result: Result) -> bool:
    """Whether the run is no part: every case was chosen, and what the product supports is known and examined."""
    return result.examined and not result.left_out


def run_verdict(result: Result) -> Verdict:
    """The verdict of the whole run; a part, and a run in which nothing was tested, are inconclusive, never a pass."""
    complete = result.run.complete and not result.run.damages and whole(result)
    verdict = verdict_of(result.cases, complete=complete)
    return Verdict.INCONCLUSIVE if verdict == Verdict.NOT_APPLICABLE else verdict


def profiles(result: Result) -> list[ProfileResult]:
    """Every profile in the order of the certificates: verdict, number of cases by verdict, why it did not pass."""
    chosen: dict[str, list[Case]] = {}
    for case in result.cases:
        chosen.setdefault(case.profile, []).append(case)
    others: dict[str, list[Case]] = {}
    for case in result.not_chosen:
        others.setdefault(case.profile, []).append(case)
    every = [*chosen, *(name for name in others if name not in chosen)]
    order = {name: place for place, name in enumerate(Profile)}
    names = sorted(every, key=lambda name: order.get(name, len(order)))  # type: ignore[call-overload]
    return [_profile(result, name, chosen.get(name, []), others.get(name, [])) for name in names]


def _profile(result: Result, name: str, chosen: list[Case], others: list[Case]) -> ProfileResult:
    members = [*chosen, *others]
    counts: dict[Verdict, int] = {}
    for case in chosen:
        counts[case.verdict] = counts.get(case.verdict, 0) + 1
    applicable = [case for case in members if case.verdict != Verdict.NOT_APPLICABLE or case.applicable]
    tested = [case for case in applicable if not undecided(case)]
    verdict = verdict_of(chosen, complete=whole(result) or not applicable)
    if verdict == Verdict.PASS:
        reason = ""
    elif verdict == Verdict.NOT_APPLICABLE:
        reason = "no case of this profile applies"
    else:
        guilty = [
            c for c in chosen if (c.verdict == Verdict.FAIL if verdict == Verdict.FAIL else undecided(c))
        ]
        reason = "; ".join(f"{case.id} {case.verdict}" for case in guilty) or part(result)
    words = _words(result, verdict, len(tested), len(applicable))
    return ProfileResult(name, verdict, counts, reason, len(tested), len(applicable), words)


def _words(result: Result, verdict: Verdict, tested: int, applicable: int) -> str:
    """What a profile's row says: its verdict, and how much of it was tested if that is not all."""
    some = f"{tested} of {applicable}"
    if verdict == Verdict.PASS:
        return "passed"
    if verdict == Verdict.NOT_APPLICABLE:
        return "does not apply"
    if verdict == Verdict.FAIL:
        return "failed" if tested == applicable else f"failed; incomplete: {some}"
    if not tested:
        return f"not tested: {some}"
    return (
        f"incomplete: {some}" if tested < applicable else f"all {tested} passed, no verdict: {part(result)}"
    )


def part(result: Result) -> str:
    """Why a run in which everything may have passed is only a part, in a few words; empty when it is none."""
    if result.left_out:
        return "only chosen cases were run"
    if not result.declaration:
        return "nothing is declared"
    return "" if result.pics else "the declaration was not examined"


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
    if run.other_firmware:
        changed = "; ".join(
            told for one in run.sittings for told in one.changed if told.startswith("firmware ")
        )
        reasons.append(f"The station had other firmware in a later sitting: {changed}.")
    if left := len(result.left_out):
        every = left + sum(case.applicable for case in result.cases)
        reasons.append(f"Only chosen cases were run: {every - left} of {every} that apply.")
    if not any(case.attempts for case in result.cases):
        reasons.append("No case was carried out.")
    for case in result.cases:
        reasons += _of_case(case)
    reasons += _not_run([case.id for case in result.cases if case.verdict == Verdict.NOT_RUN])
    for override in result.overrides:
        if not override.by.strip() or not override.why.strip():
            reasons.append(
                f"{override.case} was overruled to {override.verdict} without a name and a reason."
            )
    if not result.declaration:
        reasons.append("There is no declaration (PICS): nobody knows what the product should support.")
    elif not result.pics:
        reasons.append("The declaration was not cross-examined.")
    for answer in contradictions(result):
        reasons.append(f"PICS {answer.item} is contradicted: {answer.why or 'see the record'}.")
    for statistic in result.performance.exceeded:
        reasons.append(f"{statistic.name}: {statistic.found}, {statistic.declared:g} s declared at most.")
    reasons += _outside(result)
    return [reason.removesuffix("..") + "." if reason.endswith("..") else reason for reason in reasons]


def _outside(result: Result) -> list[str]:
    """What the station broke before the first case, between cases or after the last: no case has it in its verdict."""
    broken: dict[str, str] = {}
    for remark in result.remarks:
        if remark.severity is Severity.VIOLATION:
            broken.setdefault(remark.fault or remark.text, remark.text)
    return [f"Outside any case the station broke the protocol: {text}." for text in broken.values()]


def _of_case(case: Case) -> list[str]:
    reasons = []
    if undecided(case) and case.verdict != Verdict.NOT_RUN:
        short = case.reason.split("; instead came")[0]  # what did come is with the finding
        reasons.append(f"{case.id} applies and is {case.verdict}{f': {short}' if short else ''}.")
    if case.attempts and not case.applicable and case.verdict != Verdict.NOT_APPLICABLE:
        reasons.append(f"{case.id} was carried out although the declaration excludes it.")
    if missing := undisclosed_attempts(case):
        numbers = ", ".join(str(number) for number in missing)
        reasons.append(f"{case.id}: attempt {numbers} is not on the record.")
    return reasons


def _not_run(cases: list[str]) -> list[str]:
    if len(cases) < 2:
        return [f"{case} applies and was not run." for case in cases]
    more = f" and {len(cases) - MOST_NAMED} more" if len(cases) > MOST_NAMED else ""
    return [f"{len(cases)} cases apply and were not run: {', '.join(cases[:MOST_NAMED])}{more}."]
