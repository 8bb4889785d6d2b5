"""One run as the index keeps it, read from its record."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from octt.report.model.findings.causes import cause, title_of
from octt.report.model.headline import headline
from octt.report.model.parts import Case, Result
from octt.report.model.result import load
from octt.report.model.verdict import part

RECORD = "record.jsonl"


@dataclass(frozen=True)
class CaseResult:
    """What became of a case in a run; `fault` says what is wrong, empty for a pass."""

    id: str
    name: str
    profile: str
    verdict: str
    fault: str


@dataclass(frozen=True)
class Time:
    """A measured time of a run in seconds. `at_least`: the longest is a wait for what never came."""

    key: str
    name: str
    count: int
    median: float | None
    longest: float
    at_least: bool
    declared: float | None


@dataclass(frozen=True)
class RunResult:
    """A run: `folder` is its place below the folder of all, `hash` its fingerprint, `problem` why it cannot be used."""

    folder: str
    size: int
    modified: int  # Unix nanoseconds
    hash: str = ""
    started: int = 0  # Unix nanoseconds
    seconds: float = 0.0
    vendor: str = ""
    model: str = ""
    serial: str = ""
    firmware: str = ""
    tool: str = ""
    verdict: str = ""
    headline: str = ""
    issuable: bool = False
    part: str = ""  # why it is only a part of a test; empty when it is none
    problem: str = ""
    cases: list[CaseResult] = field(default_factory=list)
    times: list[Time] = field(default_factory=list)


def read(root: Path, folder: str) -> RunResult:
    """The run in a folder below `root`. Never raises: what cannot be read is a run with a problem."""
    path = root / folder / RECORD
    try:
        found = path.stat()
        result = load(path)
    except OSError as error:
        return RunResult(folder, 0, 0, problem=f"the record cannot be read: {error.strerror}")
    result.frames.close()
    station, run = result.station, result.run
    problem = f"the record is damaged at line {run.damages[0].line}" if run.damages else ""
    return RunResult(
        folder=folder,
        size=found.st_size,
        modified=found.st_mtime_ns,
        hash=run.last_hash,
        started=run.started,
        seconds=run.seconds,
        vendor=station.vendor,
        model=station.model,
        serial=station.serial,
        firmware=station.firmware,
        tool=str(run.tool.get("version") or ""),
        verdict=result.verdict,
        headline=headline(result),
        issuable=result.issuable,
        part=part(result) if run.complete else f"broken off: {run.why_incomplete}",
        problem=problem or ("" if run.started else "the record has no run.start line"),
        cases=[_case(case) for case in result.cases],
        times=_times(result),
    )


def _case(case: Case) -> CaseResult:
    found = cause(case.last) if case.last is not None else None
    told = title_of(found) if found is not None else case.reason
    return CaseResult(case.id, case.name, case.profile, case.verdict, told if case.verdict != "PASS" else "")


def _times(result: Result) -> list[Time]:
    return [
        Time(one.key, one.name, one.count, one.percentile(50), one.maximum, one.at_least, one.declared)
        for one in result.performance.certified
        if one.maximum is not None
    ]
