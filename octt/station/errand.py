"""An errand: a person is asked for one action, the station is watched meanwhile, and what it shows counts.

Where a station must show an action, Enter alone is not believed: the station is waited for, then the person is asked
again. What shows that something else was done is told at once, and is never taken for the action. Who says against
all signs that it was done gets the station judged.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from octt.station.effects import Seen, Sight, Slipped
from octt.station.operator import NOTHING, Operator

Watch = Callable[[], Sight | None]


class Answer(StrEnum):
    """How an errand ended, as the record has it."""

    SEEN = "seen"
    """The station showed it."""
    DONE = "done"
    """The person said so."""
    INSISTS = "insists"
    """The person said so against what the station shows, or does not show."""
    CANNOT = "cannot"
    REPEAT = "repeat"
    ABORT = "abort"
    TIMEOUT = "timeout"
    GONE = "gone"
    """Nobody can answer any more."""


@dataclass(frozen=True)
class Request:
    """What a person is asked to do. `tells`: how the station shows it; `sure`: that it must.

    `patience`: seconds that the station is waited for once the person says that it is done. `hurry`: why to be quick.
    """

    text: str
    why: str = ""
    case: str = ""
    tells: str = ""
    sure: bool = False
    patience: float = 0.0
    hurry: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Which connector, which card."""


@dataclass(frozen=True)
class Reply:
    """The end of an errand; `sight` is what was last seen of the station meanwhile."""

    answer: Answer
    sight: Sight | None = None


_KEYS = {
    **dict.fromkeys(("", "d", "done"), Answer.DONE),
    **dict.fromkeys(("y", "yes"), Answer.INSISTS),
    **dict.fromkeys(("c", "cannot"), Answer.CANNOT),
    **dict.fromkeys(("r", "repeat"), Answer.REPEAT),
    **dict.fromkeys(("a", "abort"), Answer.ABORT),
}
_OFFERED = {"c": "cannot", "r": "repeat the case", "p": "pause", "a": "abort the run"}
_OTHERS = "   ".join(f"{key} {meaning}" for key, meaning in _OFFERED.items())
_DONE = {"": "done", **_OFFERED}
_JUDGE = {"y": "it was done as asked: judge the station", **_OFFERED}
_IN_DOUBT = "   ".join(f"{key} {meaning}" for key, meaning in _JUDGE.items())


class Errand:
    """One request to a person at the terminal, until it is answered or the station shows what was done."""

    def __init__(self, operator: Operator, request: Request, watch: Watch) -> None:
        self.operator, self.request, self.watch = operator, request, watch
        self._say = operator.say
        self._slipped: Slipped | None = None
        self._doubt = ""
        self._shows_until: float | None = None
        """Until when the station is waited for, since the person says that it is done."""

    def run(self) -> Reply:
        """Asks and waits."""
        with self.operator.question(self.request.text, self.request.case, facts=self.request.facts):
            self._explain()
            while True:
                if seen := self._look():
                    self._say("✓ the station shows it; going on", "seen")
                    return Reply(Answer.SEEN, seen)
                if answer := self._hear():
                    return Reply(answer, self._slipped)

    # -- what the station shows -----------------------------------------------------------------------------------

    def _look(self) -> Seen | None:
        sight = self.watch()
        if isinstance(sight, Seen):
            return sight
        if sight is not None and sight != self._slipped:
            self._slipped = sight
            self._object(sight.says, "Now it is too late in this attempt." if sight.over else "")
        elif self._shows_until is not None and not self._doubt and time.monotonic() >= self._shows_until:
            self._object(f"nothing shows it yet, though {self.request.tells} when it is done")
        return None

    def _object(self, doubt: str, then: str = "") -> None:
        self._doubt = doubt
        self.operator.console.bell()
        self._say(f"✗ {doubt}", "doubt")
        self._say(then or f"Please: {self.request.text}", "please")
        self.operator.offer(_JUDGE)
        self._say(_IN_DOUBT, "keys")

    # -- what the person says -------------------------------------------------------------------------------------

    def _hear(self) -> Answer | None:
        line = self.operator.line()
        if line is None:
            return Answer.GONE
        if line == NOTHING:
            return Answer.TIMEOUT if self.operator.is_late() else None
        if line == "p":
            self.operator.rest()
            self.operator.title(self.request.text, self.request.case)
            self._explain()
            return None
        return self._weigh(_KEYS.get(line))

    def _weigh(self, answer: Answer | None) -> Answer | None:
        """What an answer is worth here; None: it does not end the errand."""
        unshown = self._doubt or self._shows_until is not None
        if answer is Answer.DONE and self._doubt:
            self._say(f"Enter is not enough here. {_IN_DOUBT}", "wrong")
        elif answer is Answer.DONE and self.request.sure:
            if self._shows_until is None:
                self._shows_until = time.monotonic() + self.request.patience
                self._say("waiting for the station to show it", "itself")
        elif answer is None or (answer is Answer.INSISTS and not unshown):
            self._say(
                "please answer with " + ("y, c, r, p or a" if self._doubt else "Enter, c, r, p or a"),
                "wrong",
            )
        else:
            return answer
        return None

    def _explain(self) -> None:
        request = self.request
        self.operator.offer(_JUDGE if self._doubt else _DONE)
        if request.why:
            self._say(f"why: {request.why}", "why")
        if request.hurry:
            self._say(request.hurry, "hurry")
        if request.sure:
            self._say(f"goes on by itself: {request.tells}", "itself")
            self._say(f"[Enter] done   {_OTHERS}", "keys")
        else:
            if request.tells:
                told = f"it may be that {request.tells}; this then goes on by itself. Otherwise"
                self._say(told, "itself")
            else:
                self._say("the station does not show this by itself", "alone")
            self._say("⏎ press Enter when it is done", "press")
            self._say(_OTHERS, "keys")
