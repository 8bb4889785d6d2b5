"""A whole audit: the baseline of every case, all its mutants, what became of them; resumable, in many processes."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from octt.audit.mutants.frames import Baseline, baseline_of
from octt.audit.mutants.making import mutants_of, values_of
from octt.audit.mutants.mutant import Mutant
from octt.audit.outcome import UNTOLD, Fate, Result, result_of
from octt.audit.player import Job, play
from octt.bench import ConfigError
from octt.record.words import Verdict
from octt.script.limits import REPLY, Limits, declared_times
from octt.suite.catalogue import load_catalogue, plan
from octt.suite.options import Options
from octt.suite.prepare import prepare
from octt.text import one_line

AT_ONCE = 25
"""Mutants that one process plays one after the other."""

ASKED, BASELINES, RESULTS = "asked.json", "baselines.jsonl", "results.jsonl"
"""Files of an audit: which station it is of, and what is known of it by now, line by line."""

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Asked:
    """What an audit is asked for. `sample`: so many of all mutants, drawn by `seed`; 0 for all of them."""

    out: Path
    cases: tuple[str, ...] = ()
    bench: Path | None = None
    pics: Path | None = None
    workers: int = 1
    sample: int = 0
    seed: str = ""
    keep: bool = False

    @property
    def whole(self) -> bool:
        """Whether it is all there is to be asked of the station that everybody has."""
        return not (self.cases or self.sample or self.bench or self.pics)


@dataclass
class Audit:
    """What came of it, in the order of the cases."""

    baselines: list[Baseline]
    results: list[Result]

    @property
    def survivors(self) -> list[Mutant]:
        """What the cases passed all the same."""
        return [result.mutant for result in self.results if result.fate is Fate.SURVIVED]

    @property
    def sound(self) -> bool:
        """Whether every case could be audited."""
        return all(baseline.verdict == Verdict.PASS for baseline in self.baselines)


def audit(asked: Asked, tell: Tell) -> Audit:
    """Plays all mutants and keeps what became of them in the folder, one line each; what it holds is not played again.

    What could not be told is. Raises ConfigError.
    """
    options = prepare(asked.bench, asked.pics, asked.out, asked.cases)
    if options.bench.driver.kind == "manual":
        raise ConfigError("an audit plays every case a hundred times: it needs a driver that is no person")
    _claim(asked)
    cases = _applicable(options)
    workers = asked.workers if options.bench.driver.kind == "simulated" else 1
    with Pool(workers) as pool:
        baselines = _baselines(asked, cases, pool, tell)
        mutants = chosen(asked, baselines, reply_limit(options))
        results = _results(asked, mutants, baselines, pool, tell)
    return Audit(baselines, [results[mutant.name] for mutant in mutants])


def _baselines(asked: Asked, cases: Sequence[str], pool: Pool, tell: Tell) -> list[Baseline]:
    read = (baseline_of(data) for data in _lines(asked.out / BASELINES))
    found = {baseline.case: baseline for baseline in read if baseline.verdict == Verdict.PASS}
    jobs = [Job(case, (), None, asked.bench, asked.pics) for case in cases if case not in found]
    tell(f"{len(cases)} cases, {len(jobs)} of them still to be played as they are")
    for baseline in pool.play(jobs):
        found[baseline.case] = baseline
        _append(asked.out / BASELINES, baseline.as_dict())
        if baseline.verdict != Verdict.PASS:
            told = f"{baseline.case} is {baseline.verdict} as it is, and cannot be audited: {baseline.reason}"
            tell(one_line(told))
    return [found[case] for case in cases]


def _results(
    asked: Asked, mutants: Sequence[Mutant], baselines: Iterable[Baseline], pool: Pool, tell: Tell
) -> dict[str, Result]:
    """What became of each mutant, by its name."""
    read = (result_of(data) for data in _lines(asked.out / RESULTS))
    found = {result.mutant.name: result for result in read if result.fate not in UNTOLD}
    left = [mutant for mutant in mutants if mutant.name not in found]
    jobs = list(_jobs(asked, left, baselines))
    tell(f"{len(mutants)} mutants, {len(left)} of them still to be played")
    for number, results in enumerate(pool.play(jobs), 1):
        for result in results:
            found[result.mutant.name] = result
            _append(asked.out / RESULTS, result.as_dict())
        tell(f"{number} of {len(jobs)} parts are played")
    return found


def _claim(asked: Asked) -> None:
    """The folder is this station's. Raises ConfigError when it holds the audit of another one."""
    files = {"bench": asked.bench, "pics": asked.pics}
    mine = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items() if path}
    place = asked.out / ASKED
    try:
        asked.out.mkdir(parents=True, exist_ok=True)
        if place.exists() and json.loads(place.read_text(encoding="utf-8")) != mine:
            raise ConfigError(f"{asked.out} holds the audit of another station: choose another --out")
        place.write_text(json.dumps(mine), encoding="utf-8")
        for name in (BASELINES, RESULTS):
            _cut_to_lines(asked.out / name)
    except OSError as error:
        raise ConfigError(f"{asked.out}: {error.strerror}; choose another --out") from None
    except ValueError:
        raise ConfigError(f"{place} cannot be read: choose another --out") from None


def _applicable(options: Options) -> list[str]:
    planned = plan(load_catalogue(), options.declaration, None, options.cases, (), options.bench.connector)
    return [one.case.id for one in planned if one.applies is not False]


def reply_limit(options: Options) -> float:
    """Seconds in which a reply is due."""
    return Limits(options.bench.times, declared_times(options.declaration)).of(REPLY).seconds


def chosen(asked: Asked, baselines: Iterable[Baseline], limit: float) -> list[Mutant]:
    """The mutants that are to be played, in the order of the cases. `limit`: seconds in which a reply is due."""
    sound = [baseline for baseline in baselines if baseline.verdict == Verdict.PASS]
    values = values_of(sound)
    mutants = [mutant for baseline in sound for mutant in mutants_of(baseline, values, limit)]
    if not asked.sample:
        return mutants
    picked = {
        mutant.name for mutant in sorted(mutants, key=lambda one: _lot(asked.seed, one))[: asked.sample]
    }
    return [mutant for mutant in mutants if mutant.name in picked]


def _lot(seed: str, mutant: Mutant) -> bytes:
    """What draws a mutant: by its name, so that one frame more or less leaves the sample as it is."""
    return hashlib.sha256(f"{seed} {mutant.name}".encode("utf-8", "surrogatepass")).digest()


def _jobs(asked: Asked, mutants: list[Mutant], baselines: Iterable[Baseline]) -> Iterator[Job]:
    of = {baseline.case: baseline for baseline in baselines}
    keep = asked.out / "records" if asked.keep else None
    for case in dict.fromkeys(mutant.case for mutant in mutants):
        mine = [mutant for mutant in mutants if mutant.case == case]
        for start in range(0, len(mine), AT_ONCE):
            part = tuple(mine[start : start + AT_ONCE])
            yield Job(case, part, of[case], asked.bench, asked.pics, keep)


class Pool:
    """Worker processes: each plays one job, so that nothing of the one before is left in it."""

    def __init__(self, workers: int) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["pytest", "octt.audit.player", "octt.script.states"])
        self._pool = context.Pool(workers, initializer=_leave_to_us, maxtasksperchild=1)

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        if error:  # a run may take minutes to its end, and nobody waits for it any more
            self._pool.terminate()
        else:
            self._pool.close()
        self._pool.join()

    def play(self, jobs: Sequence[Job]) -> Iterator[Any]:
        """What comes of each job, as it comes."""
        yield from self._pool.imap_unordered(play, jobs)


def _leave_to_us() -> None:
    """In a worker: ctrl-C reaches it as well as us, who end it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _append(path: Path, data: dict[str, Any]) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(data) + "\n")


def _cut_to_lines(path: Path) -> None:
    """Takes away the line that an audit which was interrupted did not write to its end."""
    if path.exists():
        text = path.read_bytes()
        path.write_bytes(text[: text.rfind(b"\n") + 1])


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    if path.exists():
        yield from map(json.loads, path.read_text(encoding="utf-8").splitlines())
