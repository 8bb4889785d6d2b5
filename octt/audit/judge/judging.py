"""Judges an old record: every case that it has, by the scripts and the rules of today."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest

from octt import paths
from octt.audit.judge.run import Judged, Replay, options_of
from octt.audit.judge.tape import Attempt, Tape
from octt.bench import ConfigError
from octt.record.clock import told_by
from octt.record.events import StepDecided
from octt.record.words import Outcome, Verdict
from octt.suite.choosing.mark import case_id, connector_of
from octt.suite.options import Options
from octt.suite.plugin import WithOptions


class Fate(StrEnum):
    """What became of a verdict."""

    SAME = "the same"
    CHANGED = "changed"
    UNTOLD = "cannot be judged"


@dataclass(frozen=True)
class Finding:
    """A case: what its verdict was, what it is today, and where that begins to differ.

    `place` is in words; `step` and `line` are of the place, 0 and "" where there is none.
    """

    case: str
    then: str
    today: str
    fate: Fate
    reason: str = ""
    step: str = ""
    line: int = 0

    @property
    def place(self) -> str:
        """Where, for people."""
        parts = [f"step {self.step}" if self.step else "", f"line {self.line}" if self.line else ""]
        return ", ".join(filter(None, parts))

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {**vars(self), "fate": str(self.fate)}


def judge(tape: Tape) -> list[Finding]:
    """What today's scripts and rules make of every case of a tape, in its order. Raises ConfigError.

    KeyboardInterrupt when somebody ended it; RuntimeError for a mistake of ours, which pytest has told.
    """
    with tempfile.TemporaryDirectory(prefix="octt-judge-") as folder:
        session = _Session(tape)
        quiet = [
            "-p",
            "no:terminal",
            "-s",
            "-c",
            str(paths.TESTCASES / "pytest.ini"),
            "-p",
            "no:xdist",
            "-p",
            "no:faulthandler",
        ]
        options = options_of(tape, Path(folder) / "run")
        code = pytest.main([str(paths.TESTCASES), *quiet], plugins=[WithOptions(options), session])
        if session.problem:
            raise ConfigError(session.problem)
        if session.interrupted:
            raise KeyboardInterrupt
        if code in (pytest.ExitCode.INTERRUPTED, pytest.ExitCode.INTERNAL_ERROR) or session.run is None:
            raise RuntimeError("the replay failed")
        run = session.run
    return [_finding(attempt, run) for attempt in tape.attempts.values()]


class _Session:
    """A pytest plugin: the run is a replay, and its cases come in the order of the tape."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.problem = ""
        self.interrupted = False
        self.run: Replay | None = None

    @pytest.hookimpl
    def pytest_octt_run(self, options: Options) -> Replay:
        """Instead of one with a station."""
        self.run = Replay(options, self.tape)
        return self.run

    @pytest.hookimpl
    def pytest_octt_refused(self, error: str) -> bool:
        """The run could not start."""
        self.problem = error
        return True

    @pytest.hookimpl
    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """By somebody; pytest says the same of scripts that cannot be collected."""
        self.interrupted = excinfo.type is KeyboardInterrupt

    @pytest.hookimpl
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """As they were tried then, which need not be the order of the plan; those that were not come first."""
        attempts = self.tape.attempts
        session.items[:] = [item for item in session.items if _key(item) in attempts]
        session.items.sort(key=lambda item: attempts[_key(item)].first)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Any:
        """The time is that of the record."""
        assert self.run is not None
        with told_by(self.run.player.wall):
            return (yield)


def _key(item: pytest.Item) -> tuple[str, int]:
    """The case of a test, and which connector it is for."""
    return case_id(item) or "", connector_of(item)


def _finding(attempt: Attempt, run: Replay) -> Finding:
    at = f" at {attempt.connector}" if attempt.connector else ""
    case, then = attempt.case + at, str(attempt.verdict)
    planned, judged = run.plan.get(attempt.key), run.judged.get(attempt.key)
    if planned is None or (judged is None and planned.applies is not False):
        return Finding(case, then, "", Fate.UNTOLD, "there is no such test case today")
    if judged is None:
        same = attempt.verdict is Verdict.NOT_APPLICABLE
        reason = "" if same else f"it does not apply: {planned.reason}"
        return Finding(case, then, str(Verdict.NOT_APPLICABLE), Fate.SAME if same else Fate.CHANGED, reason)
    if judged.parted:
        step = next((one.step for one in reversed(judged.steps) if one.step), "")
        return Finding(case, then, "", Fate.UNTOLD, judged.parted.why, step, judged.parted.line)
    today = str(judged.verdict)
    if today == then:
        return Finding(case, then, today, Fate.SAME)
    step, line = _where(attempt, judged)
    return Finding(case, then, today, Fate.CHANGED, judged.reason or attempt.reason, step, line)


def _where(attempt: Attempt, judged: Judged) -> tuple[str, int]:
    """The step that failed today, else what a rule found, else the step that failed then."""
    for steps in (judged.steps, attempt.steps):
        failed = next((one for one in steps if one.outcome is Outcome.FAIL), None)
        if failed:
            return failed.step, _line(failed)
        if attempt.lines:
            return "", attempt.lines[0]
    return "", 0


def _line(step: StepDecided) -> int:
    return int(step.closest or step.frame or 0)
