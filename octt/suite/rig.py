"""The rig of a bench, before a run: what it can do, and what it costs that it cannot do the rest."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable, Iterator

from octt.bench import Bench, ConfigError
from octt.station.actions import ACTIONS, ActionFailed, Driver, DriverGone
from octt.station.drivers import CommandDriver, HttpDriver, ManualDriver, SimulatedDriver
from octt.station.python import PythonDriver
from octt.suite.catalogue import Planned

_NAMED = 8
"""Cases that are named in one sentence."""


def driver_of(bench: Bench) -> Driver:
    """The driver of a bench; nothing is started or asked yet."""
    settings = bench.driver
    match settings.kind:
        case "http":
            return HttpDriver(settings.url, settings.timeout)
        case "command":
            return CommandDriver(settings.commands, settings.timeout)
        case "python":
            return PythonDriver(settings.python, settings.timeout)
        case "simulated":
            return SimulatedDriver([], settings.timeout)
        case "manual":
            return ManualDriver()


def attended(bench: Bench, *, console: bool = False) -> bool:
    """Whether a person does what the driver cannot: as the bench says, else where there is a terminal or a console."""
    if bench.driver.kind == "simulated":
        return False
    if bench.driver.operator is not None:
        return bench.driver.operator
    return bench.driver.kind == "manual" or sys.stdin.isatty() or console


def can(bench: Bench) -> frozenset[str] | None:
    """The actions that the rig of a bench can do; None when it does not say, or is not there.

    Raises ConfigError when it cannot be made.
    """
    driver = driver_of(bench)
    try:
        return driver.can()
    except DriverGone:
        return None  # the run says so when it begins
    except ActionFailed as error:
        raise ConfigError(str(error)) from None
    finally:
        with contextlib.suppress(Exception):
            driver.close()


def lacking(bench: Bench, planned: Iterable[Planned], *, console: bool = False) -> Iterator[str]:
    """What the rig cannot do, and who does it or which cases it costs, in a sentence. Raises ConfigError."""
    able = can(bench)
    if bench.driver.kind == "manual" or able is None:
        return
    cases = [one.case for one in planned if one.applies is not False and not able.issuperset(one.case.needs)]
    missing = [
        action for action in ACTIONS if any(action in case.needs for case in cases) and action not in able
    ]
    if not missing:
        return
    told = f"The rig cannot do {', '.join(missing)}"
    if attended(bench, console=console):
        where = "console" if console else "terminal"
        yield f"{told}: a person at the {where} is asked, in {_counted(len(cases))}."
        return
    ids = [case.id for case in cases]
    more = f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else ""
    yield (
        f"{told}, and nobody is at the terminal (driver.operator): what needs it ends INCONCLUSIVE, "
        f"{_counted(len(ids))}: {', '.join(ids[:_NAMED])}{more}."
    )


def _counted(number: int) -> str:
    return "1 case" if number == 1 else f"{number} cases"
