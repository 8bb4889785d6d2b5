"""Minimum, maximum, average and percentiles of measured seconds."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property


def percentile(ordered: Sequence[float], percent: float) -> float:
    """The nearest-rank percentile of ascending values, always one of them. ValueError when there are none."""
    if not ordered:
        raise ValueError("no percentile of nothing")
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


@dataclass
class Statistic:
    """What was measured under one name, in seconds. `declared` is the vendor's maximum, None when not declared.

    `unanswered` counts what never came (calls without a reply); it is no part of the numbers.
    """

    key: str
    name: str
    declared: float | None = None
    samples: array[float] = field(default_factory=lambda: array("d"))
    lines: array[int] = field(default_factory=lambda: array("q"))  # the record line that ended each sample
    unanswered: int = 0

    @property
    def count(self) -> int:
        return len(self.samples)

    @cached_property
    def _ordered(self) -> list[float]:
        return sorted(self.samples)

    @property
    def minimum(self) -> float | None:
        return self._ordered[0] if self.samples else None

    @property
    def maximum(self) -> float | None:
        return self._ordered[-1] if self.samples else None

    @property
    def average(self) -> float | None:
        return math.fsum(self.samples) / len(self.samples) if self.samples else None

    def percentile(self, percent: float) -> float | None:
        """Nearest-rank percentile, None without samples."""
        return percentile(self._ordered, percent) if self.samples else None

    @property
    def worst_line(self) -> int | None:
        """The record line where the longest sample ended."""
        if not self.samples:
            return None
        return self.lines[max(range(len(self.samples)), key=self.samples.__getitem__)]

    @property
    def exceeded(self) -> bool:
        """Whether the longest sample is above the declared maximum."""
        longest = self.maximum
        return longest is not None and self.declared is not None and longest > self.declared
