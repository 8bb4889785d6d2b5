"""What schemas and rules find in a log: one finding for the same fault, however often it was seen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from octt.audit.inspect.frames import Reading, read
from octt.audit.inspect.talk import Said, Talk, events_of, talks
from octt.monitors import Monitors
from octt.monitors.monitors import RULES
from octt.monitors.rules import calls, clock, heartbeat, refused, reservations, transactions
from octt.ocpp import schemas
from octt.record.reader import open_regular
from octt.record.words import Severity

LARGEST = 1 << 30
"""Bytes of a log."""
_BY_TIME = (
    *(calls.OneOutstandingCall, calls.Unanswered, heartbeat.HeartbeatInterval, refused.RefusedYetDone),
    *(reservations.Reservations, transactions.Retries, clock.Chronology),
)
"""Rules that say nothing where it is not known how much time passed."""
_BY_DATE = (clock.Timestamps, clock.FalseTimes, clock.ClockBehind)
"""Rules that say nothing where it is not known which moment it was."""

_CAPTURES = (
    b"\xd4\xc3\xb2\xa1",
    b"\xa1\xb2\xc3\xd4",
    b"\x4d\x3c\xb2\xa1",
    b"\xa1\xb2\x3c\x4d",
    b"\x0a\x0d\x0d\x0a",
)
_PACKED = (b"\x1f\x8b", b"PK\x03\x04", b"\xfd7zXZ", b"BZh")


class LogError(Exception):
    """A log that nothing can be read from; the message is a sentence with the remedy."""


@dataclass
class Finding:
    """A fault and how often it was seen. `line` is the first line of the log that shows it; `who` did it."""

    station: str
    who: str
    severity: Severity
    rule: str
    fault: str
    detail: str
    cite: str
    line: int
    count: int = 1

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {**vars(self), "severity": str(self.severity)}


@dataclass
class Inspection:
    """All that was found in a log."""

    path: Path
    reading: Reading
    talks: list[Talk]
    findings: list[Finding] = field(default_factory=list)

    @property
    def violations(self) -> list[Finding]:
        """What the specification forbids, done by a station."""
        return [one for one in self.findings if one.severity == Severity.VIOLATION]


def inspect(path: Path) -> Inspection:
    """Reads and judges a log. Raises LogError."""
    reading = _read(path)
    found = talks(reading.frames)
    if not any(talk.said for talk in found):
        first = (
            f"; line {reading.unreadable[0][0]} begins one that does not end" if reading.unreadable else ""
        )
        raise LogError(
            f"{path}: no frame of OCPP-J was found in its {reading.lines} lines{first}. A frame is a JSON array like "
            '[2,"19223201","Heartbeat",{}]: write the frames as they went over the wire, one a line'
        )
    inspection = Inspection(path, reading, found)
    for talk in found:
        inspection.findings += _judged(talk)
    return inspection


def _read(path: Path) -> Reading:
    try:
        with open_regular(path) as file:
            head = file.read(8)
    except OSError as error:
        raise LogError(f"{path}: {error.strerror or error}") from None
    if head.startswith(_CAPTURES):
        raise LogError(
            f"{path} is a capture of packets, which is not read: most are encrypted. Have the frames written as text, "
            f"for example with: tshark -r {path} -Y websocket.payload.text -T fields -e frame.time_epoch "
            "-e ip.src -e websocket.payload.text"
        )
    if head.startswith(_PACKED):
        raise LogError(f"{path} is packed: unpack it first")
    if path.stat().st_size > LARGEST:
        raise LogError(f"{path} has more than {LARGEST >> 30} GiB: give a part of it")
    coding = "utf-16" if head.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8"
    with path.open(encoding=coding, errors="replace") as lines:
        return read(lines)


def monitors_of(talk: Talk) -> Monitors:
    """The rules that can say something about it."""
    left_out = () if talk.dated else _BY_DATE if talk.timed else (*_BY_DATE, *_BY_TIME)
    return Monitors(rules=tuple(rule for rule in RULES if rule not in left_out))


def _judged(talk: Talk) -> list[Finding]:
    monitors = monitors_of(talk)
    found: dict[tuple[str, str, str], Finding] = {}
    for event in events_of(talk):
        for breach in monitors.see(event):
            one = Finding(
                talk.peer,
                "station",
                breach.severity,
                breach.rule,
                breach.fault,
                breach.detail,
                breach.cite,
                breach.frame,
            )
            _add(found, one)
    for said in talk.said:
        for text in _of_central_system(said):
            remark = Severity.REMARK
            cite = f"OCPP 1.6 schema of {said.action}"
            _add(
                found, Finding(talk.peer, "Central System", remark, "schema", text, "", cite, said.found.line)
            )
    worst = (Severity.VIOLATION, Severity.REMARK)
    return sorted(found.values(), key=lambda one: (worst.index(one.severity), one.who != "station", one.line))


def _add(found: dict[tuple[str, str, str], Finding], one: Finding) -> None:
    known = found.setdefault((one.who, one.rule, one.fault), one)
    if known is not one:
        known.count += 1


def _of_central_system(said: Said) -> Iterator[str]:
    """What is wrong with a frame of the Central System: a station may rightly refuse it."""
    if said.side != "out" or said.frame.type not in ("CALL", "CALLRESULT"):
        return
    kind: schemas.Direction = "request" if said.frame.type == "CALL" else "response"
    name = f"{said.action}.{'req' if kind == 'request' else 'conf'}"
    if said.action not in schemas.ACTIONS:
        yield f"{name} of the Central System: no action of OCPP 1.6"
        return
    for problem in [*said.frame.problems, *schemas.problems(said.action, kind, said.frame.payload)]:
        yield f"{name} of the Central System: {problem}"
