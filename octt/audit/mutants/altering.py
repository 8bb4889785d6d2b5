"""What a mutant makes of a frame's text."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import orjson

from octt.audit.mutants.mutant import Change, Kind, Mutant, Path
from octt.ocpp.frames import CALLERROR
from octt.ocpp.values import decimal, instant

Message = list[Any]
"""A frame as JSON: type, id, then what belongs to the type, the payload last."""

ENVELOPES: dict[str, Callable[[Message], bytes]] = {
    "no JSON": lambda message: orjson.dumps(message)[:-2],
    "no payload": lambda message: orjson.dumps(message[:-1]),
    "payload is a list": lambda message: orjson.dumps([*message[:-1], [1]]),
    "payload is null": lambda message: orjson.dumps([*message[:-1], None]),
    "id is a number": lambda message: orjson.dumps([message[0], 7, *message[2:]]),
    "unknown message type": lambda message: orjson.dumps([5, *message[1:]]),
}
"""Frames that are not built as they should be, by what is wrong with them."""

ANOTHER_ID = "another id"
"""The same for replies only: a request may have any id."""


def altered(mutant: Mutant, message: Message) -> str | None:
    """The text of the altered frame; None when there is nothing to alter, since the value is not there."""
    if mutant.kind is Kind.ERROR:
        return orjson.dumps([CALLERROR, message[1], mutant.value, "", {}]).decode()
    if mutant.kind is Kind.ENVELOPE and mutant.value == ANOTHER_ID:
        return text_of([message[0], f"{str(message[1])[:30]}-x", *message[2:]])
    if mutant.kind is Kind.ENVELOPE:
        return ENVELOPES[str(mutant.value)](message).decode()
    changed = copy.deepcopy(message)
    holder, place = changed[-1], mutant.path[-1]
    for part in mutant.path[:-1]:
        holder = _at(holder, part)
    if not _has(holder, place):
        return None
    if mutant.kind is Kind.REMOVED:
        del holder[place]
    else:
        holder[place] = _changed(mutant, holder[place])
    return text_of(changed)


def value_at(payload: Any, path: Path) -> Any:
    """The value at a path; None when there is none."""
    for part in path:
        payload = _at(payload, part)
    return payload


def _at(value: Any, part: str | int) -> Any:
    return value[part] if _has(value, part) else None


def _has(value: Any, part: str | int) -> bool:
    if isinstance(part, int):
        return isinstance(value, list) and part < len(value)
    return isinstance(value, dict) and part in value


def _changed(mutant: Mutant, value: Any) -> Any:
    if mutant.change is Change.ADD:
        added = (decimal(value) or 0) + mutant.value
        whole = int(added) if added == int(added) else added
        return str(whole) if isinstance(value, str) else whole
    if mutant.change is Change.SHIFT:
        time = instant(value)
        moved = time + timedelta(seconds=mutant.value) if time else None
        return moved.isoformat(timespec="milliseconds").replace("+00:00", "Z") if moved else value
    if mutant.change is Change.SPOIL:
        return f"{value[:-1]}{'Y' if value.endswith('X') else 'X'}" if value else "X"
    return mutant.value


def text_of(message: Message) -> str:
    """A message as text, whatever is in it."""
    try:
        return orjson.dumps(message).decode()
    except TypeError:  # an integer beyond 64 bits, half a surrogate pair: JSON all the same
        return json.dumps(message)
