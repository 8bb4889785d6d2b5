"""Reads a record back as events (docs/record.md), whatever its lines are."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec
from msgspec import Struct

from octt.record.event import Event, Int, Other, Table
from octt.record.events import KINDS, Known, PlanLine
from octt.record.words import ActionPhase, Agreement, Blame, Outcome, Phase, Verdict

_KNOWN = msgspec.json.Decoder(Known)
_ANYTHING = msgspec.json.Decoder()
_UNREADABLE = (ValueError, RecursionError)
"""What msgspec raises: for damaged JSON, text that is not UTF-8, values of the wrong type, and endless nesting."""

_NOTHING: dict[Any, Any] = {
    str: "",
    int: 0,
    float: 0.0,
    bool: False,
    list: [],
    dict: {},
    Any: None,
    ActionPhase: ActionPhase.FAILED,
    Agreement: Agreement.NOT_OBSERVED,
    Blame: Blame.NOBODY,
    Outcome: Outcome.INFO,
    Phase: Phase.TEST,
    Verdict: Verdict.ERROR,
}
"""What a field without a default is taken for when a line has nothing that can be read there, by its type."""


def open_regular(path: Path) -> BufferedReader:
    """Opens a file for reading. OSError also when it is a FIFO, a device or a folder: reading those may never end."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is no plain file", str(path))
    return os.fdopen(descriptor, "rb")


def read(path: Path) -> Iterator[Event]:
    """The events of a record, in order; they end at a line that a crash cut off or that is no event any more."""
    with open_regular(path) as file:
        for line in file:
            event = decode(line) if line.endswith(b"\n") else None
            if event is None:
                return
            yield event


def decode(line: bytes, faults: list[str] | None = None) -> Event | None:
    """The event of one line; None when it is none: no JSON object with a kind, a number and times. Never raises.

    A field that is missing, or null where there must be something, is taken for nothing: an empty text, 0, and so on
    (older records lack fields). So is one of the wrong type; its name is added to `faults`, if given.
    """
    event: Event | None
    try:
        event = _KNOWN.decode(line)
    except _UNREADABLE:
        event = _patiently(line, [] if faults is None else faults)
    return event if event is not None and event.n else None


def _patiently(line: bytes, faults: list[str]) -> Event | None:
    """What `decode` does, field by field."""
    try:
        values = _ANYTHING.decode(line)
        head = msgspec.convert(values, _Head)
    except _UNREADABLE:
        return None
    kind = KINDS.get(head.kind)
    if kind is None:
        return Other(**_fields(Event, values, faults), name=head.kind, fields=values)
    return kind(**_fields(kind, values, faults))


class _Head(Struct):
    """What makes a line an event."""

    kind: str
    n: Int
    t: Int
    m: Int


def _fields(of: type[Struct], values: Table, faults: list[str]) -> Table:
    """The fields of a class as far as they can be read, the others as nothing unless they have a default."""
    found = {}
    for field in msgspec.structs.fields(of):
        value = values.get(field.name)
        try:
            if field.name in values:
                found[field.name] = msgspec.convert(value, field.type)
                continue
        except _UNREADABLE:
            if value is not None:
                faults.append(field.name)
            if field.type == list[PlanLine] and isinstance(value, list):
                lines = [line for line in value if isinstance(line, dict)]
                found[field.name] = [PlanLine(**_fields(PlanLine, line, [])) for line in lines]
                continue
        if field.required:
            found[field.name] = _nothing(field.type)
    return found


def _nothing(wanted: Any) -> Any:
    """What stands for a value of this type that is not there."""
    if wanted in _NOTHING:
        return _NOTHING[wanted]
    origin, arguments = get_origin(wanted), get_args(wanted)
    if origin is Literal:
        return arguments[0]
    if NoneType in arguments:
        return None
    return _nothing(arguments[0] if origin is Annotated else origin)
