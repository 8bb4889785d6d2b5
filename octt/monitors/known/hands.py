"""What was done to the station by hand, or by a rig: the `action` events of a record."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from octt.ocpp.values import text, whole
from octt.record.events import Acted
from octt.record.words import ActionPhase

_KEPT = 50
"""Actions that are remembered."""


@dataclass(eq=False)
class Act:
    """One action. `connector` is None where it concerns the whole station; `m` is when it was asked for."""

    name: str
    connector: int | None
    id_tag: str
    n: int
    m: int
    driver: str
    done: int = 0
    """When it was done, in monotonic nanoseconds; 0 until then."""

    who: str = ""
    """Who did it in the end."""

    @property
    def by_rig(self) -> bool:
        """Whether no person did it: a person may press the stop button where a card was asked for."""
        return bool(self.done) and self.driver != "manual" and self.who != "operator"


class Hands:
    """The last actions. `at_work`: the record has any, so that a card that nobody presented was not presented."""

    def __init__(self) -> None:
        self.at_work = False
        self._acts: deque[Act] = deque(maxlen=_KEPT)

    def note(self, event: Acted) -> None:
        """Takes note of an action: asked for, and then done, or not."""
        self.at_work = True
        name, connector = event.action[:40], whole(event.params.get("connector"))
        if event.phase == ActionPhase.ASKED:
            tag = text(event.params.get("id_tag"))[:40]
            self._acts.append(Act(name, connector, tag, event.n, event.m, event.driver[:20]))
            return
        for act in self.latest():
            if act.name == name and act.connector == connector and not act.done:
                if event.phase == ActionPhase.DONE:
                    act.done, act.who = event.m or 1, event.who[:20]
                else:
                    self._acts.remove(act)
                return

    @property
    def persons(self) -> bool:
        """Whether persons did some of the last actions: they may also act unasked."""
        return any(act.driver == "manual" or act.who == "operator" for act in self._acts)

    def latest(self, since: int = 0) -> Iterator[Act]:
        """The actions that were asked for after the monotonic time `since`, the last first."""
        for act in reversed(tuple(self._acts)):
            if act.m < since:
                return
            yield act

    def last_at(self, connector: int) -> Act | None:
        """The last action that concerned a connector, or the whole station."""
        return next((act for act in self.latest() if act.connector in (None, 0, connector)), None)
