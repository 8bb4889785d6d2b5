"""What a result is made of: plain data, built by `octt.report.model` from the record and read by every output.

Times `t`, `started`, `ended` are wall clock in Unix nanoseconds; durations are seconds; `n`, `frame`, `closest`,
`line` are lines of the record.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from octt.measure import Performance
from octt.record import Damage
from octt.report.frames import FrameRange, Frames

PASS, FAIL, INCONCLUSIVE = "PASS", "FAIL", "INCONCLUSIVE"
NOT_APPLICABLE, ERROR, NOT_RUN = "NOT APPLICABLE", "ERROR", "NOT RUN"


@dataclass(frozen=True)
class Step:
    """One expectation, decided. `number` counts from 1 within the attempt, `step` is the document's label."""

    n: int
    t: int
    number: int
    step: str
    what: str
    outcome: str
    actual: str = ""
    frame: int | None = None
    closest: int | None = None
    seconds: float | None = None
    limit: float | None = None
    cite: str = ""
    phase: str = "test"
    data: Any = None

    @property
    def margin(self) -> float | None:
        """Seconds left of the limit (negative: over it); None when nothing was measured or limited."""
        return None if self.seconds is None or self.limit is None else self.limit - self.seconds


@dataclass
class Remark:
    """Something legal but noteworthy. The same remark of one attempt is kept once: `count` times, first at line `n`."""

    n: int
    text: str
    frame: int | None = None
    cite: str = ""
    by: str = "script"
    count: int = 1


@dataclass
class Action:
    """A driver action: asked at `t`, over at `ended` (None: never acknowledged)."""

    n: int
    t: int
    action: str
    params: dict[str, Any]
    driver: str = ""
    who: str = ""
    phase: str = "asked"
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
    verdict: str = INCONCLUSIVE
    blame: str = "tool"
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


@dataclass(frozen=True)
class Override:
    """The operator overrules a verdict."""

    n: int
    t: int
    case: str
    before: str
    verdict: str
    by: str
    why: str
    attempts: int  # how many attempts there were: a later attempt counts again


@dataclass
class Case:
    """One test case of the plan with all its attempts; the last attempt counts, unless the operator overruled it."""

    id: str
    name: str
    profile: str
    section: str
    applicable: bool
    pics_reason: str
    attempts: list[Attempt] = field(default_factory=list)
    overrides: list[Override] = field(default_factory=list)
    frames_of_run: Frames = field(default_factory=Frames)

    @property
    def last(self) -> Attempt | None:
        return self.attempts[-1] if self.attempts else None

    @property
    def measured_verdict(self) -> str:
        """The verdict of the last attempt, before any override."""
        if self.last is not None:
            return self.last.verdict
        return NOT_RUN if self.applicable else NOT_APPLICABLE

    @property
    def override(self) -> Override | None:
        """The overruling that counts; one that was followed by another attempt does not."""
        last = self.overrides[-1] if self.overrides else None
        return last if last is not None and last.attempts == len(self.attempts) else None

    @property
    def verdict(self) -> str:
        return self.override.verdict if self.override else self.measured_verdict

    @property
    def blame(self) -> str:
        return self.last.blame if self.last else ""

    @property
    def reason(self) -> str:
        """Why the verdict is what it is, a sentence; empty for a plain pass."""
        if self.override is not None:
            by, why = self.override.by or "an unnamed operator", self.override.why or "no reason given"
            return f"overruled by {by}: {why}"
        if self.last is not None:
            return self.last.reason
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


@dataclass(frozen=True)
class Profile:
    """A certification profile: `counts` is how many of its cases have each verdict."""

    name: str
    verdict: str
    counts: dict[str, int]
    reason: str


@dataclass(frozen=True)
class Finding:
    """Something to look at or to fix. `rank` sorts: 0 first. `cases` are those it was seen in."""

    rank: int
    kind: str  # "fail", "pics", "time", "evidence", "error", "inconclusive", "not run", "station", "override", "remark"
    title: str
    detail: str = ""
    cases: tuple[str, ...] = ()
    step: str = ""
    cite: str = ""
    frame: int | None = None
    blame: str = ""
    count: int = 1


@dataclass(frozen=True)
class PicsResult:
    """One answer of the declaration, cross-examined."""

    item: str
    answer: Any
    result: str  # "confirmed", "contradicted", "not observed"
    why: str
    line: int | None


@dataclass(frozen=True)
class ConfigKey:
    """A configuration key before and after the run; None where it was not reported."""

    key: str
    before: str | None
    after: str | None
    readonly: bool | None
    seen_before: bool = True
    seen_after: bool = True

    @property
    def different(self) -> bool:
        return self.seen_before and self.seen_after and self.before != self.after


@dataclass
class Configuration:
    """The snapshots of the station's configuration. `has_before`, `has_after`: whether each was taken."""

    keys: list[ConfigKey] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    has_before: bool = False
    has_after: bool = False

    @property
    def differences(self) -> list[ConfigKey]:
        if not (self.has_before and self.has_after):
            return []
        return [key for key in self.keys if key.different or key.seen_before != key.seen_after]


@dataclass
class Connection:
    """A WebSocket connection of the station. `tls` as in the record, None on an unencrypted one."""

    n: int
    t: int
    number: int
    identity: str
    remote: str
    path: str
    subprotocol: str
    security_profile: int | None
    user: str
    auth: str
    tls: dict[str, Any] | None
    replaces: int | None
    ended: int | None = None
    code: int | None = None
    reason: str = ""
    by: str = ""


@dataclass(frozen=True)
class Refusal:
    """A handshake that was refused or failed."""

    n: int
    t: int
    remote: str
    path: str
    status: int | None
    reason: str
    user: str
    tls: dict[str, Any] | None


@dataclass(frozen=True)
class Transfer:
    """A file the station sent or fetched."""

    n: int
    t: int
    protocol: str
    direction: str
    path: str
    bytes: int | None
    sha256: str
    seconds: float | None
    remote: str
    user: str
    tls: dict[str, Any] | None
    complete: bool
    error: str
    file: str


@dataclass(frozen=True)
class NetworkEvent:
    """The Central System cut the network ("cut") or let the station in again ("restored")."""

    n: int
    t: int
    event: str


@dataclass(frozen=True)
class Laboratory:
    """The bench file's `laboratory` table; every text may be empty."""

    name: str = ""
    address: str = ""
    location: str = ""
    test_location: str = ""
    report_number: str = ""
    operator: str = ""
    signatory: str = ""
    department: str = ""
    position: str = ""
    logo: str = ""


@dataclass
class Station:
    """Who was tested: what the station says of itself in its first BootNotification, beside what the PICS declares."""

    identity: str = ""
    boot: dict[str, str] = field(default_factory=dict)  # the payload of BootNotification
    boot_line: int | None = None
    declared: dict[str, Any] = field(default_factory=dict)  # the product table of the declaration

    @property
    def vendor(self) -> str:
        return self._first("chargePointVendor", "vendor")

    @property
    def model(self) -> str:
        return self._first("chargePointModel", "designation")

    @property
    def firmware(self) -> str:
        return self._first("firmwareVersion", "software_version")

    @property
    def serial(self) -> str:
        return self._first("chargePointSerialNumber") or self.boot.get("chargeBoxSerialNumber", "")

    def _first(self, field_of_boot: str, *declared: str) -> str:
        values = [self.boot.get(field_of_boot), *(self.declared.get(name) for name in declared)]
        return next((str(value) for value in values if value), "")


@dataclass
class Run:
    """The run as a whole. `complete` is False after a crash or an interruption; `why_incomplete` says which."""

    tool: dict[str, Any] = field(default_factory=dict)
    bench: dict[str, Any] = field(default_factory=dict)
    started: int = 0
    ended: int = 0
    started_text: str = ""  # ISO 8601, as the record has it
    reason: str = ""
    complete: bool = False
    why_incomplete: str = "the record has no run.start line"
    resumed: list[int] = field(default_factory=list)  # t of each run.resume
    listening: list[tuple[str, Any]] = field(default_factory=list)  # (url, security profile)
    lines: int = 0
    last_hash: str = ""
    damages: list[Damage] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        return max(0, self.ended - self.started) / 1e9


@dataclass
class Result:
    """Everything the outputs show. Built by `octt.report.model.load` or `build`."""

    run: Run
    laboratory: Laboratory
    station: Station
    declaration: dict[str, Any]
    cases: list[Case]
    profiles: list[Profile]
    findings: list[Finding]
    performance: Performance
    pics: list[PicsResult]
    configuration: Configuration
    transfers: list[Transfer]
    connections: list[Connection]
    refusals: list[Refusal]
    network: list[NetworkEvent]
    overrides: list[Override]
    actions: list[Action]  # those outside any case
    prompts: list[Prompt]  # those outside any case
    remarks: list[Remark]  # those outside any case
    frames: Frames
    problem_frames: list[int]  # lines of frames from the station with problems, the first 1000
    problem_count: int
    verdict: str = NOT_RUN
    not_issuable: list[str] = field(default_factory=list)  # the reasons; empty: the report may be issued

    @property
    def issuable(self) -> bool:
        return not self.not_issuable

    def case(self, case_id: str) -> Case | None:
        """The case with that id, None when the plan has none."""
        return next((case for case in self.cases if case.id == case_id), None)

    def counts(self) -> dict[str, int]:
        """How many cases have each verdict, in the usual order, zeros included."""
        counts = dict.fromkeys((PASS, FAIL, INCONCLUSIVE, ERROR, NOT_RUN, NOT_APPLICABLE), 0)
        for case in self.cases:
            counts[case.verdict] = counts.get(case.verdict, 0) + 1
        return counts
