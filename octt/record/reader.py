"""Reads a record back, and finds where its chain of hashes is broken (docs/record.md)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson

from octt.record.writer import GENESIS, Event, line_hash


@dataclass(frozen=True)
class Damage:
    """A place where the record is not what was written."""

    line: int
    what: str


def read(path: Path) -> Iterator[Event]:
    """The events of a record, in order; they end at a line that a crash cut off or that is damaged."""
    with path.open("rb") as file:
        for line in file:
            if not line.endswith(b"\n"):
                return
            try:
                event = orjson.loads(line)
            except orjson.JSONDecodeError:
                return
            if not isinstance(event, dict):
                return
            yield event


def check_chain(path: Path) -> tuple[str, list[Damage]]:
    """The hash of the last line, and every place where the chain does not hold."""
    previous, number, damages = GENESIS, 0, []
    with path.open("rb") as file:
        for raw in file:
            number += 1
            line = raw.removesuffix(b"\n")
            if line is raw or len(line) == len(raw):
                damages.append(Damage(number, "the last line is cut off"))
            try:
                event = orjson.loads(line)
            except orjson.JSONDecodeError:
                damages.append(Damage(number, "not JSON"))
            else:
                if not isinstance(event, dict) or event.get("n") != number:
                    damages.append(Damage(number, "line number does not follow; a line was added or removed"))
                elif event.get("prev") != previous:
                    damages.append(Damage(number, "the line before this one was changed, added or removed"))
            previous = line_hash(line)
    return previous, damages
