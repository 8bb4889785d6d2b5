"""What an earlier run left at the station: read from its record, whatever ended it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from octt.bench import Bench
from octt.ocpp import frames
from octt.record import Event, read
from octt.script.undo import Kind, Undo, still_open
from octt.timeline.timeline import Timeline

_CONCERNS = (b'"undo.', b'"changed"', b"StartTransaction", b"StopTransaction", b'"type":"CALLRESULT"')
"""What stands in the lines that matter: a record may be long."""


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


def left_before(bench: Bench, out: Path) -> Left | None:
    """What the newest run before this one left at the same station, if it left anything.

    That is the newest in the folder where `out` lies, of the same identity at the same address: nobody else can have
    been listening there. The simulated station ends with its run.
    """
    if bench.driver.kind == "simulated" or not bench.central_system.port:
        return None
    newest, when = None, 0
    for path in out.parent.glob("*/record.jsonl"):
        first = next(iter(_quietly(path)), {})
        if path.parent != out and _same(first, bench) and first.get("t", 0) > when:
            newest, when = path.parent, first["t"]
    found = left_by(newest) if newest else None
    return found if found and (found.undos or found.beyond) else None


def _same(first: Event, bench: Bench) -> bool:
    """Whether a run that began with this event was one with the station of this bench."""
    recorded = first.get("bench")
    if first.get("kind") != "run.start" or not isinstance(recorded, dict):
        return False
    station, central = recorded.get("station", {}), recorded.get("central_system", {})
    wanted = bench.central_system
    return (
        station.get("identity") == bench.station.identity
        and (central.get("port"), central.get("path")) == (wanted.port, wanted.path)
        and recorded.get("driver", {}).get("kind") != "simulated"
    )


def _quietly(path: Path) -> Iterator[Event]:
    try:
        yield from read(path)
    except OSError:
        return


def _concerning(path: Path) -> Iterator[Event]:
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n") and any(word in line for word in _CONCERNS):
                try:
                    event = orjson.loads(line)
                except orjson.JSONDecodeError:
                    continue
                if isinstance(event, dict) and isinstance(event.get("kind"), str):
                    yield event


def _replayed(events: Iterable[Event]) -> Timeline:
    """The frames of a record once more, for the state that follows from them."""
    timeline = Timeline()
    for event in events:
        if event["kind"] == "frame" and isinstance(event.get("raw"), str):
            frame, incoming = frames.parse(event["raw"]), event.get("dir") == "in"
            place: tuple[int, int, int] = event["n"], event["m"], event["t"]
            more: dict[str, Any] = {"incoming": incoming, "frame": frame, "action": frame.action}
            timeline.append(*place, "frame", event.get("connection", 0), **more)
    return timeline


def _beyond(events: Iterable[Event]) -> Iterator[str]:
    """What was changed and never was an undo: installed firmware, a renewed certificate, a raised profile."""
    owed: set[tuple[object, object]] = set()
    for event in events:
        name = event.get("what"), event.get("name")
        if event["kind"] == "undo.open":
            owed.add(name)
        elif event["kind"] == "changed" and name not in owed:
            before, after = (event.get(when) or "nothing" for when in ("before", "after"))
            yield f"{name[0]} {name[1]}: it was {before}, it is {after}"
