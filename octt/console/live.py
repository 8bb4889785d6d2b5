"""The side of a console that only a running run has: what is asked and waited for now, and what a person can do."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from octt.console import notes
from octt.record import Record
from octt.station.operator import Operator
from octt.station.question import Question
from octt.text import visible

Waiting = tuple[str, str, int]
"""For whom the run waits, for what, and until when (monotonic nanoseconds)."""
WISHES = ("p", "r", "a", "s", "")


class Refused(Exception):
    """It is not done; the message says why."""


class Live:
    """What a console asks of the run, and tells it. `record` and the rest are there once the run has begun."""

    def __init__(self, operator: Operator, folder: Path) -> None:
        self.operator, self.folder = operator, folder
        self.record: Record | None = None
        self.waiting: Callable[[], Waiting | None] = lambda: None
        self.repeatable: Callable[[], Collection[str]] = tuple
        """The cases that were run, or are."""

        operator.elsewhere = True

    def now(self) -> tuple[object, ...]:
        """What is asked and waited for now: it is the same as long as nothing changed."""
        waiting = self.waiting()
        return self.operator.pending, waiting, self.operator.wished

    def as_data(self, now: tuple[Any, ...], *, acts: bool) -> dict[str, Any]:
        """For a page whose reader may act, or only watch."""
        pending, waiting, wished = now
        return {
            "acts": acts,
            "question": _question(pending) if pending is not None else None,
            "waiting": _waiting(waiting) if waiting is not None else None,
            "wish": wished,
        }

    def comes(self) -> None:
        """Somebody who may act has opened the page: from now on a person is waited for."""
        self.operator.attended = True

    def answer(self, number: object, key: object) -> None:
        """Answers the question of that number. Raises Refused."""
        if not isinstance(number, int) or not isinstance(key, str):
            raise Refused("an answer has a number and a key")
        if why := self.operator.hear(number, key):
            raise Refused(why)

    def wish(self, wish: object, case: object = "") -> None:
        """Pause, repeat, abort or skip. Raises Refused."""
        if wish not in WISHES or not isinstance(wish, str):
            raise Refused("there is no such wish")
        if wish == "r" and case not in self.repeatable():
            raise Refused("this case was not run yet, so it cannot be repeated")
        self.operator.want(wish, str(case) if wish == "r" else "")

    def note(self, case: str | None, text: str, picture: bytes = b"") -> None:
        """Keeps a remark or a picture. Raises Refused."""
        if self.record is None:
            raise Refused("the run has not begun")
        try:
            notes.keep(self.record, self.folder, case, text, picture)
        except notes.NotKept as error:
            raise Refused(f"not kept: {error}") from None


def _question(asked: Question) -> dict[str, Any]:
    return {
        "number": asked.number,
        "opened": asked.opened,
        "text": visible(asked.text, 600),
        "case": visible(asked.case, 60),
        "facts": {visible(name, 40): visible(value, 80) for name, value in asked.facts.items()},
        "lines": [
            {"tone": tone, "text": visible(text, 600)}
            for tone, text in asked.lines
            if tone not in ("keys", "press")  # buttons stand for these
        ],
        "keys": [{"key": key, "means": visible(meaning, 100)} for key, meaning in asked.keys.items()],
    }


def _waiting(waiting: Waiting) -> dict[str, Any]:
    who, what, deadline = waiting
    left = max(0.0, deadline / 1e9 - time.monotonic())
    return {"who": who, "what": visible(what, 400), "left": round(left, 1)}
