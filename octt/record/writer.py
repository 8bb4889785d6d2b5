"""Writes the record of a run: hash-chained JSON lines, flushed one by one (docs/record.md)."""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, TypeVar, overload

from msgspec import UNSET, UnsetType, to_builtins
from msgspec.json import Encoder
from msgspec.structs import replace

from octt.record.events import KINDS, CaseEnded, Event

GENESIS = "0" * 64

_ENCODER = Encoder(enc_hook=str)

Written = TypeVar("Written", bound=Event)


def line_hash(line: bytes) -> str:
    """SHA-256 (hex) of one line of the record, without its newline."""
    return hashlib.sha256(line).hexdigest()


class Record:
    """The append-only log of one run.

    `write` may be called from any thread. Every line is flushed to the operating system when written and
    synced to the disk at the end of a case, so that `kill -9` loses nothing and a power cut at most the case
    that was running.
    """

    def __init__(self, path: Path) -> None:
        """Creates `path`, or goes on after its last whole line if it exists (an interrupted run)."""
        self.path = path
        self.case: str | None = None
        """The case that what is written belongs to, unless it says otherwise; None: between cases."""

        self.phase: str | None = None
        """The phase of the case: setup, test or restore."""

        self._lock = threading.Lock()
        self._listeners: list[Callable[[Event], None]] = []
        self._number, self._previous = 0, GENESIS
        if path.exists():
            self._continue_after_last_line()
        self._file = path.open("ab")

    def _continue_after_last_line(self) -> None:
        whole = 0
        with self.path.open("rb") as file:
            for line in file:
                if not line.endswith(b"\n"):
                    break
                whole += len(line)
                self._number += 1
                self._previous = line_hash(line[:-1])
        os.truncate(self.path, whole)

    def listen(self, listener: Callable[[Event], None]) -> None:
        """Calls `listener` with every event from now on, in the thread that writes it, outside the lock."""
        self._listeners.append(listener)

    @overload
    def write(
        self,
        event: Written,
        /,
        *,
        t: int | None = None,
        m: int | None = None,
        case: str | UnsetType | None = UNSET,
    ) -> Written: ...
    @overload
    def write(
        self,
        kind: str,
        /,
        *,
        t: int | None = None,
        m: int | None = None,
        case: str | UnsetType | None = UNSET,
        **fields: Any,
    ) -> Event: ...
    def write(
        self,
        event: Event | str,
        /,
        *,
        t: int | None = None,
        m: int | None = None,
        case: str | UnsetType | None = UNSET,
        **fields: Any,
    ) -> Event:
        """Appends one event and returns it with its head: its number and the hash of the line before are set here.

        `t` (wall) and `m` (monotonic) are nanoseconds, by default now; `case` is that which runs, None for no case.
        Also takes the kind of an event and its fields. TypeError when it has no such field or one is missing,
        ValueError for a kind that there is not.
        """
        if isinstance(event, str):
            event = (KINDS.get(event) or _no_kind(event))(**fields)
        body = _encoded(event)
        with self._lock:
            self._number += 1
            if t is None:
                t = time.time_ns()
            if m is None:
                m = time.monotonic_ns()
            if case is UNSET:
                case = self.case
            of_case = b"" if case is None else b',"case":' + _ENCODER.encode(case)
            previous = self._previous
            line = b'{"n":%d,"t":%d,"m":%d,%b%b,"prev":"%b"}' % (
                self._number,
                t,
                m,
                body[1:-1],
                of_case,
                previous.encode(),
            )
            event = replace(event, n=self._number, t=t, m=m, case=case, prev=previous)
            self._previous = line_hash(line)
            self._file.write(line + b"\n")
            self._file.flush()
        if isinstance(event, CaseEnded):
            self.sync()
        for listener in self._listeners:
            listener(event)
        return event

    @property
    def last_hash(self) -> str:
        """Hash of the last line written: the fingerprint of the whole record so far."""
        return self._previous

    def sync(self) -> None:
        """Forces what was written onto the disk."""
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Syncs and closes; a second call does nothing."""
        if not self._file.closed:
            self.sync()
            self._file.close()


def _no_kind(kind: str) -> NoReturn:
    near = difflib.get_close_matches(kind, KINDS, 1)
    raise ValueError(f"no event of kind {kind!r}{f'; did you mean {near[0]!r}?' if near else ''}")


def _encoded(event: Event) -> bytes:
    """The event as JSON, without its head."""
    try:
        return _ENCODER.encode(event)
    except UnicodeEncodeError:  # half of a surrogate pair, e.g. in a path that is not UTF-8
        text = json.dumps(to_builtins(event, enc_hook=str), ensure_ascii=False)
        return _ENCODER.encode(json.loads(text.encode("utf-8", "replace")))
