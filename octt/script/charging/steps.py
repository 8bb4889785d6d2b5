"""A limit as a step function of time: what a schedule is here, however it is cut into periods."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

Unit = Literal["A", "W"]
Payload = dict[str, Any]


@dataclass(frozen=True)
class Steps:
    """A limit as a step function of time: from `start` for `duration` seconds.

    `changes` are (seconds from start, limit) in ascending order, the first at 0; None: no limit, or none told.
    """

    start: datetime
    duration: float
    changes: tuple[tuple[float, float | None], ...]
    unit: Unit = "A"

    def at(self, second: float) -> float | None:
        """The limit at this second after `start`; None outside of the duration."""
        value = None
        for begin, limit in self.changes:
            if begin <= second:
                value = limit
        return value if 0 <= second < self.duration else None

    def delayed(self, seconds: float) -> Steps:
        """The same with every change so much later; for tools that count from another instant (see `compare`)."""
        later = [(max(begin + seconds, 0.0), limit) for begin, limit in self.changes[1:]]
        first = [(0.0, self.changes[0][1])] if self.changes else []
        return Steps(self.start, self.duration, merged([*first, *later]), self.unit)

    def points(self) -> list[list[float | None]]:
        """[[second, limit], ...] as the record and the report's plot take it; a limit of None: none from then on."""
        return [[begin, limit] for begin, limit in self.changes]

    def lowest(self) -> float | None:
        """The lowest limit told anywhere; of a schedule returned without profiles, the station's own limit."""
        return min((limit for _, limit in self.changes if limit is not None), default=None)


def merged(changes: Iterable[tuple[float, float | None]]) -> tuple[tuple[float, float | None], ...]:
    """Without changes that change nothing; of several at one instant the last counts."""
    kept: list[tuple[float, float | None]] = []
    for begin, limit in changes:
        if kept and kept[-1][0] == begin:
            kept.pop()
        if not kept or kept[-1][1] != limit:
            kept.append((begin, limit))
    return tuple(kept)


def time_of(written: str | datetime) -> datetime:
    """A dateTime as an instant; one without a zone is UTC. ValueError if it is none."""
    moment = datetime.fromisoformat(written) if isinstance(written, str) else written
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def converted(period: Payload, have: str, want: str, voltage: float, phases: int | None) -> float:
    """The limit of a chargingSchedulePeriod from the unit `have` to the unit `want` (7.14)."""
    limit = float(period["limit"])
    return limit if have == want else scaled(limit, want, voltage, phases or period.get("numberPhases"))


def scaled(limit: float, want: str, voltage: float, phases: int | None) -> float:
    """A limit in the other unit: A are per phase, three phases when nothing says how many (7.12)."""
    factor = voltage * (phases or 3)
    return limit * factor if want == "W" else limit / factor
