"""Reads a record line by line and notices every place where its chain of hashes does not hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from msgspec.structs import replace

from octt.record.event import Event
from octt.record.reader import decode, open_regular
from octt.record.writer import GENESIS, line_hash


@dataclass(frozen=True)
class Damage:
    """A place where the record is not what was written."""

    line: int
    what: str


@dataclass
class Chain:
    """A record being read. After `events` is exhausted the rest is known: lines, last hash, damages, cut off or not."""

    path: Path
    lines: int = 0
    last_hash: str = GENESIS
    cut_off: bool = False
    damages: list[Damage] = field(default_factory=list)
    _shift: int = 0  # by how much the numbers of the lines are off since lines were added or removed
    _broken: int = -1  # the last line whose link to the next does not hold

    def events(self) -> Iterator[tuple[Event, int]]:
        """Every event that can be read, with the byte offset of its line. A last line without its end is left out.

        The number of an event is that of its line, whatever the line says.
        """
        offset = 0
        with open_regular(self.path) as file:
            for raw in file:
                if not raw.endswith(b"\n"):
                    self.cut_off = True
                    return
                self.lines += 1
                event = self._check(raw[:-1])
                if event is not None:
                    yield event, offset
                offset += len(raw)

    def damage(self, line: int, what: str) -> None:
        """Notes a damage, once for a line."""
        if not any(known.line == line for known in self.damages[-2:]):
            self.damages.append(Damage(line, what))

    def _check(self, line: bytes) -> Event | None:
        faults: list[str] = []
        event, before = decode(line, faults), self.last_hash
        self.last_hash = line_hash(line)
        if event is None:
            self.damage(self.lines, "the line was changed, it is no event any more")
            return None
        linked, counted = event.prev == before, event.n == self.lines + self._shift
        if not linked and counted:
            self._changed(self.lines - 1)
        elif not linked:
            self.damage(self.lines, "a line before it was added or removed")
            self._shift = event.n - self.lines
        elif not counted:
            self.damage(self.lines, "the line was changed, its number does not follow")
        if faults:
            self.damage(self.lines, f"not as an event of kind {event.kind} should be: {', '.join(faults)}")
        return event if event.n == self.lines else replace(event, n=self.lines)

    def _changed(self, line: int) -> None:
        """The link after `line` is broken; if the one before it is too, it was that line which was changed."""
        if self._broken == line - 1 and self.damages and self.damages[-1].line == line - 1:
            self.damages[-1] = Damage(line, "the line was changed, perhaps the one before it too")
        else:
            self.damage(max(1, line), "the line was changed")
        self._broken = line


def check_chain(path: Path) -> tuple[str, list[Damage]]:
    """The hash of the last whole line, and every place where the chain does not hold."""
    chain = Chain(path)
    for _ in chain.events():
        pass
    if chain.cut_off:
        chain.damage(chain.lines + 1, "the line is cut off")
    return chain.last_hash, chain.damages
