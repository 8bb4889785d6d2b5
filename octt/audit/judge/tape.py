"""An old record, as what is played again: its events in their order, and the last attempt at each case."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from octt.audit.reading import read_today
from octt.monitors import Monitors
from octt.ocpp import frames
from octt.record import Event
from octt.record.chain import Chain
from octt.record.events import (
    Acted,
    AnswerArmed,
    CaseEnded,
    CaseRevised,
    CaseStarted,
    FrameSeen,
    Listening,
    NetworkChanged,
    RunResumed,
    RunStarted,
    StepDecided,
)
from octt.record.words import ActionPhase, Blame, Severity, Verdict

_DONE_BY_A_SCRIPT = (AnswerArmed, Listening, NetworkChanged)


class TapeError(Exception):
    """A record that nothing can be judged from; the message is a sentence with the place."""


@dataclass
class Attempt:
    """The attempt at a case that counted: `first` and `last` are places in the tape, of its start and of its end."""

    case: str
    connector: int = 0
    """Which one it is for, where the run tests each."""

    number: int = 0
    first: int = -1
    last: int = -1
    verdict: Verdict = Verdict.ERROR
    blame: Blame = Blame.NOBODY
    reason: str = ""
    steps: list[StepDecided] = field(default_factory=list)
    breaches: list[str] = field(default_factory=list)
    """What the rules of today find in it, a sentence each."""

    lines: list[int] = field(default_factory=list)
    """Lines of the frames that these are about."""

    @property
    def key(self) -> tuple[str, int]:
        """As a plan has it."""
        return self.case, self.connector

    @property
    def made(self) -> bool:
        """Whether the case was tried at all."""
        return self.first >= 0


@dataclass
class Tape:
    """The events of a record, and what is known of its cases."""

    folder: Path
    events: list[Event]
    start: RunStarted
    attempts: dict[tuple[str, int], Attempt]

    @property
    def began(self) -> RunStarted | RunResumed:
        """How the run was set up, as it was last gone on with."""
        resumed = [event for event in self.events if isinstance(event, RunResumed) and event.bench]
        return resumed[-1] if resumed else self.start


def load(folder: Path) -> Tape:
    """Reads the record of a run. Raises TapeError: there is none, or it is not as it was written."""
    path = folder / "record.jsonl"
    chain = Chain(path)
    try:
        events = [event for event, _ in chain.events()]
    except OSError as error:
        raise TapeError(f"{path}: {error.strerror or error}; give the folder of a run") from None
    if chain.damages:
        damage, more = chain.damages[0], len(chain.damages) - 1
        others = f", and {more} more" if more else ""
        raise TapeError(
            f"{path}: line {damage.line}: {damage.what}{others}; what was changed is no evidence, "
            f"and is not judged (see: octt verify {folder})"
        )
    if not events or not isinstance(events[0], RunStarted):
        raise TapeError(f"{path} is no record of a run: it does not begin with one")
    return tape_of(folder, events)


def tape_of(folder: Path, events: list[Event]) -> Tape:
    """A tape of events, whose chain is not looked at. Raises TapeError when no case has ended."""
    events = list(read_today(events))
    start = events[0]
    assert isinstance(start, RunStarted)
    attempts = _attempts(events)
    if not attempts:
        raise TapeError(
            f"{folder / 'record.jsonl'}: no test case was ended in this run, so there is nothing to judge"
        )
    return Tape(folder, events, start, attempts)


def _attempts(events: list[Event]) -> dict[tuple[str, int], Attempt]:
    """The last attempt at every case that ended, with what the rules of today find in it."""
    found: dict[tuple[str, int], Attempt] = {}
    running: dict[str, Attempt] = {}
    monitors = Monitors()
    for place, event in enumerate(events):
        broken = monitors.see(event)
        if not event.case:
            continue
        if isinstance(event, CaseStarted):
            running[event.case] = Attempt(event.case, event.connector, event.attempt, place)
        attempt = running.setdefault(event.case, Attempt(event.case))
        for breach in broken:
            if breach.severity == Severity.VIOLATION:
                attempt.breaches.append(f"{breach.text} [{breach.cite}]")
                attempt.lines.append(breach.frame)
        if isinstance(event, StepDecided):
            attempt.steps.append(event)
        elif isinstance(event, CaseEnded | CaseRevised):
            if isinstance(event, CaseEnded):
                attempt = _at(event, attempt, running)
                attempt.last, found[attempt.key] = place, attempt
            attempt.verdict, attempt.blame, attempt.reason = event.verdict, event.blame, event.reason
    return found


def _at(ended: CaseEnded, attempt: Attempt, running: dict[str, Attempt]) -> Attempt:
    """The attempt that ended; a case that was not tried at a connector has one of its own."""
    if attempt.connector == ended.connector:
        return attempt
    running[attempt.case] = Attempt(attempt.case, ended.connector)
    return running[attempt.case]


def by_a_script(event: Event) -> bool:
    """Whether it is something that a script does, and a station may react to."""
    if isinstance(event, FrameSeen):
        return event.dir == "out" and event.type == "CALL"
    if isinstance(event, Acted):
        return event.phase == ActionPhase.ASKED
    return isinstance(event, _DONE_BY_A_SCRIPT)


def told(event: Event) -> str:
    """What a script did then, for a sentence."""
    if isinstance(event, FrameSeen):
        frame = frames.parse(event.raw)
        fields = ", ".join(f"{key}={value}" for key, value in frame.payload.items())
        return f"{event.action}.req({fields:.120})"
    if isinstance(event, Acted):
        return f"the action {event.action}"
    if isinstance(event, AnswerArmed):
        return f"another answer to {event.action}"
    if isinstance(event, NetworkChanged):
        return f"the network was {event.event}"
    if isinstance(event, Listening):
        return f"an endpoint of security profile {event.security_profile} was opened"
    return "the end of the case"
