"""What goes wrong with the harness itself while a run goes on: it stood still, the clock was set, an error of ours.

Each is on the record, and a case that it falls into says nothing about the station: a harness that stood still for a
while sees late what came in time.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import sys
import threading
import time
import traceback
from dataclasses import dataclass
from typing import Literal

from octt.record import Record, RecordLost
from octt.record.clock import CLOCK
from octt.record.events import ToolTroubled
from octt.record.secrets import SECRETS
from octt.text import visible

What = Literal["loop", "script", "sleep", "clock", "error"]

EVERY = 0.1
"""Seconds between two looks at the clocks."""
LATE = 1.0
"""Seconds by which the harness may be late before that is trouble. Where no other limit is known, none is shorter."""
TOLD = 5
"""Errors of ours whose traceback is printed; the record names more, but not without end."""
_NOTED = 200

_SENTENCES = {
    "loop": "the Central System stood still for {:.1f} s",
    "script": "the test script stood still for {:.1f} s",
    "sleep": "this computer slept for {:.1f} s",
    "clock": "the clock of this computer was set by {:+.1f} s",
}


@dataclass(frozen=True)
class Trouble:
    """One of them: what it was, a sentence, and when it began and ended (monotonic nanoseconds)."""

    what: What
    text: str
    began: int
    ended: int


class Troubles:
    """Notes them, from any thread."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._lock = threading.Lock()
        self._noted: collections.deque[Trouble] = collections.deque(maxlen=_NOTED)
        self._count = 0

    def since(self, m: int) -> list[Trouble]:
        """Those that had not ended at that time (monotonic nanoseconds)."""
        with self._lock:
            return [trouble for trouble in self._noted if trouble.ended >= m]

    def stood_still(self, what: What, began: int, seconds: float) -> None:
        """Something of ours did not go on for so long, or the clock was set by so much.

        The first one that notices tells of all.
        """
        if what in ("loop", "script") and any(one.what in ("loop", "script") for one in self.since(began)):
            return
        self._note(Trouble(what, _SENTENCES[what].format(seconds), began, time.monotonic_ns()), seconds)

    def error(self, error: BaseException, where: str) -> None:
        """A mistake of ours. That the record is lost is none: whoever runs the cases says so."""
        if isinstance(error, RecordLost):
            return
        now = time.monotonic_ns()
        text = f"error of octt {where}: {type(error).__name__}: {error!s:.300}"
        if self._note(Trouble("error", text, now, now), 0.0) <= TOLD:
            told = SECRETS.masked("".join(traceback.format_exception(error)))
            with contextlib.suppress(OSError):
                print(visible(told), file=sys.stderr)

    def _note(self, trouble: Trouble, seconds: float) -> int:
        """How many there were of all kinds, this one included; those beyond what is noted are not on the record."""
        with self._lock:
            self._noted.append(trouble)
            self._count += 1
            count = self._count
        if count <= _NOTED:
            with contextlib.suppress(RecordLost):
                self._record.write(
                    ToolTroubled(
                        what=trouble.what, text=trouble.text, seconds=round(seconds, 3), began=trouble.began
                    )
                )
        return count


class Watchdog:
    """Looks at the clocks again and again in an event loop, and at how late it is itself."""

    def __init__(self, troubles: Troubles) -> None:
        self._troubles = troubles
        self._due = 0
        self._slept, self._off = CLOCK.slept, CLOCK.off

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begins; to be called in the loop's thread."""
        self._due = time.monotonic_ns() + int(EVERY * 1e9)
        loop.call_later(EVERY, self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.call_later(EVERY, self._look, loop)
        late, due = (time.monotonic_ns() - self._due) / 1e9, self._due
        self._due = time.monotonic_ns() + int(EVERY * 1e9)
        if late > LATE:
            self._troubles.stood_still("loop", due, late)
        slept, off = CLOCK.slept, CLOCK.off
        if slept - self._slept > LATE:
            self._troubles.stood_still("sleep", due, slept - self._slept)
        if abs(off - self._off) > LATE:
            self._troubles.stood_still("clock", due, off - self._off)
        else:
            off = self._off  # what is set little by little adds up
        self._slept, self._off = slept, off
