"""From `octt run --resume DIR` to the options of another sitting; what does not go with the run is refused first."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import octt
from octt.bench import Bench, ConfigError
from octt.bench.settings import SECRET
from octt.bench.times import Times
from octt.ocpp.values import table, texts
from octt.pics.declaration import Declaration, declaration_of
from octt.record.clock import CLOCK, wall
from octt.suite.options import Options
from octt.suite.sitting import changes
from octt.suite.sitting.former import SETTLED, Former, Key

_CLOCK_MAY_BE_OFF = 60.0
"""Seconds by which this computer's clock may be behind the record: it was set while the sitting before went on."""


def bench_of(former: Former) -> Bench:
    """The bench as the record has it. ConfigError where it takes what is not on a record, naming the remedy."""
    kind = table(former.bench.get("driver")).get("kind")
    secure = table(former.bench.get("central_system")).get("security_profile")
    login = SECRET in str(table(former.bench.get("driver")).get("url"))
    if kind != "simulated" and (secure or login or "Security" in texts(former.pics.get("profiles"))):
        raise ConfigError(
            f"passwords are not on the record of {former.folder}: name the bench file of the run with --bench"
            + (f" (it was {former.bench_file})" if former.bench_file else "")
        )
    sections = {name: _open(section) for name, section in former.bench.items() if isinstance(section, dict)}
    sections["times"] = _set(sections.get("times", {}))
    sections.get("laboratory", {}).pop("logo", None)  # the report has it from the first sitting
    try:
        return Bench.model_validate(sections)
    except ValueError as error:
        raise ConfigError(
            f"the bench on the record of {former.folder} cannot be used ({error}); name the bench file with --bench"
        ) from None


def _open(section: Mapping[str, Any]) -> dict[str, Any]:
    """A section without what is secret: the simulated station is given anew what it has to know."""
    return {key: value for key, value in section.items() if value != SECRET}


def _set(times: Mapping[str, Any]) -> dict[str, Any]:
    """The times that somebody set: a default is no limit of the bench (octt/script/limits.py)."""
    defaults = Times().model_dump()
    return {key: value for key, value in times.items() if value != defaults.get(key)}


def declared(former: Former) -> Declaration:
    """The declaration as the record has it."""
    return declaration_of(dict(former.pics), str(former.folder))


def go_on(options: Options, former: Former, again: Collection[str], chosen: Collection[Key]) -> None:
    """Makes of the options of a run those of another sitting of it.

    `chosen` are the cases that were asked for, by id and connector; those to be run `again` are run though they have a
    verdict. Raises ConfigError for what does not go with the run, or when nothing is left to do.
    """
    told = changes.of_bench(former, options.bench.redacted())
    changes.of_declaration(former, options.declaration.as_dict())
    if wall() / 1e9 < former.last / 1e9 - _CLOCK_MAY_BE_OFF:
        raise ConfigError(
            f"the clock of this computer is before the last line of the record in {former.folder}: set it right"
        )
    CLOCK.go_on_from(former.last)
    due = [key for key in chosen if key[0] in again or former.verdicts.get(key) not in SETTLED]
    if not due:
        raise ConfigError(
            f"nothing is left to do in {former.folder}: every case that was asked for has a verdict; "
            "--case ID runs one again, --profile NAME adds the cases of a profile"
        )
    options.out, options.former, options.due = former.folder, former, frozenset(due)
    options.cases = tuple(dict.fromkeys([*former.cases, *(case for case, _ in chosen)]))
    options.changed = [*changes.of_tool(former, octt.__version__), *told]


def this_sitting(options: Options, former: Former, keys: Collection[Key]) -> None:
    """Narrows what a sitting has to do to these cases, and says what it is; the cases of the run stay as they are."""
    options.due = frozenset(keys)
    options.notices += _notices(options, former, {case for case, _ in keys})


def _notices(options: Options, former: Former, due: Collection[str]) -> list[str]:
    open_ones = [case for case in former.open if case not in due]
    found = [
        f"The run in {former.folder} goes on: {_counted(len(due))} of {len(options.cases)} to run in this sitting. "
        f"The one before ended as: {former.ended}."
    ]
    if open_ones:
        found.append(
            f"{_counted(len(open_ones))} of the run stay without a verdict; when nothing narrows the choice they are "
            "run too."
        )
    return [*found, *(f"Changed since then: {change}." for change in options.changed)]


def _counted(number: int) -> str:
    return "1 case" if number == 1 else f"{number} cases"
