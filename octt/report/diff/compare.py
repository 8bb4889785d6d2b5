"""Two runs side by side: what got worse, better, slower, and what else is not as it was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from octt.record.words import Verdict
from octt.report.json_out import iso, short
from octt.report.model.parts import Case, Configuration, Result, Step

BADNESS = {
    Verdict.PASS: 0,
    Verdict.NOT_APPLICABLE: 1,
    Verdict.NOT_RUN: 2,
    Verdict.INCONCLUSIVE: 2,
    Verdict.ERROR: 2,
    Verdict.FAIL: 3,
}
LEAST_SECONDS = 0.05  # smaller differences are noise of machine and network
PERCENT = 20.0


@dataclass(frozen=True)
class VerdictChange:
    """A case whose verdict is another. `kind`: "regression", "improvement" or "other"."""

    case: str
    name: str
    before: str
    after: str
    kind: str
    reason: str = ""


@dataclass(frozen=True)
class RemarkChange:
    """A remark that only one of the two runs has."""

    case: str
    text: str
    new: bool
    count: int


@dataclass(frozen=True)
class TimeChange:
    """A time in seconds that moved by more than the threshold. `where` is a measurement or a case's step."""

    where: str
    what: str
    before: float
    after: float
    over_limit: bool = False  # now over the declared maximum or the step's limit, and not before

    @property
    def percent(self) -> float | None:
        return None if self.before == 0 else (self.after / self.before - 1) * 100

    @property
    def slower(self) -> bool:
        return self.after > self.before

    @property
    def moved(self) -> str:
        """By how much, as a percentage, or that it was nothing before."""
        return "from nothing" if self.percent is None else f"{self.percent:+.0f} %"


@dataclass(frozen=True)
class ValueChange:
    """A configuration key or an answer cross-examined that is not the same; None: only the other run has it."""

    name: str
    before: str | None
    after: str | None


@dataclass
class Side:
    """Which run it is."""

    folder: str
    station: str
    firmware: str
    started: str
    verdict: str
    record: str


@dataclass
class Diff:
    """The differences from run A to run B."""

    a: Side
    b: Side
    verdicts: list[VerdictChange] = field(default_factory=list)
    remarks: list[RemarkChange] = field(default_factory=list)
    times: list[TimeChange] = field(default_factory=list)
    configuration: list[ValueChange] = field(default_factory=list)
    pics: list[ValueChange] = field(default_factory=list)
    compared: int = 0  # cases that both runs are about
    only_a: list[str] = field(
        default_factory=list
    )  # cases that only one of them is about: not chosen in the other
    only_b: list[str] = field(default_factory=list)

    @property
    def regressions(self) -> list[VerdictChange]:
        return [change for change in self.verdicts if change.kind == "regression"]

    @property
    def slower(self) -> list[TimeChange]:
        return [change for change in self.times if change.slower]

    @property
    def same(self) -> bool:
        return not (self.verdicts or self.remarks or self.times or self.configuration or self.pics)

    def as_dict(self) -> dict[str, Any]:
        """For `octt diff --json`."""
        return {
            "a": vars(self.a),
            "b": vars(self.b),
            "compared": self.compared,
            "only_a": self.only_a,
            "only_b": self.only_b,
            "regressions": len(self.regressions),
            "verdicts": [vars(change) for change in self.verdicts],
            "remarks": [vars(change) for change in self.remarks],
            "times": [{**vars(change), "percent": short(change.percent)} for change in self.times],
            "configuration": [vars(change) for change in self.configuration],
            "pics": [vars(change) for change in self.pics],
        }


def as_json(diff: Diff) -> str:
    """Indented JSON with a newline at its end."""
    return orjson.dumps(diff.as_dict(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()


def value(content: str | None) -> str:
    """A value of one side; one that this side does not have is said."""
    return "(none)" if content is None else content


def compare(a: Result, b: Result, folders: tuple[str, str] = ("A", "B"), percent: float = PERCENT) -> Diff:
    """The differences from `a` to `b`. A time moved when it changed by more than `percent` and 50 ms.

    A regression is a case that passed and does not any more, and any new FAIL. What only one of the runs is about,
    since the other is one of chosen cases, says nothing of the station: it is listed, and no change.
    """
    diff = Diff(_side(a, folders[0]), _side(b, folders[1]))
    before, after = {case.id: case for case in a.cases}, {case.id: case for case in b.cases}
    diff.only_a = [case.id for case in a.cases if case.id not in after and tested(case)]
    diff.only_b = [case.id for case in b.cases if case.id not in before and tested(case)]
    both = [case for case in before if case in after]
    diff.compared = len(both)
    for case_id in both:
        old, new = before[case_id], after[case_id]
        change = _verdict_change(old, new)
        if change is not None:
            diff.verdicts.append(change)
        if old.attempts and new.attempts:
            diff.remarks += _remark_changes(old, new)
            diff.times += _step_changes(old, new, percent)
    order = {"regression": 0, "other": 1, "improvement": 2}
    diff.verdicts.sort(key=lambda change: (order[change.kind], -BADNESS[Verdict(change.after)]))
    if not diff.only_a and not diff.only_b:  # else what was measured is not the same
        diff.times = [*_measured_changes(a, b, percent), *diff.times]
    diff.configuration = _value_changes(_values(a.configuration), _values(b.configuration))
    diff.pics = _value_changes(
        {f"{answer.item} = {answer.answer}": answer.result for answer in a.pics},
        {f"{answer.item} = {answer.answer}": answer.result for answer in b.pics},
    )
    return diff


def _side(result: Result, folder: str) -> Side:
    station = f"{result.station.vendor} {result.station.model}".strip() or result.station.identity
    started = (iso(result.run.started) or "")[:19].replace("T", " ")
    return Side(folder, station, result.station.firmware, started, result.verdict, result.run.last_hash)


def tested(case: Case) -> bool:
    """Whether a run says anything about a case."""
    return case.verdict not in (Verdict.NOT_RUN, Verdict.NOT_APPLICABLE)


def _verdict_change(old: Case, new: Case) -> VerdictChange | None:
    before, after = old.verdict, new.verdict
    if before == after:
        return None
    if after == Verdict.FAIL or (before == Verdict.PASS and after != Verdict.NOT_RUN):
        kind = "regression"
    elif BADNESS.get(after, 2) < BADNESS.get(before, 2) and after == Verdict.PASS:
        kind = "improvement"
    else:
        kind = "other"
    return VerdictChange(new.id, new.name, before, after, kind, new.reason.split("; instead came")[0])


def _remark_changes(old: Case, new: Case) -> Iterator[RemarkChange]:
    before: Counter[str] = Counter()
    after: Counter[str] = Counter()
    for remarks, counter in ((old.remarks, before), (new.remarks, after)):
        for remark in remarks:
            counter[remark.text] += remark.count
    for text, count in after.items():
        if text not in before:
            yield RemarkChange(new.id, text, new=True, count=count)
    for text, count in before.items():
        if text not in after:
            yield RemarkChange(new.id, text, new=False, count=count)


def _moved(before: float | None, after: float | None, percent: float) -> bool:
    if before is None or after is None:
        return False
    distance = abs(after - before)
    return distance >= LEAST_SECONDS and distance > abs(before) * percent / 100


def _step_changes(old: Case, new: Case, percent: float) -> Iterator[TimeChange]:
    """Steps of the same label and sentence, in order of appearance; only those that measure against a limit."""
    waiting: dict[tuple[str, str], list[Step]] = {}
    for step in old.steps:
        if step.limit is not None and step.seconds is not None:
            waiting.setdefault((step.step, step.what), []).append(step)
    for step in new.steps:
        earlier = waiting.get((step.step, step.what))
        if step.limit is None or step.seconds is None or not earlier:
            continue
        known = earlier.pop(0)
        if known.seconds is not None and _moved(known.seconds, step.seconds, percent):
            over = step.seconds > step.limit and known.margin is not None and known.margin >= 0
            what = f"{step.step} {step.what}".strip()
            yield TimeChange(new.id, what, short(known.seconds) or 0.0, short(step.seconds) or 0.0, over)


def _measured_changes(a: Result, b: Result, percent: float) -> Iterator[TimeChange]:
    old = {one.name: one for one in [*a.performance.all, *a.performance.by_action.values()]}
    for new in [*b.performance.all, *b.performance.by_action.values()]:
        known = old.get(new.name)
        if known is None:
            continue
        over = new.exceeded and not known.exceeded
        pairs = (("average", known.average, new.average), ("maximum", known.maximum, new.maximum))
        for what, before, after in pairs:
            if before is not None and after is not None and _moved(before, after, percent):
                exceeded = over and what == "maximum"
                yield TimeChange(new.name, what, short(before) or 0.0, short(after) or 0.0, exceeded)


def _values(configuration: Configuration) -> dict[str, str]:
    """The configuration the station came with; the one it was left with if the first was not read."""
    if configuration.has_before:
        return {key.key: key.before or "" for key in configuration.keys if key.seen_before}
    return {key.key: key.after or "" for key in configuration.keys if key.seen_after}


def _value_changes(before: dict[str, str], after: dict[str, str]) -> list[ValueChange]:
    if not before or not after:  # one of the runs did not look
        return []
    names = sorted(before.keys() | after.keys(), key=str.casefold)
    return [
        ValueChange(name, before.get(name), after.get(name))
        for name in names
        if name not in before or name not in after or before[name] != after[name]
    ]
