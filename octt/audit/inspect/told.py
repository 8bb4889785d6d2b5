"""What an inspection found, as text, as data, and as a record that the reports can be made of."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from octt import __version__
from octt.audit.inspect.judging import Inspection, monitors_of
from octt.audit.inspect.talk import Talk, events_of
from octt.record import Record
from octt.record.events import Remarked, RunEnded, RunStarted

_HEADS = {
    ("violation", "station"): "what the station must not do",
    ("remark", "station"): "remarks: legal, or in doubt",
    ("remark", "Central System"): "the Central System: a station may refuse it",
}


def lines(inspection: Inspection) -> Iterator[str]:
    """For people."""
    yield from _head(inspection)
    for station, of_station in groupby(inspection.findings, lambda one: one.station):
        yield ""
        yield f"station {station}" if station else "the station"
        for kind, findings in groupby(of_station, lambda one: (str(one.severity), one.who)):
            yield f"  {_HEADS[kind]}"
            for one in findings:
                often = f", {one.count} times" if one.count > 1 else ""
                detail = f": {one.detail}" if one.detail else ""
                yield f"    line {one.line}{often}: {one.fault}{detail} [{one.cite}]"
    yield ""
    count, others = len(inspection.violations), len(inspection.findings) - len(inspection.violations)
    yield f"{count} violation{'' if count == 1 else 's'}, {others} remark{'' if others == 1 else 's'}"


def _head(inspection: Inspection) -> Iterator[str]:
    reading, talks = inspection.reading, inspection.talks
    frames = sum(len(talk.said) for talk in talks)
    stations = f" of {len(talks)} stations" if len(talks) > 1 else ""
    yield f"{inspection.path}: {frames} frames{stations} in {reading.lines} lines"
    if reading.unreadable:
        number, text = reading.unreadable[0]
        yield f"{len(reading.unreadable)} could not be read; the first, line {number}: {text:.100}"
    for talk in talks:
        for sentence in _of_talk(talk):
            yield f"{talk.peer}: {sentence}" if talk.peer and len(talks) > 1 else sentence


def _of_talk(talk: Talk) -> Iterator[str]:
    """What was taken for granted, a sentence each."""
    guessed = sum(one.guessed for one in talk.said)
    if guessed:
        yield f"which way {guessed} frames went follows from their actions and message ids"
    if talk.reversed:
        yield "this is the station's own log: what it says was received came from the Central System"
    if talk.orphans:
        yield f"{talk.orphans} replies are left out: their requests are not in the log"
    if not talk.timed:
        yield "the log tells no times, so that no rule was held against it that needs them"
    elif not talk.dated:
        yield "the log tells no dates, or no time zone, so that timestamps were not compared with them"
    elif talk.offset:
        yield f"its times are taken as UTC{talk.offset / 3600:+g} h, as the answers with currentTime tell"


def data(inspection: Inspection) -> dict[str, Any]:
    """For machines."""
    reading = inspection.reading
    return {
        "log": str(inspection.path),
        "lines": reading.lines,
        "frames": sum(len(talk.said) for talk in inspection.talks),
        "unreadable": {
            "count": len(reading.unreadable),
            "first": dict(zip(("line", "text"), reading.unreadable[0], strict=True))
            if reading.unreadable
            else None,
        },
        "stations": [
            {"name": talk.peer, "frames": len(talk.said), "notes": list(_of_talk(talk))}
            for talk in inspection.talks
        ],
        "violations": len(inspection.violations),
        "findings": [one.as_dict() for one in inspection.findings],
    }


def write(inspection: Inspection, folder: Path) -> None:
    """Puts the frames of the log and what the rules find on a record, for the reports. OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "record.jsonl"
    if path.exists():
        raise FileExistsError(17, "there is a record already; choose another folder", str(path))
    record = Record(path)
    made = f"Made by octt inspect from the log {inspection.path.name}: no test case was run."
    notices = [made, *_head(inspection)]
    first = next((event.t for talk in inspection.talks for event in events_of(talk)), 0)
    tool = {"name": "octt", "version": __version__, "python": "", "platform": "", "packages": {}}
    start = RunStarted(tool=tool, bench={}, pics={}, plan=[], notices=notices, started="")
    record.write(start, t=first, m=first)
    for notice in notices:
        record.write(Remarked(text=notice, by="tool", cite=""), t=first, m=first)
    last = first
    for number, talk in enumerate(inspection.talks, 1):
        monitors = monitors_of(talk)
        for event in events_of(talk, number):
            seen = record.write(replace(event, n=0, t=0, m=0), t=event.t, m=event.m)
            last = max(last, event.t)
            for breach in monitors.see(seen):
                record.write(Remarked(by="monitor", **breach.told), t=event.t, m=event.m)
    for one in (one for one in inspection.findings if one.who != "station"):
        record.write(Remarked(text=one.fault, by="tool", cite=one.cite), t=last, m=last)
    record.write(RunEnded(reason="finished"), t=last, m=last)
    record.close()
