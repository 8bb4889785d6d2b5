"""What a person sees while a campaign goes on: a line for each run in a terminal, plain lines anywhere else."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from octt.campaign.ledger import Run
from octt.suite.progress import COLOURS
from octt.text import one_line, visible

LETTERS = {"PASS": "passed", "FAIL": "failed", "INCONCLUSIVE": "inconclusive", "ERROR": "error"}


class View:
    """Lines for what is over; below them, in a terminal, what goes on now."""

    def __init__(
        self, console: Console, runs: list[Run], now: Callable[[], tuple[list[Run], list[Run]]]
    ) -> None:
        """`now` tells the runs that go on, and those that wait."""
        self.console, self.runs = console, runs
        self._now, self._began = now, dict[str, float]()
        self._start = time.monotonic()
        self._live: Live | None = None

    def start(self) -> None:
        """Shows the live view, where there is a terminal to show it in."""
        if self.console.is_terminal:
            self._live = Live(
                console=self.console, get_renderable=self._view, refresh_per_second=4, transient=True
            )
            self._live.start()

    def stop(self) -> None:
        """Takes the live view away."""
        if self._live:
            self._live.stop()
            self._live = None

    def say(self, text: str) -> None:
        """A line above the live view."""
        self.console.print(visible(text), markup=False, highlight=False, soft_wrap=True)

    def ended(self, run: Run) -> None:
        """An attempt is over."""
        tried, width = run.tried[-1], max(len(one.name) for one in self.runs)
        text = Text(f"[{sum(one.done for one in self.runs)}/{len(self.runs)}] {run.name:<{width}}  ")
        if run.done:
            text.append_text(_counts(run))
        else:
            text.append("not carried out", "bold red")
            text.append(f": {one_line(tried.why, 300)}")
        text.append(f"  {tried.folder}", "bright_black")
        self.console.print(text, soft_wrap=True)

    def _view(self) -> Group:
        now, (going, waiting) = time.monotonic(), self._now()
        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
        room = max(self.console.height - 4, 1)
        for run in going[:room]:
            began = self._began.setdefault(run.tried[-1].folder, now)
            done, total = len(run.seen.verdicts), run.seen.total
            table.add_row(
                Text(run.name, "bold", no_wrap=True),
                Text(f"{done}/{total}" if total else "", no_wrap=True),
                Text(
                    "reports" if run.seen.ended else run.seen.case or "waiting for the station", no_wrap=True
                ),
                _counts(run),
                Text(f"{now - began:.0f} s", "dim", no_wrap=True),
            )
        more = f", {len(going) - room} more not shown" if len(going) > room else ""
        over = sum(run.done for run in self.runs)
        head = f"{over} of {len(self.runs)} done, {len(going)} going{more}, {len(waiting)} to come"
        head += f"  {now - self._start:.0f} s"
        return Group(Text(head, "bold"), table)


def _counts(run: Run) -> Text:
    counts, text = Counter(run.seen.verdicts.values()), Text(no_wrap=True)
    for verdict, word in LETTERS.items():
        if counts[verdict]:
            text.append(f"{counts[verdict]} {word} ", COLOURS[verdict])
    return text
