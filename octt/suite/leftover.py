"""What an earlier run left at the station: read from its record, whatever ended it."""

from __future__ import annotations

import contextlib
import mmap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from octt.bench import Bench, ConfigError
from octt.ocpp import frames
from octt.ocpp.values import table
from octt.record import Event, decode, read
from octt.record.events import FrameSeen, RunResumed, RunStarted, StationChanged, UndoOpened
from octt.script.undo import Kind, Undo, still_open
from octt.timeline.timeline import Timeline

_CONCERNS = (b'"undo.', b'"changed"', b"StartTransaction", b"StopTransaction", b'"type":"CALLRESULT"')
"""What stands in the lines that matter: a record may be long."""

_RESUMED = b'"kind":"run.resume"'


@dataclass(frozen=True)
class Left:
    """What a run left, by the name of its folder: what can be put back, and what no message of OCPP can."""

    folder: Path
    undos: list[Undo]
    beyond: list[str]

    @property
    def run(self) -> str:
        """How the run is named."""
        return self.folder.name

    def told(self) -> Iterator[str]:
        """What it is, in words."""
        for undo in self.undos:
            yield f"left at the station by run {self.run}: {undo}; it is put back first"
        for text in self.beyond:
            yield f"changed at the station by run {self.run}, and OCPP cannot put it back: {text}"


def left_by(folder: Path) -> Left:
    """What a record leaves open. Raises OSError when there is none."""
    events = list(_concerning(folder / "record.jsonl"))
    transactions = (
        Undo(one.line, Kind.TRANSACTION, f"transaction {one.id}", {"id": one.id, "connector": one.connector})
        for one in _replayed(events).state.open_transactions
    )
    return Left(folder, [*still_open(events), *transactions], list(_beyond(events)))


def left_of(folder: Path) -> Left:
    """What a run left and no later one has taken over; else what the later one left. Raises OSError."""
    left = left_by(folder)
    heirs = [
        path.parent for path in folder.absolute().parent.glob("*/record.jsonl") if _inherits(path, folder)
    ]
    heirs = [heir for heir in heirs if heir != folder.absolute()]
    began = {heir: began_at(heir / "record.jsonl") for heir in (*heirs, folder)}
    newest = max((heir for heir in heirs if began[heir] > began[folder]), key=began.__getitem__, default=None)
    return left_of(newest) if newest else left


def _inherits(path: Path, folder: Path) -> bool:
    try:
        opened = (event for event in _concerning(path) if isinstance(event, UndoOpened))
        return any(event.run == folder.absolute().name for event in opened)
    except OSError:
        return False


def left_before(bench: Bench, out: Path) -> Left | None:
    """What the newest run before this one left at the same station, if it left anything.

    That is the newest in the folder where `out` lies, of the same identity at the same address: nobody else can have
    been listening there. The simulated station ends with its run.
    """
    if bench.driver.kind == "simulated" or not bench.central_system.port:
        return None
    found = left_by_others(bench, out)
    return found if found and (found.undos or found.beyond) else None


def left_by_others(bench: Bench, out: Path, after: int = 0) -> Left | None:
    """What the newest run in the folder of `out` left at the same station, be it nothing; None when there is none.

    Only a run that began, or went on, later than `after` (Unix nanoseconds) is looked for.
    """
    newest, when = None, after
    for path in out.parent.glob("*/record.jsonl"):
        first = first_of(path)
        if path.parent != out and first and _same(first, bench) and (began := began_at(path)) > when:
            newest, when = path.parent, began
    return left_by(newest) if newest else None


def bench_of(folder: Path) -> Bench:
    """The bench of a run from its record. Raises ConfigError when there is none, or it cannot do without secrets."""
    run = first_of(folder / "record.jsonl")
    if run is None:
        raise ConfigError(f"{folder / 'record.jsonl'} is no record of a run")
    sections = {
        name: section for name, section in run.bench.items() if name not in ("laboratory", "security")
    }
    try:
        bench = Bench.model_validate(sections)
    except ValueError as error:
        raise ConfigError(f"the bench on the record cannot be used ({error}); name it with --bench") from None
    if bench.central_system.security_profile:
        raise ConfigError("passwords and certificates are not on a record: name the bench file with --bench")
    return bench


def first_of(path: Path) -> RunStarted | None:
    """How a run began; None when that cannot be read."""
    try:
        event = next(read(path), None)
    except OSError:
        return None
    return event if isinstance(event, RunStarted) else None


def began_at(path: Path) -> int:
    """When the last sitting of a run began (Unix nanoseconds); 0 when that cannot be read."""
    first = first_of(path)
    last = first.t if first else 0
    with contextlib.suppress(OSError, ValueError), path.open("rb") as file:
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
            place = text.rfind(_RESUMED)
            while place >= 0:  # a station may write the same into a header
                start = text.rfind(b"\n", 0, place) + 1
                event = decode(text[start : text.find(b"\n", place) + 1])
                if isinstance(event, RunResumed):
                    return event.t
                place = text.rfind(_RESUMED, 0, start)
    return last


def _same(run: RunStarted, bench: Bench) -> bool:
    """Whether it was a run with the station of this bench."""
    station, central = table(run.bench.get("station")), table(run.bench.get("central_system"))
    address = (central.get("port"), central.get("path"))
    return (
        station.get("identity") == bench.station.identity
        and address == (bench.central_system.port, bench.central_system.path)
        and table(run.bench.get("driver")).get("kind") != "simulated"
    )


def _concerning(path: Path) -> Iterator[Event]:
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n") and any(word in line for word in _CONCERNS) and (event := decode(line)):
                yield event


def _replayed(events: Iterable[Event]) -> Timeline:
    """The frames of a record once more, for the state that follows from them."""
    timeline = Timeline()
    for event in events:
        if isinstance(event, FrameSeen) and not event.binary:
            frame = frames.parse(event.raw)
            more: dict[str, Any] = {"incoming": event.dir == "in", "frame": frame, "action": frame.action}
            timeline.append(event.n, event.m, event.t, "frame", event.connection, **more)
    return timeline


def _beyond(events: Iterable[Event]) -> Iterator[str]:
    """What was changed and never was an undo: installed firmware, a renewed certificate, a raised profile."""
    owed: set[tuple[str, str]] = set()
    for event in events:
        if isinstance(event, UndoOpened):
            owed.add((event.what, event.name))
        elif isinstance(event, StationChanged) and (event.what, event.name) not in owed:
            before, after = event.before or "nothing", event.after or "nothing"
            yield f"{event.what} {event.name}: it was {before}, it is {after}"
