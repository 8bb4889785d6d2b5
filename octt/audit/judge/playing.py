"""Plays a tape: what happened until a moment is told, what a script does is compared with what was done."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from octt.audit.judge.parting import Parted
from octt.audit.judge.tape import Tape, by_a_script, told
from octt.ocpp import frames
from octt.record import Event
from octt.record.events import CaseEnded, FrameSeen, RunResumed, StepDecided

Kind = TypeVar("Kind", bound=Event)


class Player:
    """Where in the tape we are, and what time it is there. It is the clock of the timeline, too.

    `tell` gets every event that is passed, in the tape's order.
    """

    def __init__(self, tape: Tape, tell: Callable[[Event], None]) -> None:
        self.tape, self.tell = tape, tell
        self.place = 0
        self._now = self._ahead = 0
        self._limit = len(tape.events)
        self.parted: Parted | None = None

    # -- the clock ------------------------------------------------------------------------------------------------

    def now(self) -> int:
        """The time in the record, in its monotonic nanoseconds."""
        return self._now

    def wall(self) -> int:
        """The same in Unix nanoseconds."""
        return self._now + self._ahead

    def wait(self, changed: threading.Condition, seconds: float) -> None:
        """The next thing that happened, or so much time."""
        until = self._now + int(seconds * 1e9)
        event = self._next
        if event is None or by_a_script(event):
            self._pass(until, event)
        elif event.m <= until:
            self._take()
        else:
            self._now = until

    def sleep(self, seconds: float) -> None:
        """So much time, and all that happened in it."""
        until = self._now + int(seconds * 1e9)
        while self._now < until:
            self.wait(threading.Condition(), (until - self._now) / 1e9)

    def _pass(self, until: int, event: Event | None) -> None:
        """Time may pass until the script did something then, and no longer."""
        end = self.tape.events[min(self._limit, len(self.tape.events) - 1)] if event is None else event
        if end.m > self._now:
            self._now = min(until, end.m)
        elif until > self._now:
            self.part(f"the script still waits when the record goes on with {told(end)}", end)

    # -- what happened --------------------------------------------------------------------------------------------

    @property
    def _next(self) -> Event | None:
        """The next event; None at the end of what may be told."""
        return self.tape.events[self.place] if self.place < self._limit else None

    def _take(self) -> Event:
        event = self.tape.events[self.place]
        self.place += 1
        anew = isinstance(event, RunResumed)  # by another process, perhaps after the machine was
        self._now, self._ahead = event.m if anew else max(self._now, event.m), event.t - event.m
        self.tell(event)
        return event

    def go_to(self, place: int) -> None:
        """Tells everything before a place, whoever did it."""
        while self.place < place:
            self._take()

    def begin(self, first: int, last: int) -> None:
        """An attempt begins at a place and ends at another: beyond it nothing is told."""
        self._limit = len(self.tape.events)
        self.go_to(first + 1)
        self._limit, self.parted = last, None

    def end(self) -> None:
        """What is left of the attempt is told."""
        self.go_to(self._limit)

    # -- what the script does -------------------------------------------------------------------------------------

    def expect(self, kind: type[Kind], what: str) -> Kind:
        """The next thing that a script did then, which must be of this kind; all before it is told, it is not.

        Raises Parted.
        """
        if self.parted:
            raise self.parted
        while (event := self._next) is not None and not by_a_script(event):
            self._take()
        if not isinstance(event, kind):
            end = event or self.tape.events[min(self._limit, len(self.tape.events) - 1)]
            self.part(f"the script does {what}, the record goes on with {told(end)}", end)
        assert isinstance(event, kind)
        self._now, self._ahead = max(self._now, event.m), event.t - event.m
        return event

    def comes_next(self, kind: type[Kind]) -> Kind | None:
        """The next thing that a script did then, if it is of this kind; nothing is told."""
        for event in self.tape.events[self.place : self._limit]:
            if by_a_script(event):
                return event if isinstance(event, kind) else None
        return None

    def requests(self, action: str = "") -> Iterator[dict[str, Any]]:
        """The payloads of the requests (for `action`) that were sent to the station later in this attempt."""
        for event in self.tape.events[self.place : self._limit]:
            if isinstance(event, FrameSeen) and by_a_script(event) and action in ("", event.action):
                yield frames.parse(event.raw).payload

    def take(self) -> Event:
        """Tells what `expect` found."""
        return self._take()

    def follow(self, step: StepDecided) -> None:
        """The same step was decided then, before the script did anything more: it is as late as it was then."""
        for place in range(self.place, self._limit):
            event = self.tape.events[place]
            if by_a_script(event) or isinstance(event, CaseEnded):
                return
            if isinstance(event, StepDecided) and (event.step, event.what) == (step.step, step.what):
                self.go_to(place + 1)
                return

    def part(self, why: str, at: Event) -> None:
        """From here on nothing of the record fits. Raises Parted, and does so whenever the script goes on."""
        self.parted = self.parted or Parted(why, at.n)
        raise self.parted
