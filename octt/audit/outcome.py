"""What became of a mutant: read from the events of one attempt at its case."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from octt.audit.mutants.frames import Target
from octt.audit.mutants.mutant import Kind, Mutant, mutant_of
from octt.record import Event
from octt.record.events import CaseEnded, CaseRevised, FrameSeen, Remarked, StepDecided, ToolTroubled
from octt.record.words import Blame, Outcome, Severity, Verdict


class Fate(StrEnum):
    """What becomes of a mutant."""

    KILLED = "killed"
    ELSEWHERE = "killed elsewhere"
    SURVIVED = "survived"
    ERROR = "error"
    NOT_MADE = "not made"
    DISTURBED = "disturbed"


UNTOLD = (Fate.NOT_MADE, Fate.DISTURBED)
"""What is no answer: the mutant has to be played again."""

SAID = {
    Fate.KILLED: "FAIL at the step, or for the frame, that was altered",
    Fate.ELSEWHERE: "another step, somebody else to blame, or INCONCLUSIVE",
    Fate.SURVIVED: "the case passed all the same",
    Fate.ERROR: "our fault, whatever the station sends",
    Fate.NOT_MADE: "the frame did not come in this run, so that nothing was altered",
    Fate.DISTURBED: "the computer that plays it was too slow to say",
}
"""What each fate means, for tables."""


@dataclass(frozen=True)
class Result:
    """A mutant and its fate. `step` is the label of the first step that failed, `anew`: on a station of its own.

    `late`: what was inserted came when nobody looked any more.
    """

    mutant: Mutant
    fate: Fate
    verdict: str
    blame: str = ""
    reason: str = ""
    step: str = ""
    seconds: float = 0.0
    anew: bool = False
    late: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Plain data that `result_of` reads."""
        return {**vars(self), "mutant": self.mutant.as_dict()}


def result_of(data: dict[str, Any]) -> Result:
    """The result that `as_dict` wrote."""
    return Result(**{**data, "mutant": mutant_of(data["mutant"]), "fate": Fate(data["fate"])})


@dataclass
class Attempt:
    """The events of one attempt at a case that say what became of it."""

    verdict: Verdict = Verdict.ERROR
    blame: Blame = Blame.TOOL
    reason: str = "the case was not run"
    seconds: float = 0.0
    failed: list[StepDecided] = field(default_factory=list)
    violations: list[Remarked] = field(default_factory=list)
    lines: dict[str, set[int]] = field(default_factory=dict)
    """Lines of the record by the message id of the frame."""

    disturbed: bool = False
    """Whether we stood still meanwhile, so that nothing can be said."""

    def take(self, events: Iterable[Event]) -> Attempt:
        """Reads the events."""
        for event in events:
            if isinstance(event, StepDecided) and event.outcome == Outcome.FAIL:
                self.failed.append(event)
            elif isinstance(event, Remarked) and event.severity == Severity.VIOLATION:
                self.violations.append(event)
            elif isinstance(event, FrameSeen) and event.dir == "in":
                self.lines.setdefault(event.id, set()).add(event.n)
            elif isinstance(event, ToolTroubled) and event.what != "error":
                self.disturbed = True
            elif isinstance(event, CaseEnded):
                self.verdict, self.blame, self.reason = event.verdict, event.blame, event.reason
                self.seconds = event.seconds
            elif isinstance(event, CaseRevised):
                self.verdict, self.blame, self.reason = event.verdict, event.blame, event.reason
        return self


def fate_of(
    mutant: Mutant, attempt: Attempt, target: Target | None, following: Target | None, ids: Iterable[str]
) -> Fate:
    """What became of a mutant that was made; `ids` are message ids of what it consists in."""
    if attempt.verdict == Verdict.ERROR:
        return Fate.ERROR
    if attempt.verdict in (Verdict.PASS, Verdict.NOT_APPLICABLE):
        return Fate.SURVIVED
    if attempt.verdict != Verdict.FAIL or attempt.blame != Blame.STATION:
        return Fate.ELSEWHERE
    labels = set(target.labels if target and mutant.kind is not Kind.EXTRA else ())
    if mutant.kind is Kind.EXCHANGED and following:
        labels |= set(following.labels)
    lines = {line for ident in ids for line in attempt.lines.get(ident, ())}
    if mutant.kind is Kind.ENVELOPE:  # its id may be what is wrong with it
        lines |= attempt.lines.get("", set()) | attempt.lines.get("7", set())
    at_step = any(
        step.step == label or step.step.startswith(f"{label}/") for step in attempt.failed for label in labels
    )
    at_frame = any({step.frame, step.closest} & lines for step in attempt.failed)
    seen = any(violation.frame in lines for violation in attempt.violations)
    return Fate.KILLED if at_step or at_frame or seen else Fate.ELSEWHERE
