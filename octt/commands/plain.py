"""Cases run by pytest itself (`pytest testcases`): reports and signature at the end, and where they are.

Loaded with every pytest run, so it imports nothing before there is a run with a terminal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from _pytest.terminal import TerminalReporter

    from octt.suite.run import Run


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """`octt run` has a front of its own, and no pytest terminal."""
    if config.pluginmanager.has_plugin("terminalreporter"):
        config.pluginmanager.register(Plain())


class Plain:
    """Listens for a run."""

    def __init__(self) -> None:
        self._run: Run | None = None
        self._key: Path | None = None

    @pytest.hookimpl(optionalhook=True)
    def pytest_octt_started(self, run: Run) -> None:
        """The run exists; who is going to sign it stands on its first line."""
        from octt.commands.ending import signing_key

        self._run, self._key = run, signing_key(run.options)

    def pytest_terminal_summary(self, terminalreporter: TerminalReporter) -> None:
        """The last lines: what the run did not say before, the verdict, and where everything is."""
        run = self._run
        if run is None or not run.record.path.exists():
            return
        from octt.commands.ending import why_broken, write_reports
        from octt.report.summary import last_words

        result, signed = write_reports(run.options, self._key, run)
        terminalreporter.section("octt")
        for line in [*run.options.notices, why_broken(run), *(last_words(result) if result else ())]:
            if line:
                terminalreporter.line(line)
        terminalreporter.line(f"Record and reports: {run.options.out}")
        if signed:
            terminalreporter.line(f"Signed by key {signed}")
