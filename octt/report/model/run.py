"""The run as a whole: when it took place, in which sittings, whether to its end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from octt.record import Damage


@dataclass(frozen=True)
class Sitting:
    """Another sitting of the run: Unix nanoseconds of its first line and of the last one before it."""

    n: int
    started: int
    before: int
    ended: str  # how the one before ended
    cases: int  # how many cases it was to run
    tool: str  # version of octt
    changed: list[str] = field(default_factory=list)  # what was not as before, a sentence each

    @property
    def gap(self) -> float:
        """Seconds between the two."""
        return max(0, self.started - self.before) / 1e9


@dataclass
class Run:
    """The run as a whole. `complete` is False after a crash or an interruption; `why_incomplete` says which."""

    tool: dict[str, Any] = field(default_factory=dict)
    bench: dict[str, Any] = field(default_factory=dict)
    limits: list[dict[str, Any]] = field(default_factory=list)  # as the record has them
    started: int = 0
    ended: int = 0
    started_text: str = ""  # ISO 8601, as the record has it
    reason: str = ""
    complete: bool = False
    why_incomplete: str = "the record has no run.start line"
    sittings: list[Sitting] = field(default_factory=list)  # those after the first
    other_firmware: bool = False  # whether the station had other firmware in one of them than before
    listening: list[tuple[str, Any]] = field(default_factory=list)  # (url, security profile)
    lines: int = 0
    last_hash: str = ""
    signer: str = ""  # fingerprint of the key that the run said it would be signed with
    damages: list[Damage] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """How long it was worked on: without the time between its sittings."""
        return max(0, self.worked(self.ended) - self.started) / 1e9

    def worked(self, t: int) -> int:
        """A time (Unix nanoseconds) earlier by the time between sittings that had passed by then."""
        return t - sum(min(t, one.started) - min(t, one.before) for one in self.sittings)
