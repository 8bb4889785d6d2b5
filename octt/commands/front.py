"""What a person sees and gets of a run: the live view, the operator's prompts, reports, the exit code."""

from __future__ import annotations

import contextlib
import os
import resource
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, cast

import click
import pytest
from rich.console import Console

from octt import paths
from octt.bench import ConfigError
from octt.commands.console import connect, opened, told
from octt.commands.ending import Signals, code_of, signing_key, write_reports
from octt.commands.refusing import NOT_CARRIED_OUT, complain, refuse, refusing, unread
from octt.commands.sittings import Seal, ended_before
from octt.record import Event
from octt.record.events import CaseEnded, CaseRevised
from octt.record.secrets import SECRETS
from octt.record.words import Verdict
from octt.report.summary import last_words
from octt.station.operator import Operator
from octt.suite.choosing.choice import check_words
from octt.suite.machine import collect_seldom
from octt.suite.options import Options
from octt.suite.plugin import WithOptions
from octt.suite.prepare import prepare
from octt.suite.progress import Progress, summary
from octt.suite.rig import attended
from octt.suite.run import Run

if TYPE_CHECKING:
    from octt.console.server import Server
    from octt.report.model.parts import Result

_NOT_FINISHED = (
    pytest.ExitCode.USAGE_ERROR,
    pytest.ExitCode.INTERNAL_ERROR,
    pytest.ExitCode.NO_TESTS_COLLECTED,
)

DESCRIPTORS = 1 << 16
"""Sockets and files a run may have open, where this computer allows as many."""


class _Printed:
    """Standard output, without secrets: what a rig or a person says is shown too.

    When nobody can read it any more the run goes on without; the thread that wrote would end.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, text: str) -> int:
        """As a file has it."""
        try:
            return self._file.write(SECRETS.masked(text))
        except OSError:
            unread(self._file)
            return len(text)

    def flush(self) -> None:
        """As a file has it."""
        try:
            self._file.flush()
        except OSError:
            unread(self._file)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


@dataclass(frozen=True)
class Few:
    """Which of the cases, besides those that are named: words as pytest's -k has them, and the options of that name."""

    words: str = ""
    last_failed: bool = False
    quick: bool = False
    minutes: float | None = None
    stop_at_first: bool = False
    retries: int = 0


def run_cases(
    bench: Path | None,
    pics: Path | None,
    cases: tuple[str, ...],
    profiles: tuple[str, ...],
    out: Path | None,
    verbose: bool = False,
    resume: Path | None = None,
    few: Few = Few(),
    console_at: str | None = None,
) -> int:
    """Runs the cases with a view of what goes on, writes the reports, and returns the exit code. Raises Refusal."""
    console = Console(file=cast(TextIO, _Printed(sys.stdout)), highlight=False)
    with refusing(ConfigError):
        check_words(few.words)
        how = {"quick": few.quick, "last_failed": few.last_failed, "console": console_at is not None}
        options = prepare(bench, pics, out, cases, profiles, resume, **how)
    options.minutes, options.retries = few.minutes, few.retries
    if few.retries:
        options.notices.append(
            f"--retry {few.retries}: a case that ends INCONCLUSIVE or ERROR is tried up to {few.retries} times more; "
            "every attempt stays on the record and in the reports"
        )
    progress, ended, seal = Progress(console, verbose), ended_before(options), Seal(options)
    key = signing_key(options)

    def listen(event: Event) -> None:
        if isinstance(event, CaseEnded | CaseRevised):
            ended.append(event)
        seal.see(event)
        progress.see(event)

    options.listener = listen
    options.operator = operator_of(options, progress, console=console_at is not None)
    server = opened(console_at, options) if console_at is not None else None
    for line in told(server, console_at) if server and console_at else ():
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    front, signals = _Front(progress, server), Signals()
    _allow_descriptors()
    collect_seldom()
    signals.listen()
    try:
        chosen = [*(["-k", few.words] if few.words else []), *(["-x"] if few.stop_at_first else [])]
        quiet = ["-c", str(paths.TESTCASES / "pytest.ini"), "-p", "no:terminal", "-s"]
        code = pytest.main([str(paths.TESTCASES), *quiet, *chosen], plugins=[WithOptions(options), front])
    finally:
        progress.stop_view()
        if server:
            server.stop()
    if front.error:
        seal.put_back()
        if progress.run and (progress.run.laboratory.driver.gone or progress.run.problem):
            complain(front.error)
            return NOT_CARRIED_OUT
        refuse(front.error)
    if code == pytest.ExitCode.NO_TESTS_COLLECTED and few.words:
        refuse(
            f"-k {few.words!r}: no case is left; `octt list` shows the ids, names and profiles it looks at"
        )
    result, signed = write_reports(options, key, progress.run) if progress.run else (None, "")
    summary(console, ended, str(options.out), last_words(result) if result is not None else ())
    if result is not None:
        _tell_github(result, options.out)
    if signed:
        progress.say(f"Signed by key {signed}")
    if result is not None and result.counts()[Verdict.NOT_RUN]:
        progress.say(f"Go on at any time with: octt run --resume {options.out}")
    return code_of(
        progress.run,
        ended,
        signals,
        internal=front.internal or code in _NOT_FINISHED,
        interrupted=code == pytest.ExitCode.INTERRUPTED,
        reported=result is not None,
    )


def _allow_descriptors() -> None:
    """Raises the limit that a shell starts with, often 1024, so that a flood of connections is no shortage at once."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))


def operator_of(options: Options, progress: Progress, console: bool = False) -> Operator | None:
    """The person at the terminal or the console, where the bench, the terminal or a console has one."""
    acts = attended(options.bench, console=console)
    if not acts and not console:
        return None
    operator = Operator(options.bench.times.operator_timeout, progress.console)
    operator.acts = acts
    operator.before, operator.after = progress.stop_view, progress.start_view
    return operator


class _Front:
    """Connects pytest's life with the view, and keeps errors from becoming tracebacks."""

    def __init__(self, progress: Progress, server: Server | None = None) -> None:
        self.progress, self.server, self.error = progress, server, ""
        self.internal = False
        """Whether something of ours failed, and was told."""

    def pytest_octt_started(self, run: Run) -> None:
        """The run exists: the view may look at it."""
        self.progress.run, run.tell = run, self.progress.say
        self.progress.start_view()
        if self.server:
            connect(self.server, run)
        if run.options.operator:
            run.options.operator.listen()

    def pytest_octt_refused(self, error: str) -> bool:
        """The run could not start; `run_cases` says why."""
        self.error = error
        return True

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A script that cannot be imported is our fault and is said."""
        if report.failed:
            self.internal = True
            complain(f"test case script {report.nodeid}: {report.longreprtext}")

    def pytest_internalerror(self, excrepr: Any) -> bool:
        """An error of the harness, in full: it is ours to mend."""
        self.internal = True
        complain(f"internal error of octt (please report it):\n{excrepr}")
        return True


def _tell_github(result: Result, out: Path) -> None:
    """In a job of GitHub Actions: the summary on its page, and what did not pass as annotations."""
    if os.environ.get("GITHUB_ACTIONS") != "true":
        return
    from octt.report.github import commands

    click.echo("\n".join(commands(result)))
    page = os.environ.get("GITHUB_STEP_SUMMARY")
    if page:
        with contextlib.suppress(OSError), Path(page).open("ab") as file:
            file.write((out / "summary.md").read_bytes())
