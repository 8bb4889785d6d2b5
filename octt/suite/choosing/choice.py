"""Which cases are run when not all are: those that are quick, those that did not pass, those that a time has room for.

What a case takes was measured once, on the built-in simulated station, and is kept in `testcases/seconds.toml`; where
the station's own earlier runs are at hand, their times count instead.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache

from octt.bench import ConfigError
from octt.paths import TESTCASES
from octt.suite.catalogue import DISTURBING, Case
from octt.suite.choosing.earlier import Earlier

QUICK = 1.0
"""Seconds that a quick case may have taken on the simulated station: it waits for nothing."""

OVERHEAD = 10.0
"""Seconds of a run that belong to no case: connecting, and putting everything back at the end."""

UNKNOWN = 60.0
"""Seconds that are set aside for a case that was never measured."""


@lru_cache(maxsize=1)
def measured() -> Mapping[str, float]:
    """What each case took on the simulated station, in seconds."""
    found: dict[str, float] = tomllib.loads((TESTCASES / "seconds.toml").read_text(encoding="utf-8"))[
        "seconds"
    ]
    return found


def is_quick(case: Case) -> bool:
    """Whether a case needs no hand and no long wait, and leaves nothing behind that OCPP cannot put back."""
    return not case.needs and case.order < DISTURBING and measured().get(case.id, UNKNOWN) <= QUICK


def value(case: Case, seconds: float) -> float:
    """What a case is worth to who has little time: the checks it makes for each second it takes."""
    return len(case.checks) / max(seconds, 0.1)


def affordable(
    cases: Collection[Case], minutes: float, seconds: Mapping[str, float]
) -> tuple[list[Case], float]:
    """The most valuable cases that have room in the time, the best first, and the seconds they are going to take.

    A tenth of the time stays free, since no case takes the same time twice.
    """
    left, chosen, total = 60 * minutes * 0.9 - OVERHEAD, list[Case](), 0.0
    for case in sorted(cases, key=lambda case: (-value(case, seconds.get(case.id, UNKNOWN)), case.order)):
        takes = seconds.get(case.id, UNKNOWN)
        if total + takes <= left:
            chosen.append(case)
            total += takes
    return chosen, total


def named(
    catalogue: Mapping[str, Case],
    cases: Iterable[str],
    profiles: Collection[str],
    *,
    quick: bool = False,
    last: Earlier | None = None,
) -> tuple[tuple[str, ...], list[str]]:
    """The ids that all of these leave, () for every case of the catalogue; and sentences about how they were chosen.

    `last` are the station's earlier runs, where only what did not pass there is wanted. Raises ConfigError when
    nothing is left, saying why.
    """
    notices: list[str] = []
    chosen = [case for case in catalogue.values() if not cases or case.id in set(cases)]
    if profiles:
        others = ", ".join(f"{case.id} is a case of {case.profile}" for case in chosen[:3])
        chosen = [case for case in chosen if case.profile in profiles]
        if not chosen:
            asked = ", ".join(sorted(profiles))
            raise ConfigError(
                f"no case is left: {others}, and --profile asks for {asked}; leave one of them out"
            )
    if last is not None:
        chosen = _not_passed(chosen, last)
        notices.append(
            f"--lf: {_counted(len(chosen))} that did not pass in {last.runs[0].name}"
            + (" and the runs before it" if len(last.runs) > 1 else "")
        )
    if quick:
        chosen = [case for case in chosen if is_quick(case)]
        if not chosen:
            raise ConfigError(
                "no case is left: none of those asked for is quick; `octt run --quick` alone chooses"
            )
        notices.append(
            f"--quick: {_counted(len(chosen))} that need no hand and take at most {QUICK:g} s each on the simulated "
            f"station, {sum(measured()[case.id] for case in chosen):.0f} s together"
        )
    ids = tuple(case.id for case in chosen)
    return ids if len(ids) < len(catalogue) else (), notices


def check_words(expression: str) -> None:
    """Raises ConfigError for what pytest would not understand as -k."""
    from _pytest.mark.expression import Expression

    try:
        Expression.compile(expression)
    except SyntaxError as error:
        told = f"{error.msg}" + (f" at column {error.offset}" if error.offset else "")
        raise ConfigError(
            f"-k {expression!r}: {told}; words joined by and, or, not and parentheses are understood"
        ) from None


def _not_passed(chosen: Collection[Case], last: Earlier) -> list[Case]:
    if not last.runs:
        raise ConfigError(
            "--lf: there is no earlier run of this station in the folder of runs; run it without --lf first, or name "
            "the folder with --out RUNS/NEW"
        )
    left = [case for case in chosen if case.id in last.not_passed]
    if not left:
        raise ConfigError(f"--lf: nothing is left to repeat, all that was run passed ({last.runs[0]})")
    return left


def _counted(number: int) -> str:
    return "1 case" if number == 1 else f"{number} cases"
