"""`octt list --bench`: what a run is going to take, before it begins: minutes and hands of each case and in all."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from octt.bench import Bench, ConfigError, load
from octt.commands.refusing import refusing
from octt.pics.declaration import Declaration
from octt.station.actions import ACTIONS
from octt.suite.catalogue import Planned, load_catalogue, plan
from octt.suite.checks import connectors_to_test
from octt.suite.effort import BOOT, HAND, Effort, efforts
from octt.suite.prepare import read_declaration
from octt.suite.rig import attended, can


@dataclass(frozen=True)
class Workload:
    """The cases as planned on a bench. `able`: what its rig says that it can do, None: it says nothing."""

    bench: Bench
    planned: list[Planned]
    able: frozenset[str] | None
    decided: bool

    @property
    def rig(self) -> frozenset[str]:
        """What is taken to be done without a person."""
        return frozenset(ACTIONS) if self.able is None else self.able

    def effort(self, case: str) -> Effort:
        """What a case takes; nothing where it was never measured."""
        return efforts().get(case, Effort())

    def seconds(self, case: str) -> float:
        """How long it is going to take."""
        return self.effort(case).takes(self.bench.times, self.rig)

    @property
    def may_apply(self) -> list[str]:
        """The cases that are run, or may be; a case for each connector, where each is tested."""
        return [one.case.id for one in self.planned if one.applies is not False]

    def as_dict(self, one: Planned) -> dict[str, Any]:
        """What there is to say of a case, for machines."""
        case, effort = one.case.id, self.effort(one.case.id)
        return {
            **({"connector": one.connector} if one.connector else {}),
            "seconds": round(self.seconds(case)),
            "boots": effort.boots,
            "hands": list(effort.hands),
            "by_hand": effort.by_hand(self.rig),
        }


def workload(bench_file: Path, pics: Path | None) -> Workload:
    """The cases on a bench. Refuses files that cannot be used, and a rig that cannot be made."""
    with refusing(ConfigError):
        bench = load(bench_file)
        given = pics is not None or bench.driver.kind == "simulated"
        declaration = read_declaration(pics, bench) if given else Declaration()
        each = connectors_to_test(bench, declaration)
        planned = plan(load_catalogue(), declaration, None, connector=bench.connector, connectors=each)
        return Workload(bench, planned, can(bench), given)


def as_json(found: Workload, described: list[dict[str, Any]]) -> None:
    """Machine-readable: the cases as without a bench, and what each takes."""
    data = [one | found.as_dict(planned) for one, planned in zip(described, found.planned, strict=True)]
    click.echo(json.dumps(data, indent=2, ensure_ascii=False))


def show(found: Workload) -> None:
    """A line for each case, then what it is in all."""
    console = Console(highlight=False)
    profile = ""
    for one in found.planned:
        if one.case.profile != profile:
            profile = one.case.profile
            console.print(f"\n{profile}", style="bold")
        console.print(_line(found, one), soft_wrap=True)
    console.print()
    for sentence in _sums(found):
        console.print(sentence, markup=False, soft_wrap=True)


def _line(found: Workload, one: Planned) -> Text:
    case = one.case.id
    applies = {True: "yes  ", False: "no   ", None: "?    "}[one.applies] if found.decided else ""
    text = Text(f"  {case:<12} {applies}")
    if one.applies is False:
        return text.append(f"{'':>9}  {one.case.name}", "dim")
    by_hand = Counter(found.effort(case).by_hand(found.rig))
    text.append(f"{duration(found.seconds(case)):>9}  {one.case.name}")
    if one.connector:
        text.append(f" at connector {one.connector}")
    if by_hand:
        told = ", ".join(f"{hand} {count}×" if count > 1 else hand for hand, count in by_hand.items())
        text.append(f"   {by_hand.total()} by hand: {told}", "yellow")
    return text


def _sums(found: Workload) -> list[str]:
    """What it is in all, what a rig takes off the person, and what the figures rest on."""
    cases = found.may_apply
    by_hand = Counter(hand for case in cases for hand in found.effort(case).by_hand(found.rig))
    hands = sum(len(found.effort(case).hands) for case in cases)
    alone = {case for case in cases if not found.effort(case).by_hand(found.rig)}
    whether = "that apply" if found.decided else "that may apply (no --pics)"
    total = sum(found.seconds(case) for case in cases)
    boots = sum(found.effort(case).boots for case in cases)
    each = (
        f", {len(cases)} times in all, since each connector is tested" if len(set(cases)) < len(cases) else ""
    )
    sums = [f"{len(set(cases))} cases {whether}{each}: about {duration(total)}."]
    if by_hand:
        kinds = ", ".join(f"{hand} {count}×" for hand, count in by_hand.most_common())
        sums.append(f"By hand: {by_hand.total()} of {hands} actions ({kinds}).")
        if not attended(found.bench):
            needing = len(set(cases)) - len(alone)
            sums.append(f"Nobody is at the terminal (driver.operator): {needing} cases end INCONCLUSIVE.")
    sums.append(f"{len(alone)} cases need no person{_whose(found)}.")
    if unknown := dict.fromkeys(case for case in cases if case not in efforts()):
        sums.append(f"Never measured, and not counted: {', '.join(unknown)}.")
    return [
        *sums,
        f"Taken for: {HAND:g} s for a hand, {BOOT:g} s for each of {boots} boots; a station that answers at once, and "
        "the times of the bench.",
    ]


def _whose(found: Workload) -> str:
    """Who acts in them, and how that is known."""
    kind = found.bench.driver.kind
    if kind == "manual":
        return ""
    if found.able is None:
        return ": the rig is taken to do everything, since it does not say what it can (GET /actions)"
    return f"; the rig does {len(found.able)} of {len(ACTIONS)} actions"


def duration(seconds: float) -> str:
    """As a person says it: 40 s, 12 min, 1 h 5 min."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
