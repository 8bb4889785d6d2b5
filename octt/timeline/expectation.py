"""What is expected of the station, as a value: it can be judged live, on an old record and in a test alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from octt.ocpp import schemas
from octt.timeline import matching
from octt.timeline.entry import Entry


@dataclass(frozen=True)
class Wanted:
    """A request of the station with these fields (as octt/timeline/matching.py understands them).

    Raises ValueError for an action or field that does not exist: a typing slip in a script.
    """

    action: str
    fields: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        schemas.check_fields(self.action, "request", self.fields)

    def concerns(self, entry: Entry) -> bool:
        """Whether an entry is of this kind, right or wrong."""
        return entry.is_call(self.action)

    def wrong(self, entry: Entry) -> list[str]:
        """Why an entry of this kind is not what is wanted, one clause per field; empty when it is."""
        return matching.mismatches(dict(self.fields), entry.payload)

    def fits(self, entry: Entry) -> bool:
        """Whether an entry is what is wanted."""
        return self.concerns(entry) and not self.wrong(entry)

    def __str__(self) -> str:
        shown = matching.describe(dict(self.fields))
        return f"{self.action}.req" + (f" with {shown}" if shown else "")


@dataclass(frozen=True)
class Link:
    """The station's connection that begins, or one that ends."""

    kind: Literal["connect", "disconnect"]

    def concerns(self, entry: Entry) -> bool:
        """Whether an entry is of this kind."""
        return entry.kind == self.kind

    def wrong(self, entry: Entry) -> list[str]:
        """Nothing: there is no wrong one."""
        return []

    def fits(self, entry: Entry) -> bool:
        """Whether an entry is of this kind."""
        return self.concerns(entry)

    def __str__(self) -> str:
        return f"the station {self.kind}s"


@dataclass(frozen=True)
class Window:
    """When something may come: at most `limit` seconds after the monotonic time `since` (nanoseconds).

    `after`: it is due after so many seconds, which are added to the limit, and may come `early` seconds sooner.
    """

    since: int
    limit: float
    after: float = 0.0
    early: float = 0.0

    @property
    def seconds(self) -> float:
        """The latest time, in seconds after `since`."""
        return self.limit + self.after

    @property
    def deadline(self) -> int:
        """The latest time, in monotonic nanoseconds."""
        return self.since + int(self.seconds * 1e9)

    def at(self, entry: Entry) -> float:
        """How long after `since` an entry came, in seconds; what came before it came at once."""
        return max(0.0, (entry.m - self.since) / 1e9)

    def too_early(self, entry: Entry) -> bool:
        """Whether an entry came sooner than it was due."""
        return self.after > 0 and self.at(entry) < self.after - self.early


@dataclass(frozen=True)
class Expectation:
    """One of `alternatives` in a window of time, by entries from the place `start` on.

    `never`: none of them may come. `optional`: it may also be missing.
    """

    alternatives: tuple[Wanted | Link, ...]
    window: Window
    start: int
    optional: bool = False
    never: bool = False

    def __str__(self) -> str:
        return " or ".join(str(one) for one in self.alternatives)
