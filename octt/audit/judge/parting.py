"""Where today's script and an old record part, so that the record cannot say what the station would have done."""

from __future__ import annotations


class Parted(BaseException):
    """The script does what was not done then. No Exception, so that no script goes on after it.

    `line` is that of the record where they part.
    """

    def __init__(self, why: str, line: int) -> None:
        super().__init__(why)
        self.why, self.line = why, line
