"""What came of an audit, as tables: by profile, by kind, and for every case by frame."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from octt.audit.equivalent import Equivalent, declared
from octt.audit.mutants.frames import Baseline
from octt.audit.mutants.mutant import SAID as KINDS
from octt.audit.outcome import SAID as FATES
from octt.audit.outcome import UNTOLD, Fate, Result
from octt.suite.catalogue import Case
from octt.text import one_line


@dataclass
class Tally:
    """Counts of mutants by what became of them; a survivor that is declared legal is `equivalent`."""

    fates: Counter[Fate] = field(default_factory=Counter)
    equivalent: int = 0

    @property
    def survived(self) -> int:
        """Survivors that nobody declared legal."""
        return self.fates[Fate.SURVIVED] - self.equivalent

    @property
    def told(self) -> int:
        """Mutants of which the audit can say something."""
        return self.fates[Fate.KILLED] + self.fates[Fate.ELSEWHERE] + self.survived

    @property
    def score(self) -> str:
        """Per cent of those that are no equivalents that were killed, here or elsewhere."""
        return f"{100 * (1 - self.survived / self.told):.1f} %" if self.told else "-"

    def cells(self) -> tuple[str, ...]:
        """The counts of a row: see COUNTS."""
        untold = sum(self.fates[fate] for fate in (Fate.ERROR, *UNTOLD))
        killed, elsewhere = self.fates[Fate.KILLED], self.fates[Fate.ELSEWHERE]
        counts = (self.fates.total(), killed, elsewhere, self.equivalent, self.survived, untold)
        return (*map(str, counts), self.score)


COUNTS = ("mutants", "killed", "elsewhere", "equivalent", "survived", "untold", "score")


def tallied(
    results: Iterable[Result], equivalents: Sequence[Equivalent], by: Callable[[Result], str]
) -> dict[str, Tally]:
    """Tallies by what `by` says of a result, in the order in which that comes."""
    found: dict[str, Tally] = {}
    for result in results:
        tally = found.setdefault(by(result), Tally())
        tally.fates[result.fate] += 1
        if result.fate is Fate.SURVIVED and declared(result.mutant, equivalents):
            tally.equivalent += 1
    return found


def undeclared(results: Iterable[Result], equivalents: Sequence[Equivalent]) -> list[Result]:
    """Survivors that nobody declared legal."""
    return [
        result
        for result in results
        if result.fate is Fate.SURVIVED and not declared(result.mutant, equivalents)
    ]


def page(
    baselines: Sequence[Baseline],
    results: Sequence[Result],
    equivalents: Sequence[Equivalent],
    catalogue: dict[str, Case],
) -> str:
    """All tables as Markdown."""
    lines = ["# Audit", "", _HEAD]
    lines += [f"- *{fate}*: {said}" for fate, said in FATES.items()]
    lines += _table("profile", tallied(results, equivalents, lambda one: catalogue[one.mutant.case].profile))
    lines += _table("what is done", tallied(results, equivalents, lambda one: KINDS[one.mutant.kind]))
    for baseline in baselines:
        lines += ["", f"## {baseline.case} {catalogue[baseline.case].name}"]
        if baseline.verdict != "PASS":
            told = f"{baseline.verdict} as it is, so that it cannot be audited: {baseline.reason}"
            lines += ["", one_line(told)]
        mine = [one for one in results if one.mutant.case == baseline.case]
        if mine:
            lines += _table("frame", tallied(mine, equivalents, lambda one: one.mutant.frame))
        lines += _rows(mine, equivalents)
    return "\n".join(lines) + "\n"


def _rows(results: Iterable[Result], equivalents: Sequence[Equivalent]) -> list[str]:
    """One by one, what was not killed where it was altered."""
    rows = []
    for result in results:
        if result.fate is Fate.KILLED:
            continue
        entry = declared(result.mutant, equivalents) if result.fate is Fate.SURVIVED else None
        fate = f"equivalent ({entry.section})" if entry else str(result.fate)
        why = f"{result.verdict}, {result.blame}: {result.reason}" if result.reason else ""
        step = f"step {result.step}" if result.step else ""
        rows.append(_row((result.mutant.frame, result.mutant.mutation, fate, step, why)))
    if not rows:
        return []
    return ["", _row(("frame", "what is done", "fate", "where", "why")), "|---|---|---|---|---|", *rows]


def _table(name: str, tallies: dict[str, Tally]) -> list[str]:
    rule = "|---|" + "---:|" * len(COUNTS)
    return ["", _row((name, *COUNTS)), rule, *(_row((key, *one.cells())) for key, one in tallies.items())]


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(one_line(cell, 300).replace("|", "/") for cell in cells) + " |"


_HEAD = """One frame of the station at a time was altered on its way to the Central System, and the case run against it.
*equivalent* are survivors that a station may do (testcases/equivalent.toml); *score* is the part of the others that was
killed, at the altered frame or elsewhere.
"""
