"""The frames of a finding, as the record has them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from octt.ocpp.schemas import shorten
from octt.record import read
from octt.record.events import Acted, Connected, Disconnected, FrameSeen
from octt.record.words import ActionPhase

SHOWN = 300
"""Characters of a frame that are shown, and frames of a finding."""
MOST = 40


def frames_between(record: Path, spans: Sequence[tuple[int, int]]) -> list[list[str]]:
    """What went over the wire in each span of lines, a line each: `>` to the station, `<` from it."""
    found: list[list[str]] = [[] for _ in spans]
    if not spans:
        return found
    last = max(end for _, end in spans)
    for event in read(record):
        if event.n > last:
            break
        for lines, (start, end) in zip(found, spans, strict=True):
            if start <= event.n <= end and len(lines) < MOST and (told := _told(event)):
                lines.append(told)
    return found


def _told(event: object) -> str:
    if isinstance(event, FrameSeen):
        mark = "<" if event.dir == "in" else ">"
        kind = " (binary)" if event.binary else ""
        problem = f"   [{event.problems[0][:100]}]" if event.problems and not event.raw else ""
        return f"{mark}{kind} {shorten(event.raw, SHOWN)}{problem}"
    if isinstance(event, Connected):
        return "- the station connects"
    if isinstance(event, Disconnected):
        return f"- the connection ends (by {event.by}, code {event.code})"
    if isinstance(event, Acted) and event.phase is ActionPhase.DONE:
        return f"- {event.action} {event.params or ''}".rstrip()
    return ""
