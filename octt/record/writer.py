"""Writes the record of a run: hash-chained JSON lines, flushed one by one (docs/record.md)."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from msgspec import UNSET, UnsetType, ValidationError, convert, to_builtins
from msgspec.json import Encoder
from msgspec.structs import replace

from octt.record.clock import wall
from octt.record.event import Event
from octt.record.events import CaseEnded
from octt.record.secrets import SECRETS

GENESIS = "0" * 64

_ENCODER = Encoder(enc_hook=str)

Written = TypeVar("Written", bound=Event)


def line_hash(line: bytes) -> str:
    """SHA-256 (hex) of one line of the record, without its newline."""
    return hashlib.sha256(line).hexdigest()


class RecordLost(Exception):
    """Nothing can be put on the record any more; the message says why. What is on it is whole."""


class Record:
    """The append-only log of one run.

    `write` may be called from any thread. Every line is handed to the operating system when written and
    synced to the disk at the end of a case, so that `kill -9` loses nothing and a power cut at most the case
    that was running. When a line cannot be written, a full disk mostly, the record ends with the line before,
    and every further attempt raises RecordLost.
    """

    def __init__(self, path: Path) -> None:
        """Creates `path`, or goes on after its last whole line if it exists (an interrupted run).

        Raises OSError when it cannot, or when another process is writing it.
        """
        self.path = path
        self.case: str | None = None
        """The case that what is written belongs to, unless it says otherwise; None: between cases."""

        self.phase: str | None = None
        """The phase of the case: setup, test or restore."""

        self.lost: RecordLost | None = None
        """Why nothing is written any more."""

        self._lock = threading.Lock()
        self._listeners: list[Callable[[Event], None]] = []
        self._losers: list[Callable[[RecordLost], None]] = []
        self._number, self._previous, self._size = 0, GENESIS, 0
        self._file = path.open("ab", buffering=0)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # ends with the process, however that ends
        except BlockingIOError:
            self._file.close()
            raise BlockingIOError(errno.EAGAIN, "another octt is writing this record", str(path)) from None
        except OSError:
            pass  # a file system without locks
        self._continue_after_last_line()
        self._found = self._size

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
        self._size = whole

    def listen(self, listener: Callable[[Event], None]) -> None:
        """Calls `listener` with every event from now on, in the thread that writes it, outside the lock."""
        self._listeners.append(listener)

    def when_lost(self, loser: Callable[[RecordLost], None]) -> None:
        """Calls `loser` once, in the thread that notices it, when nothing can be written any more."""
        self._losers.append(loser)

    def write(
        self,
        event: Written,
        /,
        *,
        t: int | None = None,
        m: int | None = None,
        case: str | UnsetType | None = UNSET,
    ) -> Written:
        """Appends one event and returns it as it stands there: without secrets, with its number and the hash before.

        `m` (monotonic) and `t` (wall) are nanoseconds, by default now, and the time of the run at `m`; `case` is that
        which runs, None for no case. RecordLost when it cannot be written.
        """
        body = _encoded(event)
        if SECRETS.within(body):
            event = _masked(event)
            body = _encoded(event)
        with self._lock:
            if self.lost:
                raise self.lost
            number = self._number + 1
            if m is None:
                m = time.monotonic_ns()
            if t is None:
                t = wall(m)
            if case is UNSET:
                case = self.case
            of_case = b"" if case is None else b',"case":' + _ENCODER.encode(case)
            previous = self._previous
            line = b'{"n":%d,"t":%d,"m":%d,%b%b,"prev":"%b"}' % (
                number,
                t,
                m,
                body[1:-1],
                of_case,
                previous.encode(),
            )
            written = replace(event, n=number, t=t, m=m, case=case, prev=previous)
            size, chained = self._size, line_hash(line)
            try:
                error = self._append(line + b"\n")
                if error is None:
                    self._number, self._previous = number, chained
            except BaseException:  # ctrl-C comes between any two steps: the line is there, or it is not
                if os.fstat(self._file.fileno()).st_size == size + len(line) + 1:
                    self._number, self._previous, self._size = number, chained, size + len(line) + 1
                else:
                    os.truncate(self._file.fileno(), size)
                    self._size = size
                raise
        if error is not None:
            raise self._lose(error)
        if isinstance(written, CaseEnded):
            self.sync()
        for listener in self._listeners:
            listener(written)
        return written

    @property
    def last_hash(self) -> str:
        """Hash of the last line written: the fingerprint of the whole record so far."""
        return self._previous

    def _append(self, line: bytes) -> OSError | None:
        """Writes a line as a whole, or nothing of it: then why not."""
        left = memoryview(line)
        try:
            while left:
                left = left[self._file.write(left) :]
        except OSError as error:
            with contextlib.suppress(OSError):
                os.truncate(self._file.fileno(), self._size)
            return error
        self._size += len(line)
        return None

    def _lose(self, error: OSError) -> RecordLost:
        with self._lock:
            first = self.lost is None
            why = f"the record cannot be written any more: {error.strerror or error} ({self.path})"
            self.lost = lost = self.lost or RecordLost(why)
        if first:
            for loser in self._losers:
                loser(lost)
        return lost

    def sync(self) -> None:
        """Forces what was written onto the disk. RecordLost when it does not take it, or the file was deleted."""
        try:
            os.fsync(self._file.fileno())
            if not os.fstat(self._file.fileno()).st_nlink:
                raise FileNotFoundError(errno.ENOENT, "it was deleted")
        except OSError as error:
            raise self._lose(error) from None

    def take_back(self) -> None:
        """Closes it and takes away what was written since it was opened: the file itself if that is everything."""
        self.close()
        if self._found:
            os.truncate(self.path, self._found)
        else:
            self.path.unlink(missing_ok=True)

    def close(self) -> None:
        """Syncs and closes; a second call does nothing."""
        if not self._file.closed:
            with contextlib.suppress(RecordLost):
                self.sync()
            self._file.close()


def _encoded(event: Event) -> bytes:
    """The event as JSON, without its head."""
    try:
        return _ENCODER.encode(event)
    except UnicodeEncodeError:  # half of a surrogate pair, e.g. in a path that is not UTF-8
        text = json.dumps(to_builtins(event, enc_hook=str), ensure_ascii=False)
        return _ENCODER.encode(json.loads(text.encode("utf-8", "replace")))


def _masked(event: Written) -> Written:
    """The event without secrets. What is none of its texts, a verdict for example, stays."""
    fields = to_builtins(event, enc_hook=str)
    for name, value in fields.items():
        masked = SECRETS.masked_in(value)
        if masked != value:
            with contextlib.suppress(ValidationError):
                event = convert({**to_builtins(event, enc_hook=str), name: masked}, type(event))
    return event
