"""A whole audit: the baseline of every case, all its mutants, what became of them; resumable, in many processes."""

from __future__ import annotations

import json
import multiprocessing
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from octt.audit.mutants.frames import Baseline, baseline_of
from octt.audit.mutants.making import mutants_of, values_of
from octt.audit.mutants.mutant import Mutant
from octt.audit.outcome import Result, result_of
from octt.audit.player import Job, play
from octt.bench import ConfigError
from octt.script.limits import REPLY, Limits, declared_times
from octt.suite.catalogue import load_catalogue, plan
from octt.suite.options import Options
from octt.suite.prepare import prepare

AT_ONCE = 25
"""Mutants that one process plays one after the other."""

BASELINES, RESULTS = "baselines.jsonl", "results.jsonl"

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Asked:
    """What an audit is asked for. `match`: only mutants whose name holds this text; `sample`: so many of all."""

    out: Path
    cases: tuple[str, ...] = ()
    bench: Path | None = None
    pics: Path | None = None
    workers: int = 1
    match: str = ""
    sample: int = 0
    seed: int = 0
    resume: bool = False
    keep: bool = False


@dataclass
class Audit:
    """What came of it."""

    baselines: list[Baseline] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)


def audit(asked: Asked, tell: Tell) -> Audit:
    """Plays all mutants and keeps what became of them in the folder. Raises ConfigError."""
    options = prepare(asked.bench, asked.pics, asked.out, asked.cases)
    if options.bench.driver.kind == "manual":
        raise ConfigError("an audit plays every case a hundred times: it needs a driver that is no person")
    asked.out.mkdir(parents=True, exist_ok=True)
    if not asked.resume and (asked.out / RESULTS).exists():
        raise ConfigError(f"{asked.out} holds an audit already; go on with --resume, or choose another --out")
    done = Audit(*_read(asked.out))
    workers = asked.workers if options.bench.driver.kind == "simulated" else 1
    cases = _applicable(options)
    known = {baseline.case for baseline in done.baselines}
    with _Pool(workers) as pool:
        jobs = [Job(case, (), None, asked.bench, asked.pics) for case in cases if case not in known]
        tell(f"{len(cases)} cases as they are")
        for baseline in pool.play(jobs):
            done.baselines.append(baseline)
            _append(asked.out / BASELINES, baseline.as_dict())
            if baseline.verdict != "PASS":
                tell(
                    f"{baseline.case} is {baseline.verdict} as it is, and cannot be audited: {baseline.reason}"
                )
        mutants = chosen(asked, done.baselines, cases, reply_limit(options))
        left = _left(mutants, done.results)
        tell(f"{len(mutants)} mutants, {len(left)} of them still to be played")
        jobs = list(_jobs(asked, left, done.baselines))
        for number, results in enumerate(pool.play(jobs), 1):
            for result in results:
                done.results.append(result)
                _append(asked.out / RESULTS, result.as_dict())
            tell(f"{number} of {len(jobs)} parts done, {len(done.results)} mutants")
    wanted = {mutant.name for mutant in mutants}
    done.results = [result for result in done.results if result.mutant.name in wanted]
    done.baselines.sort(key=lambda baseline: cases.index(baseline.case) if baseline.case in cases else -1)
    return done


def _applicable(options: Options) -> list[str]:
    planned = plan(load_catalogue(), options.declaration, None, options.cases, (), options.bench.connector)
    return [one.case.id for one in planned if one.applies is not False]


def reply_limit(options: Options) -> float:
    """Seconds in which a reply is due."""
    return Limits(options.bench.times, declared_times(options.declaration)).of(REPLY).seconds


def chosen(asked: Asked, baselines: Iterable[Baseline], cases: Sequence[str], limit: float) -> list[Mutant]:
    """The mutants that are to be played, in the order of the cases."""
    sound = {one.case: one for one in baselines if one.verdict == "PASS"}
    values = values_of(sound.values())
    mutants = [mutant for case in cases if case in sound for mutant in mutants_of(sound[case], values, limit)]
    mutants = [mutant for mutant in mutants if asked.match in mutant.name]
    if asked.sample and asked.sample < len(mutants):
        picked = set(random.Random(asked.seed).sample(range(len(mutants)), asked.sample))
        mutants = [mutant for place, mutant in enumerate(mutants) if place in picked]
    return mutants


def _left(mutants: Iterable[Mutant], results: Iterable[Result]) -> list[Mutant]:
    played = {result.mutant.name for result in results}
    return [mutant for mutant in mutants if mutant.name not in played]


def _jobs(asked: Asked, mutants: list[Mutant], baselines: Iterable[Baseline]) -> Iterator[Job]:
    of = {baseline.case: baseline for baseline in baselines}
    keep = asked.out / "records" if asked.keep else None
    for case in dict.fromkeys(mutant.case for mutant in mutants):
        mine = [mutant for mutant in mutants if mutant.case == case]
        for start in range(0, len(mine), AT_ONCE):
            part = tuple(mine[start : start + AT_ONCE])
            yield Job(case, part, of[case], asked.bench, asked.pics, keep)


class _Pool:
    """Worker processes; with one worker this process itself, since a station has one Central System at a time."""

    def __init__(self, workers: int) -> None:
        self._pool: ProcessPoolExecutor | None = None
        if workers > 1:
            context = multiprocessing.get_context("forkserver")
            context.set_forkserver_preload(["pytest", "octt.audit.player", "octt.script.states"])
            self._pool = ProcessPoolExecutor(workers, mp_context=context, max_tasks_per_child=1)

    def __enter__(self) -> _Pool:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool:
            self._pool.shutdown(cancel_futures=True)

    def play(self, jobs: Sequence[Job]) -> Iterator[Any]:
        """What comes of each job, as it comes."""
        if self._pool is None:
            yield from map(play, jobs)
            return
        futures: list[Future[Any]] = [self._pool.submit(play, job) for job in jobs]
        for future in as_completed(futures):
            yield future.result()


def _append(path: Path, data: dict[str, Any]) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(data) + "\n")


def _read(folder: Path) -> tuple[list[Baseline], list[Result]]:
    """What an audit that was interrupted has done; a line that was cut off is not there."""
    return (
        [baseline_of(data) for data in _lines(folder / BASELINES)],
        [result_of(data) for data in _lines(folder / RESULTS)],
    )


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    if not path.exists():
        return
    for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
        if line.endswith("\n"):
            yield json.loads(line)
