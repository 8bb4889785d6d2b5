"""Whole runs of the standard station again and again, on a free, a busy and a narrow machine: one verdict a case.

python -m tests.legal.stability --write FILE    20 runs; exit code 1 when a verdict differs
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from tests.campaign import cases_of, parallel
from tests.legal.running import Observed, observe
from tests.legal.words import legal

STATION = legal(("security 2",))
CIRCUMSTANCES = {"nothing else": 10, "under load": 5, "on one core": 5}
"""How many runs there are of each."""
BUSY_EACH = 2
"""Busy processes for each core."""


@dataclass(frozen=True)
class Run:
    """One run and what it was like."""

    circumstance: str
    observed: Observed
    seconds: float


def _spin() -> None:
    while True:
        pass


@contextmanager
def _load() -> Iterator[None]:
    """Keeps every core busy."""
    spinning = [
        multiprocessing.Process(target=_spin, daemon=True) for _ in range(BUSY_EACH * (os.cpu_count() or 1))
    ]
    for one in spinning:
        one.start()
    try:
        yield
    finally:
        for one in spinning:
            one.kill()
            one.join()


def timed(core: int | None, cases: tuple[str, ...]) -> tuple[Observed, float]:
    """A run and its seconds. `core`: the harness and the station, which inherits it, share that one."""
    if core is not None:
        os.sched_setaffinity(0, {core})
    began = time.monotonic()
    return observe(STATION, cases), time.monotonic() - began


def runs(counts: dict[str, int], cases: tuple[str, ...], side_by_side: int) -> Iterator[Run]:
    """The runs, in a process each."""
    cores = sorted(os.sched_getaffinity(0))
    for circumstance, count in counts.items():
        pinned = circumstance == "on one core"
        jobs = {n: (cores[n % len(cores)] if pinned else None, cases) for n in range(count)}
        with _load() if circumstance == "under load" else nullcontext():
            for _, (observed, seconds) in parallel(jobs, side_by_side, timed):
                yield Run(circumstance, observed, seconds)


def differing(found: list[Run]) -> dict[str, Counter[str]]:
    """The cases with more than one verdict, and how often each came."""
    verdicts: dict[str, Counter[str]] = {}
    for run in found:
        for one in run.observed.outcomes:
            verdicts.setdefault(one.case, Counter())[str(one.verdict)] += 1
    return {case: counts for case, counts in verdicts.items() if len(counts) > 1}


def page(found: list[Run]) -> str:
    """The result as a readable file."""
    lines = [
        "# Whole runs of the standard station",
        "",
        f"Made by `make stability`: {len(found)} runs of every case, begun on security profile 2. Under load, "
        f"{BUSY_EACH} busy",
        "processes for each core run beside it; on one core, station and harness share it.",
        "",
        "| circumstance | runs | cases | verdicts | attempts spoilt by our lateness, repeated |",
        "|---|---|---|---|---|",
    ]
    for circumstance in dict.fromkeys(run.circumstance for run in found):
        of = [run.observed for run in found if run.circumstance == circumstance]
        verdicts = Counter(str(one.verdict) for seen in of for one in seen.outcomes)
        told = ", ".join(f"{count} {verdict}" for verdict, count in verdicts.most_common())
        troubled = sum(seen.troubled for seen in of)
        lines.append(f"| {circumstance} | {len(of)} | {len(of[0].outcomes)} | {told} | {troubled} |")
    different = differing(found)
    lines += ["", f"Cases whose verdict differs: {len(different) or 'none'}."]
    lines += [f"- {case}: {dict(counts)}" for case, counts in different.items()]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Runs them; exit code 1 when a verdict differs."""
    parser = argparse.ArgumentParser(description="whole runs of the standard station: one verdict a case")
    parser.add_argument("--only", choices=CIRCUMSTANCES)
    parser.add_argument("-n", "--side-by-side", type=int, default=1, help="runs at a time")
    parser.add_argument("--runs", type=int, help="of each circumstance")
    parser.add_argument("--write", type=Path, metavar="FILE")
    chosen = parser.parse_args()
    counts = {
        name: chosen.runs or count for name, count in CIRCUMSTANCES.items() if chosen.only in (None, name)
    }
    cases = tuple(case.id for case in cases_of(STATION))
    found = []
    for run in runs(counts, cases, chosen.side_by_side):
        found.append(run)
        verdicts = Counter(str(one.verdict) for one in run.observed.outcomes)
        print(
            f"{run.circumstance}: {dict(verdicts)}, {run.observed.troubled} spoilt, {run.seconds:.0f} s",
            flush=True,
        )
        for one in run.observed.wrong(STATION):
            print(f"    {one.case}: {one.verdict} ({one.reason})", flush=True)
    if chosen.write:
        chosen.write.write_text(page(found), encoding="utf-8")
    return 1 if differing(found) else 0


if __name__ == "__main__":
    sys.exit(main())
