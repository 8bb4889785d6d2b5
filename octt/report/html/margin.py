"""A measured time beside what it was allowed."""

from __future__ import annotations

from typing import Any

from octt.report.text import seconds


def margin(measured: float | None, allowed: float | None) -> dict[str, Any] | None:
    """How full the bar of a measured time is (0 to 100), and whether it is over; None without both numbers."""
    if measured is None or not allowed or allowed < 0:
        return None
    return {
        "percent": round(min(max(measured / allowed, 0.0), 1.0) * 100),
        "over": measured > allowed,
        "left": seconds(allowed - measured),
    }
