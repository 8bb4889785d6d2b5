"""Puts legal stations through their cases, and keeps what failed."""

from __future__ import annotations

import time
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.campaign import CALM, Outcome, outcomes, parallel, recorded
from tests.legal.permitted import permitted
from tests.legal.words import Legal, legal

WORKERS = 8
"""Stations side by side; each waits most of its time."""
KEPT = Path(__file__).with_name("kept.toml")


@dataclass
class Observed:
    """What became of a station's cases, and how many attempts were spoilt by trouble of our own."""

    outcomes: list[Outcome]
    troubled: int = 0

    def wrong(self, station: Legal) -> list[Outcome]:
        """What no legal station may come to."""
        return [one for one in self.outcomes if not _right(one, station)]


def _right(one: Outcome, station: Legal) -> bool:
    return one.verdict in ("PASS", "NOT APPLICABLE") or (
        one.verdict == "INCONCLUSIVE" and bool(permitted(one, station.words))
    )


def observe(station: Legal, cases: tuple[str, ...], faults: tuple[str, ...] = ()) -> Observed:
    """Runs the cases against the station."""
    try:
        events = recorded(station, cases, faults)
    except FileNotFoundError:  # its process did not come up in time on a machine this busy: no run, no record
        return Observed([Outcome(case, "ERROR", "the run did not begin", ()) for case in cases], len(cases))
    troubled = sum(e.kind == "case.end" and (e.verdict, e.blame) == ("ERROR", "tool") for e in events)
    return Observed(outcomes(events, cases), troubled)


@dataclass
class Result:
    """What became of many stations."""

    runs: list[tuple[Legal, Observed]] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    """What passed at the second attempt only, a sentence each."""
    false: list[tuple[Legal, Outcome]] = field(default_factory=list)


def run(
    jobs: list[tuple[Legal, tuple[str, ...]]], workers: int, seconds: float, faults: tuple[str, ...] = ()
) -> Result:
    """Puts each station through its cases, until the time is over; what fell is tried once more in calm."""
    result, began = Result(), time.monotonic()
    fallen: dict[int, tuple[Any, ...]] = {}
    queue = {number: (*job, faults) for number, job in enumerate(jobs)}
    for number, observed in parallel(queue, workers, observe):
        station, _ = jobs[number]
        result.runs.append((station, observed))
        wrong = observed.wrong(station)
        if wrong:
            fallen[number] = queue[number]
            print(
                f"[{len(result.runs)}/{len(jobs)}] {time.monotonic() - began:.0f} s: {station.command}",
                flush=True,
            )
            for one in wrong:
                print(
                    f"    {one.case}: {one.verdict} at {', '.join(one.steps) or 'the end'} ({one.reason})",
                    flush=True,
                )
        elif len(result.runs) % 25 == 0:
            print(f"[{len(result.runs)}/{len(jobs)}] {time.monotonic() - began:.0f} s", flush=True)
        if time.monotonic() - began > seconds:
            print(f"the time is over after {len(result.runs)} stations")
            break
    for number, observed in parallel(fallen, min(CALM, workers), observe):
        station, _ = jobs[number]
        still = {one.case: one for one in observed.wrong(station)}
        before = next(seen for other, seen in result.runs if other is station)
        result.false += [(station, one) for one in still.values()]
        for one in before.wrong(station):
            if one.case not in still:
                result.repeated.append(f"{one.case}: {one.verdict} ({one.reason}): {station.command}")
        result.runs = [run for run in result.runs if run[0] is not station]
        result.runs.append((station, Observed(observed.outcomes, before.troubled + observed.troubled)))
    return result


def kept(file: Path = KEPT) -> list[tuple[Legal, tuple[str, ...]]]:
    """The stations that failed before, and the cases that did."""
    data = tomllib.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return [(legal(one["words"]), tuple(one["cases"])) for one in data.get("station", [])]


def keep(false: list[tuple[Legal, Outcome]], file: Path = KEPT) -> None:
    """Adds what failed, unless it is there already."""
    known = {station.words for station, _ in kept(file)}
    found: dict[tuple[str, ...], list[Outcome]] = {}
    for station, outcome in false:
        found.setdefault(station.words, []).append(outcome)
    with file.open("a", encoding="utf-8") as out:
        for words, fallen in found.items():
            if words not in known:
                lines = "".join(f"  {_quoted(word)},\n" for word in words)
                cases = ", ".join(_quoted(one.case) for one in fallen)
                out.write(f"\n[[station]] # not looked into yet\nwords = [\n{lines}]\ncases = [{cases}]\n")


def _quoted(text: str) -> str:
    return f'"{text}"'
