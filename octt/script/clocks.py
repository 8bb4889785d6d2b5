"""The station's clock beside ours: by how much it differs, and when something happened on ours."""

from __future__ import annotations

from octt.ocpp.values import instant
from octt.script.station import Station
from octt.timeline.entry import Entry


def clock_offset(station: Station) -> float:
    """By how many seconds the station's clock is behind ours, as its prompt messages of this attempt tell; else 0.

    A message is sent after the time it carries, so the smallest difference is the nearest.
    """
    entries = station.timeline.since(station.case.position.began)
    differences = [found for entry in entries if (found := _behind(entry)) is not None]
    return min(differences, default=0.0)


def _behind(entry: Entry) -> float | None:
    if not entry.is_call():
        return None
    written = instant(entry.payload.get("timestamp"))
    return None if written is None else entry.t / 1e9 - written.timestamp()


def on_our_clock(entry: Entry, offset: float, moment: Entry) -> float | None:
    """How many seconds after `moment` the timestamp of a message lies on our clock; None when it has none."""
    written = instant(entry.payload.get("timestamp"))
    return None if written is None else written.timestamp() + offset - moment.t / 1e9
