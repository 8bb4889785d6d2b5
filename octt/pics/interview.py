"""Asking for a declaration question by question, without a screen: the terminal and a web form use the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from octt.pics.contradictions import connectors, contradictions
from octt.pics.declaration import Connector, Declaration, Problem, nearest, short
from octt.pics.expression import explain, parse
from octt.pics.facts import DeclaredFacts
from octt.pics.problems import unusual, wrong_answer
from octt.pics.questionnaire import CABLES, Question, load_questionnaire
from octt.pics.spelling import cable_meant, current_meant, understood


class AnswerError(ValueError):
    """A text that is no answer to the question; the message says why."""


@dataclass
class Interview:
    """The questions that this station has to be asked, one after another, with a way back.

    `current` is the question to ask, None at the end. Answers change the declaration at once, and with it which
    questions follow. It begins at the first question that is not answered, so that it can be taken up again.
    """

    declaration: Declaration
    skipped: set[str] = field(default_factory=set)
    _history: list[str] = field(default_factory=list)
    _again: str = ""

    def questions(self) -> list[Question]:
        """What is asked of this station on its form: all except the tables of keys and settings."""
        facts = DeclaredFacts(self.declaration)
        return [
            question
            for question in load_questionnaire().questions.values()
            if (self.declaration.form in question.forms or question.decides)
            and question.id not in ("configuration_keys", "non_ocpp_settings")
            and explain(parse(question.asked_if), facts).applies is not False
        ]

    @property
    def current(self) -> Question | None:
        """The question to ask now."""
        for question in self.questions():
            if question.id == self._again:
                return question
            if not self._again and self.answer_of(question) is None and question.id not in self.skipped:
                return question
        return None

    @property
    def progress(self) -> tuple[int, int]:
        """How many questions are answered or skipped, and how many there are."""
        questions = self.questions()
        left = sum(
            self.answer_of(question) is None and question.id not in self.skipped for question in questions
        )
        return len(questions) - left, len(questions)

    def answer_of(self, question: Question) -> Any:
        """The present answer, None if there is none."""
        if question.id == "connectors":
            rows = self.declaration.connectors
            return rows if rows and all(row.current and row.cable for row in rows) else None
        return self.declaration.answer(question.id)

    def proposal(self, question: Question) -> str:
        """What an empty reply means: the present answer, else the default; "" when there is neither."""
        value = self.answer_of(question)
        if value is None and question.id == "connectors":
            return "; ".join(self._usual_connectors())
        if question.id == "connectors":
            rows = self.declaration.connectors
            cables = [(row.cable.split() or ["?"])[0] for row in rows]
            return "; ".join(
                f"{row.current} {row.phases} {row.type or '?'} {cable}"
                for row, cable in zip(rows, cables, strict=True)
            )
        value = question.default if value is None else value
        if value is None:
            return ""
        if isinstance(value, list | tuple):
            return ", ".join(str(item) for item in value)
        return question.words[value] if isinstance(value, bool) else str(value)

    def choices(self, question: Question) -> str:
        """What can be answered, where there is a choice."""
        if question.type == "bool":
            return "/".join(word.lower() for word in reversed(question.words))
        listed = ", ".join(question.allowed)
        if question.type == "list" and listed:
            return f"any of {listed}; with commas"
        return f"one of {listed}" if listed and not question.open else listed

    def _usual_connectors(self) -> list[str]:
        count, answer = self.declaration.answer("HFS-8"), self.declaration.answer
        cable = "Fixed" if answer("HFS-2") and not answer("HFS-1") else "Detachable"
        kind = "DC 0 cCCS2" if answer("HFS-4") and not answer("HFS-3") else "AC 3 sType2"
        return [f"{kind} {cable}"] * (count if type(count) is int and 0 < count <= 100 else 1)

    def reply(self, text: str) -> list[str]:
        """Answers the current question; an empty text takes the proposal, or skips what may stay open.

        Returns remarks for the person, a sentence each. Raises AnswerError when it is no answer, or contradicts
        what was answered before; later answers that it contradicts are asked again instead.
        """
        question = self.current
        if question is None:
            return []
        text = text.strip() or self.proposal(question)
        if not text and not question.required:
            self.skip()
            return []
        value = _connectors(text) if question.id == "connectors" else parse_answer(question, text)
        declaration, known = self.declaration, set(self._conflicts(question))
        former = dict(declaration.answers), declaration.profiles, declaration.connectors
        self._store(question, value)
        remarks: list[str] = []
        for problem in self._conflicts(question):
            if problem in known or problem not in self._conflicts(question):
                continue
            if problem.severity != "error":
                remarks.append(f"{problem.what}; {problem.remedy}")
            elif again := self._reopen(question, problem):
                remarks.append(f"{problem.what}; {again} will be asked again")
            else:
                declaration.answers, declaration.profiles, declaration.connectors = former
                raise AnswerError(f"{problem.what}; {problem.remedy}")
        declaration.guessed -= {question.id}
        self._leave(question)
        return remarks

    def _conflicts(self, question: Question) -> list[Problem]:
        """What contradicts itself now, and what is wrong with the answer to this question alone."""
        value = self.answer_of(question)
        own = [] if value is None or question.type == "table" else unusual(question, value)
        return [*contradictions(self.declaration), *connectors(self.declaration), *own]

    def _reopen(self, question: Question, problem: Problem) -> str:
        """Takes out the first answer after this question without which there is no such problem; its id."""
        asked = self.questions()
        for later in asked[[one.id for one in asked].index(question.id) + 1 :]:
            former = self._stored(later)
            if former is None or former == ():
                continue
            self._store(later, None)
            if problem not in self._conflicts(question):
                self.skipped.discard(later.id)
                return later.id
            self._store(later, former)
        return ""

    def _stored(self, question: Question) -> Any:
        """The answer as the declaration keeps it; unlike `answer_of`, also when it is not complete."""
        if question.id == "connectors":
            return self.declaration.connectors
        return self.declaration.answer(question.id)

    def _store(self, question: Question, value: Any) -> None:
        """Keeps an answer; None takes it out."""
        if question.id == "connectors":
            self.declaration.connectors = tuple(value or ())
        elif question.id == "profiles":
            self.declaration.profiles = tuple(value or ())
        elif value is None:
            self.declaration.answers.pop(question.id, None)
        else:
            self.declaration.answers[question.id] = value

    def skip(self) -> None:
        """Leaves the current question open."""
        if (question := self.current) is not None:
            self.skipped.add(question.id)
            self._leave(question)

    def back(self) -> bool:
        """Goes back to the question asked before; False when there was none."""
        if not self._history:
            return False
        self._again = self._history.pop()
        self.skipped.discard(self._again)
        return True

    def _leave(self, question: Question) -> None:
        self._history.append(question.id)
        self._again = ""


def parse_answer(question: Question, text: str) -> Any:
    """The answer that a text means. Raises AnswerError with what is allowed."""
    if not text.strip():
        raise AnswerError("this needs an answer; - leaves it open")
    value = understood(question, text.strip())
    if question.type == "bool" and not isinstance(value, bool):
        raise AnswerError("answer yes or no")
    if question.type in ("int", "number") and isinstance(value, str):
        raise AnswerError(f"{short(value)} is no {'whole ' * (question.type == 'int')}number")
    if what := wrong_answer(question, value):
        raise AnswerError(what)
    return value


def _connectors(text: str) -> list[Connector]:
    rows = []
    for number, part in enumerate((part for part in text.split(";") if part.strip()), 1):
        words = part.split()
        if len(words) != 4 or not words[1].isdecimal():
            raise AnswerError(
                f"connector {number}: write current, phases, type and cable, for example AC 3 sType2 Detachable"
            )
        current, phases, kind, cable = words
        cable, current = cable_meant(cable), current_meant(current)
        if cable not in CABLES.values() or current not in ("AC", "DC"):
            wrong = current if cable in CABLES.values() else cable
            raise AnswerError(f"connector {number}: {nearest(wrong, ['AC', 'DC', 'Fixed', 'Detachable'])}")
        rows.append(Connector(number, current, int(phases), kind, cable))
    return rows
