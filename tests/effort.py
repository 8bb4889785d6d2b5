"""Makes testcases/effort.toml: what each case takes, and which hands it needs.

python -m tests.effort --write FILE

Every case is run against a simulated station that answers at once: as on the short bench of the demo, then with each
configured time of the bench longer by some seconds. What the case then takes longer says how often it waits for it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from octt.bench import SIMULATED
from octt.suite.catalogue import load_catalogue
from octt.suite.effort import WAITED_FOR
from tests.campaign import Station, home, parallel, recorded

LONGER = 4
"""Seconds by which a time is made longer: a delay of our own machine is shorter than half of it."""
AT_ONCE = 8
"""Cases one after the other with one station."""
HEAD = """\
# What each case takes on a simulated station that answers at once, in seconds without what it waits for; how often it
# waits for each configured time of the bench, how often the station boots, and the hands it needs in their order, those
# that put things back included. Made by `make effort`; `octt list --bench` reads it (octt/suite/effort.py).
"""


@dataclass(frozen=True)
class Seen:
    """What one run of a case took, in seconds, and what it had done."""

    seconds: float
    boots: int
    hands: tuple[str, ...]


def run(station: Station, cases: tuple[str, ...], longer: tuple[str, ...]) -> dict[str, Seen]:
    """Some cases, with some of the bench's times longer; one that did not pass is missing."""
    times = {key: getattr(SIMULATED.times, key) + LONGER for key in longer}
    bench = SIMULATED.model_copy(update={"times": SIMULATED.times.model_copy(update=times)})
    events = defaultdict[str, list[Any]](list)
    for event in recorded(station, cases, bench=bench):
        events[event.case or ""].append(event)
    found = {case: _seen(events[case]) for case in cases}
    return {case: seen for case, seen in found.items() if seen is not None}


def _seen(events: list[Any]) -> Seen | None:
    ended = next((event for event in events if event.kind == "case.end"), None)
    if ended is None or ended.verdict != "PASS":
        return None
    done = [event.action for event in events if event.kind == "action" and event.phase == "done"]
    boots = sum(e.kind == "frame" and e.dir == "in" and e.action == "BootNotification" for e in events)
    return Seen(ended.seconds, boots, tuple(done))


def jobs(
    cases: list[str], longer: tuple[str, ...]
) -> dict[Any, tuple[Station, tuple[str, ...], tuple[str, ...]]]:
    """Runs of some cases on the stations they are at home on."""
    stations, of_station = {}, defaultdict[str, list[str]](list)
    for case in cases:
        stations[home(case).name] = home(case)
        of_station[home(case).name].append(case)
    return {
        (name, start, longer): (stations[name], tuple(own[start : start + AT_ONCE]), longer)
        for name, own in of_station.items()
        for start in range(0, len(own), AT_ONCE)
    }


def measure(cases: list[str], longer: tuple[str, ...], workers: int) -> dict[str, Seen]:
    """What each case takes; one that did not pass beside others is tried once more by itself."""
    found: dict[str, Seen] = {}
    for count in (workers, 1):
        for _, result in parallel(jobs([case for case in cases if case not in found], longer), count, run):
            found |= result
    return found


def table(workers: int) -> str:
    """The file."""
    cases = list(load_catalogue())
    plain = measure(cases, (), workers)
    waits = defaultdict[str, dict[str, int]](dict)
    slower = measure(cases, WAITED_FOR, workers)
    waiting = [case for case in cases if _times(plain, slower, case)]
    for key in WAITED_FOR:
        longer = measure(waiting, (key,), workers)
        for case in waiting:
            if count := _times(plain, longer, case):
                waits[case][key] = count
    return HEAD + "".join(_entry(case, plain[case], waits[case]) for case in cases if case in plain)


def _times(plain: dict[str, Seen], longer: dict[str, Seen], case: str) -> int:
    """How often a case waited for what was made longer."""
    if case not in plain or case not in longer:
        return 0
    return max(0, round((longer[case].seconds - plain[case].seconds) / LONGER))


def _entry(case: str, seen: Seen, waits: dict[str, int]) -> str:
    own = seen.seconds - sum(getattr(SIMULATED.times, key) * count for key, count in waits.items())
    often = ", ".join(f"{key} = {count}" for key, count in waits.items())
    lines = [f"\n[{case}]", f"seconds = {max(0.0, round(own, 1))}"]
    lines += [f"boots = {seen.boots}"] if seen.boots else []
    lines += [f"hands = {json.dumps(seen.hands)}"] if seen.hands else []
    lines += [f"waits = {{ {often} }}"] if waits else []
    return "\n".join(lines) + "\n"


def main() -> int:
    """Writes the file, or prints it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--write", type=Path)
    parser.add_argument("-n", type=int, default=4)
    chosen = parser.parse_args()
    made = table(chosen.n)
    if chosen.write:
        chosen.write.write_text(made, encoding="utf-8")
    else:
        print(made)
    return 0


if __name__ == "__main__":
    sys.exit(main())
