"""Whether a payload is what a script expects, and in words why not.

An expectation is a dictionary of fields. A value may be

- a plain value: equal (identifiers and configuration keys without regard to case, as CiString types demand);
- a set: one of its members;
- `ABSENT`: the field must not be there; `PRESENT`: it must, with any value;
- a dictionary: the fields named in it;
- a list: as many elements, each as expected;
- a function of one argument: true for a good value; its docstring or name says what is wanted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class _Mark:
    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


ABSENT = _Mark("absent")
PRESENT = _Mark("present")
_MISSING = _Mark("missing")

_TYPES = {bool: "boolean", int: "number", float: "number", str: "text"}
_WITHOUT_CASE = frozenset({"idTag", "parentIdTag", "key"})


def but(*values: Any) -> Callable[[Any], bool]:
    """Any value but these."""

    def other(value: Any) -> bool:
        return value not in values

    other.__doc__ = f"anything but {' or '.join(str(value) for value in values)}"
    return other


def mismatches(expected: dict[str, Any], actual: dict[str, Any]) -> list[str]:
    """Why `actual` is not as expected, one clause per field; empty when it is."""
    found: list[str] = []
    for name, wanted in expected.items():
        found += _compare(name, wanted, actual.get(name, _MISSING))
    return found


def _compare(name: str, wanted: Any, value: Any) -> list[str]:
    if wanted is ABSENT:
        return [] if value is _MISSING else [f"{name} is {value!r}, should be absent"]
    if isinstance(wanted, set | frozenset) and ABSENT in wanted and value is _MISSING:
        return []
    if value is _MISSING:
        return [f"{name} is missing, should be {say(wanted)}"]
    if wanted is PRESENT:
        return []
    if isinstance(wanted, dict):
        inner = value if isinstance(value, dict) else {}
        return [f"{name}.{clause}" for clause in mismatches(wanted, inner)]
    if isinstance(wanted, list):
        return _compare_lists(name, wanted, value)
    if callable(wanted):
        good = bool(wanted(value))
    elif isinstance(wanted, set | frozenset):
        good = any(_equal(name, one, value) for one in wanted)
    else:
        good = _equal(name, wanted, value)
    return [] if good else [_differs(name, wanted, value)]


def _differs(name: str, wanted: Any, value: Any) -> str:
    """What differs: the type, where both are written alike."""
    told, due = repr(value), say(wanted)
    if told.casefold() == due.casefold():
        told, due = (
            f"the {_TYPES.get(type(value), 'value')} {told}",
            f"the {_TYPES.get(type(wanted), 'value')} {due}",
        )
    return f"{name} is {told}, should be {due}"


def _compare_lists(name: str, wanted: list[Any], value: Any) -> list[str]:
    if not isinstance(value, list) or len(value) != len(wanted):
        count = len(value) if isinstance(value, list) else 0
        return [f"{name} has {count} element{'' if count == 1 else 's'}, should have {len(wanted)}"]
    found: list[str] = []
    for index, (one, other) in enumerate(zip(wanted, value, strict=True)):
        found += _compare(f"{name}[{index}]", one, other)
    return found


def _equal(name: str, wanted: Any, value: Any) -> bool:
    if isinstance(wanted, bool) or isinstance(value, bool):
        return wanted is value
    if name.rpartition(".")[2] in _WITHOUT_CASE and isinstance(wanted, str) and isinstance(value, str):
        return wanted.casefold() == value.casefold()
    return bool(wanted == value)


def say(wanted: Any) -> str:
    """What is expected, in words."""
    if isinstance(wanted, set | frozenset):
        return " or ".join(sorted(say(one) for one in wanted))
    if isinstance(wanted, _Mark):
        return wanted.name
    if isinstance(wanted, dict):
        return f"({describe(wanted)})"
    if isinstance(wanted, list):
        return f"[{', '.join(say(one) for one in wanted)}]"
    if callable(wanted):
        return _said(wanted)
    return str(wanted) if isinstance(wanted, str) else repr(wanted)


def _said(function: Callable[..., Any]) -> str:
    return (function.__doc__ or function.__name__.replace("_", " ")).strip().splitlines()[0]


def describe(expected: dict[str, Any]) -> str:
    """The fields of an expectation in one line."""
    return ", ".join(f"{name} = {say(wanted)}" for name, wanted in expected.items())
