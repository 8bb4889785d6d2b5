"""What pytest calls while it collects: which cases are tests of this run, how often, and in which order."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from octt.suite.choosing.mark import CONNECTOR, MARK, OPTIONS, case_id, refuse

if TYPE_CHECKING:
    from octt.bench import Bench
    from octt.suite.options import Options


def pytest_configure(config: pytest.Config) -> None:
    """Cases cannot be spread over processes."""
    if config.getoption("numprocesses", None) and _is_about_cases(config):
        raise pytest.UsageError(
            "test cases are not run side by side (-n): there is one station; leave -n out"
        )


def _is_about_cases(config: pytest.Config) -> bool:
    from octt.paths import TESTCASES

    named = (config.invocation_params.dir / arg.partition("::")[0] for arg in config.args)
    return any(path.resolve().is_relative_to(TESTCASES) for path in named)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Where each connector is tested, a case that is about one is a test for each."""
    mark = metafunc.definition.get_closest_marker(MARK)
    if mark is None:
        return
    from octt.bench import ConfigError
    from octt.suite.choosing.collecting import connectors_of

    config = metafunc.config
    options = config.stash.get(OPTIONS, None)
    try:
        pics = config.getoption("--pics", None)
        connectors = connectors_of(str(mark.args[0]), options, bench_of(config, options), pics)
    except (ConfigError, pytest.UsageError):
        return  # what is wrong is said when the run begins
    if connectors:
        metafunc.fixturenames.append(CONNECTOR)
        ids = [f"connector {number}" for number in connectors]
        metafunc.parametrize(CONNECTOR, connectors, ids=ids, indirect=True)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> Generator[None, None, None]:
    """Keeps the cases that were asked for, by us and then by pytest (-k, -m), and puts them in order."""
    if not any(case_id(item) for item in items):
        return (yield)
    from octt.bench import ConfigError
    from octt.suite.choosing import collecting

    catalogue = collecting.catalogued(items)
    options = config.stash.get(OPTIONS, None)
    try:
        bench = bench_of(config, options)
        wanted = options.cases if options is not None else _last_failed(config, bench)
        gone = collecting.keep(items, wanted or catalogue)
        gone += collecting.keep_due(items, options)
        yield
        gone += collecting.arrange(items, options, bench)
    except ConfigError as error:
        refuse(config, error)
    if gone:
        config.hook.pytest_deselected(items=gone)


def _last_failed(config: pytest.Config, bench: Bench) -> tuple[str, ...]:
    """What pytest's own --lf means for cases, since its cache is switched off (testcases/pytest.ini)."""
    from octt.suite.choosing.collecting import last_failed

    if not config.getoption("lf", False) or config.pluginmanager.has_plugin("cacheprovider"):
        return ()
    out = config.getoption("--out")
    return last_failed(bench, out and Path(out))


def bench_of(config: pytest.Config, options: Options | None) -> Bench:
    from octt.bench import SIMULATED, ConfigError, load

    if options is not None:
        return options.bench
    file = config.getoption("--bench")
    try:
        return load(Path(file)) if file else SIMULATED
    except ConfigError as error:
        raise pytest.UsageError(str(error)) from None
