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
class Times:
    """Seconds, each with a line of the record."""

    seconds: array[float] = field(default_factory=lambda: array("d"))
    lines: array[int] = field(default_factory=lambda: array("q"))

    def add(self, seconds: float, line: int) -> None:
        """One more."""
        self.seconds.append(seconds)
        self.lines.append(line)

    def extend(self, others: Times) -> None:
        """All of those too."""
        self.seconds.extend(others.seconds)
        self.lines.extend(others.lines)

    def copy(self) -> Times:
        """The same at this moment."""
        return Times(self.seconds[:], self.lines[:])

    @property
    def longest(self) -> tuple[float, int] | None:
        """The longest and its line; None when there are none."""
        if not self.seconds:
            return None
        place = max(range(len(self.seconds)), key=self.seconds.__getitem__)
        return self.seconds[place], self.lines[place]


@dataclass
class Statistic:
    """What was measured under one name, in seconds. `declared` is the vendor's maximum, None when not declared.

    `measured` are the samples with the lines that ended them. `waited` is for what never came: how long there was a
    wait for it, with the line that asked. It is part of the maximum (it would have been longer than that) and of
    nothing else.
    """

    key: str
    name: str
    counts: str = ""  # from where to where, in words
    declared: float | None = None
    measured: Times = field(default_factory=Times)
    waited: Times = field(default_factory=Times)

    @property
    def samples(self) -> array[float]:
        return self.measured.seconds

    @property
    def count(self) -> int:
        return len(self.samples)

    @property
    def unanswered(self) -> int:
        """How often nothing came."""
        return len(self.waited.seconds)

    @cached_property
    def _ordered(self) -> list[float]:
        return sorted(self.samples)

    @cached_property
    def _worst(self) -> tuple[float, int] | None:
        found = [times.longest for times in (self.measured, self.waited)]
        return max((one for one in found if one), key=lambda one: one[0], default=None)

    @property
    def minimum(self) -> float | None:
        return self._ordered[0] if self.samples else None

    @property
    def maximum(self) -> float | None:
        """The longest sample, or the longest wait for what never came when that was longer: see `at_least`."""
        return self._worst[0] if self._worst else None

    @property
    def at_least(self) -> bool:
        """Whether the maximum is a wait for what never came, so that nobody knows how long it would have been."""
        return self._worst is not None and self._worst[0] != (self._ordered[-1] if self.samples else None)

    @property
    def average(self) -> float | None:
        return math.fsum(self.samples) / len(self.samples) if self.samples else None

    def percentile(self, percent: float) -> float | None:
        """Nearest-rank percentile of the samples, None without any."""
        return percentile(self._ordered, percent) if self.samples else None

    @property
    def worst_line(self) -> int | None:
        """The record line where the longest sample ended, or that asked for what never came."""
        return self._worst[1] if self._worst else None

    @property
    def exceeded(self) -> bool:
        """Whether the maximum is above the declared one."""
        longest = self.maximum
        return longest is not None and self.declared is not None and longest > self.declared

    @property
    def found(self) -> str:
        """The maximum in words: measured, or nothing came for so long."""
        if self.maximum is None:
            return "nothing was measured"
        return (
            f"nothing came within {self.maximum:.3f} s" if self.at_least else f"{self.maximum:.3f} s measured"
        )
