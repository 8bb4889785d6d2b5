"""Makes testcases/effort.toml: what each case takes, and which hands it needs.

python -m tests.effort --write FILE

Every case is run twice against a simulated station that answers at once: on the short bench of the demo, and with each
configured time of the bench longer by seconds of its own. What the case then takes longer, together with which times it
asked the bench for, says how often it waits for each.
"""

from __future__ import annotations

import argparse
import itertools
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

LONGER = dict(zip(WAITED_FOR, (3, 5, 7, 4, 6, 3.5, 2.25, 1.25, 8), strict=True))
"""Seconds by which each time is made longer, told apart by their sums."""
MOST = 4
"""How often one case waits for one time at most."""
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


def run(station: Station, cases: tuple[str, ...], longer: bool) -> dict[str, Seen]:
    """Some cases, perhaps with the bench's times longer; one that did not pass is missing."""
    CaseRun.__post_init__ = _noted  # type: ignore[method-assign]
    given = SIMULATED.times.model_dump(exclude_unset=True)
    more = {key: getattr(SIMULATED.times, key) + seconds for key, seconds in LONGER.items()} if longer else {}
    whole = {key: round(value) if key.endswith(_WHOLE) else value for key, value in more.items()}
    bench = SIMULATED.model_copy(update={"times": Noting(**(given | whole))})
    events = defaultdict[str, list[Any]](list)
    for event in recorded(station, cases, bench=bench):
        events[event.case or ""].append(event)
    found = {case: _seen(events[case], tuple(sorted(_ASKED[case]))) for case in cases}
    return {case: seen for case, seen in found.items() if seen is not None}


_WHOLE = ("_interval", "connection_timeout", "_expiry")


def _seen(events: list[Any], asked: tuple[str, ...]) -> Seen | None:
    passed = [event for event in events if event.kind == "case.end" and event.verdict == "PASS"]
    if not passed:
        return None
    began = max(event.n for event in events if event.kind == "case.start")
    attempt = [event for event in events if event.n >= began]
    done = [event.action for event in attempt if event.kind == "action" and event.phase == "done"]
    boots = sum(e.kind == "frame" and e.dir == "in" and e.action == "BootNotification" for e in attempt)
    return Seen(passed[-1].seconds, boots, tuple(done), asked)


def jobs(cases: list[str], longer: bool) -> dict[Any, tuple[Station, tuple[str, ...], bool]]:
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


def measure(cases: list[str], longer: bool, workers: int) -> dict[str, Seen]:
    """What each case takes; one that did not pass beside others is tried once more by itself."""
    found: dict[str, Seen] = {}
    for count in (workers, 1):
        for _, result in parallel(jobs([case for case in cases if case not in found], longer), count, run):
            found |= result
    return found


def table(workers: int) -> str:
    """The file."""
    cases = list(load_catalogue())
    plain, slower = measure(cases, False, workers), measure(cases, True, workers)
    return HEAD + "".join(_entry(case, plain[case], slower.get(case)) for case in cases if case in plain)


def waits(plain: Seen, slower: Seen | None) -> dict[str, int]:
    """How often the case waits for each time it asked for: the counts, as few as can be, that explain what it took."""
    longer = slower.seconds - plain.seconds if slower else 0.0
    explained = [
        (round(abs(longer - _lasts(plain.asked, counts))), sum(counts), counts)
        for counts in itertools.product(range(MOST + 1), repeat=len(plain.asked))
    ]
    return {key: n for key, n in zip(plain.asked, min(explained)[2], strict=True) if n}


def _lasts(keys: tuple[str, ...], counts: tuple[int, ...]) -> float:
    return sum(LONGER[key] * count for key, count in zip(keys, counts, strict=True))


def _entry(case: str, seen: Seen, slower: Seen | None) -> str:
    found = waits(seen, slower)
    own = seen.seconds - sum(getattr(SIMULATED.times, key) * count for key, count in found.items())
    often = ", ".join(f"{key} = {count}" for key, count in found.items())
    lines = [f"\n[{case}]", f"seconds = {max(0.0, round(own, 1))}"]
    lines += [f"boots = {seen.boots}"] if seen.boots else []
    lines += [f"hands = {json.dumps(seen.hands)}"] if seen.hands else []
    lines += [f"waits = {{ {often} }}"] if found else []
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
