"""Runs against the simulated station: their time beside the waits that the protocol forces, and their memory."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.running import octt_run
from octt.record import Event

SIXTEEN = ["001", "002", "003", "004_1", "004_2", "010", "011_1", "011_2"]
SIXTEEN += ["012", "013", "014", "019", "021", "023", "040_1", "040_2"]
RATIO = 1.3
"""The bound for Core: how many times the forced waits a run may take."""
MEGABYTES = 150
SHOWN = 3


def sixteen() -> list[Figure]:
    """The sixteen cases the project began with."""
    return _run(
        "sixteen cases", [word for case in SIXTEEN for word in ("--case", f"TC_{case}_CS")], bound=False
    )


def core() -> list[Figure]:
    """All cases of profile Core, on one processor."""
    return _run("Core", ["--profile", "Core"], bound=True)


def _run(name: str, arguments: list[str], bound: bool) -> list[Figure]:
    one = {max(os.sched_getaffinity(0))}
    with tempfile.TemporaryDirectory() as folder:
        with octt_run(Path(folder) / "out", *arguments, processors=one) as run:
            assert run.wait(), "the run did not end"
            events = run.events()
    ended = [e for e in events if e.kind == "case.end" and e.verdict != "NOT APPLICABLE"]
    good = [event for event in ended if event.verdict == "PASS"]
    whole = (events[-1]["t"] - run.began) / 1e9
    within = sum(event.seconds for event in ended)
    forced = sum(event.forced for event in ended)
    during = run.peak(until=events[-1]["t"])
    longest = sorted(ended, key=_idle, reverse=True)[:SHOWN]
    return [
        Figure(f"{name}: passed", f"{len(good)}", f"{len(ended)} applicable", "all", len(good) == len(ended)),
        Figure(
            f"{name}: from the command to the last line of the record",
            f"{whole:.1f} s",
            f"forced waits {forced:.1f} s: {whole / forced:.2f} times",
            f"{RATIO} times" if bound else "",
            whole <= RATIO * forced if bound else None,
        ),
        Figure(
            f"{name}: sum of the cases", f"{within:.1f} s", f"{forced:.1f} s: {within / forced:.2f} times"
        ),
        Figure(
            f"{name}: most beyond their waits",
            ", ".join(f"{event['case'].removesuffix('_CS')} {_idle(event):.1f} s" for event in longest),
        ),
        Figure(
            f"{name}: most memory during the run, without the simulator",
            f"{during:.0f} MB",
            f"{run.peak():.0f} MB while the reports were written",
            f"{MEGABYTES} MB",
            during <= MEGABYTES,
        ),
    ]


def _idle(event: Event) -> float:
    return float(event.seconds - event.forced)
