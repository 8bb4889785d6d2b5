"""Other values for a field: legal by its schema, or of another type."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

from octt.audit.mutants.mutant import Change, Path
from octt.ocpp import schemas
from octt.ocpp.values import decimal, instant

HOUR, DAY = 3600, 86400

ODD: tuple[Any, ...] = (None, True, -1, 2**70, 1.5, "", "\ud800", [], {}, [[]], {"": None}, [None] * 3)
"""JSON that has no business where it is put; which one, the place decides."""


def fields_of(payload: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every field of a payload with its path; of a list its first element, and its last where that is another kind."""
    if isinstance(payload, dict):
        for name, value in payload.items():
            yield (*path, name), value
            yield from fields_of(value, (*path, name))
    elif isinstance(payload, list) and payload:
        if not isinstance(payload[0], dict | list):
            yield (*path, 0), payload[0]
        yield from fields_of(payload[0], (*path, 0))


def others(action: str, direction: schemas.Direction, path: Path, value: Any) -> Iterator[tuple[Change, Any]]:
    """Other values that the schema allows for a field: how it changes, and to what."""
    allowed = schema_at(action, direction, path).get("enum")
    if isinstance(allowed, list):
        start = allowed.index(value) + 1 if value in allowed else 0
        around = [one for one in [*allowed[start:], *allowed[:start]] if one != value]
        # Of what a reply says every other answer is tried.
        for one in around if direction == "response" and path == ("status",) else around[:1]:
            yield Change.SET, one
    elif isinstance(value, bool):
        yield Change.SET, not value
    elif isinstance(value, str) and instant(value):
        yield Change.SHIFT, -HOUR
        yield Change.SHIFT, DAY
    elif isinstance(value, int | float) or (isinstance(value, str) and decimal(value) is not None):
        yield Change.ADD, 1
        if isinstance(value, str) or path[-1] in ("meterStart", "meterStop"):
            yield Change.ADD, 100_000
    elif isinstance(value, str):
        yield Change.SPOIL, None


def schema_at(action: str, direction: schemas.Direction, path: Path) -> dict[str, Any]:
    """The schema of a field; empty when it has none."""
    whole = schemas.schema(action, direction)
    found: Any = whole
    for part in path:
        found = found.get("items" if isinstance(part, int) else "properties", {})
        found = _resolved(found if isinstance(part, int) else found.get(part, {}), whole)
    return dict(found)


def _resolved(found: Any, whole: dict[str, Any]) -> Any:
    """What a reference to the definitions of the same file stands for."""
    name = str(found.get("$ref", "")).rpartition("/")[2]
    return whole.get("definitions", {}).get(name, {}) if name else found


def odd(path: Path, value: Any) -> Any:
    """A value of another type."""
    place = zlib.crc32(repr(path).encode())
    found = next(
        one for one in (*ODD[place % len(ODD) :], *ODD) if _type(one) is not _type(value) and one != value
    )
    return found


def _type(value: Any) -> type:
    return float if isinstance(value, int) and not isinstance(value, bool) else type(value)
