"""The little language that says when a test case applies and when a question is asked.

    C-04 and C-08 and (writable:AuthorizeRemoteTxRequests or value:AuthorizeRemoteTxRequests == "true")
    HFS-8 > 1        HFS-10 != "None"        connector:detachable        not Reservation        true

A name is the id of a yes/no item of the questionnaire or a profile; compared names may be of any type.
`key:NAME` is true when the station has that configuration key, `writable:NAME` when it can be changed,
`value:NAME` is its value as text. `connector:detachable` and `connector:fixed` are true when the connector
under test has that cable, whatever the others have. The logic has three values: what is not answered or not
known is unknown (None), and an expression is only unknown when the unknown parts really decide.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

Literal = bool | int | float | str
MAX_LENGTH = 2000
MAX_DEPTH = 40

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<op><=|>=|==|!=|<|>|\(|\))
    | (?P<string>"[^"]*")
    | (?P<number>-?\d+(?:\.\d+)?)(?![\w.-])
    | (?P<key>(?:key|writable|value|connector):[A-Za-z][A-Za-z0-9_.-]*)
    | (?P<name>[A-Za-z][A-Za-z0-9_]*(?:[.-][A-Za-z0-9_]+)*)
    )""",
    re.VERBOSE,
)
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


class ExpressionError(ValueError):
    """An expression that cannot be read; the message says what is wrong and where."""


class Facts(Protocol):
    """Where the value of a name comes from; None is "not known"."""

    def answer(self, name: str) -> object:
        """The answer to an item of the questionnaire, or whether a profile is declared."""

    def key(self, kind: str, name: str) -> Literal | None:
        """What is known about a configuration key; kind is "key", "writable" or "value"."""

    def connector(self, cable: str) -> bool | None:
        """Whether the connector under test has this cable, "detachable" or "fixed"."""

    def because(self, kind: str, name: str) -> list[tuple[str, str]]:
        """What stands behind that value, for a person: (name, "Yes" or "not answered" or "read-only" ...)."""


@dataclass(frozen=True)
class Name:
    """A leaf: an item of the questionnaire (kind "answer"), a fact of a configuration key or of the connector.

    The kinds are "answer", "key", "writable", "value" and "connector".
    """

    kind: str
    name: str


@dataclass(frozen=True)
class Constant:
    """true or false."""

    value: bool


@dataclass(frozen=True)
class Not:
    """Negation."""

    part: Node


@dataclass(frozen=True)
class Group:
    """A conjunction or disjunction of two or more parts."""

    word: str  # "and" or "or"
    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Comparison:
    """A name compared with a constant."""

    name: Name
    operator: str
    value: Literal


Node = Name | Constant | Not | Group | Comparison


@dataclass(frozen=True)
class Decision:
    """Whether an expression holds (None: not decided yet), the names that decided, and a sentence."""

    applies: bool | None
    because: list[tuple[str, str]]
    sentence: str


@lru_cache(maxsize=1024)
def parse(text: str) -> Node:
    """Read an expression. Raises ExpressionError with the position of what cannot be understood."""
    return _Parser(text).parse()


def names(node: Node) -> Iterator[Name]:
    """Every leaf of the expression, in the order in which it is written."""
    match node:
        case Name():
            yield node
        case Not(part):
            yield from names(part)
        case Group(_, parts):
            for part in parts:
                yield from names(part)
        case Comparison(name, _, _):
            yield name


def evaluate(node: Node, facts: Facts) -> bool | None:
    """The value of an expression under these facts: True, False, or None when unknown decides."""
    return _decide(node, facts)[0]


def explain(node: Node, facts: Facts) -> Decision:
    """The value of an expression and the answers that decided it, with one sentence for a person."""
    value, deciding = _decide(node, facts)
    because = list(dict.fromkeys(pair for leaf in deciding for pair in facts.because(leaf.kind, leaf.name)))
    reasons = ", ".join(f"{name} is {shown}" for name, shown in because)
    if not reasons:
        return Decision(value, because, "applies to every station" if value else "applies to no station")
    lead = {True: "applies", False: "does not apply", None: "cannot be decided yet"}[value]
    return Decision(value, because, f"{lead}: {reasons}")


def _decide(node: Node, facts: Facts) -> tuple[bool | None, list[Name]]:
    """The value, and the leaves that alone are enough to give it."""
    match node:
        case Constant(value):
            return value, []
        case Name():
            found = _value(node, facts)
            return (found if isinstance(found, bool) else None), [node]
        case Comparison(leaf, operator, wanted):
            return _compare(_value(leaf, facts), operator, wanted), [leaf]
        case Not(part):
            inner, deciding = _decide(part, facts)
            return (None if inner is None else not inner), deciding
        case Group(word, parts):
            return _decide_group(word == "or", [_decide(part, facts) for part in parts])


def _value(leaf: Name, facts: Facts) -> object:
    if leaf.kind == "answer":
        return facts.answer(leaf.name)
    return facts.connector(leaf.name) if leaf.kind == "connector" else facts.key(leaf.kind, leaf.name)


def _decide_group(
    winner: bool, decided: list[tuple[bool | None, list[Name]]]
) -> tuple[bool | None, list[Name]]:
    """`winner` is the value that settles the group alone: True for "or", False for "and"."""
    values = {value for value, _ in decided}
    result = winner if winner in values else (None if None in values else not winner)
    return result, [leaf for value, leaves in decided if value is result for leaf in leaves]


def _compare(found: object, operator: str, wanted: Literal) -> bool | None:
    if found is None:
        return None
    if operator in ("==", "!="):
        if isinstance(wanted, str):
            same = isinstance(found, str) and found.strip().lower() == wanted.strip().lower()
        else:
            same = type(found) is type(wanted) and found == wanted
        return same == (operator == "==")
    try:
        left, right = float(str(found)), float(str(wanted))
    except ValueError:
        return None
    return _COMPARE[operator](left, right)


class _Parser:
    """Recursive descent over: or < and < not < comparison < name, constant or parentheses."""

    def __init__(self, text: str) -> None:
        if len(text) > MAX_LENGTH:
            raise ExpressionError(f"the expression is longer than {MAX_LENGTH} characters")
        self.text = text
        self.tokens = self._tokens()
        self.index = 0
        self.depth = 0

    def _tokens(self) -> list[tuple[str, str, int]]:
        found: list[tuple[str, str, int]] = []
        position = 0
        while self.text[position:].strip():
            match = _TOKEN.match(self.text, position)
            if not match or not match.lastgroup:
                start = position + len(self.text[position:]) - len(self.text[position:].lstrip())
                raise ExpressionError(
                    f"cannot read {self.text[start : start + 12]!r} at character {start + 1}"
                )
            found.append((match.lastgroup, match[match.lastgroup], match.start(match.lastgroup)))
            position = match.end()
        return found

    def parse(self) -> Node:
        node = self._group("or")
        if self.index < len(self.tokens):
            raise self._error("'and', 'or' or the end")
        return node

    def _group(self, word: str) -> Node:
        parts = [self._group("and") if word == "or" else self._not()]
        while self._take(word):
            parts.append(self._group("and") if word == "or" else self._not())
        return parts[0] if len(parts) == 1 else Group(word, tuple(parts))

    def _not(self) -> Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ExpressionError(f"the expression is nested more than {MAX_DEPTH} deep")
        try:
            return Not(self._not()) if self._take("not") else self._comparison()
        finally:
            self.depth -= 1

    def _comparison(self) -> Node:
        if self._take("("):
            node = self._group("or")
            if not self._take(")"):
                raise self._error("')'")
            return node
        leaf = self._leaf()
        kind, operator, _ = self._peek()
        if kind == "op" and operator not in "()":
            if not isinstance(leaf, Name):
                raise self._error("a name on the left of a comparison, before it")
            self.index += 1
            return Comparison(leaf, operator, self._literal(ordered=operator in _COMPARE))
        if isinstance(leaf, Name) and leaf.kind == "value":
            raise self._error(f"a comparison (value:{leaf.name} alone is neither true nor false)")
        return leaf

    def _leaf(self) -> Name | Constant:
        kind, token, _ = self._peek()
        if kind == "key":
            prefix, _, name = token.partition(":")
            self.index += 1
            return Name(prefix, name)
        if kind != "name" or token in ("and", "or", "not"):
            raise self._error("a name")
        self.index += 1
        return Constant(token == "true") if token in ("true", "false") else Name("answer", token)

    def _literal(self, ordered: bool) -> Literal:
        kind, token, _ = self._peek()
        if kind == "number":
            self.index += 1
            return float(token) if "." in token else int(token)
        if ordered or not (kind == "string" or token in ("true", "false")):
            raise self._error("a number" if ordered else 'a number, a "text", true or false')
        self.index += 1
        return token[1:-1] if kind == "string" else token == "true"

    def _peek(self) -> tuple[str, str, int]:
        return self.tokens[self.index] if self.index < len(self.tokens) else ("end", "", len(self.text))

    def _take(self, token: str) -> bool:
        kind, found, _ = self._peek()
        if kind in ("op", "name") and found == token:
            self.index += 1
            return True
        return False

    def _error(self, wanted: str) -> ExpressionError:
        kind, token, position = self._peek()
        found = "the end" if kind == "end" else repr(token)
        return ExpressionError(f"expected {wanted}, found {found} at character {position + 1}")
