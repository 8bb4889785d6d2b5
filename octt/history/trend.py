"""Measured times of a product's runs as a drawing: longest and median of each run, beside the declared limit."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from markupsafe import Markup, escape

from octt.history.reading import RunResult, Time
from octt.report.html.svg import frame, line, text
from octt.report.text import limit, seconds, visible

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 720, 190, 62, 14, 30, 34
MOST = 400
"""Runs that are drawn; of more the newest."""

Point = tuple[RunResult, Time]


def trend(name: str, points: Sequence[Point]) -> Markup:
    """One time over the runs on a logarithmic axis, the firmwares marked where they begin."""
    points = points[-MOST:]
    every = [v for _, time in points for v in (time.longest, time.median, time.declared) if v]
    low = math.floor(math.log10(max(min(every, default=0.001), 0.0001)))
    high = max(math.ceil(math.log10(max(every, default=1) * 1.05)), low + 1)
    plot = _WIDTH - _LEFT - _RIGHT

    def x(place: int) -> float:
        return _LEFT + plot * (place + 0.5) / len(points)

    def y(value: float) -> float:
        part = (math.log10(max(value, 10.0**low)) - low) / (high - low)
        return _TOP + (_HEIGHT - _TOP - _BOTTOM) * (1 - min(part, 1.0))

    parts = [text(_LEFT, 15, name, "name")]
    for power in range(low, high + 1):
        height = y(10.0**power)
        parts.append(line(_LEFT, height, _WIDTH - _RIGHT, height, "grid"))
        parts.append(
            text(
                _LEFT - 8,
                height + 4,
                f"{10**power} s" if power >= 0 else f"{10.0 ** (power + 3):g} ms",
                "tick",
                "end",
            )
        )
    parts += _firmwares(points, x)
    parts += _limits(points, x, y)
    for css, values in (
        ("median", [time.median for _, time in points]),
        ("longest", [time.longest for _, time in points]),
    ):
        there = [(x(place), y(value)) for place, value in enumerate(values) if value is not None]
        parts.append(
            f'<path d="M{"L".join(f"{a:.1f} {b:.1f}" for a, b in there)}" class="{css}"/>' if there else ""
        )
    for place, (run, time) in enumerate(points):
        over = time.declared is not None and time.longest > time.declared
        told = f"{run.folder}, {run.firmware}: {'> ' if time.at_least else ''}{seconds(time.longest)}"
        told += f", median {seconds(time.median)}" if time.median is not None else ""
        parts.append(
            f'<circle cx="{x(place):.1f}" cy="{y(time.longest):.1f}" r="2.6" class="{"dot bad" if over else "dot"}">'
            f"<title>{escape(visible(told))}</title></circle>"
        )
    return frame(_WIDTH, _HEIGHT, "trend", f"{name} over the runs", parts)


def _firmwares(points: Sequence[Point], x: Callable[[int], float]) -> list[str]:
    """A line where another firmware begins, and its name where there is room."""
    parts, before, free = [], None, 0.0
    for place, (run, _) in enumerate(points):
        if run.firmware == before:
            continue
        left = x(place) - (x(1) - x(0)) / 2 if len(points) > 1 else _LEFT
        if before is not None:
            parts.append(line(left, _TOP - 4, left, _HEIGHT - _BOTTOM, "version"))
        name = visible(run.firmware, 14)
        if left >= free:
            parts.append(text(left + 4, _HEIGHT - _BOTTOM + 16, name, "tick"))
            free = left + 12 + 6.2 * len(name)
        before = run.firmware
    return parts


def _limits(points: Sequence[Point], x: Callable[[int], float], y: Callable[[float], float]) -> list[str]:
    """The declared limit of each run, as a staircase, and the last one in words."""
    half = (x(1) - x(0)) / 2 if len(points) > 1 else (_WIDTH - _LEFT - _RIGHT) / 2
    parts = [
        line(x(place) - half, y(time.declared), x(place) + half, y(time.declared), "limit")
        for place, (_, time) in enumerate(points)
        if time.declared is not None
    ]
    last = points[-1][1].declared
    if last is not None:
        parts.append(text(_WIDTH - _RIGHT, y(last) - 5, f"declared {limit(last)}", "tick", "end"))
    return parts
