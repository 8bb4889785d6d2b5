"""What a benchmark says: figures, each with what it is compared to and whether the project's bound holds."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One line of the table. `holds` is None when no bound is set for this figure."""

    what: str
    value: str
    compared_to: str = ""
    bound: str = ""
    holds: bool | None = None


def table(figures: Sequence[Figure]) -> str:
    """The figures as a table that reads well in a terminal and in Markdown."""
    verdicts = {True: "holds", False: "BROKEN", None: ""}
    head = ("figure", "here", "compared to", "bound", "")
    rows = [(f.what, f.value, f.compared_to, f.bound, verdicts[f.holds]) for f in figures]
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    lines = [" | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    rule = "-|-".join("-" * width for width in widths)
    top = " | ".join(cell.ljust(width) for cell, width in zip(head, widths, strict=True))
    return "\n".join(f"| {line} |" for line in (top, rule, *lines)).replace(f"| {rule} |", f"|-{rule}-|")


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of all values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def median(values: Sequence[float]) -> float:
    """The middle value."""
    return statistics.median(values)
