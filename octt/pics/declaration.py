"""A vendor's declaration: the answers to the questionnaire, read from one TOML file a product.

Reading is forgiving: what has the wrong shape becomes a `Problem` in `Declaration.unreadable`, so that
`octt pics check` can name every mistake at once. Nothing here talks to a station or a person.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from octt.pics.questionnaire import CABLES, FORMS, PROFILES, Questionnaire, load_questionnaire
from octt.pics.spelling import access_meant, cable_meant, current_meant, id_meant, key_meant, understood

SIZE_LIMIT = 1_000_000
TABLES = ("product", "answers", "performance", "other_limits")
_TOP_LEVEL = (
    *("form", "profiles", "guessed", "connectors", "configuration_keys", "non_ocpp_settings", "certified"),
    *TABLES,
)
_COLUMNS: dict[str, type] = {"connector": int, "current": str, "phases": int, "type": str, "cable": str}


class DeclarationError(ValueError):
    """A declaration that cannot be read at all; the message names the file, the line and the remedy."""


@dataclass(frozen=True)
class Problem:
    """Something wrong with a declaration: which item, where in the file, what, and what to do about it."""

    id: str
    place: str
    what: str
    remedy: str
    severity: str = "error"  # "error", "warning" (a person should look) or "note"


@dataclass(frozen=True)
class DeclaredKey:
    """A configuration key as declared; access is "R", "RW" or "" when the form does not say."""

    value: str | None = None
    access: str = ""


@dataclass(frozen=True)
class Connector:
    """One line of the connector table."""

    connector: int
    current: str = ""
    phases: int = 0
    type: str = ""
    cable: str = ""


@dataclass
class Declaration:
    """The answers by id, and the tables. `certified` holds what a laboratory added to a shipped example."""

    answers: dict[str, Any] = field(default_factory=dict)
    profiles: tuple[str, ...] = ()
    connectors: tuple[Connector, ...] = ()
    configuration_keys: dict[str, DeclaredKey] = field(default_factory=dict)
    non_ocpp_settings: dict[str, str] = field(default_factory=dict)
    other_limits: dict[str, str] = field(default_factory=dict)
    """Limits that are no question of ours, as "name" = "value"."""

    guessed: frozenset[str] = frozenset()
    """Items answered by somebody who could not be sure; shown as such wherever they decide."""

    form: str = "2025"
    certified: dict[str, Any] = field(default_factory=dict)
    path: str = ""
    unreadable: list[Problem] = field(default_factory=list)

    def answer(self, item: str) -> Any:
        """The answer to an item, or whether a profile is declared; None when it is not answered."""
        if item in PROFILES:
            return item in self.profiles if self.profiles else None
        if item == "profiles":
            return list(self.profiles) or None
        return self.answers.get(item)

    def cable(self, connector: int | None) -> str:
        """The cable of a connector, "detachable" or "fixed"; "" when that is not known.

        The table of connectors says it; else HFS-1 and HFS-2, where they leave only one. None is any connector.
        """
        if described := self.row(connector):
            return next((kind for kind, name in CABLES.items() if name == described.cable), "")
        detachable, fixed = self.answers.get("HFS-1"), self.answers.get("HFS-2")
        if detachable is False or fixed is False:
            return "" if detachable == fixed else "fixed" if detachable is False else "detachable"
        if self.answers.get("HFS-8") == 1 and (detachable, fixed) in ((True, None), (None, True)):
            return "detachable" if detachable else "fixed"
        return ""

    def row(self, connector: int | None) -> Connector | None:
        """The line of the connector table that says which cable a connector has."""
        return next((row for row in self.connectors if row.connector == connector and row.cable), None)

    def as_dict(self) -> dict[str, Any]:
        """The declaration as plain data for the record, in the tables of its file."""
        tables: dict[str, dict[str, Any]] = {table: {} for table in TABLES}
        for item, value in self.answers.items():
            tables[load_questionnaire()[item].table][item] = value
        tables["other_limits"].update(self.other_limits)
        return {
            "form": self.form,
            "profiles": list(self.profiles),
            "guessed": sorted(self.guessed),
            **tables,
            "connectors": [vars(connector) for connector in self.connectors],
            "configuration_keys": {name: vars(key) for name, key in self.configuration_keys.items()},
            "non_ocpp_settings": self.non_ocpp_settings,
            "certified": self.certified,
        }


def load_declaration(path: Path) -> Declaration:
    """Read a declaration. Raises DeclarationError when the file cannot be read or is not TOML."""
    try:
        if path.stat().st_size > SIZE_LIMIT:
            raise DeclarationError(f"{path}: larger than {SIZE_LIMIT} bytes; this is no declaration")
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise DeclarationError(
            f"{path}: {error.strerror or error}; `octt pics new` writes a declaration to start from"
        ) from error
    except UnicodeDecodeError as error:
        raise DeclarationError(f"{path}: not UTF-8 text at byte {error.start}; save it as UTF-8") from error
    return read_declaration(text, str(path))


def read_declaration(text: str, path: str = "declaration") -> Declaration:
    """A declaration from its text. Raises DeclarationError when it is not TOML."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DeclarationError(f"{path}: {error}; text stands in quotes, Yes is true, No is false") from error
    except (RecursionError, ValueError) as error:
        raise DeclarationError(f"{path}: not readable as TOML ({error})") from error
    return _Reader(data, path, load_questionnaire()).read()


def declaration_of(data: dict[str, Any], path: str = "the record") -> Declaration:
    """The declaration that a record holds: what `as_dict` gave."""
    return _Reader(data, path, load_questionnaire()).read()


class _Reader:
    """Takes the tables apart, noting what has the wrong shape. Spelling is forgiven where the meaning is certain."""

    def __init__(self, data: dict[str, Any], path: str, questionnaire: Questionnaire) -> None:
        self.questionnaire = questionnaire
        self.found = Declaration(path=path)
        self.data = dict(self.meant("", data, lambda name: id_meant(name, _TOP_LEVEL)))

    def read(self) -> Declaration:
        found = self.found
        for name in self.data.keys() - set(_TOP_LEVEL):
            self.wrong(
                name, name, "there is no such table or entry", f"use one of {', '.join(sorted(_TOP_LEVEL))}"
            )
        form = str(self.data.get("form", "2025")).strip()
        if form in FORMS:
            found.form = form
        else:
            self.wrong("form", "form", f"{form!r} is no form of the certificate", "write 2025 or 2024")
        found.profiles = tuple(understood(self.questionnaire["profiles"], self.texts("profiles")))
        found.guessed = frozenset(self.item_meant(item) for item in self.texts("guessed"))
        for table in TABLES:
            self.answers(table)
        found.connectors = tuple(self.connectors())
        for name, entry in self.meant("configuration_keys", self.table("configuration_keys"), key_meant):
            self.key(name, entry)
        for name, value in self.table("non_ocpp_settings").items():
            found.non_ocpp_settings[name] = str(value)
        found.certified = self.table("certified")
        return found

    def wrong(self, item: str, place: str, what: str, remedy: str) -> None:
        self.found.unreadable.append(Problem(item, place, what, remedy))

    def meant(
        self, place: str, table: dict[str, Any], spelt: Callable[[str], str]
    ) -> Iterator[tuple[str, Any]]:
        """The entries of a table by the names that were meant; of two spellings of one name the first counts."""
        seen: dict[str, str] = {}
        for name, value in table.items():
            known = spelt(name)
            if known in seen:
                what = f"{name!r} and {seen[known]!r} are the same"
                self.wrong(known, f"{place}.{known}" if place else known, what, "keep one")
                continue
            seen[known] = name
            yield known, value

    def item_meant(self, name: str) -> str:
        return id_meant(name, self.questionnaire.questions)

    def table(self, name: str) -> dict[str, Any]:
        value = self.data.get(name, {})
        if isinstance(value, dict):
            return value
        self.wrong(name, name, f"{name} is not a table", f"begin it with [{name}]")
        return {}

    def texts(self, name: str) -> list[str]:
        value = self.data.get(name, [])
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return value
        self.wrong(name, name, f"{name} is not a list of texts", f'write for example {name} = ["Core"]')
        return []

    def answers(self, table: str) -> None:
        for name, value in self.meant(table, self.table(table), self.item_meant):
            question = self.questionnaire.questions.get(name)
            if question is None and table == "other_limits":
                self.found.other_limits[name] = str(value)
            elif question is None or question.table != table:
                self.wrong(
                    name, f"{table}.{name}", f"there is no question {name!r} in [{table}]", self.where(name)
                )
            elif isinstance(value, float) and not math.isfinite(value):
                self.wrong(name, f"{table}.{name}", f"{value} is no number", "write a number")
            else:
                self.found.answers[name] = understood(question, value)

    def where(self, name: str) -> str:
        """Where a name that is out of place belongs."""
        question = self.questionnaire.questions.get(name)
        if question is not None and question.table:
            return f"it belongs in [{question.table}]"
        if name.strip().upper() in self.questionnaire.on_no_form:
            return f"{name} is on no form of the certificate; put the limit into [other_limits] by its name"
        return nearest(name, self.questionnaire.questions)

    def connectors(self) -> Iterable[Connector]:
        rows = self.data.get("connectors", [])
        if not isinstance(rows, list):
            self.wrong(
                "connectors",
                "connectors",
                "connectors is not a list of tables",
                "begin each with [[connectors]]",
            )
            return
        for number, row in enumerate(rows, 1):
            place = f"connectors[{number}]"
            columns = (
                dict(self.meant(place, row, lambda name: id_meant(name, _COLUMNS)))
                if isinstance(row, dict)
                else {}
            )
            if type(columns.get("connector")) is not int:
                self.wrong("connectors", place, "a connector has no number", "write connector = 1 and so on")
                continue
            good: dict[str, Any] = {
                name: value for name, value in columns.items() if type(value) is _COLUMNS.get(name)
            }
            for name in columns.keys() - good.keys():
                what = f"{name!r} is unknown or of the wrong type in a connector"
                self.wrong("connectors", f"{place}.{name}", what, f"columns are {', '.join(_COLUMNS)}")
            for name, meant in (("cable", cable_meant), ("current", current_meant)):
                if name in good:
                    good[name] = meant(good[name])
            yield Connector(**good)

    def key(self, name: str, entry: object) -> None:
        place = f"configuration_keys.{name}"
        if isinstance(entry, str | int | float | bool):
            entry = {"value": entry}
        if not isinstance(entry, dict) or entry.keys() - {"value", "access"}:
            self.wrong(
                name,
                place,
                "not a key's value and access",
                f'write {name} = {{ value = "...", access = "RW" }}',
            )
            return
        value, access = entry.get("value"), access_meant(entry.get("access", ""))
        if access not in ("", "R", "RW"):
            self.wrong(name, f"{place}.access", f"{access!r} is no access", 'write "R" (read-only) or "RW"')
            access = ""
        if isinstance(value, bool):
            value = str(value).lower()
        self.found.configuration_keys[name] = DeclaredKey(None if value is None else str(value), access)


def nearest(name: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """A remedy for a misspelt name: the nearest known one, or where the known ones are listed."""
    import difflib

    lower = {candidate.lower(): candidate for candidate in known}
    close = difflib.get_close_matches(name.lower(), list(lower), n=1, cutoff=cutoff)
    return f"did you mean {lower[close[0]]}?" if close else "see `octt pics new --template` for all items"


def short(value: object) -> str:
    """A value for a message, cut when it is long."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
