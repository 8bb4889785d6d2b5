"""The differences of two runs as a page."""

from __future__ import annotations

from octt.report.diff.compare import Diff, value
from octt.report.html.page import environment


def page(diff: Diff) -> str:
    """One self-contained HTML page. Every text of a station is escaped."""
    return environment().get_template("diff.html.j2").render(diff=diff, value=value)
