"""Verdicts, who is to blame for what is no PASS, and the exceptions that carry them out of a script."""

from __future__ import annotations

from octt.record.words import Blame, Verdict

__all__ = [
    "AbortRun",
    "Blame",
    "Failed",
    "Inconclusive",
    "Judgement",
    "NotApplicable",
    "RepeatCase",
    "SkipCase",
    "Verdict",
]


class Judgement(Exception):
    """Ends a case with a verdict. Scripts never raise it themselves; the words of the language do."""

    verdict: Verdict

    def __init__(self, reason: str, blame: Blame | str) -> None:
        super().__init__(reason)
        self.reason, self.blame = reason, Blame(blame)


class Failed(Judgement):
    """The station did something the specification forbids, or not what it requires."""

    verdict = Verdict.FAIL

    def __init__(self, reason: str, blame: Blame | str = Blame.STATION) -> None:
        super().__init__(reason, blame)


class Inconclusive(Judgement):
    """The case could not get to its point: a precondition, the driver or the operator failed."""

    verdict = Verdict.INCONCLUSIVE


class NotApplicable(Judgement):
    """The station has shown that the case does not apply to it, as its declaration says."""

    verdict = Verdict.NOT_APPLICABLE


class RepeatCase(Exception):
    """The operator wants the case from its beginning; the attempt stays on the record. The message says why."""


class SkipCase(Exception):
    """The operator gives up what the case waits for; the case ends without a verdict about the station."""


class AbortRun(Exception):
    """The operator ends the run; what was done so far is reported."""
