"""The timeline of a whole run: lanes of bars over the time of day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from markupsafe import Markup, escape

from octt.report.html.svg import frame, line, text
from octt.report.text import clock, visible


@dataclass(frozen=True)
class Bar:
    """A span of time in Unix nanoseconds; `css` gives the colour, `href` what it opens, `title` what it is."""

    start: int
    end: int
    css: str
    title: str = ""
    href: str = ""


@dataclass(frozen=True)
class Lane:
    """One row of the timeline."""

    name: str
    bars: Sequence[Bar] = field(default=())


_LEFT, _WIDTH, _ROW, _TOP = 222, 960, 26, 28
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)


def timeline(lanes: Sequence[Lane], start: int, end: int) -> Markup:
    """Draws `lanes` between `start` and `end` (Unix nanoseconds), times of day in UTC."""
    span = max(end - start, 1_000_000)
    room = _WIDTH - _LEFT - 12

    def across(moment: int) -> float:
        return _LEFT + room * min(max(moment - start, 0), span) / span

    bottom = _TOP + _ROW * len(lanes)
    parts: list[str] = []
    step = (
        next(
            (step for step in _STEPS if span / 1e9 / step <= 8),
            _STEPS[-1] * (1 + int(span / 1e9 / 86400 / 8)),
        )
        * 10**9
    )
    for tick in range(start // step * step + step, start + span, step):
        x = across(tick)
        parts += [line(x, _TOP - 6, x, bottom, "grid"), text(x, _TOP - 11, clock(tick)[:8], "tick", "middle")]
    for index, lane in enumerate(lanes):
        top = _TOP + _ROW * index
        parts += [
            text(_LEFT - 12, top + 17, visible(lane.name, 36), "name", "end"),
            line(_LEFT, top + _ROW, _WIDTH - 12, top + _ROW, "axis"),
        ]
        for bar in lane.bars:
            left = across(bar.start)
            width = max(across(bar.end) - left, 2.0)
            shape = (
                f'<rect x="{left:.1f}" y="{top + 6}" width="{width:.1f}" height="{_ROW - 11}" rx="1.5" '
                f'class="{escape(bar.css)}"><title>{escape(visible(bar.title))}</title></rect>'
            )
            parts.append(f'<a href="{escape(bar.href)}">{shape}</a>' if bar.href else shape)
    return frame(_WIDTH, bottom + 4, "timeline", "Timeline of the run", parts)
