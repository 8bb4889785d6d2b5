"""How far a run is, read from its record while it is written."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from octt.record import decode
from octt.record.events import CaseEnded, CaseRevised, CaseStarted, RunEnded, RunStarted, ToolTroubled

_TOLD = tuple(f'"kind":"{kind}'.encode() for kind in ("run.", "case.", "trouble"))
_HEAD = 200
"""Bytes of a line in which its kind stands."""
_AT_ONCE = 8 << 20


@dataclass
class Seen:
    """What is known of a run."""

    total: int = 0
    """Cases that may apply."""

    case: str = ""
    """The one that is running."""

    verdicts: dict[str, str] = field(default_factory=dict)
    started: bool = False
    """Whether its first case has begun: what costs the machine most is over."""

    ended: bool = False
    late: int = 0
    """How often the harness itself stood still."""

    def as_dict(self) -> dict[str, Any]:
        """As plain data, for the way from a rack."""
        return dict(vars(self))


class Follower:
    """Reads what is new in a record, only lines that say how far the run is."""

    def __init__(self, record: Path) -> None:
        self.record, self.seen = record, Seen()
        self._offset, self._rest = 0, b""

    def look(self) -> bool:
        """Reads on to the end; whether something is new."""
        told = False
        try:
            with self.record.open("rb") as file:
                file.seek(self._offset)
                while new := file.read(_AT_ONCE):
                    self._offset += len(new)
                    told |= self._take(new)
        except OSError:
            pass
        return told

    def _take(self, new: bytes) -> bool:
        *lines, self._rest = (self._rest + new).split(b"\n")
        told = [line for line in lines if any(kind in line[:_HEAD] for kind in _TOLD)]
        for line in told:
            self._see(line + b"\n")
        return bool(told)

    def _see(self, line: bytes) -> None:
        event, seen = decode(line), self.seen
        if isinstance(event, RunStarted):
            seen.total = sum(planned.applicable is not False for planned in event.plan)
        elif isinstance(event, CaseStarted):
            seen.case, seen.started = event.case or "", True
        elif isinstance(event, CaseEnded | CaseRevised):
            seen.verdicts[event.case or ""] = event.verdict.value
            seen.case = ""
        elif isinstance(event, ToolTroubled):
            seen.late += event.what in ("loop", "script")
        elif isinstance(event, RunEnded):
            seen.ended = True
