"""Writes the record of a run: hash-chained JSON lines, flushed one by one (docs/record.md)."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

GENESIS = "0" * 64

Event = dict[str, Any]


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

    def write(self, kind: str, *, t: int | None = None, m: int | None = None, **fields: Any) -> Event:
        """Appends one event and returns it. `t` (wall) and `m` (monotonic) are nanoseconds; default now."""
        with self._lock:
            self._number += 1
            event: Event = {
                "n": self._number,
                "t": time.time_ns() if t is None else t,
                "m": time.monotonic_ns() if m is None else m,
                "kind": kind,
                **fields,
            }
            if event.setdefault("case", self.case) is None:
                del event["case"]
            event["prev"] = self._previous
            line = orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS)
            self._previous = line_hash(line)
            self._file.write(line + b"\n")
            self._file.flush()
        if kind == "case.end":
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
