"""From the scripts that pytest collected to the cases of a run: which, and in which order."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import pytest

from octt.bench import Bench, ConfigError
from octt.suite.catalogue import DISTURBING, Case, load_catalogue, plan
from octt.suite.checks import connectors_to_test
from octt.suite.choosing.choice import affordable, measured, named
from octt.suite.choosing.earlier import earlier, runs_before
from octt.suite.choosing.mark import case_id, connector_of
from octt.suite.options import Options
from octt.suite.prepare import read_declaration
from octt.suite.sitting.resuming import this_sitting


def catalogued(items: Collection[pytest.Item]) -> dict[str, Case]:
    """The catalogue, once every case was given what pytest's -k and -m choose by: id, name and profile.

    Raises UsageError for a script whose case is not in the catalogue.
    """
    catalogue = load_catalogue()
    for item in items:
        name = case_id(item)
        if name is None:
            continue
        known = catalogue.get(name)
        if known is None:
            raise pytest.UsageError(f"{item.nodeid}: {name} is not in testcases/catalogue.toml")
        item.add_marker(known.profile)
        item.extra_keyword_matches |= {known.id, known.name}
    return catalogue


def keep(items: list[pytest.Item], wanted: Collection[str]) -> list[pytest.Item]:
    """Leaves only the wanted cases, and tests that are no cases; those that went."""
    gone = [item for item in items if (name := case_id(item)) and name not in wanted]
    items[:] = [item for item in items if item not in gone]
    return gone


def keep_due(items: list[pytest.Item], options: Options | None) -> list[pytest.Item]:
    """Leaves what this sitting of a run that goes on has to do, and tests that are no cases; those that went."""
    if options is None or options.due is None:
        return []
    due = options.due
    gone = [item for item in items if (name := case_id(item)) and (name, connector_of(item)) not in due]
    items[:] = [item for item in items if item not in gone]
    return gone


def arrange(items: list[pytest.Item], options: Options | None, bench: Bench) -> list[pytest.Item]:
    """Puts the cases in the order of the plan, or the most valuable first where the time is limited.

    Those that there is no time for are taken out, and returned.
    """
    catalogue, begins_with = load_catalogue(), bench.central_system.security_profile
    place = {case.id: case.place(begins_with) for case in catalogue.values()}
    gone: list[pytest.Item] = []
    if options is not None and options.minutes is not None:
        cases = [catalogue[name] for item in items if (name := case_id(item))]
        chosen, told = _in_time(cases, options)
        options.notices.append(told)
        gone = keep(items, [case.id for case in chosen])
        # What leaves the station with other firmware or certificates stays last.
        ranks = {case.id: rank for rank, case in enumerate(chosen) if case.order < DISTURBING}
        place |= ranks
    items.sort(key=lambda item: place.get(case_id(item) or "", -1))
    return gone


def _in_time(cases: list[Case], options: Options) -> tuple[list[Case], str]:
    """The cases that there is time for, the most valuable first, and a sentence about that. Raises ConfigError."""
    minutes = options.minutes or 0
    last = earlier(options.bench, options.out.parent)
    options.seconds = {**measured(), **last.seconds}
    planned = plan(
        load_catalogue(),
        options.declaration,
        None,
        [case.id for case in cases],
        connector=options.bench.connector,
    )
    cases = [one.case for one in planned if one.applies is not False]
    chosen, seconds = affordable(cases, minutes, options.seconds)
    whose = "in this station's last runs" if last.seconds else "on the simulated station"
    if not chosen:
        raise ConfigError(
            f"--budget {minutes:g}: no case has room in {minutes:g} min, as long as they took {whose}"
        )
    return chosen, (
        f"--budget {minutes:g}: {len(chosen)} of {len(cases)} cases that may apply, the most checks for each second "
        f"first; by what they took {whose} it is {seconds:.0f} s. None is begun that the time has no room for"
    )


def connectors_of(case: str, options: Options | None, bench: Bench, pics: str | None) -> tuple[int, ...]:
    """The connectors that a case is a test for each of, () where there is one test. Raises ConfigError."""
    known = load_catalogue().get(case)
    if known is None or not known.per_connector:
        return ()
    if options is not None:
        return options.connectors
    if bench.station.connectors == "one":
        return ()
    return connectors_to_test(bench, read_declaration(Path(pics) if pics else None, bench))


def last_failed(bench: Bench, out: Path | None) -> tuple[str, ...]:
    """What `pytest --lf` leaves of the catalogue. Raises ConfigError when that is nothing."""
    return named(load_catalogue(), (), (), last=runs_before(bench, out))[0]


def choose(options: Options, items: Collection[pytest.Item]) -> None:
    """What pytest left is what is run: the cases of a run, () for all there are; of one that goes on, this sitting."""
    catalogue: Mapping[str, Case] = load_catalogue()
    keys = [(name, connector_of(item)) for item in items if (name := case_id(item))]
    if options.former is not None:
        this_sitting(options, options.former, keys)
        return
    ids = tuple(dict.fromkeys(name for name, _ in keys))
    options.cases = ids if len(ids) < len(catalogue) else ()
