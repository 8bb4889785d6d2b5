"""Whole runs of the standard station in several orders: every case has the same verdict in each.

python -m tests.orders --write FILE    exit code 1 when a verdict differs

The orders: that of a run, that of the document, and that of a run backwards; what disturbs the station stays last. Also
told: how many hands a run takes, and how often a person is called to the station anew.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from octt.suite import catalogue
from octt.suite.catalogue import DISTURBING, Case
from tests.campaign import cases_of, parallel, recorded
from tests.legal.words import legal

STATION = legal(("security 2",))

Place = Callable[[Case, int], int]


def of_document(case: Case, profile: int) -> int:
    """The document's order."""
    return case.order_on.get(str(profile), case.order)


def backwards(place: Place) -> Place:
    """The same backwards, but for what disturbs the station."""

    def reversed_(case: Case, profile: int) -> int:
        known = of_document(case, profile)
        return known if known >= DISTURBING else -place(case, profile)

    return reversed_


ORDERS: dict[str, Place] = {
    "run": Case.place,
    "document": of_document,
    "run, backwards": backwards(Case.place),
}


@dataclass(frozen=True)
class Seen:
    """The last verdict of each case, in the order in which they ran, and the hands of each."""

    verdicts: dict[str, str]
    hands: dict[str, tuple[str, ...]]


def run(name: str, cases: tuple[str, ...]) -> Seen:
    """A whole run in one of the orders, in a process of its own."""
    catalogue.Case.place = ORDERS[name]  # type: ignore[method-assign]
    return seen(recorded(STATION, cases))


def seen(events: Iterable[Any]) -> Seen:
    """What a record tells of verdicts and hands."""
    found = Seen({}, {})
    for event in events:
        if event.kind in ("case.end", "case.revised"):
            found.verdicts[event.case] = event.verdict
        if event.kind == "case.start":
            found.hands[event.case] = ()
        elif event.kind == "action" and event.phase == "done" and event.case in found.hands:
            found.hands[event.case] += (event.action,)
    return found


def visits(hands: Iterable[tuple[str, ...]]) -> int:
    """How often somebody is called to the station: for cases that need hands after one that needs none."""
    count, there = 0, False
    for needed in hands:
        count += bool(needed) and not there
        there = bool(needed)
    return count


def differing(found: dict[str, Seen]) -> list[str]:
    """The cases whose verdict is not the same in every order."""
    cases = dict.fromkeys(case for one in found.values() for case in one.verdicts)
    return [case for case in cases if len({one.verdicts.get(case) for one in found.values()}) > 1]


def page(found: dict[str, Seen]) -> str:
    """What is committed of it."""
    different = differing(found)
    lines = ["# Verdicts do not depend on the order", ""]
    lines += [
        "Made by `make orders` from whole runs of the simulated station. What disturbs the station is last in each."
    ]
    lines += ["", "| order | verdicts | hands | called to the station |", "|---|---|---|---|"]
    for name, one in found.items():
        verdicts = ", ".join(
            f"{count} {verdict}" for verdict, count in Counter(one.verdicts.values()).most_common()
        )
        hands, called = sum(map(len, one.hands.values())), visits(one.hands.values())
        lines.append(f"| {name} | {verdicts} | {hands} | {'once' if called == 1 else f'{called} times'} |")
    lines += ["", "Different verdicts: " + (", ".join(different) or "none") + "."]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Runs, writes the page or prints it; 1 when a verdict differs."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--write", type=Path)
    parser.add_argument("-n", type=int, default=3)
    chosen = parser.parse_args()
    cases = tuple(case.id for case in cases_of(STATION))
    results = dict(parallel({name: (name, cases) for name in ORDERS}, chosen.n, run))
    found = {name: results[name] for name in ORDERS}
    if chosen.write:
        chosen.write.write_text(page(found), encoding="utf-8")
    else:
        print(page(found))
    return 1 if differing(found) else 0


if __name__ == "__main__":
    sys.exit(main())
