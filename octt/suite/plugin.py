"""The pytest plugin: a test case is a pytest test; this adds the plan, the words, verdicts and evidence.

Loaded with every pytest run in an environment where octt is installed; it does nothing unless test cases of the
catalogue (marked with `octt.suite.case`) are collected.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from octt.record.words import Profile
from octt.suite.choosing.mark import MARK, OPTIONS, case_id, connector_of, refuse

if TYPE_CHECKING:
    from octt.suite.attempt import Scene
    from octt.suite.options import Options
    from octt.suite.run import Run

pytest_plugins = ("octt.suite.fixtures", "octt.suite.choosing.hooks")
_ABORTED = "aborted by the operator"
_RUN: pytest.StashKey[Any] = pytest.StashKey()
_SCENE: pytest.StashKey[Any] = pytest.StashKey()
_ERROR: pytest.StashKey[BaseException | None] = pytest.StashKey()
_ATTEMPT: pytest.StashKey[int] = pytest.StashKey()
_ATTEMPTS: pytest.StashKey[Counter[str]] = pytest.StashKey()


class WithOptions:
    """Hands the options of `octt run` to the plugin."""

    def __init__(self, options: Options) -> None:
        self.options = options

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """Keeps the options where the hooks below find them."""
        config.stash[OPTIONS] = self.options


class Hooks:
    """What a front (octt/commands/front.py) may listen to."""

    @pytest.hookspec(firstresult=True)
    def pytest_octt_run(self, options: Options) -> Run | None:
        """Makes the run, where it is another one than with a station (octt/audit/judge)."""

    @pytest.hookspec
    def pytest_octt_started(self, run: Run) -> None:
        """The run exists and is about to open its endpoints."""

    @pytest.hookspec(firstresult=True)
    def pytest_octt_refused(self, error: str) -> bool | None:
        """The run could not start; the sentence says why and what helps. True: it was shown."""


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Declares the hooks above."""
    pluginmanager.add_hookspecs(Hooks)


def pytest_addoption(parser: pytest.Parser) -> None:
    """`pytest testcases --bench FILE --pics FILE` works as `octt run` does."""
    group = parser.getgroup("octt", "OCPP conformance")
    group.addoption("--bench", metavar="FILE", help="bench file (TOML); without it the simulated station")
    group.addoption("--pics", metavar="FILE", help="the vendor's declaration (TOML)")
    group.addoption("--out", metavar="DIR", help="folder for the record and the reports")


def pytest_configure(config: pytest.Config) -> None:
    """Declares the markers: one for test cases, one per certification profile."""
    config.addinivalue_line("markers", f"{MARK}(id): a test case of the catalogue")
    for profile in Profile:
        config.addinivalue_line("markers", f"{profile}: certification profile")


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, Any, Any]:
    """Starts the run before the first case, and ends it after the last one whatever happens."""
    if session.config.option.collectonly or not any(case_id(item) for item in session.items):
        return (yield)
    from octt.bench import ConfigError
    from octt.record import RecordLost
    from octt.suite.choosing.collecting import choose
    from octt.suite.run import Run

    try:
        options = session.config.stash.get(OPTIONS, None) or _options(session.config)
        choose(options, session.items)
        run = session.config.hook.pytest_octt_run(options=options) or Run(options)
        session.config.stash[_RUN] = run
        session.config.hook.pytest_octt_started(run=run)
        run.start()
    except ConfigError as error:
        if _RUN in session.config.stash:
            session.config.stash[_RUN].finish("not started")
            session.config.stash[_RUN].laboratory.discard()
        refuse(session.config, error)
    except RecordLost as lost:
        run.finish("record lost")
        pytest.exit(str(lost), pytest.ExitCode.INTERRUPTED)
    except BaseException:
        if _RUN in session.config.stash:
            session.config.stash[_RUN].finish("interrupted")
        raise
    reason = "finished"
    try:
        return (yield)
    except session.Failed:
        reason = "stopped at a failure"
        raise
    except BaseException:
        reason = "interrupted"
        raise
    finally:
        try:
            with contextlib.suppress(RecordLost):
                _end_interrupted(run)
        finally:
            run.finish("aborted" if session.shouldstop else reason)


def _options(config: pytest.Config) -> Options:
    from octt.suite.prepare import prepare

    bench, pics, out = (config.getoption(name) for name in ("--bench", "--pics", "--out"))
    return prepare(bench and Path(bench), pics and Path(pics), out and Path(out))


def _end_interrupted(run: Run) -> None:
    from octt.script.verdicts import AbortRun

    if run.current is not None:
        run.end(run.current, AbortRun())


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Runs a case, again and again while the operator asks for it; every attempt stays on the record."""
    name = case_id(item)
    if not name:
        return None
    if not item.config.stash[_RUN].allowed.time_for(name):
        item.config.stash[_RUN].tell(f"{name} is not run: what is left of --budget is not enough")
        return True
    _run_case(item, nextitem)
    while (again := _case_to_repeat(item, nextitem)) is not None:
        item.session._setupstate.teardown_exact(None)
        _run_case(again, None)
    return True


def _run_case(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    from _pytest.runner import runtestprotocol

    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    run, name = item.config.stash[_RUN], str(case_id(item))
    before = run.options.former.attempts if run.options.former else {}
    attempts = item.config.stash.setdefault(_ATTEMPTS, Counter(before))
    while True:
        if _ATTEMPT in item.stash:
            item._initrequest()  # type: ignore[attr-defined]
        attempts[name] += 1
        item.stash[_ATTEMPT], item.stash[_ERROR], item.stash[_SCENE] = attempts[name], None, None
        reports = runtestprotocol(item, nextitem=nextitem, log=False)
        scene = item.stash[_SCENE]
        if scene is None or not scene.again:
            break
    if lost := run.record.lost:
        item.session.shouldstop = str(lost)
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)


def _case_to_repeat(item: pytest.Item, nextitem: pytest.Item | None) -> pytest.Item | None:
    """What the person at the terminal wants again before the run goes on, or ends."""
    from octt.suite.between import ABORT, case_to_repeat

    if item.session.shouldstop:
        return None
    run: Run = item.config.stash[_RUN]
    wanted = case_to_repeat(run, last=nextitem is None)
    if wanted == ABORT:
        item.session.shouldstop = _ABORTED
    # Where each connector is tested, the one that makes the verdict of the case, the worst.
    breaches, verdict = run.breaches, run.ended.get(wanted)
    of_case = [other for other in item.session.items if case_id(other) == wanted]
    worst = (other for other in of_case if breaches.verdict_at(wanted, connector_of(other)) == verdict)
    return next(worst, None)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skips what does not apply; else begins the attempt and sees to the preconditions, before any fixture."""
    name = case_id(item)
    if not name:
        return
    from octt.script.verdicts import Inconclusive

    run: Run = item.config.stash[_RUN]
    planned = run.plan[name, connector_of(item)]
    if planned.applies is False:
        run.skip(name, planned.reason, planned.connector)
        pytest.skip(planned.reason)
    scene = run.begin(name, item.stash[_ATTEMPT], planned.connector)
    item.stash[_SCENE] = scene
    script = getattr(item, "function", None)
    scene.case.purpose = (getattr(script, "__doc__", None) or "").strip().partition("\n")[0]
    if planned.applies is None:
        raise Inconclusive(f"not decided whether the case applies: {planned.reason}", "configuration")
    run.establish_preconditions(scene)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """The scenario itself."""
    scene = item.stash.get(_SCENE, None)
    if scene is None:
        return (yield)
    scene.case.begin_test()
    return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, Any, Any]:
    """Puts everything back and decides the verdict."""
    scene = item.stash.get(_SCENE, None)
    if scene is None:
        return (yield)
    from octt.script.verdicts import AbortRun
    from octt.suite.run import Stage

    run: Run = item.config.stash[_RUN]
    error = item.stash[_ERROR]
    verdict, reason = run.end(scene, error)
    if isinstance(error, AbortRun) or run.stage is Stage.ABORTED:
        item.session.shouldstop = _ABORTED
    result = yield
    if error is None and verdict != "PASS":
        pytest.fail(f"{verdict}: {reason}", pytrace=False)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A verdict is shown by its reason, not by a traceback through the harness."""
    report = yield
    if call.excinfo is not None and case_id(item) and item.stash[_SCENE] is not None:
        from octt.script.verdicts import Judgement, NotApplicable

        error = call.excinfo.value
        if call.when != "teardown":
            item.stash[_ERROR] = error
        if isinstance(error, Judgement):
            report.longrepr = f"{error.verdict}: {error.reason}"
        if isinstance(error, NotApplicable):
            path, line, _ = item.location
            report.outcome, report.longrepr = "skipped", (path, line or 0, error.reason)
    return report


# -- what the fixtures of octt/suite/fixtures.py rest on ----------------------------------------------------------


@pytest.fixture
def scene(request: pytest.FixtureRequest) -> Scene:
    """The words of the running case."""
    found: Scene = request.node.stash[_SCENE]
    return found


@pytest.fixture
def octt_run(request: pytest.FixtureRequest) -> Run:
    """The run that the case is part of."""
    found: Run = request.config.stash[_RUN]
    return found
