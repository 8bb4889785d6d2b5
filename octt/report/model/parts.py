"""What a result is made of: plain data, built by `octt.report.model.result` from the record and read by every output.

Times `t`, `started`, `ended` are wall clock in Unix nanoseconds; durations are seconds; `n`, `frame`, `closest`,
`line` are lines of the record.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from octt.measure import Performance
from octt.record.words import Agreement, Blame, Verdict
from octt.report.model.case import Action, Attempt, Case, Change, Note, Override, Prompt, Remark, Step
from octt.report.model.frames import Frames
from octt.report.model.health import Health
from octt.report.model.run import Run

__all__ = [
    "Action",
    "Attempt",
    "Case",
    "Change",
    "ConfigKey",
    "Configuration",
    "Connection",
    "Finding",
    "Laboratory",
    "NetworkEvent",
    "Override",
    "PicsResult",
    "Place",
    "ProfileResult",
    "Prompt",
    "Refusal",
    "Remark",
    "Result",
    "Run",
    "Station",
    "Step",
    "Transfer",
]


@dataclass(frozen=True)
class ProfileResult:
    """What became of a certification profile: `counts` is how many of its cases in this run have each verdict.

    `tested` of the `applicable` cases have passed or failed; those that were not chosen for this run are applicable
    too. `words` say what to print, so that a part is never taken for the whole.
    """

    name: str
    verdict: Verdict
    counts: dict[Verdict, int]
    reason: str
    tested: int = 0
    applicable: int = 0
    words: str = ""


@dataclass(frozen=True)
class Place:
    """Where a finding was seen: a case (none between cases), its step, a line of the record, and what was there."""

    case: str = ""
    step: str = ""
    frame: int | None = None
    expected: str = ""
    actual: str = ""


@dataclass(frozen=True)
class Finding:
    """Something to look at or to fix: one cause, however often it was seen. `rank` sorts: 0 first.

    `name` is the same for the same fault in every run. `group` says whose it is: the station's, not the station's
    (ours, the operator's, the bench's), or a remark.
    """

    rank: int
    kind: str  # "fail", "pics", "time", "evidence", "error", "inconclusive", "not run", "tool", "station" and so on
    title: str
    detail: str = ""
    cite: str = ""
    blame: Blame = Blame.NOBODY
    count: int = 1
    places: tuple[Place, ...] = ()
    name: str = ""
    group: Literal["station", "ours", "remark"] = "station"

    @property
    def cases(self) -> tuple[str, ...]:
        """The cases it was seen in, in the order of the record."""
        return tuple(dict.fromkeys(place.case for place in self.places if place.case))

    @property
    def step(self) -> str:
        """The label of the step, if it is the same everywhere."""
        steps = {place.step for place in self.places}
        return steps.pop() if len(steps) == 1 else ""

    @property
    def frame(self) -> int | None:
        """The line of the record where it was seen first."""
        return next((place.frame for place in self.places if place.frame is not None), None)


@dataclass(frozen=True)
class PicsResult:
    """One answer of the declaration, cross-examined."""

    item: str
    answer: Any
    result: Agreement
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
class Result:
    """Everything the outputs show. Built by `octt.report.model.result.load` or `build`."""

    run: Run
    laboratory: Laboratory
    station: Station
    declaration: dict[str, Any]
    cases: list[Case]
    profiles: list[ProfileResult]
    findings: list[Finding]
    performance: Performance
    pics: list[PicsResult]
    configuration: Configuration
    transfers: list[Transfer]
    connections: list[Connection]
    health: Health
    refusals: list[Refusal]
    network: list[NetworkEvent]
    overrides: list[Override]
    actions: list[Action]  # those outside any case
    prompts: list[Prompt]  # those outside any case
    remarks: list[Remark]  # those outside any case
    frames: Frames
    problem_frames: list[int]  # lines of frames from the station with problems, the first 1000
    problem_count: int
    not_chosen: list[Case] = field(default_factory=list)  # cases of the catalogue that this run leaves out
    notes: list[Note] = field(default_factory=list)  # those of a person that belong to no case
    unsent: frozenset[int] = frozenset()  # lines of our frames that did not leave: the connection was gone
    verdict: Verdict = Verdict.NOT_RUN
    not_issuable: list[str] = field(default_factory=list)  # the reasons; empty: the report may be issued

    @property
    def issuable(self) -> bool:
        return not self.not_issuable

    @property
    def left_out(self) -> list[Case]:
        """The cases that were not chosen though they apply, or may apply."""
        return [case for case in self.not_chosen if case.applicable]

    @property
    def examined(self) -> bool:
        """Whether there is a declaration, and it was held against what was observed."""
        return bool(self.declaration and self.pics)

    def case(self, case_id: str) -> Case | None:
        """The case with that id, None when the plan has none."""
        return next((case for case in self.cases if case.id == case_id), None)

    def counts(self) -> dict[Verdict, int]:
        """How many cases have each verdict, in the usual order, zeros included."""
        counts = dict.fromkeys(Verdict, 0)
        for case in self.cases:
            counts[case.verdict] += 1
        return counts
