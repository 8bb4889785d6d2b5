"""A vendor's declaration: the answers to the questionnaire, read from one TOML file a product.

Reading is forgiving: what has the wrong shape becomes a `Problem` in `Declaration.unreadable`, so that
`octt pics check` can name every mistake at once. Nothing here talks to a station or a person.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from octt.ocpp.keys import KEYS
from octt.pics.expression import explain, parse
from octt.pics.questionnaire import FORMS, PROFILES, Questionnaire, load_questionnaire

SIZE_LIMIT = 1_000_000
TABLES = ("product", "answers", "performance", "other_limits")
_TOP_LEVEL = {
    "form", "profiles", "guessed", "connectors", "configuration_keys", "non_ocpp_settings", "certified", *TABLES
}  # fmt: skip


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


class DeclaredFacts:
    """What a declaration and, when known, the station's configuration say: the `Facts` of an expression.

    A key's declared value and access come first, then the station's answer to GetConfiguration, then the access
    that the specification prescribes for a required key of a declared profile.
    """

    def __init__(self, declaration: Declaration, keys: Iterable[Mapping[str, Any]] | None = None) -> None:
        self.declaration = declaration
        self.questionnaire = load_questionnaire()
        self.station = None if keys is None else {str(entry.get("key")): entry for entry in keys}

    def answer(self, name: str) -> object:
        """The answer to an item, or whether a profile is declared; No to what need not be asked of this station."""
        answer = self.declaration.answer(name)
        return False if answer is None and self._spared(name) else answer

    def key(self, kind: str, name: str) -> bool | str | None:
        """Whether a key exists ("key"), can be changed ("writable"), or its value ("value")."""
        declared = self.declaration.configuration_keys.get(name)
        observed = (self.station or {}).get(name)
        if declared is None and observed is None and self.station is not None:
            return None if kind == "value" else False
        if kind == "key":
            return True if declared or observed or self._required(name) else None
        if kind == "value":
            if declared and declared.value is not None:
                return declared.value
            return str(observed.get("value") or "") if observed else None
        if declared and declared.access:
            return declared.access == "RW"
        if observed:
            return observed.get("readonly") is False
        return True if self._required(name) and KEYS[name].access == "RW" else None

    def because(self, kind: str, name: str) -> list[tuple[str, str]]:
        """What stands behind a value; behind a No to a question that is not asked, why it is not asked."""
        if kind == "answer":
            value = self.declaration.answer(name)
            if name in PROFILES:
                return [
                    (name, "not answered" if value is None else "supported" if value else "not supported")
                ]
            if value is None and (spared := self._spared(name)):
                return spared
            guess = " (guessed)" if name in self.declaration.guessed else ""
            return [(name, self.questionnaire[name].shown(value) + guess)]
        found = self.key(kind, name)
        words = {
            "key": {True: "present", False: "absent", None: "not known to be present"},
            "writable": {True: "writable", False: "read-only or absent", None: "not known to be writable"},
        }
        if kind == "value":
            return [(name, "of unknown value" if found is None else f'"{found}"')]
        return [(name, words[kind][None if found is None else bool(found)])]

    def _spared(self, name: str) -> list[tuple[str, str]]:
        """Why a yes/no question need not be answered by this station; empty when it must."""
        question = self.questionnaire.questions.get(name)
        if question is None or question.type != "bool" or question.asked_if == "true":
            return []
        asked = explain(parse(question.asked_if), self)
        return asked.because if asked.applies is False else []

    def _required(self, name: str) -> bool:
        key = KEYS.get(name)
        return key is not None and key.required and key.profile in self.declaration.profiles


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


class _Reader:
    """Takes the tables apart, noting what has the wrong shape."""

    def __init__(self, data: dict[str, Any], path: str, questionnaire: Questionnaire) -> None:
        self.data = data
        self.questionnaire = questionnaire
        self.found = Declaration(path=path)

    def read(self) -> Declaration:
        found = self.found
        for name in self.data.keys() - _TOP_LEVEL:
            self.wrong(
                name, name, "there is no such table or entry", f"use one of {', '.join(sorted(_TOP_LEVEL))}"
            )
        form = str(self.data.get("form", "2025"))
        if form in FORMS:
            found.form = form
        else:
            self.wrong("form", "form", f"{form!r} is no form of the certificate", "write 2025 or 2024")
        found.profiles = tuple(self.texts("profiles"))
        found.guessed = frozenset(self.texts("guessed"))
        for table in TABLES:
            self.answers(table)
        found.connectors = tuple(self.connectors())
        for name, entry in self.table("configuration_keys").items():
            self.key(name, entry)
        for name, value in self.table("non_ocpp_settings").items():
            found.non_ocpp_settings[name] = str(value)
        found.certified = self.table("certified")
        return found

    def wrong(self, item: str, place: str, what: str, remedy: str) -> None:
        self.found.unreadable.append(Problem(item, place, what, remedy))

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
        for name, value in self.table(table).items():
            question = self.questionnaire.questions.get(name)
            if question is None and table == "other_limits":
                self.found.other_limits[name] = str(value)
            elif question is None or question.table != table:
                where = f"it belongs in [{question.table}]" if question and question.table else ""
                what = f"there is no question {name!r} in [{table}]"
                self.wrong(
                    name, f"{table}.{name}", what, where or nearest(name, self.questionnaire.questions)
                )
            elif isinstance(value, float) and not math.isfinite(value):
                self.wrong(name, f"{table}.{name}", f"{value} is no number", "write a number")
            else:
                self.found.answers[name] = value

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
        types: dict[str, type] = {"connector": int, "current": str, "phases": int, "type": str, "cable": str}
        for number, row in enumerate(rows, 1):
            place = f"connectors[{number}]"
            if not isinstance(row, dict) or type(row.get("connector")) is not int:
                self.wrong("connectors", place, "a connector has no number", "write connector = 1 and so on")
                continue
            good: dict[str, Any] = {
                name: value for name, value in row.items() if type(value) is types.get(name)
            }
            for name in row.keys() - good.keys():
                what = f"{name!r} is unknown or of the wrong type in a connector"
                self.wrong("connectors", f"{place}.{name}", what, f"columns are {', '.join(types)}")
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
        value, access = entry.get("value"), entry.get("access", "")
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
