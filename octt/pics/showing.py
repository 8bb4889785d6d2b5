"""A declaration at the terminal: tables, or tab-separated lines when the output is a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from octt.pics.declaration import Declaration
from octt.pics.expression import explain, parse
from octt.pics.facts import DeclaredFacts
from octt.pics.questionnaire import load_questionnaire

Row = tuple[str, ...]


def show_declaration(declaration: Declaration) -> None:
    """Prints every answered or missing item by section, the connectors and the configuration keys."""
    if sys.stdout.isatty():
        _tables(declaration)
        return
    for title, _, rows in _sections(declaration):
        for row in rows:
            print("\t".join((title, *(_plain(cell) for cell in row))))


def _sections(declaration: Declaration) -> Iterator[tuple[str, Row, list[Row]]]:
    """Title, column names and rows of each table."""
    questionnaire, facts = load_questionnaire(), DeclaredFacts(declaration)
    for section, title in questionnaire.sections.items():
        rows: list[Row] = []
        for question in questionnaire.of(section):
            value = declaration.answer(question.id)
            asked = explain(parse(question.asked_if), facts).applies is not False
            if question.type == "table" or (
                value is None and not (asked and declaration.form in question.forms)
            ):
                continue
            guess = " (guessed)" if question.id in declaration.guessed else ""
            rows.append((question.id, question.label, question.shown(value) + guess))
        yield title, ("id", "item", "answer"), rows
    names = ("connector", "current", "phases", "type", "cable")
    yield (
        "Connectors",
        names,
        [tuple(str(getattr(row, name) or "") for name in names) for row in declaration.connectors],
    )
    keys = declaration.configuration_keys.items()
    words = {"R": "read-only", "RW": "writable", "": "not stated"}
    yield (
        "Configuration keys",
        ("key", "value", "access"),
        [(name, key.value or "", words[key.access]) for name, key in keys],
    )
    for title, table in (
        ("Non-OCPP settings", declaration.non_ocpp_settings),
        ("Other limits", declaration.other_limits),
    ):
        yield title, ("name", "value"), list(table.items())


def _tables(declaration: Declaration) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    for title, columns, rows in _sections(declaration):
        if not rows:
            continue
        table = Table(*columns, title=title, title_justify="left", show_edge=False)
        for row in rows:
            table.add_row(*(Text(_plain(cell)) for cell in row))
        console.print(table, "")


def _plain(text: str) -> str:
    """Text without control characters, which could move the cursor."""
    return "".join(character if character.isprintable() else " " for character in text)
