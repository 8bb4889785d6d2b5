"""What a record says of the run so far: what another sitting of it rests on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from octt.bench import ConfigError
from octt.ocpp.values import payload, text
from octt.record import Chain, Event
from octt.record.events import (
    CaseEnded,
    CaseRevised,
    CaseStarted,
    Connected,
    FrameSeen,
    Remarked,
    RunEnded,
    RunResumed,
    RunStarted,
    StationChanged,
    VerdictOverruled,
)
from octt.record.words import Severity, Verdict

Key = tuple[str, int]
"""A case at a connector; 0: the one of the bench (octt/suite/catalogue.py)."""

BROKEN_OFF = "broken off"
"""How a sitting ended that did not come to its end: a crash, `kill -9`, a power cut."""

SETTLED = (Verdict.PASS, Verdict.FAIL, Verdict.NOT_APPLICABLE)
"""Verdicts with which a case is done; the others leave something to find out."""

STATION = ("chargePointVendor", "chargePointModel", "chargePointSerialNumber", "chargeBoxSerialNumber")
"""What says in BootNotification.req which station it is (OCPP 1.6 6.9)."""

FIRMWARE = "firmwareVersion"


@dataclass
class Former:
    """The sittings before. `planned` is what was in their plans, in order; `last` is when the record ends (Unix ns)."""

    folder: Path
    bench: Mapping[str, Any] = field(default_factory=dict)
    bench_file: str = ""
    pics: Mapping[str, Any] = field(default_factory=dict)
    version: str = ""
    planned: tuple[Key, ...] = ()
    every: tuple[str, ...] = ()
    """All that were planned, and those that were not chosen."""

    results: dict[Key, CaseEnded | CaseRevised] = field(default_factory=dict)
    """The last verdict of each case that has one, as the tool gave it."""

    verdicts: dict[Key, Verdict] = field(default_factory=dict)
    """The same, with what the operator overruled; a case whose last attempt was broken off has none."""

    attempts: dict[str, int] = field(default_factory=dict)
    """How many each case had, at all connectors together."""

    purpose: str = ""
    """As in run.start."""

    changes: dict[tuple[str, str], StationChanged] = field(default_factory=dict)
    """What was changed at the station and not put back, by its kind and name."""

    ended: str = BROKEN_OFF
    last: int = 0
    connections: int = 0
    station: dict[str, str] = field(default_factory=dict)
    """The last BootNotification.req: the fields of STATION and FIRMWARE that it had."""

    raised: int | None = None
    """The security profile of the last connection."""

    outside: bool = False
    """Whether the station broke the protocol outside any case."""

    @property
    def cases(self) -> tuple[str, ...]:
        """The planned cases, in their order."""
        return tuple(dict.fromkeys(case for case, _ in self.planned))

    @property
    def open(self) -> list[str]:
        """The planned cases that have no verdict to go by, at one connector at least, in their order."""
        return list(dict.fromkeys(key[0] for key in self.planned if self.verdicts.get(key) not in SETTLED))


def read_former(folder: Path) -> Former:
    """Reads the record of a run. Raises ConfigError when there is none, or it is damaged."""
    former, chain = Former(folder), Chain(folder / "record.jsonl")
    try:
        for event, _ in chain.events():
            _take(former, event)
    except OSError as error:
        raise ConfigError(
            f"{folder} holds no record of a run: {error.strerror}; --resume wants the folder of one"
        ) from None
    if chain.damages:
        damage = chain.damages[0]
        raise ConfigError(
            f"{chain.path}: damaged at line {damage.line}: {damage.what}; a run cannot go on from it"
        )
    if former.purpose:
        raise ConfigError(f"{chain.path} is of octt {former.purpose}, which is begun anew, not gone on with")
    if not former.every:
        raise ConfigError(f"{chain.path} tells of no run that began; begin a new one without --resume")
    return former


def _take(former: Former, event: Event) -> None:
    match event:
        case RunStarted() | RunResumed():
            _sitting(former, event)
        case RunEnded():
            former.ended = event.reason
        case CaseStarted(case=str(case)):
            former.attempts[case] = max(event.attempt, former.attempts.get(case, 0) + 1)
            former.results.pop((case, event.connector), None)
            former.verdicts.pop((case, event.connector), None)
        case CaseEnded(case=str(case)) | CaseRevised(case=str(case)):
            key = case, event.connector
            former.results[key], former.verdicts[key] = event, event.verdict
        case VerdictOverruled(case=str(case)):  # the case as a whole
            former.verdicts |= {key: event.verdict for key in former.planned if key[0] == case}
        case StationChanged():
            place = event.what, event.name
            former.changes[place] = event
            if event.restored:
                del former.changes[place]
        case Connected():
            former.connections = max(former.connections, event.connection)
            former.raised = event.security_profile
        case FrameSeen(dir="in", type="CALL", action="BootNotification"):
            former.station = identity(payload(event.raw) or {}) or former.station
        case Remarked(case=None, severity=Severity.VIOLATION):
            former.outside = True
    former.last = max(former.last, event.t)


def _sitting(former: Former, event: RunStarted | RunResumed) -> None:
    former.bench, former.pics = event.bench, event.pics
    former.version = text(event.tool.get("version"))
    former.ended = BROKEN_OFF
    former.bench_file = event.bench_file or former.bench_file
    if isinstance(event, RunStarted):
        former.purpose = event.purpose
    former.planned = tuple(
        dict.fromkeys([*former.planned, *((line.case, line.connector) for line in event.plan)])
    )
    former.every = tuple(dict.fromkeys([*former.cases, *(line.case for line in event.not_chosen)]))


def identity(boot: Mapping[str, Any]) -> dict[str, str]:
    """What a BootNotification.req says of the station, as far as it does."""
    return {name: boot[name] for name in (*STATION, FIRMWARE) if isinstance(boot.get(name), str)}
