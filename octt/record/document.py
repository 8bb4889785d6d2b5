"""Writes docs/record.md, which describes a record line by line, from the classes of its events.

python -m octt.record.document docs/record.md
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterable
from enum import Enum
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin

from msgspec import Struct, UnsetType
from msgspec.structs import FieldInfo, fields

from octt.record import event, events
from octt.record.event import Event
from octt.record.events import KINDS, PlanLine, RunStarted
from octt.record.words import Verdict

Comments = dict[tuple[str, str], str]

_OPENING = """# The record

`record.jsonl` is the truth of a run: one JSON object a line, appended, flushed line by line. Every report is a view
of it. This page is made from `octt/record/events.py` by `make docs`.

A reader passes over kinds and fields that it does not know. A field that is missing where it should be, as in the
record of an older version, it takes for nothing: an empty text, 0, an empty list. One of the wrong type too, and calls
the record damaged.

## Every line

The hash in `prev` chains the lines: changing, removing or inserting a byte anywhere breaks the chain at that line.

"""
_NAMES = {
    int: "integer",
    float: "number",
    str: "text",
    bool: "true or false",
    Any: "anything",
    dict: "object",
}


def document() -> str:
    """The whole page."""
    said = _comments()
    parts = [_OPENING, _table(Event, fields(Event), said)]
    for kind, described in KINDS.items():
        own = [field for field in fields(described) if field.name not in Event.__struct_fields__]
        parts += [f"\n## `{kind}`\n\n{inspect.getdoc(described)}\n\n", _table(described, own, said)]
        if described is RunStarted:
            parts += ["\nA case of the `plan`:\n\n", _table(PlanLine, fields(PlanLine), said)]
    return "".join(parts)


def _table(described: type[Struct], shown: Iterable[FieldInfo], said: Comments) -> str:
    rows = [
        f"| `{field.name}` | {_value(described, field)} | {said.get((described.__name__, field.name), '')} |\n"
        for field in shown
    ]
    return "".join(["| field | value | what it is |\n|---|---|---|\n", *rows])


def _value(described: type[Struct], field: FieldInfo) -> str:
    """The type of a field, and whether a line may lack it."""
    can_lack = NoneType in get_args(field.type) if described is Event else not field.required
    if not can_lack or not described.__struct_config__.omit_defaults:
        return _words(field.type)
    return _words(field.type).removesuffix(" or null" if field.default is None else "") + ", or absent"


def _words(wanted: Any) -> str:
    """A type as a reader of JSON knows it."""
    if wanted in _NAMES:
        return _NAMES[wanted]
    arguments = get_args(wanted)
    match get_origin(wanted):
        case origin if origin is Literal:
            return ", ".join(f'"{word}"' for word in arguments)
        case origin if origin is Annotated:
            return _words(arguments[0])
        case origin if origin is list:
            return f"list of {_words(arguments[0])}"
        case origin if origin is dict:
            return _words(dict)
        case None:
            words = wanted if issubclass(wanted, Enum) else ()
            return ", ".join(f'"{word}"' for word in words if word is not Verdict.NOT_RUN) or "object"
    options = [_words(one) for one in arguments if one not in (NoneType, UnsetType)]
    return " or ".join([*options, *(["null"] if NoneType in arguments else [])])


def _comments() -> Comments:
    """What is said behind each field in the source, by class and field."""
    source = inspect.getsource(event) + inspect.getsource(events)
    lines = source.splitlines()
    return {
        (described.name, field.target.id): lines[field.lineno - 1].partition("  # ")[2]
        for described in ast.parse(source).body
        if isinstance(described, ast.ClassDef)
        for field in described.body
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
    }


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(document(), encoding="utf-8")
