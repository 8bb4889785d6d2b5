"""What a rule of the cross-examination is given and what it may answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from octt.pics.declaration import Declaration
from octt.pics.evidence import Evidence
from octt.pics.questionnaire import Question
from octt.record.words import Agreement


@dataclass(frozen=True)
class Asked:
    """The question, its answer (never None), and everything there is to compare it with."""

    question: Question
    answer: Any
    declaration: Declaration
    evidence: Evidence


@dataclass(frozen=True)
class Sighting:
    """What a rule saw: a result, one sentence, the record line that shows it."""

    result: Agreement
    why: str
    line: int


Rule = Callable[[Asked], Sighting | None]


def judged(agrees: bool, why: str, line: int) -> Sighting:
    """Confirmed or contradicted, by the record line that shows it."""
    return Sighting(Agreement.CONFIRMED if agrees else Agreement.CONTRADICTED, why, line)


def remark(why: str, line: int = 0) -> Sighting:
    """Something seen that decides nothing."""
    return Sighting(Agreement.NOT_OBSERVED, why, line)
