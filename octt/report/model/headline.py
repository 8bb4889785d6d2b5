"""The verdict of a run in words that cannot be misread, the same on every output."""

from __future__ import annotations

from octt.record.words import Verdict
from octt.report.model.parts import Result
from octt.report.model.verdict import undecided, whole

_COUNTED = (
    (Verdict.PASS, "passed"),
    (Verdict.FAIL, "failed"),
    (Verdict.INCONCLUSIVE, "inconclusive"),
    (Verdict.ERROR, "ended in an error of the tool"),
    (Verdict.NOT_RUN, "not run"),
)


def headline(result: Result) -> str:
    """Verdict, completeness, and what may be done with the report, in one line."""
    if result.issuable:
        return f"{'Passed' if result.verdict is Verdict.PASS else 'Failed'}, and complete: may be filed"
    failed = result.verdict is Verdict.FAIL
    if result.left_out:
        tested, every = _tested(result)
        some = f"{tested} of {every} test cases"
        return (
            f"Failed, in a part of the test ({some}): not to be filed" if failed else f"Only a part: {some}"
        )
    if result.verdict is Verdict.PASS:
        return "Every test case passed, but the report may not be filed"
    if failed and _carried_out(result):
        return "Failed, and the report may not be filed"
    return f"{'Failed, and not complete' if failed else 'Not complete, so no verdict'}: may not be filed"


def _carried_out(result: Result) -> bool:
    """Whether every case that applies was decided: what keeps the report from being filed is something else."""
    return result.run.complete and whole(result) and not any(undecided(case) for case in result.cases)


def counted(result: Result) -> str:
    """How many of the test cases that apply have which verdict, in a sentence."""
    counts = result.counts()
    tested, every = _tested(result)
    told = [f"{counts[verdict]} {word}" for verdict, word in _COUNTED if counts[verdict]] or ["none was run"]
    if result.left_out:
        return f"{tested} of the {every} test cases that apply were chosen: {', '.join(told)}."
    return f"{every} test cases apply: {', '.join(told)}."


def _tested(result: Result) -> tuple[int, int]:
    """How many of the applicable cases this run is about, and how many there are."""
    counts = result.counts()
    chosen = sum(counts.values()) - counts[Verdict.NOT_APPLICABLE]
    return chosen, chosen + len(result.left_out)
