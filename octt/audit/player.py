"""Runs a case with one mutant after the other, on one station for as long as that is left clean."""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest

from octt import paths
from octt.audit.mutants.frames import Baseline, Target, targets_of
from octt.audit.mutants.mutant import Kind, Mutant
from octt.audit.outcome import Attempt, Fate, Result, fate_of
from octt.audit.proxy.extra import Known
from octt.audit.proxy.proxy import Proxy
from octt.audit.proxy.wire import Wire
from octt.bench import ConfigError
from octt.monitors import Monitors
from octt.ocpp import Frame
from octt.record import Event
from octt.record.events import CaseEnded, CaseStarted, Connected, Disconnected, FrameSeen, Remarked
from octt.record.words import Phase
from octt.suite.options import Options
from octt.suite.plugin import WithOptions
from octt.suite.prepare import prepare
from octt.suite.run import Run, Stage

NOTICE = "octt audit: frames of the station were altered on purpose; this record says nothing about a station"


@dataclass(frozen=True)
class Job:
    """Mutants of one case; with none of them, the case as it is."""

    case: str
    mutants: tuple[Mutant, ...] = ()
    baseline: Baseline | None = None
    bench: Path | None = None
    pics: Path | None = None
    keep: Path | None = None
    """Where the records are kept."""


def play(job: Job) -> Baseline | list[Result]:
    """The baseline of a case, or what became of its mutants. Raises ConfigError."""
    if job.baseline is None:
        return _session(job, ()).baseline
    results: list[Result] = []
    while left := job.mutants[len(results) :]:
        first, *others = _session(job, left).results  # ValueError: an error of ours, which pytest has told
        results.append(first)
        for result in others:
            # What went astray on a station that had others before, or came too late, is tried again on one of its own.
            told = result.fate is Fate.KILLED or (result.fate is Fate.SURVIVED and not result.late)
            results.append(result if told else _session(job, (result.mutant,), alone=True).results[0])
    return results


def _session(job: Job, mutants: Sequence[Mutant], alone: bool = False) -> Session:
    """One run: as many of the mutants, in their order, as the station was left clean by."""
    with tempfile.TemporaryDirectory(prefix="octt-audit-") as folder:
        options = prepare(job.bench, job.pics, Path(folder) / "run", (job.case,))
        options.notices.insert(0, NOTICE)
        session = Session(job, mutants, options, alone)
        quiet = ["-p", "no:terminal", "-s", "-c", str(paths.TESTCASES / "pytest.ini"), "-p", "no:xdist"]
        pytest.main([str(script_of(job.case)), *quiet], plugins=[WithOptions(options), session])
        if session.problem:
            raise ConfigError(session.problem)
        if job.keep:
            job.keep.mkdir(parents=True, exist_ok=True)
            number = sum(1 for _ in job.keep.glob(f"{job.case}-*.jsonl"))
            (options.out / "record.jsonl").rename(
                job.keep / f"{job.case}-{number + 1}-{time.time_ns()}.jsonl"
            )
    return session


def script_of(case: str) -> Path:
    """The file with the script of a case."""
    wanted = re.compile(rf'@case\("{re.escape(case)}"\)')
    files = sorted(paths.TESTCASES.rglob("test_*.py"))
    return next(file for file in files if wanted.search(file.read_text(encoding="utf-8")))


class Session:
    """A pytest plugin: one run of one case, again and again."""

    def __init__(self, job: Job, mutants: Sequence[Mutant], options: Options, alone: bool) -> None:
        self.job, self.mutants, self.alone = job, mutants, alone
        self.results: list[Result] = []
        self.baseline = Baseline(job.case, "ERROR", "the case was not run", ())
        self.problem = ""
        """Why the run could not begin."""

        self._mutant: Mutant | None = None
        self._events: list[Event] = []
        self._opening: list[Event] = []
        self._links: list[Event] = []
        tags = options.bench.id_tags
        self.proxy = Proxy(self._in_test, Known(options.bench.connector, tags.valid))

    def _in_test(self) -> bool:
        return self.run.record.case == self.job.case and self.run.record.phase == Phase.TEST

    def _is_over(self) -> bool:
        return self.proxy.mutant is not None and self.run.record.phase == Phase.RESTORE

    # -- hooks ----------------------------------------------------------------------------------------------------

    @pytest.hookimpl
    def pytest_octt_started(self, run: Run) -> None:
        """The run exists: the proxy takes its place."""
        self.run = run
        run.csms.between = lambda connection: Wire(connection, self.proxy, self._is_over)
        run.record.listen(self._see)
        watch = run.csms.watch

        def watched(event: Event, frame: Frame | None) -> None:
            # What comes after the test sets right what was altered; that is no doing of the station.
            if not (self.proxy.mutant and isinstance(event, FrameSeen) and event.phase == Phase.RESTORE):
                watch(event, frame)

        run.csms.watch = watched

    @pytest.hookimpl
    def pytest_octt_refused(self, error: str) -> bool:
        """The run could not start."""
        self.problem = error
        return True

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Plays the case with each mutant."""
        item = session.items[0]
        if not self.mutants:
            self._attempt(item, None)
            attempt = Attempt().take(self._events)
            targets = targets_of(self.job.case, self._events)
            self.baseline = Baseline(self.job.case, attempt.verdict, attempt.reason, targets)
        for mutant in self.mutants:
            self._attempt(item, mutant)
            self.results.append(self._result(mutant))
            if not self._clean():
                break
        return True

    # -- attempts -------------------------------------------------------------------------------------------------

    def _see(self, event: Event) -> None:
        if isinstance(event, CaseStarted):  # once more as well, after something of ours disturbed it
            self._opening = self._opening or self._events.copy()
            self._events.clear()
            self.proxy.begin(self._mutant, self._target(self._mutant))
        elif isinstance(event, Connected | Disconnected) and self._opening:
            self._links.append(event)
        self._events.append(event)

    def _target(self, mutant: Mutant | None) -> Target | None:
        return self.job.baseline.target(mutant.frame) if self.job.baseline and mutant else None

    def _attempt(self, item: pytest.Item, mutant: Mutant | None) -> None:
        if self._opening:
            self._forget()
        self._mutant = mutant
        item.ihook.pytest_runtest_protocol(item=item, nextitem=None)
        self.run.csms.timeline.settle()

    def _forget(self) -> None:
        """The monitors know what they knew before the first attempt: an altered frame must not judge the next one."""
        monitors = Monitors()
        for event in [*self._opening, *self._links]:
            monitors.see(event)
        self.run.breaches.monitors = monitors

    def _result(self, mutant: Mutant) -> Result:
        baseline = cast(Baseline, self.job.baseline)
        attempt = Attempt().take(self._events)
        titles = [target.title for target in baseline.targets]
        place = titles.index(mutant.frame)
        following = baseline.targets[place + 1] if place + 1 < len(titles) else None
        fate = fate_of(mutant, attempt, baseline.targets[place], following, self.proxy.ids)
        late = mutant.kind is Kind.EXTRA and bool(self.proxy.ids) and not self.proxy.made
        if not self.proxy.made and not late and fate is not Fate.ERROR:
            fate = Fate.NOT_MADE
        if attempt.disturbed:
            fate = Fate.DISTURBED
        step = attempt.failed[0].step if attempt.failed else ""
        told = (str(attempt.verdict), str(attempt.blame), attempt.reason, step, attempt.seconds)
        return Result(mutant, fate, *told, anew=self.alone, late=late)

    def _clean(self) -> bool:
        """Whether the next attempt may begin on the same station."""
        run, state = self.run, self.run.csms.timeline.latest
        left = any(
            isinstance(event, Remarked) and event.text.startswith("not restored") for event in self._events
        )
        ended = any(isinstance(event, CaseEnded) for event in self._events)
        return (
            ended
            and not left
            and run.stage is Stage.READY
            and all(undo.lasts for undo in run.journal.open)
            and state.connected
            and state.registration in ("", "Accepted")
            and not state.open_transactions
            and set(state.statuses.values()) <= {"Available"}
            and run.csms.security_profile == run.bench.central_system.security_profile
        )
