"""Follows a record while it is written: the events of the lines that are new, in their order."""

from __future__ import annotations

from pathlib import Path

from octt.record import Event
from octt.record.reader import decode, open_regular

CHUNK = 1 << 18
"""Bytes that are read at a time, and to the end of the line: a long record does not hold up who is watching already."""


class Tail:
    """A record that is being read; the file may come to be only later."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.behind = False
        """Whether there may be more to read at once."""

        self._place = 0

    def read(self) -> list[Event]:
        """The next events, some at a time; none when there is nothing new. A line that is no event is passed over.

        A line without its end is read when that is there; a run that is resumed writes it anew. OSError when the file
        is there and cannot be read.
        """
        try:
            with open_regular(self.path) as file:
                file.seek(self._place)
                data = file.read(CHUNK)
                self.behind = len(data) == CHUNK
                if self.behind and not data.endswith(b"\n"):
                    data += file.readline()
        except FileNotFoundError:
            return []
        whole = data[: data.rfind(b"\n") + 1]
        self._place += len(whole)
        return [event for line in whole.split(b"\n") if line and (event := decode(line)) is not None]
