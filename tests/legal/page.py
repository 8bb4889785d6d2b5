"""The figures of a run of legal stations, as a readable file."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import fields
from typing import Any

from octt.simulator.freedom import Freedom
from tests.campaign import cases_of
from tests.legal.drawing import PART, option
from tests.legal.permitted import permitted
from tests.legal.running import Result
from tests.legal.words import SLACK, Legal


def page(result: Result, start: int) -> str:
    """The figures as a readable file."""
    seen = [one for _, observed in result.runs for one in observed.outcomes]
    verdicts, met = (
        Counter(one.verdict for one in seen),
        Counter(one.case for one in seen if one.verdict != "NOT APPLICABLE"),
    )
    whole = sum(len(observed.outcomes) == len(cases_of(station)) for station, observed in result.runs)
    troubled = sum(observed.troubled for _, observed in result.runs)
    least = min(met, key=lambda case: (met[case], case))
    lines = [
        "# Legal stations",
        "",
        f"Made by `make legal`: {len(result.runs)} stations drawn with seed {start} (tests/legal/drawing.py), with",
        "every freedom that specification and document leave, with delays, keys and profiles that are lacking, each",
        f"declared as it is, with limits {SLACK:g} s beyond its delays. {whole} of them were put through every case",
        f"that applies, the others through {PART} each. Nothing may fail; what is undecided needs a reason.",
        "",
        f"- {len(seen)} case runs: "
        + ", ".join(f"{count} {verdict}" for verdict, count in verdicts.most_common()),
        f"- each case that applies was met by at least {met[least]} stations ({least}); {len(met)} cases",
        f'- {troubled} attempts spoilt by lateness of our own on a busy machine and repeated (ERROR "tool")',
        f"- {len(result.repeated)} case runs passed at the second attempt only, with less company",
        f"- {len(result.false)} false verdicts",
        "",
    ]
    lines += [
        f"NOT PASSED: {one.case}: {one.verdict} ({one.reason}): `{s.command}`" for s, one in result.false
    ]
    lines += ["| freedom | stations |", "|---|---|"]
    lines += [f"| `{option(name)}` | {count} |" for name, count in freedoms(result.runs).items()]
    lines += ["", "| beyond the freedoms | stations |", "|---|---|"]
    others = Counter(re.split("=| [0-9]", word)[0] for s, _ in result.runs for word in {*s.words} - _free(s))
    lines += [f"| `{word}` | {count} |" for word, count in sorted(others.items())]
    reasons = Counter(
        (permitted(one, station.words), one.case)
        for station, observed in result.runs
        for one in observed.outcomes
        if one.verdict == "INCONCLUSIVE"
    )
    lines += ["", "| case that could not be decided | stations | why |", "|---|---|---|"]
    lines += [
        f"| {case} | {count} | {why} |"
        for (why, case), count in sorted(reasons.items(), key=lambda x: x[0][1])
    ]
    return "\n".join(lines) + "\n"


def freedoms(runs: Iterable[tuple[Legal, Any]]) -> dict[str, int]:
    """How many stations have each choice of `Freedom`."""
    words = Counter(word.partition(" ")[0] for station, _ in runs for word in station.words)
    return {choice.name: words[option(choice.name)] for choice in fields(Freedom)}


def _free(station: Legal) -> set[str]:
    options = {option(choice.name) for choice in fields(Freedom)}
    return {word for word in station.words if word.partition(" ")[0] in options}
