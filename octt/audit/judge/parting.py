"""Where today's script and an old record part, so that the record cannot say what the station would have done."""

from __future__ import annotations

import pytest


class Parted(pytest.fail.Exception):  # type: ignore[name-defined, misc]
    """The script does what was not done then. An outcome to pytest, and no Exception: no script goes on after it.

    `line` is that of the record where they part.
    """

    def __init__(self, why: str, line: int) -> None:
        super().__init__(why, pytrace=False)
        self.why, self.line = why, line
