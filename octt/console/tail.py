"""Follows a record while it is written: the events of the lines that are new, in their order."""

from __future__ import annotations

from pathlib import Path

from octt.record import Event
from octt.record.reader import decode, open_regular

CHUNK = 1 << 20
"""Bytes that are read at a time, so that a long record does not hold up who is watching already."""


class Tail:
    """A record that is being read; the file may come to be only later."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._place = 0
        self._rest = b""

    def read(self) -> list[Event]:
        """The next events, some at a time; none when there is nothing new. A line that is no event is passed over.

        The end of a last line may come later. OSError when the file is there and cannot be read.
        """
        try:
            with open_regular(self.path) as file:
                file.seek(self._place)
                data = file.read(CHUNK)
        except FileNotFoundError:
            return []
        self._place += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [event for line in lines if (event := decode(line)) is not None]

    @property
    def behind(self) -> bool:
        """Whether there is more to read at once."""
        try:
            return self.path.stat().st_size > self._place
        except OSError:
            return False
