"""What a declaration and the station's own configuration say, as an expression (octt/pics/expression.py) asks it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from octt.ocpp.keys import KEYS
from octt.ocpp.values import shown
from octt.pics.declaration import Declaration
from octt.pics.expression import explain, parse
from octt.pics.questionnaire import PROFILES, load_questionnaire

_CABLE_ITEMS = {"detachable": "HFS-1", "fixed": "HFS-2"}


class DeclaredFacts:
    """The `Facts` of an expression: a declaration, the connector under test, and the station's configuration if known.

    A key's declared value and access come first, then the station's answer to GetConfiguration, then the access
    that the specification prescribes for a required key of a declared profile.
    """

    def __init__(
        self,
        declaration: Declaration,
        keys: Iterable[Mapping[str, Any]] | None = None,
        connector: int | None = None,
    ) -> None:
        self.declaration, self.tested = declaration, connector
        self.questionnaire = load_questionnaire()
        self._declared = {name.casefold(): key for name, key in declaration.configuration_keys.items()}
        self._station = (
            None if keys is None else {shown(entry.get("key")).casefold(): entry for entry in keys}
        )

    def answer(self, name: str) -> object:
        """The answer to an item, or whether a profile is declared; No to what need not be asked of this station."""
        answer = self.declaration.answer(name)
        return False if answer is None and self._spared(name) else answer

    def key(self, kind: str, name: str) -> bool | str | None:
        """Whether a key exists ("key"), can be changed ("writable"), or its value ("value")."""
        declared = self._declared.get(name.casefold())
        observed = (self._station or {}).get(name.casefold())
        if declared is None and observed is None and self._station is not None:
            return None if kind == "value" else False
        if kind == "key":
            return True if declared or observed or self._required(name) else None
        if kind == "value":
            if declared and declared.value is not None:
                return declared.value
            return _text(observed.get("value")) if observed else None
        if declared and declared.access:
            return declared.access == "RW"
        if observed:
            return observed.get("readonly") is False
        return True if self._required(name) and KEYS[name].access == "RW" else None

    def connector(self, cable: str) -> bool | None:
        """Whether the connector under test has this cable; None when the declaration leaves it open."""
        found = self.declaration.cable(self.tested)
        return found == cable if found else None

    def because(self, kind: str, name: str) -> list[tuple[str, str]]:
        """What stands behind a value; behind a No to a question that is not asked, why it is not asked."""
        if kind == "answer":
            value = self.declaration.answer(name)
            if value is None and (spared := self._spared(name)):
                return spared
            return [self._answered(name)]
        if kind == "connector":
            return self._behind_cable(name)
        found = self.key(kind, name)
        words = {
            "key": {True: "present", False: "absent", None: "not known to be present"},
            "writable": {True: "writable", False: "read-only or absent", None: "not known to be writable"},
        }
        if kind == "value":
            return [(name, "of unknown value" if found is None else f'"{found}"')]
        return [(name, words[kind][None if found is None else bool(found)])]

    def _answered(self, name: str) -> tuple[str, str]:
        value = self.declaration.answer(name)
        if name in PROFILES:
            return name, "not answered" if value is None else "supported" if value else "not supported"
        guess = " (guessed)" if name in self.declaration.guessed else ""
        return name, self.questionnaire[name].shown(value) + guess

    def _behind_cable(self, cable: str) -> list[tuple[str, str]]:
        """The line of the connector table, or the answers that leave one kind of cable only."""
        found = self.declaration.cable(self.tested)
        if self.declaration.row(self.tested):
            return [(f"the cable of connector {self.tested}", found or "of an unknown kind")]
        own = _CABLE_ITEMS[cable]
        if self.declaration.answer(own) is False:
            return [self._answered(own)]
        both = [self.declaration.answer(item) for item in _CABLE_ITEMS.values()]
        reasons = [self._answered(item) for item in _CABLE_ITEMS.values()]
        if found and False not in both:
            return [*reasons, self._answered("HFS-8")]  # its only connector has the one or the other
        if found or None in both:
            return reasons
        which = "the connector under test" if self.tested is None else f"the cable of connector {self.tested}"
        return [*reasons, (which, "not known")]

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


def _text(value: object) -> str:
    """A value as the station told it, as text; some tell numbers and booleans."""
    return shown(value).lower() if isinstance(value, bool) else shown(value)
