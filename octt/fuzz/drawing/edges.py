"""Values at the edges of what a schema allows, and the steps that lead just beyond it.

A step carries what is wrong with the payload and the CALLERROR codes that OCPP-J 1.6 section 4.2.3 lets answer it.
Where its table leaves room, all that fits is permitted: an absent field is an incomplete payload (ProtocolError), a
violated occurrence, and no conform structure (FormationViolation).
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from octt.ocpp import schemas

_UNKNOWN = ("NotSupported", "NotImplemented")
"""What a station without the profile says before it looks at a payload."""
FORM = (*_UNKNOWN, "FormationViolation", "FormatViolation")
OCCURRENCE = (*FORM, "OccurenceConstraintViolation", "OccurrenceConstraintViolation", "ProtocolError")
PROPERTY = (*FORM, "PropertyConstraintViolation", "TypeConstraintViolation")
EXTRA = (*OCCURRENCE, "PropertyConstraintViolation")
NULL = (*OCCURRENCE, "PropertyConstraintViolation", "TypeConstraintViolation")

MANY = 60
"""Elements of a long array."""
LONG = 5000
"""Characters of a text that is far too long."""

_DATES = (
    "2030-01-01T00:00:00Z",
    "1970-01-01T00:00:00Z",
    "2038-01-19T03:14:08Z",
    "9999-12-31T23:59:59.999Z",
    "2030-01-01T00:00:00.123456789+14:00",
)
_INTEGERS = (1, 0, 2, -1, 100, 2**31 - 1, -(2**31))
_NUMBERS = (1.0, 0, 0.1, -1.0, 16.0, 1e9)
_TEXTS = ("A", "", "0", "é漢😀", " ", "a'b\"c\\d", "%s%n{}")
_PLACES = {
    "connectorId": (1, 0, 2, -1, 2**31 - 1),
    "location": ("http://127.0.0.1:9/", "ftp://127.0.0.1:9/a", "", "no url"),
    "remoteLocation": ("http://127.0.0.1:9/", "", "no url"),
    "retries": (0, 1, -1),
    "retryInterval": (0, 1, -1),
    "vendorId": ("org.example.octt", "", "é漢😀"),
    "id": (1, 2, 3),
    "chargingProfileId": (1, 2, 3),
    "reservationId": (1, 2, 3),
    "transactionId": (0, -1, -(2**31)),
    "idTag": ("A", "é漢😀", "B" * 20),
    "stackLevel": (0, 1, -1, 2**31 - 1),
}
"""Values of fields where the schema alone would let things happen that take long or mean nothing."""


@functools.cache
def schema(action: str, direction: schemas.Direction = "request") -> dict[str, Any]:
    """The official schema of a payload, with its references followed."""
    whole = schemas.schema(action, direction)

    def followed(node: Any) -> Any:
        if isinstance(node, list):
            return [followed(one) for one in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            return followed(whole["definitions"][node["$ref"].rpartition("/")[2]])
        return {name: followed(below) for name, below in node.items() if name != "definitions"}

    found: dict[str, Any] = followed(whole)
    return found


def edges(node: dict[str, Any], name: str) -> tuple[Any, ...]:
    """Legal values of a field that is no array and no object, the simplest first."""
    if "enum" in node:
        return tuple(node["enum"])
    most = node.get("maxLength")
    if name in _PLACES:
        return tuple(v for v in _PLACES[name] if not isinstance(v, str) or most is None or len(v) <= most)
    kind = node.get("type")
    if kind == "boolean":
        return (False, True)
    if kind == "integer":
        return _INTEGERS
    if kind == "number":
        return _NUMBERS
    if node.get("format") == "date-time":
        return _DATES
    longest = LONG if most is None else most
    return (*(text for text in _TEXTS if len(text) <= longest), "A" * longest, "漢" * longest)


Path = tuple[str | int, ...]
Known = dict[str, tuple[Any, ...]]
"""Values of fields that fit the station at hand, instead of the usual edges."""


@dataclass(frozen=True)
class Step:
    """One step beside: another value in one place of a payload that is legal."""

    path: Path
    value: Any
    wrong: str
    codes: tuple[str, ...]
    enumeration: bool = False
    """Whether a value outside an enumeration is all that is wrong."""

    @property
    def place(self) -> str:
        """The field, with the places in arrays."""
        return ".".join(map(str, self.path))

    def taken(self, payload: dict[str, Any]) -> Any:
        """A copy of the payload, one step beside."""
        changed = copy.deepcopy(payload)
        holder = _at(changed, self.path[:-1])
        if self.value is _MISSING:
            del holder[self.path[-1]]
        else:
            holder[self.path[-1]] = self.value
        return changed


def steps(payload: dict[str, Any], node: dict[str, Any]) -> list[Step]:
    """Every step beside a payload that is legal by its schema, the simplest first."""
    found = [
        Step(path, value, wrong, codes, enumeration)
        for path, below, needed in _places(payload, node, ())
        for value, wrong, codes, enumeration in _beside(below, needed)
    ]
    for path in _objects(payload, node, ()):
        for value, wrong in (
            (1, "a field too many"),
            (_deep(100), "a field too many, nested 100 levels deep"),
        ):
            found.append(Step((*path, "unexpected"), value, wrong, EXTRA))
    return found


_MISSING = object()


def _beside(node: dict[str, Any], needed: bool) -> Iterator[tuple[Any, str, tuple[str, ...], bool]]:
    yield None, "a field that is null", NULL, False
    if needed:
        yield _MISSING, "a field is missing", OCCURRENCE, False
    kind = node.get("type")
    for other in _OTHER_TYPES.get(str(kind), ()):
        yield other, f"{_NAMES[type(other)]} instead of {kind}", PROPERTY, False
    if kind == "array" and node.get("minItems"):
        yield [], "an array without elements", OCCURRENCE, False
    if "enum" in node:
        yield "Unknown", "a value outside its enumeration", PROPERTY, True
        yield str(node["enum"][0]).swapcase(), "a value outside its enumeration", PROPERTY, True
        yield "", "a value outside its enumeration", PROPERTY, True
    elif node.get("format") == "date-time":
        yield "yesterday", "a text that is no date and time", PROPERTY, False
        yield "2030-13-45T99:99:99Z", "a text that is no date and time", PROPERTY, False
    elif kind == "string" and node.get("maxLength"):
        yield "A" * (node["maxLength"] + 1), "a text one character too long", PROPERTY, False
        yield "A" * (node["maxLength"] + LONG), "a text far too long", PROPERTY, False


_NAMES = {int: "integer", float: "number", str: "string", list: "array", dict: "object", bool: "boolean"}
_OTHER_TYPES: dict[str, tuple[Any, ...]] = {
    "string": (1, [], {}, True),
    "integer": ("1", 1.5, [], {}),
    "number": ("1", [], {}),
    "boolean": ("true", 1, []),
    "array": ({}, "A", 1),
    "object": ([], "A", 1),
}


def _deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


def _places(payload: Any, node: dict[str, Any], path: Path) -> Iterator[tuple[Path, dict[str, Any], bool]]:
    """The places of a payload, with their schema and whether they are required."""
    if isinstance(payload, dict):
        for name, below in node.get("properties", {}).items():
            if name in payload:
                here = (*path, name)
                yield here, below, name in node.get("required", ())
                yield from _places(payload[name], below, here)
    elif isinstance(payload, list) and payload:
        yield from _places(payload[0], node.get("items", {}), (*path, 0))


def _objects(payload: Any, node: dict[str, Any], path: Path) -> Iterator[Path]:
    """The objects of a payload that may have no other fields than theirs."""
    if isinstance(payload, dict):
        if node.get("additionalProperties") is False:
            yield path
        for name, below in node.get("properties", {}).items():
            if name in payload:
                yield from _objects(payload[name], below, (*path, name))
    elif isinstance(payload, list) and payload:
        yield from _objects(payload[0], node.get("items", {}), (*path, 0))


def _at(payload: Any, path: Path) -> Any:
    for step in path:
        payload = payload[step]
    return payload


def plain(node: dict[str, Any], full: bool, known: Known | None = None, name: str = "") -> Any:
    """The simplest value that a schema allows, with all of its fields when `full`."""
    if node.get("type") == "object":
        needed = node.get("required", ())
        fields = node.get("properties", {}).items()
        return {one: plain(below, full, known, one) for one, below in fields if full or one in needed}
    if node.get("type") == "array":
        few = 1 if full else node.get("minItems", 0)
        return [plain(node.get("items", {}), full, known, name)] * few
    return ((known or {}).get(name) or edges(node, name))[0]


def variations(node: dict[str, Any], known: Known | None = None) -> Iterator[dict[str, Any]]:
    """Legal payloads that differ in one place from the simplest ones, these first."""
    bases = [plain(node, full, known) for full in (False, True)]
    yield from bases
    for base in bases[1:]:
        for path, below, needed in _places(base, node, ()):
            if not needed:
                yield Step(path, _MISSING, "", ()).taken(base)
            for value in _others(below, str(path[-1]), known, _at(base, path)):
                yield Step(path, value, "", ()).taken(base)


def _others(node: dict[str, Any], name: str, known: Known | None, now: Any) -> Iterator[Any]:
    if node.get("type") == "array":
        if not node.get("minItems"):
            yield []
        yield now[:1] * (node.get("maxItems") or MANY)
    elif node.get("type") != "object":
        yield from ((known or {}).get(name) or edges(node, name))[1:]
