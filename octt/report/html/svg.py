"""Drawings of the report as inline SVG: what was measured against its limit, and charging schedules.

Colours come from CSS variables of the page, so the drawings follow light and dark. Every text is escaped.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup, escape

from octt.measure import percentile
from octt.report.text import limit, seconds, visible


def text(x: float, y: float, content: object, css: str = "", anchor: str = "start") -> str:
    """A text element; `content` is escaped and its invisible characters are shown."""
    attributes = f' class="{css}"' if css else ""
    if anchor != "start":
        attributes += f' text-anchor="{anchor}"'
    return f'<text x="{x:.1f}" y="{y:.1f}"{attributes}>{escape(visible(content))}</text>'


def line(x1: float, y1: float, x2: float, y2: float, css: str) -> str:
    """A straight line."""
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{css}"/>'


def frame(width: float, height: float, css: str, title: str, parts: Sequence[str]) -> Markup:
    """The svg element around `parts`, `width` by `height` units, with `title` for those who cannot see it."""
    return Markup(
        f'<svg class="{css}" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}" '
        f'role="img" aria-label="{escape(visible(title))}">{"".join(parts)}</svg>'
    )


@dataclass(frozen=True)
class Series:
    """Measured times in seconds of one thing, and the declared maximum if there is one."""

    name: str
    samples: Sequence[float]
    limit: float | None = None


_ROW, _TOP, _LEFT, _PLOT, _NUMBERS = 30, 26, 300, 430, 190


def distribution(series: Sequence[Series]) -> Markup:
    """One row a series on a common logarithmic axis: how often each time occurred, the median, the declared maximum."""
    rows = [entry for entry in series if entry.samples]
    if not rows:
        return Markup("")
    smallest = min(min(entry.samples) for entry in rows)
    largest = max(max(max(entry.samples), entry.limit or 0) for entry in rows)
    low = math.floor(math.log10(min(max(smallest, 0.0001), 1)))
    high = max(math.ceil(math.log10(max(largest, 0.01) * 1.02)), low + 1)

    def across(value: float) -> float:
        part = (math.log10(max(value, 10**low)) - low) / (high - low)
        return _LEFT + min(part, 1.0) * _PLOT

    bottom = _TOP + _ROW * len(rows)
    parts: list[str] = []
    for power in range(low, high + 1):
        x = across(10**power)
        parts += [line(x, _TOP - 4, x, bottom, "grid"), text(x, _TOP - 9, _power(power), "tick", "middle")]
    right = _LEFT + _PLOT
    for offset, name in ((62, "samples"), (126, "median"), (190, "maximum")):
        parts.append(text(right + offset, _TOP - 9, name, "tick", "end"))
    for index, entry in enumerate(rows):
        base = _TOP + _ROW * (index + 1) - 6
        over = entry.limit is not None and max(entry.samples) > entry.limit
        parts += [
            text(_LEFT - 12, base - 4, visible(entry.name, 52), "name", "end"),
            line(_LEFT, base, right, base, "axis"),
        ]
        parts += _histogram([across(value) for value in entry.samples], base)
        middle = percentile(sorted(entry.samples), 50)
        parts.append(line(across(middle), base - 19, across(middle), base + 3, "median"))
        if entry.limit is not None:
            x = across(entry.limit)
            parts += [
                f"<g><title>declared maximum {limit(entry.limit)}</title>",
                line(x, base - 21, x, base + 4, "limit"),
                "</g>",
            ]
        parts.append(text(right + 62, base - 4, f"{len(entry.samples):,}", "num", "end"))
        parts.append(text(right + 126, base - 4, seconds(middle), "num", "end"))
        parts.append(
            text(right + 190, base - 4, seconds(max(entry.samples)), "num bad" if over else "num", "end")
        )
    return frame(right + _NUMBERS + 10, bottom + 4, "plot", "Distribution of measured times", parts)


def _power(power: int) -> str:
    return f"{10**power} s" if power >= 0 else f"{10.0 ** (power + 3):g} ms"


def _histogram(positions: Sequence[float], base: float) -> list[str]:
    """Columns four units wide; the height grows with the root of the count, so one outlier is seen beside thousands."""
    counts: dict[int, int] = {}
    for position in positions:
        counts[int(position // 4)] = counts.get(int(position // 4), 0) + 1
    scale = 16 / math.sqrt(max(counts.values()))
    bars = []
    for column, count in sorted(counts.items()):
        height = max(4.0, scale * math.sqrt(count))
        bars.append(
            f'<rect x="{column * 4}" y="{base - height:.1f}" width="3.2" height="{height:.1f}" class="bar"/>'
        )
    return bars


Steps = Sequence[tuple[float, float | None]]


def schedule(expected: Steps, returned: Steps, unit: str, duration: float) -> Markup:
    """Two charging schedules as step functions of time, the difference shaded.

    Points are (start second, limit); a limit of None says that there is none from then on.
    """
    width, height, left, top, bottom = 720, 220, 56, 14, 40
    points = [value for _, value in (*expected, *returned) if value is not None]
    duration = max(duration, *(start for start, _ in (*expected, *returned)), 1.0)
    ceiling = _nice(max([*points, 1.0]) * 1.1)
    plot_width, plot_height = width - left - 16, height - top - bottom

    def x(time: float) -> float:
        return left + plot_width * min(max(time, 0.0), duration) / duration

    def y(value: float) -> float:
        return top + plot_height * (1 - min(max(value, 0.0), ceiling) / ceiling)

    parts = []
    for part in range(5):
        value, time = ceiling * part / 4, duration * part / 4
        parts += [
            line(left, y(value), width - 16, y(value), "grid"),
            text(left - 8, y(value) + 4, f"{value:g}", "tick", "end"),
        ]
        parts.append(text(x(time), height - bottom + 16, f"{time:g} s", "tick", "middle"))
    parts.append(text(left - 8, top - 4, visible(unit, 8), "tick", "end"))
    edges = sorted({0.0, duration, *(min(max(start, 0.0), duration) for start, _ in (*expected, *returned))})
    shaded = []
    for start, end in pairwise(edges):
        one, other = _at(expected, start), _at(returned, start)
        if (
            one != other and x(end) - x(start) >= 1
        ):  # a fraction of a second between two clocks is no difference
            low, high = sorted((one or 0.0, other or 0.0))
            shaded.append(
                f'<rect x="{x(start):.1f}" y="{y(high):.1f}" width="{x(end) - x(start):.1f}" '
                f'height="{max(y(low) - y(high), 2):.1f}" class="difference"/>'
            )
    parts += shaded
    for steps, css in ((expected, "expected"), (returned, "returned")):
        if steps:
            parts.append(f'<path d="{_staircase(steps, duration, x, y)}" class="{css}"/>')
    for offset, css, name in (
        (left, "expected", "expected"),
        (left + 110, "returned", "returned by the station"),
    ):
        parts += [
            line(offset, height - 8, offset + 22, height - 8, css),
            text(offset + 28, height - 4, name, "tick"),
        ]
    if shaded:
        parts.append(f'<rect x="{left + 290}" y="{height - 13}" width="14" height="10" class="difference"/>')
        parts.append(text(left + 310, height - 4, "difference", "tick"))
    return frame(width, height, "plot", "Charging schedule, expected and returned", parts)


def _at(steps: Steps, time: float) -> float | None:
    """The limit in force at `time`: that of the last step begun, none before the first."""
    begun = [(start, value) for start, value in steps if start <= time]
    return max(begun, key=_start)[1] if begun else None


def _start(point: tuple[float, float | None]) -> float:
    return point[0]


def _staircase(
    steps: Steps, duration: float, x: Callable[[float], float], y: Callable[[float], float]
) -> str:
    path: list[str] = []
    ordered = sorted(steps, key=_start)
    drawing = False
    for index, (start, value) in enumerate(ordered):
        end = ordered[index + 1][0] if index + 1 < len(ordered) else duration
        if value is not None:
            path.append(f"{'L' if drawing else 'M'}{x(start):.1f} {y(value):.1f}L{x(end):.1f} {y(value):.1f}")
        drawing = value is not None
    return "".join(path)


def _nice(value: float) -> float:
    """The next 1, 2, 4 or 8 times a power of ten: an axis that divides into four readable parts."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 4, 8, 10) if step * power >= value)
