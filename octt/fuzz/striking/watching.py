"""What the station shows of its own accord while a story is carried out: boots, ends of transactions, broken rules."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from octt.fuzz.story import Severity, Story, Trouble
from octt.ocpp import Frame
from octt.record import Event
from octt.record.events import FrameSeen, Remarked
from octt.record.words import Severity as Weight
from octt.suite.run import Run

FLOOD = 60
"""Requests of the station in one story that are more than anything it was asked for explains."""

UNFAIR = frozenset(
    {"reply", "refused yet done", "heartbeat", "unanswered", "boot order", "retry", "not accepted"}
)
"""Rules that rest on the Central System's keeping the rules too; here it does not."""


class Watch:
    """Sees every frame and connection, on the Central System's loop."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.troubles: list[Trouble] = []
        self.sort = self.told = ""
        """What was done last, as what it is an instance of, and in a few words."""

        self.line = 0
        self.boots = self.requests = 0
        self.boots_due = self.boots_before = 0
        self.accepted = True
        self.stops_due = False
        self.charging = False
        self.seen: dict[str, int] = {}
        """How often the station sent a request, by action."""

        self.latest: dict[str, Frame] = {}
        """The last request of each action."""

        self._changed = asyncio.Event()
        self._heard = time.monotonic()
        self._flooded = False
        before = run.csms.watch

        def watch(event: Event, frame: Frame | None) -> None:
            before(event, frame)
            self._see(event, frame)

        run.csms.watch = watch
        run.record.listen(self._listen)

    def begin(self, story: Story) -> None:
        """A story begins."""
        self.troubles, self.requests, self._flooded = [], 0, False
        self.charging = story.charging
        self.boots_before = self.boots_due = self.boots

    def end(self) -> None:
        """A story is over; what comes now belongs to the next one."""
        self.charging = False

    def expect_boot(self) -> None:
        """The station may boot, once."""
        self.boots_due = self.boots + 1

    # -- what is seen -------------------------------------------------------------------------------------------------

    def _listen(self, event: Event) -> None:
        """What the monitors say."""
        if isinstance(event, Remarked) and event.by == "monitor" and event.severity is Weight.VIOLATION:
            ours = "message id is longer" in event.fault  # the answer to one of ours
            if event.rule not in UNFAIR and not ours:
                told = event.text.removeprefix(event.fault).lstrip(": ")
                fault = f"{event.fault} (rule: {event.rule})"
                self.troubles.append(Trouble(Severity.MUST, fault, told, event.cite, event.frame or 0))

    def _see(self, event: Event, frame: Frame | None) -> None:
        self.line = event.n
        if isinstance(event, FrameSeen) and frame is not None and event.dir == "in":
            self._heard = time.monotonic()
            if frame.type == "CALL":
                self._request(frame)
        self._changed.set()

    def _request(self, frame: Frame) -> None:
        self.requests += 1
        self.seen[frame.action] = self.seen.get(frame.action, 0) + 1
        self.latest[frame.action] = frame
        if frame.action == "BootNotification":
            self.boots += 1
            self.accepted = True
            if self.boots > self.boots_due:
                self.boots_due = self.boots
                self._trouble(f"boots after {self.sort}", "OCPP 1.6 section 4.2")
        elif frame.action == "StopTransaction" and self.charging and not self.stops_due:
            self._trouble(f"ends the transaction after {self.sort}", "OCPP 1.6 section 4.10")
        if self.requests > FLOOD and not self._flooded:
            self._flooded = True
            self._trouble(f"floods the Central System with {frame.action} after {self.sort}", "")

    def _trouble(self, fault: str, cite: str) -> None:
        self.troubles.append(Trouble(Severity.ROBUSTNESS, fault, self.told, cite, self.line))

    # -- waiting ------------------------------------------------------------------------------------------------------

    async def until(self, seen: Callable[[], bool], seconds: float) -> bool:
        """Waits until something is so; whether it came in time."""
        deadline = time.monotonic() + seconds
        while not seen():
            self._changed.clear()
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            try:
                await asyncio.wait_for(self._changed.wait(), left)
            except TimeoutError:
                return seen()
        return True

    async def rest(self, seconds: float) -> None:
        """Waits until the station has sent nothing for so long, for ten times as long at most."""
        deadline = time.monotonic() + 10 * seconds
        while (left := self._heard + seconds - time.monotonic()) > 0 and time.monotonic() < deadline:
            await asyncio.sleep(left)
