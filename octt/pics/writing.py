"""Writes a declaration as commented TOML: an empty template, the answers of an interview, or a draft."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from octt.pics.declaration import Declaration
from octt.pics.questionnaire import Question, load_questionnaire

_WIDTH = 110
_HEADER = """\
# Declaration of a charging station (PICS) for octt. Yes is true, No is false; what is not answered yet stands
# behind a # with an example. `octt pics check FILE` says what is wrong or missing, `octt pics new FILE` goes on
# asking.
"""
_TABLES = {
    "product": "Product and vendor",
    "answers": "",
    "performance": "Declared maxima of the measured times",
    "other_limits": 'Other limits and settings; anything may be added as "name" = "value"',
}


def write_declaration(declaration: Declaration, marks: Mapping[str, str] | None = None) -> str:
    """The declaration as a TOML file that reads back as the same declaration.

    `marks` are remarks on single answers, for example "read from the station". Unanswered questions are written
    behind a #, with their explanation.
    """
    return "\n".join(_lines(declaration, marks or {})).rstrip() + "\n"


def write_template(form: str = "2025") -> str:
    """A declaration without answers: every question with its explanation and an example."""
    return write_declaration(Declaration(form=form))


def toml_value(value: Any) -> str:
    """A value as TOML on one line: texts, numbers, booleans, lists and tables of these."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list | tuple):
        return "[" + ", ".join(toml_value(item) for item in value) + "]"
    if isinstance(value, dict):
        return (
            "{ " + ", ".join(f"{toml_key(name)} = {toml_value(item)}" for name, item in value.items()) + " }"
        )
    return '"' + "".join(_escaped(character) for character in str(value)) + '"'


def toml_key(name: str) -> str:
    """A key, in quotes where TOML needs them (the dot in C-06.1)."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else toml_value(name)


def _escaped(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    if character < " " or character == "\x7f":
        return f"\\u{ord(character):04x}"
    return character


def _lines(declaration: Declaration, marks: Mapping[str, str]) -> Iterator[str]:
    questionnaire = load_questionnaire()
    yield _HEADER
    yield f"form = {toml_value(declaration.form)}  # the form of the certificate: 2025 or 2024"
    yield from _question(questionnaire["profiles"], list(declaration.profiles) or None, marks)
    yield ""
    yield from _comment(
        "Items that somebody answered who could not be sure; shown as guesses wherever they decide."
    )
    yield f"guessed = {toml_value(sorted(declaration.guessed))}"
    for table, title in _TABLES.items():
        yield from ("", f"[{table}]" + (f"  # {title}" if title else ""))
        section = ""
        for question in questionnaire.questions.values():
            wanted = (
                declaration.form in question.forms or question.decides or question.id in declaration.answers
            )
            if question.table != table or not wanted:
                continue
            if table == "answers" and question.section != section:
                section = question.section
                yield from ("", f"# ---- {questionnaire.sections[section]} ----")
            yield from _question(question, declaration.answers.get(question.id), marks)
        if table == "other_limits":
            yield from (
                f"{toml_key(name)} = {toml_value(value)}" for name, value in declaration.other_limits.items()
            )
    yield from _tables(declaration, marks)


def _tables(declaration: Declaration, marks: Mapping[str, str]) -> Iterator[str]:
    questionnaire = load_questionnaire()
    yield ""
    yield from _comment(questionnaire["connectors"].explanation)
    for connector in declaration.connectors:
        mark = f"  # {marks['connectors']}" if "connectors" in marks else ""
        yield from ("", "[[connectors]]" + mark)
        yield from (f"{name} = {toml_value(value)}" for name, value in vars(connector).items())
    if not declaration.connectors:
        row = {"connector": 1, "current": "AC", "phases": 3, "type": "sType2", "cable": "Detachable Cable"}
        yield from ("# [[connectors]]", *(f"# {name} = {toml_value(value)}" for name, value in row.items()))
    yield ""
    yield from _comment(questionnaire["configuration_keys"].explanation)
    yield "[configuration_keys]" + (
        f"  # {marks['configuration_keys']}" if "configuration_keys" in marks else ""
    )
    for name, key in declaration.configuration_keys.items():
        entry = {"value": key.value} if key.value is not None else {}
        yield f"{toml_key(name)} = {toml_value(entry | ({'access': key.access} if key.access else {}))}"
    yield ""
    yield from _comment(questionnaire["non_ocpp_settings"].explanation)
    yield "[non_ocpp_settings]"
    for name, text in declaration.non_ocpp_settings.items():
        yield f"{toml_key(name)} = {toml_value(text)}"
    yield from _certified(declaration.certified, "certified")


def _certified(table: Mapping[str, Any], path: str) -> Iterator[str]:
    """What a laboratory added, kept as it is."""
    if not table:
        return
    yield from ("", f"[{path}]")
    for name, value in table.items():
        yield f"{toml_key(name)} = {toml_value(value)}"


def _question(question: Question, answer: Any, marks: Mapping[str, str]) -> Iterator[str]:
    yield ""
    unit = f" [{question.unit}]" if question.unit else ""
    yield from _comment(f"{question.id}: {question.question}{unit} {question.explanation}")
    if question.asked_if != "true":
        yield from _comment(f"Only if {question.asked_if}.")
    if question.allowed and not question.allowed_as:
        some = "Some of" if question.type == "list" else "One of"
        yield from _comment(f"{some}: {', '.join(question.allowed)}{' or others' if question.open else ''}")
    mark = f"  # {marks[question.id]}" if question.id in marks else ""
    if answer is None:
        yield f"# {toml_key(question.id)} = {toml_value(_example(question))}{mark}"
    else:
        yield f"{toml_key(question.id)} = {toml_value(answer)}{mark}"


def _example(question: Question) -> Any:
    if question.default is not None:
        return question.default
    first = {"bool": False, "int": 1, "number": 1, "text": "...", "choice": "...", "list": []}[question.type]
    if question.allowed:
        return list(question.allowed) if question.type == "list" else question.allowed[0]
    return first


def _comment(text: str) -> Iterator[str]:
    for line in textwrap.wrap(" ".join(text.split()), _WIDTH):
        yield f"# {line}"
