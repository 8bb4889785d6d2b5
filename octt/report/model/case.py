"""What a result knows of one test case: its attempts with steps, remarks, actions, prompts and changes.

Times `t`, `started`, `ended` are wall clock in Unix nanoseconds; durations are seconds; `n`, `frame`, `closest` are
lines of the record.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from octt.record.words import ActionPhase, Blame, Outcome, Phase, Severity, Verdict, worst
from octt.report.model.frames import FrameRange, Frames


@dataclass(frozen=True)
class Step:
    """One expectation, decided. `number` counts from 1 within the attempt, `step` is the document's label."""

    n: int
    t: int
    number: int
    step: str
    what: str
    outcome: Outcome
    actual: str = ""
    frame: int | None = None
    closest: int | None = None
    seconds: float | None = None
    limit: float | None = None
    cite: str = ""
    phase: Phase = Phase.TEST
    data: Any = None

    @property
    def margin(self) -> float | None:
        """Seconds left of the limit (negative: over it); None when nothing was measured or limited."""
        return None if self.seconds is None or self.limit is None else self.limit - self.seconds


@dataclass
class Remark:
    """Something noteworthy; `severity` is given by who watches every frame.

    The same remark of one attempt is kept once: `count` times, first at line `n`.
    """

    n: int
    text: str
    frame: int | None = None
    cite: str = ""
    by: str = "script"
    severity: Severity | None = None
    count: int = 1
    fault: str = ""  # of a rule: what is wrong, the same words whenever it is the same fault


@dataclass
class Action:
    """A driver action: asked at `t`, over at `ended` (None: never acknowledged)."""

    n: int
    t: int
    action: str
    params: dict[str, Any]
    driver: str = ""
    who: str = ""
    phase: ActionPhase = ActionPhase.ASKED
    ended: int | None = None
    seconds: float | None = None
    detail: str = ""


@dataclass(frozen=True)
class Prompt:
    """A question to the operator and the answer; `t` is when it was answered."""

    n: int
    t: int
    text: str
    answer: str
    seconds: float | None


@dataclass(frozen=True)
class Note:
    """What a person added to a case: a remark, or a picture by its path in the run's folder."""

    n: int
    t: int
    text: str
    file: str
    bytes: int
    sha256: str


@dataclass
class Change:
    """Something a case changed at the station; `restored` once it was put back (at line `restored_n`)."""

    n: int
    what: str
    name: str
    before: Any
    after: Any
    restored: bool = False
    restored_n: int | None = None


@dataclass
class Attempt:
    """One execution of a case. `ended` is None when the run broke off in the middle."""

    number: int
    started: int
    n: int
    ended: int | None = None
    verdict: Verdict = Verdict.INCONCLUSIVE
    blame: Blame = Blame.TOOL
    reason: str = "the run ended in the middle of this case"
    seconds: float = 0.0
    forced: float = 0.0
    steps: list[Step] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    remarks_left_out: int = 0
    actions: list[Action] = field(default_factory=list)
    prompts: list[Prompt] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    first_frame: int = 0
    last_frame: int = 0
    connector: int = 0  # where each connector is tested: which one


@dataclass(frozen=True)
class Override:
    """The operator overrules a verdict."""

    n: int
    t: int
    case: str
    before: str  # the verdict until then, "" for a case that is not in the plan
    verdict: Verdict
    by: str
    why: str
    attempts: int  # how many attempts there were: a later attempt counts again


@dataclass
class Case:
    """One test case of the plan with all its attempts; the last attempt counts, unless the operator overruled it.

    `connectors` says, where a run tests each connector, to which of them the case applies. Then the last attempt at
    each counts, and the worst of them is the verdict.
    """

    id: str
    name: str
    profile: str
    section: str
    applicable: bool
    pics_reason: str
    attempts: list[Attempt] = field(default_factory=list)
    overrides: list[Override] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    frames_of_run: Frames = field(default_factory=Frames)
    connectors: dict[int, bool] = field(default_factory=dict)

    @property
    def last(self) -> Attempt | None:
        """The attempt that counts."""
        lasts = {attempt.connector: attempt for attempt in self.attempts}
        decides = worst(attempt.verdict for attempt in lasts.values())
        return next((attempt for attempt in lasts.values() if attempt.verdict is decides), None)

    @property
    def measured_verdict(self) -> Verdict:
        """The verdict of the last attempt, of the worst where connectors have one each, before any override."""
        return worst(verdict for _, verdict in self.verdicts)

    @property
    def verdicts(self) -> list[tuple[int, Verdict]]:
        """What became of it at each connector; 0 for the only one under test."""
        lasts = {attempt.connector: attempt.verdict for attempt in self.attempts}
        none = {True: Verdict.NOT_RUN, False: Verdict.NOT_APPLICABLE}
        applies = self.connectors or {0: self.applicable}
        return [(at, lasts.get(at, none[applies.get(at, True)])) for at in sorted({*applies, *lasts})]

    @property
    def parts(self) -> list[Case]:
        """The case at each connector for itself; itself alone where one is under test."""
        if not self.connectors:
            return [self]
        return [self._at(connector) for connector, _ in self.verdicts]

    def _at(self, connector: int) -> Case:
        attempts = [attempt for attempt in self.attempts if attempt.connector == connector]
        overruled = [replace(self.override, attempts=len(attempts))] if self.override else []
        applies = self.connectors.get(connector, True)
        name = f"{self.name} (connector {connector})"
        return replace(
            self, name=name, attempts=attempts, overrides=overruled, applicable=applies, connectors={}
        )

    @property
    def override(self) -> Override | None:
        """The overruling that counts; one that was followed by another attempt does not."""
        last = self.overrides[-1] if self.overrides else None
        return last if last is not None and last.attempts == len(self.attempts) else None

    @property
    def verdict(self) -> Verdict:
        return self.override.verdict if self.override else self.measured_verdict

    @property
    def blame(self) -> Blame:
        return self.last.blame if self.last else Blame.NOBODY

    @property
    def reason(self) -> str:
        """Why the verdict is what it is, a sentence; empty for a plain pass."""
        if self.override is not None:
            by, why = self.override.by or "an unnamed operator", self.override.why or "no reason given"
            return f"overruled by {by}: {why}"
        missing = [str(at) for at, verdict in self.verdicts if at and verdict is Verdict.NOT_RUN]
        if missing and self.measured_verdict is Verdict.NOT_RUN:
            return f"not run at connector {' and '.join(missing)}"
        if self.last is not None:
            where = f"connector {self.last.connector}: " if self.last.connector and self.last.reason else ""
            return where + self.last.reason
        return "not run" if self.applicable else self.pics_reason

    @property
    def seconds(self) -> float:
        return self.last.seconds if self.last else 0.0

    @property
    def forced(self) -> float:
        """Seconds of waiting which the protocol forces."""
        return self.last.forced if self.last else 0.0

    @property
    def steps(self) -> list[Step]:
        return self.last.steps if self.last else []

    @property
    def remarks(self) -> list[Remark]:
        return self.last.remarks if self.last else []

    @property
    def changes(self) -> list[Change]:
        return self.last.changes if self.last else []

    @property
    def frames(self) -> FrameRange:
        """The frames of the last attempt."""
        return self.frames_of(self.last) if self.last else self.frames_of_run.slice(0, 0)

    def frames_of(self, attempt: Attempt) -> FrameRange:
        """The frames of one attempt, read from the record on demand."""
        return self.frames_of_run.slice(attempt.first_frame, attempt.last_frame)
