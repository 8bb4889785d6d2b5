"""What stands behind `octt run`, `octt list`, `octt show` and `octt new`."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from octt import paths
from octt.bench import TEMPLATE, ConfigError
from octt.pics.declaration import Declaration
from octt.record import Event
from octt.station.operator import Operator
from octt.suite.catalogue import Case, CatalogueError, Planned, load_catalogue, plan
from octt.suite.options import Options
from octt.suite.plugin import WithOptions
from octt.suite.prepare import prepare, read_declaration
from octt.suite.progress import Progress, summary
from octt.suite.run import Run

PASSED, FAILED, USAGE, UNDECIDED = 0, 1, 2, 3
"""Exit codes of `octt run`."""


def run_cases(
    bench: Path | None,
    pics: Path | None,
    cases: tuple[str, ...],
    profiles: tuple[str, ...],
    out: Path | None,
    verbose: bool = False,
) -> int:
    """Runs the cases with a view of what goes on, writes the reports, and returns the exit code."""
    console = Console(highlight=False)
    try:
        options = prepare(bench, pics, out, cases, profiles)
    except ConfigError as error:
        click_error(str(error))
        return USAGE
    progress, ended = Progress(console, verbose), []

    def listen(event: Event) -> None:
        if event["kind"] == "case.end":
            ended.append(event)
        progress.see(event)

    options.listener = listen
    options.operator = _operator(options, progress)
    front = _Front(progress)
    # Whoever ends us politely gets a complete record too, as with ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        code = pytest.main(
            [str(paths.TESTCASES), "-c", str(paths.TESTCASES / "pytest.ini"), "-p", "no:terminal", "-s"],
            plugins=[WithOptions(options), front],
        )
    finally:
        progress.stop_view()
    if front.error:
        click_error(front.error)
        return USAGE
    if code in (pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.INTERNAL_ERROR) and not ended:
        click_error("no case could be run; see the messages above")
        return USAGE
    _write_reports(options)
    summary(console, ended, str(options.out))
    return exit_code(ended, interrupted=code == pytest.ExitCode.INTERRUPTED)


def announce(run: Run) -> None:
    """Shows on standard error where the station must connect, for a session without a live view."""
    progress = Progress(Console(highlight=False, stderr=True))
    progress.run = run
    run.record.listen(progress.see)


def _operator(options: Options, progress: Progress) -> Operator | None:
    wanted = options.bench.driver.operator
    if wanted is None:
        wanted = options.bench.driver.kind == "manual" or sys.stdin.isatty()
    if not wanted or options.bench.driver.kind == "simulated":
        return None
    operator = Operator(options.bench.times.operator_timeout, progress.say)
    operator.before, operator.after = progress.stop_view, progress.start_view
    return operator


class _Front:
    """Connects pytest's life with the view, and keeps errors from becoming tracebacks."""

    def __init__(self, progress: Progress) -> None:
        self.progress, self.error = progress, ""

    def pytest_octt_started(self, run: Run) -> None:
        """The run exists: the view may look at it."""
        self.progress.run = run
        self.progress.start_view()

    def pytest_octt_refused(self, error: str) -> bool:
        """The run could not start; `run_cases` says why."""
        self.error = error
        return True

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A script that cannot be imported is our fault and is said."""
        if report.failed:
            click_error(f"test case script {report.nodeid}: {report.longreprtext}")

    def pytest_internalerror(self, excrepr: Any) -> bool:
        """An error of the harness, in full: it is ours to mend."""
        click_error(f"internal error of octt (please report it):\n{excrepr}")
        return True


def click_error(text: str) -> None:
    """One clear message on standard error."""
    print(f"octt: {text}", file=sys.stderr)


def exit_code(ended: list[Event], interrupted: bool = False) -> int:
    """The pinned exit code from the last verdict of each case."""
    last = {event["case"]: event["verdict"] for event in ended}
    verdicts = set(last.values()) - {"NOT APPLICABLE"}
    if "FAIL" in verdicts:
        return FAILED
    if interrupted or not verdicts or verdicts != {"PASS"}:
        return UNDECIDED
    return PASSED


def _write_reports(options: Options) -> None:
    """Reports and signature. The record is there whatever happens here, and can be reported again."""
    from octt.report.evidence.keys import SigningError
    from octt.report.evidence.sign import sign
    from octt.report.write import write_all

    key = options.bench.laboratory.signing_key
    try:
        write_all(options.out)
        if key:
            sign(options.out, Path(key))
    except SigningError as error:
        click_error(f"the run was not signed: {error}")
    except Exception as error:
        click_error(f"not all reports could be written: {error}; try again with: octt report {options.out}")


def _planned(pics: Path | None, cases: tuple[str, ...] = ()) -> list[Planned]:
    declaration = read_declaration(pics, prepare().bench) if pics else Declaration()
    return plan(load_catalogue(), declaration, None, cases)


def list_all(as_json: bool, pics: Path | None) -> None:
    """Prints every case; with a declaration, whether it applies and which answers decided."""
    planned = _planned(pics)
    if as_json:
        print(json.dumps([_as_dict(p, pics is not None) for p in planned], indent=2, ensure_ascii=False))
        return
    console = Console(highlight=False)
    profile = ""
    for p in planned:
        if p.case.profile != profile:
            profile = p.case.profile
            console.print(f"\n{profile}", style="bold")
        applies = {True: "yes  ", False: "no   ", None: "?    "}[p.applies] if pics else ""
        reason = f"\n{'':19}{p.reason}" if pics else ""
        console.print(f"  {p.case.id:<12} {applies}{p.case.name}{reason}", markup=False, soft_wrap=True)


def _as_dict(planned: Planned, decided: bool) -> dict[str, Any]:
    case = planned.case
    data: dict[str, Any] = {
        "id": case.id,
        "name": case.name,
        "profile": case.profile,
        "section": case.section,
        "applicable_if": case.applicable_if,
        "checks": list(case.checks),
        "needs": list(case.needs),
    }
    return data | ({"applies": planned.applies, "reason": planned.reason} if decided else {})


def find_case(case_id: str) -> Case:
    """The case; ConfigError with the nearest id when there is none."""
    try:
        plan(load_catalogue(), Declaration(), None, [case_id])
    except CatalogueError as error:
        raise ConfigError(str(error)) from None
    return load_catalogue()[case_id]


def show_case(case_id: str, pics: Path | None) -> None:
    """Prints what a case tests, its checks and needs, its script, and why it applies or not."""
    found = find_case(case_id)
    console = Console(highlight=False)
    console.print(f"[bold]{found.id}[/bold]  {found.name}")
    place = f"test-case document section {found.section}, table {found.document.table}, page {found.document.page}"
    console.print(f"{found.profile}; {place}")
    summary_text, source = _script(case_id)
    for paragraph in filter(None, summary_text.split("\n\n")):
        console.print("\n" + " ".join(paragraph.split()), markup=False)  # as wide as the terminal
    console.print(f"\napplies if   {found.applicable_if}", markup=False)
    if pics:
        planned = _planned(pics, (case_id,))[0]
        console.print(f"here         {planned.reason}", markup=False)
    console.print(f"needs        {', '.join(found.needs) or 'nobody: it runs by itself'}", markup=False)
    console.print("\nchecks", style="bold")
    for check in found.checks:
        console.print(f"  step {check}", markup=False, soft_wrap=True)
    if source:
        console.print("\nscript", style="bold")
        console.print(source, markup=False, soft_wrap=True)


def _script(case_id: str) -> tuple[str, str]:
    import ast

    for file in sorted(paths.TESTCASES.rglob("test_*.py")):
        text = file.read_text(encoding="utf-8")
        if f'"{case_id}"' not in text:
            continue
        for node in ast.parse(text).body:
            if not isinstance(node, ast.FunctionDef):
                continue
            marks = [ast.unparse(mark) for mark in node.decorator_list]
            if f"case('{case_id}')" in marks:
                source = "\n".join(text.splitlines()[node.decorator_list[0].lineno - 1 : node.end_lineno])
                return ast.get_docstring(node) or "", source
    return "", ""


def new_bench(file: Path, force: bool) -> None:
    """Writes a commented bench file. ConfigError when the file is there already."""
    if file.exists() and not force:
        raise ConfigError(f"{file} is there already; --force overwrites it")
    try:
        file.write_text(TEMPLATE.read_text(encoding="utf-8"), encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{file} could not be written: {error.strerror}") from None
    print(f"{file} written. Next: edit it, then")
    print(f"  octt pics new my-pics.toml\n  octt run --bench {file} --pics my-pics.toml")
