"""What a person sees while a run goes on: a live view in a terminal, plain lines anywhere else."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from octt.record import Event
from octt.record.events import (
    CaseEnded,
    CaseRevised,
    CaseStarted,
    Connected,
    Listening,
    PlanLine,
    Refused,
    Remarked,
    RunResumed,
    RunStarted,
    StepDecided,
)
from octt.record.words import Verdict, worst
from octt.suite.run import Run
from octt.text import one_line, visible

COLOURS = {
    "PASS": "green",
    "FAIL": "bold red",
    "INCONCLUSIVE": "yellow",
    "ERROR": "magenta",
    "NOT APPLICABLE": "bright_black",
}


REFUSALS = 5
"""How often one reason for a refused connection is told; a flood would push away what else is said."""


class Progress:
    """Listens to the record. Lines for what is decided; below them, in a terminal, what goes on now."""

    def __init__(self, console: Console, verbose: bool = False) -> None:
        self.console, self.verbose = console, verbose
        self.run: Run | None = None
        self._plan: dict[str, PlanLine] = {}
        self._done: list[tuple[str, int]] = []
        self._total = 0
        self._met = False
        self._remarks: set[str] = set()
        self._refused: Counter[str] = Counter()
        self._case: CaseStarted | None = None
        self._began = 0.0
        self._step = ""
        self._live: Live | None = None

    def start_view(self) -> None:
        """Shows the live view, where there is a terminal to show it in."""
        if self.console.is_terminal and self._live is None:
            self._live = Live(
                console=self.console, get_renderable=self._view, refresh_per_second=8, transient=True
            )
            self._live.start()

    def stop_view(self) -> None:
        """Takes the live view away, for a prompt or the end."""
        if self._live:
            self._live.stop()
            self._live = None

    def say(self, text: str) -> None:
        """A line above the live view."""
        self.console.print(visible(text), markup=False, highlight=False, soft_wrap=True)

    def see(self, event: Event) -> None:
        """Takes one event of the record."""
        handler = getattr(self, "_on_" + event.kind.replace(".", "_"), None)
        if handler:
            handler(event)

    def _on_run_start(self, event: RunStarted) -> None:
        self._plan = {line.case: line for line in event.plan}
        self._total = sum(self.verbose or line.applicable is not False for line in event.plan)
        for notice in event.notices:
            self.say(notice)

    def _on_run_resume(self, event: RunResumed) -> None:
        self._plan = {line.case: line for line in event.plan}
        self._total = sum(self.verbose or line.applicable is not False for line in event.cases)
        for notice in event.notices:
            self.say(notice)

    def _on_listen(self, event: Listening) -> None:
        if self.run is None or self.run.bench.driver.kind == "simulated" or self._case is not None:
            return
        central = self.run.bench.central_system
        self.say("The Central System is ready. Point the station at one of these, subprotocol ocpp1.6:")
        for url in self.run.laboratory.urls:
            self.say(f"    {url}")
        self.say(
            f"    identity {self.run.bench.station.identity}, security profile {central.security_profile}"
        )
        self.say(f"Waiting up to {self.run.bench.times.connect_timeout:g} s for the station to connect ...")

    def _on_refused(self, event: Refused) -> None:
        if self._case is not None:
            return
        reason = one_line(event.reason)
        self._refused[reason] += 1
        if self._refused[reason] <= REFUSALS and len(self._refused) <= 10 * REFUSALS:
            last = self._refused[reason] == REFUSALS
            self.say(
                f"  refused {event.remote}: {reason}{' (and from now on not told here)' if last else ''}"
            )

    def _on_connect(self, event: Connected) -> None:
        if not self._met:
            self._met = True
            self.say(f"Station {event.identity} connected from {event.remote}.")

    def _on_case_start(self, event: CaseStarted) -> None:
        self._case, self._began, self._step = event, time.monotonic(), ""
        self._remarks.clear()
        if self.verbose and not self.console.is_terminal:
            self.say(f"{self._place(event)} {event.name} ...")

    def _on_remark(self, event: Remarked) -> None:
        if event.by != "tool":
            self._remarks.add(event.fault or event.text)

    def _on_step(self, event: StepDecided) -> None:
        self._step = one_line(f"step {event.step}: {event.what}" if event.step else event.what)

    def _on_case_end(self, event: CaseEnded) -> None:
        verdict = event.verdict
        self._case = None
        line = self._plan.get(event.case or "", PlanLine())
        if verdict == "NOT APPLICABLE" and not self.verbose:  # it has no line, so no number either
            self._total -= line.applicable is not False
            return
        text = Text(f"{self._place(event)} ")
        text.append(f"{verdict:<12} ", COLOURS.get(verdict, ""))
        text.append(f"{event.seconds:6.1f} s  {one_line(line.name)}")
        if self._remarks:
            count = len(self._remarks)
            text.append(f"  {count} remark{'' if count == 1 else 's'}", "bright_black")
        if self.console.is_terminal:
            text.truncate(self.console.width - 1, overflow="ellipsis")
        self.console.print(text, soft_wrap=True)
        if event.reason:
            self.say(f"          {one_line(event.reason)}")
        key = event.case or "", event.connector
        if key not in self._done:
            self._done.append(key)

    def _place(self, event: CaseStarted | CaseEnded) -> str:
        key = event.case or "", event.connector
        number = self._done.index(key) + 1 if key in self._done else len(self._done) + 1
        total, at = max(self._total, number), f" connector {event.connector}" if event.connector else ""
        return f"[{number:>{len(str(total))}}/{total}] {key[0]:<12}{at}"

    def _view(self) -> Group:
        case = self._case
        if case is None:
            return Group(Text("waiting for the station" if not self._done else ""))
        now = time.monotonic()
        lines = [
            Text(f"{self._place(case)} {case.name}  {now - self._began:.0f} s", "bold"),
            Text(f"   last   {self._step}", "dim", overflow="ellipsis", no_wrap=True),
        ]
        current = self.run.current if self.run else None
        waiting = current.case.waiting if current else None
        if waiting:
            who, what, deadline = waiting
            left = max(0.0, deadline / 1e9 - now)
            colour = {"operator": "bold yellow", "station": "cyan", "time": "blue"}[who]
            text = Text("   waiting for ", overflow="ellipsis", no_wrap=True)
            text.append(f"the {who}" if who != "time" else "time to pass", colour)
            text.append(f": {one_line(what)}, {left:.0f} s left")
            lines.append(text)
        return Group(*lines)


def summary(
    console: Console, events: list[CaseEnded | CaseRevised], folder: str, words: Iterable[str] = ()
) -> None:
    """The last lines of a run: how many of each verdict, what that means in `words`, where the report is."""
    last = {(event.case, event.connector): event.verdict for event in events}
    of_cases: dict[str | None, list[Verdict]] = {}
    for (case, _), verdict in last.items():
        of_cases.setdefault(case, []).append(verdict)
    counts = Counter(worst(verdicts) for verdicts in of_cases.values())
    text = Text()
    for word, colour in COLOURS.items():
        if number := counts[Verdict(word)]:
            text.append(f"{number} {word}   ", colour)
    console.print()
    console.print(text or Text("no case was run", "yellow"))
    for line in words:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    console.print(f"Record and reports: {folder}", markup=False, highlight=False, soft_wrap=True)
