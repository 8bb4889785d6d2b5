"""The frames of a run, kept by reference: a few columns in memory, the text read from the record when asked for.

A million frames take about 40 MB. `Frames` is the whole run's table; `Frames.slice` gives the frames of one attempt.
"""

from __future__ import annotations

import threading
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, overload

import orjson
from msgspec.structs import replace

from octt.record import decode
from octt.record.events import FrameSeen

TYPES = {"CALL": 0, "CALLRESULT": 1, "CALLERROR": 2, "MALFORMED": 3}
SUMMARY_LENGTH = 100


def summary_of(frame: FrameSeen) -> str:
    """A frame in at most `SUMMARY_LENGTH` characters: its first payload fields, or the error code."""
    try:
        message = orjson.loads(frame.raw)
    except orjson.JSONDecodeError:
        return _cut(frame.raw)
    if frame.type == "CALLERROR" and isinstance(message, list):
        return _cut(" ".join(_short(part) for part in message[2:4]))
    payload = message[-1] if isinstance(message, list) and len(message) > 2 else message
    return describe(payload) if isinstance(payload, dict) else _cut(frame.raw)


def describe(payload: dict[str, Any]) -> str:
    """The fields of a payload in at most `SUMMARY_LENGTH` characters."""
    return _cut(" ".join(f"{key}={_short(value)}" for key, value in payload.items()))


def _short(value: Any, depth: int = 0) -> str:
    if isinstance(value, dict):
        if depth > 2:  # a station may nest as deep as it likes
            return "{…}"
        inner = " ".join(f"{key}={_short(item, depth + 1)}" for key, item in list(value.items())[:4])
        return "{" + inner + "}"
    if isinstance(value, list):
        return f"[{len(value)}]"
    return "true" if value is True else "false" if value is False else str(value)


def _cut(text: str) -> str:
    return text if len(text) <= SUMMARY_LENGTH else text[: SUMMARY_LENGTH - 1] + "…"


@dataclass
class Frames:
    """All frames of a run in record order. Iterating or indexing reads the text from the record's file."""

    source: Path | None = None
    lines: array[int] = field(default_factory=lambda: array("q"))
    times: array[int] = field(default_factory=lambda: array("q"))
    directions: bytearray = field(default_factory=bytearray)  # 1: from the station
    types: bytearray = field(default_factory=bytearray)  # index into TYPES
    actions: array[int] = field(default_factory=lambda: array("H"))  # index into action_names
    action_names: list[str] = field(default_factory=lambda: [""])
    _offsets: array[int] = field(default_factory=lambda: array("q"))
    _events: list[FrameSeen] = field(default_factory=list)  # only when there is no file
    _index: dict[str, int] = field(default_factory=lambda: {"": 0})
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _file: Any = None

    def add(self, event: FrameSeen, offset: int) -> None:
        """Notes one frame; `offset` is where its line begins in `source` (ignored when there is no source)."""
        self.times.append(event.t)
        self.lines.append(event.n)
        self.directions.append(event.dir == "in")
        self.types.append(TYPES[event.type])
        self.actions.append(self._action_index(event.action))
        if self.source is None:
            self._events.append(event)
        else:
            self._offsets.append(offset)

    def _action_index(self, name: str) -> int:
        index = self._index.get(name)
        if index is None:
            if len(self.action_names) >= 2000:  # a station that invents names must not fill the table
                return 0
            index = self._index[name] = len(self.action_names)
            self.action_names.append(name)
        return index

    def __len__(self) -> int:
        return len(self.lines)

    def __getitem__(self, index: int) -> FrameSeen:
        return self._read(index)

    def __iter__(self) -> Iterator[FrameSeen]:
        return iter(self.slice(0, len(self)))

    def slice(self, start: int, stop: int) -> FrameRange:
        """The frames with indices `start` up to, not including, `stop`."""
        return FrameRange(self, range(start, stop))

    def by_line(self, n: int | None) -> FrameSeen | None:
        """The frame on line `n` of the record; None when that line is no frame."""
        if n is None:
            return None
        index = bisect_left(self.lines, n)
        return self[index] if index < len(self.lines) and self.lines[index] == n else None

    def action_of(self, index: int) -> str:
        """The action of a frame, without reading the record."""
        return self.action_names[self.actions[index]]

    def _read(self, index: int) -> FrameSeen:
        if self.source is None:
            return self._events[index]
        with self._lock:
            if self._file is None:
                self._file = self.source.open("rb")
            self._file.seek(self._offsets[index])
            event = decode(self._file.readline())
        if not isinstance(event, FrameSeen):
            raise ValueError(f"{self.source} was changed while it was being read")
        return replace(event, n=self.lines[index])

    def close(self) -> None:
        """Closes the record's file, if it was opened; reading a frame opens it again."""
        if self._file is not None:
            self._file.close()
            self._file = None


@dataclass(frozen=True)
class FrameRange(Sequence[FrameSeen]):
    """Some frames of the run, a sequence read on demand: `len` and slicing cost nothing."""

    table: Frames
    indices: range

    def __len__(self) -> int:
        return len(self.indices)

    @overload
    def __getitem__(self, index: int) -> FrameSeen: ...
    @overload
    def __getitem__(self, index: slice) -> FrameRange: ...
    def __getitem__(self, index: int | slice) -> FrameSeen | FrameRange:
        if isinstance(index, slice):
            return FrameRange(self.table, self.indices[index])
        return self.table[self.indices[index]]

    def lines_before(self, line: int, most: int) -> list[int]:
        """The record lines of at most `most` frames, up to and including `line`."""
        start, stop = self.indices.start, self.indices.stop
        end = bisect_left(self.table.lines, line + 1, start, max(start, stop))
        return list(self.table.lines[max(end - most, start) : end])
