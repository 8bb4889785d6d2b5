"""Carries a campaign out: begins what may go on side by side, watches it, notes what came of it."""

from __future__ import annotations

import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Protocol

from octt.campaign.attempt import StationBusy
from octt.campaign.ledger import VERDICTS, Ledger, Run, Tried
from octt.text import one_line

AGAIN = 1
"""So often a run that was killed is begun again by itself; its station is the same, since no other is asked for."""
EVERY = 0.2
"""Seconds between two looks."""


@dataclass(frozen=True)
class Ended:
    """How an attempt ended: the exit code of `octt run`, None where it was killed or nobody answered, and why."""

    code: int | None
    why: str = ""
    again: bool = False
    """Whether it is worth another try: it was killed, and said nothing itself."""


class Way(Protocol):
    """Where runs go on: on this machine, or on the machines of the racks."""

    def admits(self, run: Run, going: Sequence[Run]) -> bool:
        """Whether it may be begun now."""

    def start(self, run: Run, tried: Tried) -> None:
        """Begins an attempt, or takes up one that was begun before. Raises StationBusy."""

    def look(self, run: Run, tried: Tried) -> Ended | None:
        """Brings `run.seen` up to date; how the attempt ended."""

    def interrupt(self, run: Run, tried: Tried) -> None:
        """As ctrl-C at the terminal of the run."""

    def close(self) -> None:
        """Lets go of what it holds."""


class Watcher(Protocol):
    """Who is shown what goes on."""

    def say(self, text: str) -> None:
        """A line."""

    def ended(self, run: Run) -> None:
        """An attempt is over."""


class Ending:
    """Signals that end a campaign: every run is ended as ctrl-C ends one, a second one ends them at once."""

    def __init__(self) -> None:
        self.received = self.count = 0

    def listen(self) -> None:
        """From now on; what was ignored, as `nohup` has it, stays ignored."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._note)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.received, self.count = number, self.count + 1


class Conductor:
    """One campaign on its way."""

    def __init__(self, ledger: Ledger, way: Way, watcher: Watcher, ending: Ending) -> None:
        self.ledger, self.way, self.watcher, self.ending = ledger, way, watcher, ending
        self.waiting = [run for run in ledger.runs if not run.done]
        self.going: list[Run] = []
        self._again: dict[str, int] = {}
        self._heard = 0

    def carry_out(self) -> None:
        """Until every run has ended. Raises OSError when campaign.json cannot be written."""
        while self.waiting or self.going:
            self._obey()
            for run in list(self.going):
                self._look(run)
            self._begin()
            if self.waiting or self.going:
                time.sleep(EVERY)

    def _obey(self) -> None:
        if self.ending.count == self._heard:
            return
        self._heard = self.ending.count
        self.waiting.clear()
        if self._heard == 1:
            self.watcher.say("Every station is put back, then the campaign ends. ctrl-C: end at once.")
        for run in self.going:
            self.way.interrupt(run, run.tried[-1])

    def _begin(self) -> None:
        busy = {run.asked.station for run in self.going}
        for run in list(self.waiting):
            if run.asked.station in busy:
                continue
            if not self.way.admits(run, self.going):
                break
            if self._start(run):
                busy.add(run.asked.station)

    def _start(self, run: Run) -> bool:
        tried = run.next()
        self.ledger.save()  # before it is begun, so that whoever comes after a crash knows where to look
        try:
            self.way.start(run, tried)
        except StationBusy:
            return False
        self.waiting.remove(run)
        self.going.append(run)
        return True

    def _look(self, run: Run) -> None:
        tried = run.tried[-1]
        ended = self.way.look(run, tried)
        if ended is None:
            return
        self.going.remove(run)
        tried.code, tried.why = ended.code, ended.why
        # What nobody answered for may still be going on: the same attempt is asked for the next time.
        tried.over = ended.code is not None or ended.again
        self.ledger.save()
        self.watcher.ended(run)
        if ended.again and not self._heard and self._again.get(run.name, 0) < AGAIN:
            self._again[run.name] = self._again.get(run.name, 0) + 1
            self.watcher.say(one_line(f"{run.name} is begun again on the same station: {ended.why}"))
            self.waiting.insert(0, run)


def ended_with(code: int | None, words: str, interrupted: bool) -> Ended:
    """What the exit code of a run says. `words`: the end of what it printed."""
    if code in VERDICTS:
        return Ended(code)
    if code is None:
        return Ended(None, "it was killed before it came to its end", again=True)
    if code > 128:
        name = signal.Signals(code - 128).name if code - 128 in set(signal.Signals) else code
        ours = interrupted and code - 128 in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        return Ended(code, f"ended by {name}", again=not ours)
    return Ended(code, words or f"exit code {code}")
