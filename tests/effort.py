"""Makes testcases/effort.toml: what each case takes, and which hands it needs.

python -m tests.effort --write FILE

Every case is run against a simulated station that answers at once, on the short bench of the demo; then, for each
configured time of the bench that it asked for, with that one longer. What it then takes longer says how often it waits
for it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from octt.bench import SIMULATED, Times
from octt.script.case_run import CaseRun
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
    """What one run of a case took, in seconds, what it had done, and which of the bench's times it asked for."""

    seconds: float
    boots: int
    hands: tuple[str, ...]
    asked: tuple[str, ...]


class Noting(Times):
    """The times of a bench, noting which case asks for which."""

    def __getattribute__(self, name: str) -> Any:
        if name in WAITED_FOR:
            _ASKED[_CASE[-1]].add(name)
        return super().__getattribute__(name)


_CASE, _ASKED = [""], defaultdict[str, set[str]](set)


def _noted(self: CaseRun) -> None:
    _CASE.append(self.id or _CASE[-1])
    _BEGIN(self)


_BEGIN = CaseRun.__post_init__


def run(station: Station, cases: tuple[str, ...], longer: str) -> dict[str, Seen]:
    """Some cases, one of the bench's times being longer; a case that did not pass is missing."""
    CaseRun.__post_init__ = _noted  # type: ignore[method-assign]
    given = SIMULATED.times.model_dump(exclude_unset=True)
    more = {longer: getattr(SIMULATED.times, longer) + LONGER} if longer else {}
    bench = SIMULATED.model_copy(update={"times": Noting(**(given | more))})
    events = defaultdict[str, list[Any]](list)
    for event in recorded(station, cases, bench=bench):
        events[event.case or ""].append(event)
    found = {case: _seen(events[case], tuple(sorted(_ASKED[case]))) for case in cases}
    return {case: seen for case, seen in found.items() if seen is not None}


def _seen(events: list[Any], asked: tuple[str, ...]) -> Seen | None:
    passed = [event for event in events if event.kind == "case.end" and event.verdict == "PASS"]
    if not passed:
        return None
    began = max(event.n for event in events if event.kind == "case.start")
    attempt = [event for event in events if event.n >= began]
    done = [event.action for event in attempt if event.kind == "action" and event.phase == "done"]
    boots = sum(e.kind == "frame" and e.dir == "in" and e.action == "BootNotification" for e in attempt)
    return Seen(passed[-1].seconds, boots, tuple(done), asked)


def jobs(cases: list[str], longer: str) -> dict[Any, tuple[Station, tuple[str, ...], str]]:
    """Runs of some cases on the stations they are at home on."""
    stations, of_station = {}, defaultdict[str, list[str]](list)
    for case in cases:
        stations[home(case).name] = home(case)
        of_station[home(case).name].append(case)
    return {
        (name, start): (stations[name], tuple(own[start : start + AT_ONCE]), longer)
        for name, own in of_station.items()
        for start in range(0, len(own), AT_ONCE)
    }


def measure(cases: list[str], longer: str, workers: int) -> dict[str, Seen]:
    """What each case takes; one that did not pass beside others is tried once more by itself."""
    found: dict[str, Seen] = {}
    for count in (workers, 1):
        for _, result in parallel(jobs([case for case in cases if case not in found], longer), count, run):
            found |= result
    return found


def table(workers: int) -> str:
    """The file."""
    cases = list(load_catalogue())
    plain, waits = measure(cases, "", workers), defaultdict[str, dict[str, int]](dict)
    for key in WAITED_FOR:
        asking = [case for case in cases if case in plain and key in plain[case].asked]
        for case, seen in measure(asking, key, workers).items():
            if count := max(0, round((seen.seconds - plain[case].seconds) / LONGER)):
                waits[case][key] = count
    return HEAD + "".join(_entry(case, plain[case], waits[case]) for case in cases if case in plain)


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
