"""Makes testcases/inventory.md: every case is run once against a simulated station with limits that can be told apart.

python -m tests.inventory --write FILE
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

from octt.audit.inventory import Item, items, marked, page
from octt.bench import SIMULATED
from octt.script.limits import KINDS
from octt.suite.catalogue import load_catalogue
from tests.campaign import Station, home, parallel, recorded

LIMITS = {kind.key.removesuffix("_timeout"): kind for kind in KINDS}
TOLERANCES = {"tolerance": "max_deviation", "observation": "observation"}
"""Other times of the bench that count in limits."""

MARKS = marked([*LIMITS, *TOLERANCES], seconds=4)
MARKS |= {kind: MARKS[kind] - 3 for kind in TOLERANCES}
AT_ONCE = 7
"""Cases one after the other with one station."""


def run(station: Station, cases: tuple[str, ...]) -> dict[str, list[Item]]:
    """What these cases do and judge; one that does not pass is missing, since its steps would be incomplete."""
    times = SIMULATED.times.model_copy(update={key: MARKS[kind] for kind, key in TOLERANCES.items()})
    declared = station.declaration()
    limits = {kind.item: MARKS[name] for name, kind in LIMITS.items()}
    answers = {item: limits[item] for item in limits if item in declared.answers}
    others = {item: str(limit) for item, limit in limits.items() if item not in answers}
    declared = replace(
        declared, answers=declared.answers | answers, other_limits=declared.other_limits | others
    )
    bench = SIMULATED.model_copy(update={"times": times})
    events, catalogue = defaultdict[str, list[Any]](list), load_catalogue()
    passed = set()
    for event in recorded(station, cases, bench=bench, declaration=declared):
        events[event.case or ""].append(event)
        if event.kind == "case.end" and event.verdict == "PASS":
            passed.add(event.case)
    return {case: items(events[case], MARKS, catalogue[case].section) for case in cases if case in passed}


def inventory(workers: int = 8) -> dict[str, list[Item]]:
    """What every case does and judges. What did not pass on the crowded machine is tried once more by itself."""
    of_station = defaultdict[str, list[str]](list)
    stations = {}
    for case in load_catalogue():
        station = home(case)
        stations[station.name] = station
        of_station[station.name].append(case)
    jobs = {
        (name, start): (stations[name], tuple(cases[start : start + AT_ONCE]))
        for name, cases in of_station.items()
        for start in range(0, len(cases), AT_ONCE)
    }
    found: dict[str, list[Item]] = {}
    for _, result in parallel(jobs, workers, run):
        found |= result
    again = {case: (home(case), (case,)) for case in load_catalogue() if case not in found}
    for _, result in parallel(again, 1, run):
        found |= result
    return found


def text(found: dict[str, list[Item]]) -> str:
    """The page."""
    return page({case.id: (case.name, found[case.id]) for case in load_catalogue().values()})


def main() -> int:
    """Writes the page, or prints it."""
    parser = argparse.ArgumentParser(description="what every case asks of a station")
    parser.add_argument("--write", type=Path)
    chosen = parser.parse_args()
    made = text(inventory())
    if chosen.write:
        chosen.write.write_text(made, encoding="utf-8")
    else:
        print(made)
    return 0


if __name__ == "__main__":
    sys.exit(main())
