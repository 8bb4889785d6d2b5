"""The questions behind a declaration, read from `pics/questionnaire.toml`; no screen and no answers here."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from octt.paths import PICS
from octt.pics import expression
from octt.record.words import Profile

PROFILES = tuple(Profile)
FORMS = ("2025", "2024")
CABLES = {"detachable": "Detachable Cable", "fixed": "Fixed Cable"}
"""What the cable of a connector can be, and how the form writes it."""

TYPES = ("bool", "int", "number", "text", "choice", "list", "table")


@dataclass(frozen=True)
class Question:
    """One item. `table` is the table of a declaration that holds its answer, "" for the top level."""

    id: str
    section: str
    label: str
    question: str
    type: str
    explanation: str
    table: str = "answers"
    label_2024: str = ""
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    allowed: tuple[str, ...] = ()
    allowed_as: str = ""
    open: bool = False
    columns: tuple[str, ...] = ()
    words: tuple[str, str] = ("No", "Yes")
    forms: tuple[str, ...] = ("2025",)
    asked_if: str = "true"
    decides: bool = False
    key: str = ""
    default: object = None
    required: bool = True

    @property
    def place(self) -> str:
        """Where a declaration has the answer, for example `answers.HFS-1`."""
        return f"{self.table}.{self.id}" if self.table else self.id

    def shown(self, value: object) -> str:
        """An answer as a short text: Yes, a number with its unit, a list with commas."""
        if value is None:
            return "not answered"
        if isinstance(value, bool):
            return self.words[value]
        if isinstance(value, list | tuple):
            return ", ".join(str(item) for item in value) or "none"
        return f"{value} {self.unit.removesuffix('s') if value == 1 else self.unit}".strip()


@dataclass(frozen=True)
class Questionnaire:
    """All questions by id in the order of the forms, the titles of their sections, and headings of the form."""

    questions: dict[str, Question]
    sections: dict[str, str]
    headings: dict[str, str] = field(default_factory=dict)
    on_no_form: tuple[str, ...] = ()
    """Ids of the forms' series that neither form we know has."""

    def __getitem__(self, item: str) -> Question:
        return self.questions[item]

    def of(self, section: str) -> list[Question]:
        """The questions of a section."""
        return [question for question in self.questions.values() if question.section == section]

    def check(self, text: str) -> expression.Node:
        """Parse an expression and require that every name in it is a question or a profile.

        Raises ExpressionError, which also says when a comparison does not fit the question's type.
        """
        node = expression.parse(text)
        bare = {leaf for leaf in _uncompared(node) if leaf.kind == "answer"}
        for leaf in expression.names(node):
            if leaf.kind == "connector" and leaf.name not in CABLES:
                raise expression.ExpressionError(f"a connector is {' or '.join(CABLES)}, not {leaf.name!r}")
            if leaf.kind != "answer" or leaf.name in PROFILES:
                continue
            question = self.questions.get(leaf.name)
            if question is None:
                raise expression.ExpressionError(f"there is no question or profile {leaf.name!r}")
            if leaf in bare and question.type != "bool":
                raise expression.ExpressionError(
                    f"{leaf.name} is not a yes/no question, so it must be compared with a value"
                )
        return node


def _uncompared(node: expression.Node) -> Iterable[expression.Name]:
    match node:
        case expression.Name():
            yield node
        case expression.Not(part):
            yield from _uncompared(part)
        case expression.Group(_, parts):
            for part in parts:
                yield from _uncompared(part)


@lru_cache(maxsize=4)
def load_questionnaire(path: Path = PICS / "questionnaire.toml") -> Questionnaire:
    """Read and verify the questionnaire. Raises ValueError naming the question that is wrong."""
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    questions: dict[str, Question] = {}
    for entry in data["question"]:
        fields: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in entry.items()
        }
        question = Question(**fields)
        if question.id in questions or question.type not in TYPES:
            raise ValueError(f"{path.name}: question {question.id!r} is double or of unknown type")
        questions[question.id] = question
    for question in list(questions.values()):
        if question.allowed_as:
            allowed = questions[question.allowed_as].allowed
            questions[question.id] = replace(question, allowed=allowed)
    sections = {entry["id"]: entry["title"] for entry in data["section"]}
    found = Questionnaire(questions, sections, data["headings"], tuple(data["on_no_form"]))
    for question in questions.values():
        if question.section not in sections:
            raise ValueError(f"{path.name}: question {question.id!r} has an unknown section")
        try:
            found.check(question.asked_if)
        except expression.ExpressionError as error:
            raise ValueError(f"{path.name}: asked_if of {question.id!r}: {error}") from error
    return found
