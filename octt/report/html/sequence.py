"""The sequence diagram of a test case: operator, station and Central System, one row an event, times in seconds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from octt.report.html.svg import frame, line, text
from octt.report.text import seconds, visible

OPERATOR, STATION, CSMS = "Operator", "Station", "Central System"


@dataclass(frozen=True)
class Arrow:
    """Something that goes from one party to another, at `at` seconds after the case began.

    `css` is "call", "result", "error" or "action"; `frame` is the line of the frame that it opens; `badge` names the
    step it decided and `good` says how.
    """

    at: float
    source: str
    target: str
    label: str
    css: str = "call"
    frame: int | None = None
    badge: str = ""
    good: bool = True


@dataclass(frozen=True)
class Note:
    """Something that happens to the connection or to a party, written across the diagram."""

    at: float
    label: str
    bad: bool = False


_ROW, _HEAD, _PAUSE, _LONG = 27, 40, 20, 5.0
_WIDTH = 760


def sequence(rows: Sequence[Arrow | Note], operator: str = OPERATOR) -> Markup:
    """Draws `rows` in the given order. A pause of more than five seconds is drawn as a break in the lines.

    `operator` is how whoever acts on the station is called.
    """
    with_operator = any(isinstance(row, Arrow) and OPERATOR in (row.source, row.target) for row in rows)
    lanes = {OPERATOR: 122.0, STATION: 320.0, CSMS: 668.0} if with_operator else {STATION: 160.0, CSMS: 668.0}
    parts: list[str] = []
    breaks: list[tuple[float, float]] = []
    y, before = float(_HEAD), None
    for row in rows:
        if before is not None and row.at - before > _LONG:
            breaks.append((y, y + _PAUSE))
            parts.append(text(68, y + 14, seconds(row.at - before), "pause", "end"))
            y += _PAUSE
        y += _ROW
        parts.append(text(68, y + 3.5, f"{row.at:.3f}", "time", "end"))
        parts += _arrow(row, lanes, y) if isinstance(row, Arrow) else _note(row, lanes, y)
        before = row.at
    bottom = y + 16
    heads = [
        text(x, 18, operator if name == OPERATOR else name, "lane", "middle") for name, x in lanes.items()
    ]
    lines = [piece for x in lanes.values() for piece in _lifeline(x, 26, bottom, breaks)]
    return frame(
        _WIDTH,
        bottom + 4,
        "sequence",
        "Sequence diagram",
        [*heads, text(68, 18, "s", "time", "end"), *lines, *parts],
    )


def _lifeline(x: float, top: float, bottom: float, breaks: Sequence[tuple[float, float]]) -> list[str]:
    pieces, start = [], top
    for begin, end in breaks:
        pieces += [line(x, start, x, begin + 3, "life"), line(x, begin + 3, x, end + 3, "life gap")]
        start = end + 3
    return [*pieces, line(x, start, x, bottom, "life")]


def _arrow(row: Arrow, lanes: dict[str, float], y: float) -> list[str]:
    start, end = lanes[row.source], lanes[row.target]
    back = 1 if end > start else -1
    room = int(abs(end - start) / 6.1)
    head = f"M{end:.1f} {y:.1f}l{-7 * back} -3.6v7.2z"
    parts = [
        line(start, y, end - 5 * back, y, row.css),
        f'<path d="{head}" class="head {row.css}"/>',
        text((start + end) / 2, y - 5, visible(row.label, room), f"label {row.css}", "middle"),
    ]
    if row.badge:
        mark, css = ("✓", "badge good") if row.good else ("✗", "badge bad")
        parts.append(text(_WIDTH - 80, y + 3.5, f"{mark} {visible(row.badge, 13)}", css))
    if row.frame is not None:
        wide = f'<rect x="76" y="{y - 17:.1f}" width="{_WIDTH - 80}" height="{_ROW - 3}" class="hit"/>'
        failed = "" if row.good else ' class="failed"'
        parts = [f'<a href="#f{row.frame}" id="a{row.frame}"{failed}>', wide, *parts, "</a>"]
    return parts


def _note(row: Note, lanes: dict[str, float], y: float) -> list[str]:
    left, right = min(lanes.values()), max(lanes.values())
    css = "note bad" if row.bad else "note"
    box = f'<rect x="{left:.1f}" y="{y - 11:.1f}" width="{right - left:.1f}" height="19" class="{css}"/>'
    return [
        box,
        text((left + right) / 2, y + 2.5, visible(row.label, int((right - left) / 6.1)), css, "middle"),
    ]
