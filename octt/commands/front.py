"""What a person sees and gets of a run: the live view, the operator's prompts, reports, the exit code."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pytest
from rich.console import Console

from octt import paths
from octt.bench import ConfigError
from octt.commands.refusing import complain, refuse, refusing
from octt.record import Event
from octt.record.events import CaseEnded, CaseRevised
from octt.report.summary import last_words
from octt.station.operator import Operator
from octt.suite.options import Options
from octt.suite.plugin import WithOptions
from octt.suite.prepare import prepare
from octt.suite.progress import Progress, summary
from octt.suite.run import Run

if TYPE_CHECKING:
    from octt.report.model.parts import Result

PASSED, FAILED, UNDECIDED = 0, 1, 3
"""Exit codes of a run that was carried out."""

DESCRIPTORS = 1 << 16
"""Sockets and files a run may have open, where this computer allows as many."""


def run_cases(
    bench: Path | None,
    pics: Path | None,
    cases: tuple[str, ...],
    profiles: tuple[str, ...],
    out: Path | None,
    verbose: bool = False,
) -> int:
    """Runs the cases with a view of what goes on, writes the reports, and returns the exit code. Raises Refusal."""
    console = Console(highlight=False)
    with refusing(ConfigError):
        options = prepare(bench, pics, out, cases, profiles)
    progress, ended = Progress(console, verbose), list[Event]()
    for notice in options.notices:
        progress.say(notice)

    def listen(event: Event) -> None:
        if isinstance(event, CaseEnded | CaseRevised):
            ended.append(event)
        progress.see(event)

    options.listener = listen
    options.operator = operator_of(options, progress)
    key = _signing_key(options, progress)
    front = _Front(progress)
    _allow_descriptors()
    # SIGTERM ends a run as ctrl-C does: the record is completed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        code = pytest.main(
            [str(paths.TESTCASES), "-c", str(paths.TESTCASES / "pytest.ini"), "-p", "no:terminal", "-s"],
            plugins=[WithOptions(options), front],
        )
    finally:
        progress.stop_view()
    if front.error:
        refuse(front.error)
    if code in (pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.INTERNAL_ERROR) and not ended:
        refuse("no case could be run; see the messages above")
    result, signed = _write_reports(options, key)
    summary(console, ended, str(options.out), last_words(result) if result is not None else ())
    if result is not None:
        _tell_github(result, options.out)
    if signed:
        progress.say(f"Signed by key {signed}")
    return exit_code(ended, interrupted=code == pytest.ExitCode.INTERRUPTED)


def _allow_descriptors() -> None:
    """Raises the limit that a shell starts with, often 1024, so that a flood of connections is no shortage at once."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))


def operator_of(options: Options, progress: Progress) -> Operator | None:
    """The person at the terminal, where the bench or the terminal has one."""
    wanted = options.bench.driver.operator
    if wanted is None:
        wanted = options.bench.driver.kind == "manual" or sys.stdin.isatty()
    if not wanted or options.bench.driver.kind == "simulated":
        return None
    operator = Operator(options.bench.times.operator_timeout, progress.console)
    operator.before, operator.after = progress.stop_view, progress.start_view
    return operator


class _Front:
    """Connects pytest's life with the view, and keeps errors from becoming tracebacks."""

    def __init__(self, progress: Progress) -> None:
        self.progress, self.error = progress, ""

    def pytest_octt_started(self, run: Run) -> None:
        """The run exists: the view may look at it."""
        self.progress.run, run.tell = run, self.progress.say
        self.progress.start_view()
        if run.options.operator:
            run.options.operator.listen()

    def pytest_octt_refused(self, error: str) -> bool:
        """The run could not start; `run_cases` says why."""
        self.error = error
        return True

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A script that cannot be imported is our fault and is said."""
        if report.failed:
            complain(f"test case script {report.nodeid}: {report.longreprtext}")

    def pytest_internalerror(self, excrepr: Any) -> bool:
        """An error of the harness, in full: it is ours to mend."""
        complain(f"internal error of octt (please report it):\n{excrepr}")
        return True


def exit_code(ended: list[Event], interrupted: bool = False) -> int:
    """The pinned exit code from the last verdict of each case."""
    last = {event["case"]: event["verdict"] for event in ended}
    verdicts = set(last.values()) - {"NOT APPLICABLE"}
    if "FAIL" in verdicts:
        return FAILED
    if interrupted or not verdicts or verdicts != {"PASS"}:
        return UNDECIDED
    return PASSED


def _signing_key(options: Options, progress: Progress) -> Path | None:
    """The key to sign the run with, made on first use; None, and why, when there can be none."""
    from octt.report.evidence.again import announce
    from octt.report.evidence.keys import SigningError
    from octt.report.evidence.signers import own_key

    try:
        named = options.bench.laboratory.signing_key
        key = Path(named) if named else own_key()
        if not key.exists():
            progress.say(f"A signing key is made for this and later runs: {key}")
        options.signer = announce(key)
    except SigningError as error:
        complain(f"the run is not going to be signed: {error}")
        return None
    return key


def _write_reports(options: Options, key: Path | None) -> tuple[Result | None, str]:
    """Reports and signature: the result, and the signer's fingerprint. The record is there whatever happens here."""
    from octt.report.evidence.again import sign_own
    from octt.report.evidence.keys import SigningError
    from octt.report.write import write_all

    result = None
    try:
        result = write_all(options.out)
        return result, sign_own(options.out, key) if key else ""
    except SigningError as error:
        complain(f"the run was not signed: {error}")
    except Exception as error:
        complain(f"not all reports could be written: {error}; try again with: octt report {options.out}")
    return result, ""


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
