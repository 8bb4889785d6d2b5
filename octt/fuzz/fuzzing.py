"""A whole session of `octt fuzz`: the station is connected, learnt, struck, put back; what came of it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from hypothesis.configuration import set_hypothesis_home_dir

from octt import paths
from octt.bench import ConfigError
from octt.fuzz import script
from octt.fuzz.dangers import DANGERS, may_write
from octt.fuzz.drawing.profiles import ACTIONS
from octt.fuzz.drawing.strategies import Drawing, Known
from octt.fuzz.frames import frames_between
from octt.fuzz.search import Part, Search
from octt.fuzz.story import Finding, Story, Trouble
from octt.fuzz.striking.blows import HOW
from octt.fuzz.striking.engine import Engine
from octt.fuzz.striking.line import Gone
from octt.ocpp import values
from octt.script.undo import Kind, Undo
from octt.suite.options import Options
from octt.suite.prepare import prepare
from octt.suite.run import Run

NOTICE = "octt fuzz: hostile and unusual input; nothing in this record is a verdict of the certification"
EXAMPLES = 10_000
_QUICK = ("--boot-seconds", "0.02", "--backoff-seconds", "0.02", "2")
"""Options of the simulated station, which then loses no time."""

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Asked:
    """What is asked for. `minutes` 0: until all `examples` are done; `seed` None: any."""

    bench: Path | None = None
    out: Path | None = None
    minutes: float = 0.0
    seed: int | None = None
    profiles: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()
    examples: int = EXAMPLES
    database: Path | None = None
    arguments: tuple[str, ...] = ()
    """More options of the simulated station."""

    at_most: int = 0
    """Findings after which there is no looking for more; 0: all are wanted."""


@dataclass
class Fuzzed:
    """What came of it."""

    out: Path
    seed: int
    station: dict[str, str]
    allowed: tuple[str, ...]
    started: str
    findings: list[Finding] = field(default_factory=list)
    advice: list[Finding] = field(default_factory=list)
    examples: int = 0
    by_part: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    gone: str = ""
    left: list[str] = field(default_factory=list)
    """What could not be put back."""

    @property
    def rate(self) -> float:
        """Examples a second, without the time in which findings were made smaller."""
        return self.examples / self.seconds if self.seconds else 0.0


def fuzz(asked: Asked, tell: Tell) -> Fuzzed:
    """Looks for findings. Raises ConfigError, of which Unreachable is one; everything is closed then."""
    options = _options(asked)
    number = random.SystemRandom().randrange(2**31) if asked.seed is None else asked.seed
    database = asked.database or _database(asked, options)
    set_hypothesis_home_dir(database)
    with _laboratory(options, tell) as (run, engine):
        known = _known(run, engine, asked)
        _owe_everything(run, known)
        drawing = Drawing(known)
        charges = options.bench.driver.kind != "manual" and "Core" in (asked.profiles or ("Core",))
        search = Search(
            engine,
            database / "examples",
            number,
            tell,
            actions=frozenset(drawing.actions),
            hostile=drawing.blows(False),
            charges=charges,
            at_most=asked.at_most,
            deadline=time.monotonic() + asked.minutes * 60 if asked.minutes else 0.0,
        )
        tell(f"seed {number}; {asked.minutes:g} minutes" if asked.minutes else f"seed {number}")
        result = _result(options, run, number, asked)
        try:
            search.look(_parts(drawing, charges), asked.examples)
        finally:
            result.findings, result.advice = search.findings, list(search.advice.values())
            result.examples, result.by_part = search.examples, search.by_part
            result.seconds, result.gone = search.seconds, search.gone
            _settle(run, engine, result)
    result.left = [str(undo) for undo in run.journal.open]
    _write_down(result)
    return result


def replay(asked: Asked, file: Path, tell: Tell) -> tuple[Fuzzed, list[Trouble]]:
    """Carries a script out. Raises ConfigError."""
    story = script.load(file)
    options = _options(asked)
    with _laboratory(options, tell) as (run, engine):
        _owe_everything(run, _known(run, engine, asked))
        result = _result(options, run, 0, asked)
        first, troubles = engine.watch.line, list[Trouble]()
        try:
            troubles = engine.strike(story)
        except Gone as error:
            result.gone = str(error)
        last = engine.watch.line
        for trouble in troubles:
            one = Finding(trouble, story, first=first + 1, last=last, examples=1)
            (result.findings if trouble.severity.decides else result.advice).append(one)
        result.examples = 1
        _settle(run, engine, result)
    _write_down(result)
    return result, troubles


# -- before -----------------------------------------------------------------------------------------------------


def _options(asked: Asked) -> Options:
    for name in asked.allowed:
        if name not in DANGERS:
            raise ConfigError(f"--allow {name}: there is no such danger; it can be {', '.join(DANGERS)}")
    for name in asked.profiles:
        if name not in ACTIONS:
            raise ConfigError(f"there is no profile {name!r}; it can be {', '.join(ACTIONS)}")
    folder = asked.out or Path("octt-runs") / datetime.now().strftime("fuzz-%Y-%m-%d_%H%M%S")
    options = prepare(asked.bench, None, folder)
    if asked.bench is None:
        central = options.bench.central_system.model_copy(update={"security_profile": 0})
        options.bench = options.bench.model_copy(update={"central_system": central})
        options.simulator_arguments += [*_QUICK, *asked.arguments]
    options.notices = [NOTICE]
    options.purpose = "fuzz"
    return options


def _database(asked: Asked, options: Options) -> Path:
    """Where failing examples are kept for the next time: beside the bench file, or in the user's cache."""
    if asked.bench:
        return asked.bench.with_name(f"{asked.bench.stem}-fuzz")
    return paths.cache("fuzz") / options.bench.station.identity


@contextmanager
def _laboratory(options: Options, tell: Tell) -> Iterator[tuple[Run, Engine]]:
    """The station, connected and learnt; everything is closed whatever happens. Raises ConfigError."""
    run = Run(options)
    run.tell = tell
    run.plan = {}
    try:
        run.connect()
        if run.problem:
            raise Unreachable(run.problem)
        run.testing = True  # at its end it is put back as after a case
        engine = Engine(run, HOW)
        try:
            engine.learn()
        except Gone as error:
            raise Unreachable(str(error)) from None
        yield run, engine
    finally:
        run.finish("fuzzed")


class Unreachable(ConfigError):
    """The station does not connect, or does not say how it is configured."""


def _known(run: Run, engine: Engine, asked: Asked) -> Known:
    writable = {str(key.get("key")) for key in run.keys or [] if key.get("readonly") is False}
    keys = {
        key: value
        for key, value in engine.settings.items()
        if key in writable and may_write(key, asked.allowed)
    }
    chosen = frozenset[str]().union(*(ACTIONS[name] for name in asked.profiles or ACTIONS))
    tls = run.bench.central_system.security_profile >= 2
    return Known(keys, tuple(engine.settings), asked.allowed, chosen, tls)


def _parts(drawing: Drawing, charges: bool) -> list[Part]:
    rest = [
        Part("while charging", drawing.stories(charging=True), 0.08),
        Part("in any order", None, 0.002),
    ]
    return [
        Part("messages", drawing.stories(), 0.91 if charges else 0.99),
        Part("below the messages", drawing.connections(), 0.008),
        *(rest if charges else ()),
    ]


# -- what is owed to the station --------------------------------------------------------------------------------


def _owe_everything(run: Run, known: Known) -> None:
    """Whatever may be changed is on the record as to be put back, before anything is done."""
    owe = run.between.case.owe
    for key, value in known.keys.items():
        owe(Kind.CONFIGURATION, key, value=value)
    profiles = known_profiles(run)
    owe(Kind.AVAILABILITY, "connector 0", connector=0)
    for number in (1, 2, 3):
        if "reservation" in profiles:
            owe(Kind.RESERVATION, f"reservation {number}", id=number, connector=run.bench.connector)
        if "smartcharging" in profiles:
            owe(Kind.PROFILE, f"charging profile {number}", id=number)


def known_profiles(run: Run) -> set[str]:
    """The feature profiles that the station names, in lower case."""
    keys = {str(key.get("key")).casefold(): str(key.get("value")) for key in run.keys or []}
    listed = keys.get("supportedfeatureprofiles", "")
    return {part.strip().casefold() for part in listed.split(",") if part.strip()}


def _settle(run: Run, engine: Engine, result: Fuzzed) -> None:
    """Settings that are as they were need not be put back; the others are when the run ends."""
    if result.gone:
        return
    try:
        engine.settle()
    except Gone as error:
        result.gone = str(error)
        return
    for undo in [one for one in run.journal.open if one.kind is Kind.CONFIGURATION]:
        if _as_it_was(undo, engine.now):
            run.journal.restored(undo)


def _as_it_was(undo: Undo, now: dict[str, str]) -> bool:
    return any(values.same(key, undo.name) and value == undo.given["value"] for key, value in now.items())


# -- after ------------------------------------------------------------------------------------------------------


def _result(options: Options, run: Run, number: int, asked: Asked) -> Fuzzed:
    boot = run.csms.timeline.latest.boot
    named = {
        "vendor": str(boot.get("chargePointVendor", ""))[:50],
        "model": str(boot.get("chargePointModel", ""))[:50],
        "firmware": str(boot.get("firmwareVersion", ""))[:50],
        "identity": options.bench.station.identity,
    }
    started = datetime.now().astimezone().isoformat(timespec="seconds")
    return Fuzzed(options.out, number, named, asked.allowed, started)


def _write_down(result: Fuzzed) -> None:
    """The frames of each finding, and its script."""
    record = result.out / "record.jsonl"
    every = [*result.findings, *result.advice]
    spans = [(one.first, one.last) for one in every]
    for finding, frames in zip(every, frames_between(record, spans), strict=True):
        finding.frames = frames
    names: set[str] = set()
    for finding in result.findings:
        name = finding.name
        while name in names:
            name += "-again"
        names.add(name)
        finding.script = f"findings/{name}.py"
        place = result.out / finding.script
        place.parent.mkdir(exist_ok=True)
        place.write_text(script.written(finding), encoding="utf-8", errors="replace")


def found_by(story: Story) -> list[str]:
    """A story, a line for each blow."""
    return [blow.told for blow in story.blows]
