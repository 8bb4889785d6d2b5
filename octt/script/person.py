"""The person at the station: does what the driver cannot, and is asked whether a failure is to be believed."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from octt.csms.answers import Armed
from octt.csms.server import CentralSystem
from octt.record.events import Prompted
from octt.script.case_run import CaseRun
from octt.script.verdicts import AbortRun, Blame, Inconclusive, RepeatCase
from octt.station.actions import Hardware, instruction
from octt.station.effects import Seen, Sight, Slipped, effect, look, was_pulled_out
from octt.station.errand import Answer, Errand, Reply, Request
from octt.station.operator import Operator
from octt.timeline.state import State
from octt.timeline.timeline import Timeline

Params = dict[str, Any]


class NotDone(Inconclusive):
    """Nobody did the action."""


_UNDONE = {
    Answer.CANNOT: "the operator could not do it",
    Answer.TIMEOUT: "the operator did not answer in time",
    Answer.GONE: "there is no operator any more",
}


@dataclass(frozen=True)
class Task:
    """An action that somebody has to do. `shown` False: a conformant station may show nothing of it."""

    name: str
    params: Params
    why: str = ""
    shown: bool = True

    @property
    def connector(self) -> int:
        """Where; 0 is the station itself."""
        return int(self.params.get("connector", 0))


@dataclass
class Cables:
    """What is known of the cables, whoever moved them."""

    hardware: Hardware
    since: dict[int, int] = field(default_factory=dict)
    """Connectors with a cable in, and the place of the timeline before it went in."""

    half_out: set[int] = field(default_factory=set)
    """Those of them whose cable is out on the EV's side."""

    perhaps: set[int] = field(default_factory=set)
    """Connectors that may have a cable in: somebody was asked for it and did not say that it was done."""

    @property
    def all(self) -> set[int]:
        """Connectors that have, or may have, a cable in."""
        return {*self.since, *self.perhaps}

    def moved(self, task: Task, place: int) -> None:
        """Keeps what an action changed; `place` of the timeline is where it was asked for."""
        number = task.connector
        if task.name in ("plug_in", "plug_in_halfway"):
            self.since[number] = place
            self.half_out.discard(number)
            self.perhaps.discard(number)
        elif task.name == "unplug" or (task.name == "unplug_ev" and self.hardware.fixed(number)):
            self.since.pop(number, None)
            self.half_out.discard(number)
            self.perhaps.discard(number)
        elif task.name == "unplug_ev" and number in self.since:
            self.half_out.add(number)

    def is_out(self, number: int, timeline: Timeline) -> bool:
        """Whether it is certain that a connector that had a cable has none now."""
        status = timeline.state.statuses.get(number)
        if number not in self.since:
            return status in ("Available", "Reserved")
        return was_pulled_out(number, timeline.since(self.since[number]))


class Watch:
    """Looks at what the station has sent since it was made; each entry once."""

    def __init__(self, timeline: Timeline, task: Task, cables: Cables, *, offline: bool = False) -> None:
        """`offline`: we keep the station from connecting, whether it has noticed that yet or not."""
        self.timeline, newest = timeline, timeline.newest
        self.before = replace(newest.state, connection=None) if offline else newest.state
        self.effect = effect(task.name, task.params, self.before, cables.all)
        self._next = newest.index + 1
        self._sight: Sight | None = None

    def __call__(self) -> Sight | None:
        """What shows so far."""
        if not isinstance(self._sight, Seen):
            entries = self.timeline.since(self._next)
            self._sight = look(entries, self.effect, self.before, self._sight)
            if entries:
                self._next, self.before = entries[-1].index + 1, entries[-1].state
        return self._sight


class Person:
    """Somebody at the terminal, who goes to the station; one for the whole run.

    `patience`: the station's limits, by what it is waited for, in seconds.
    """

    def __init__(
        self,
        operator: Operator,
        hardware: Hardware | None = None,
        system: CentralSystem | None = None,
        patience: Mapping[str, float] | None = None,
    ) -> None:
        self.operator, self.system, self.patience = operator, system, patience or {}
        self.hardware = hardware or Hardware()
        self.cables = Cables(self.hardware)

    def told(self, task: Task) -> str:
        """What is asked for, in one sentence."""
        return instruction(task.name, task.params, self.hardware, self.cables.half_out)

    def does(self, case: CaseRun, task: Task, problem: str = "") -> Reply:
        """Asks for an action until it is done. `problem`: why the driver did not do it.

        Raises Inconclusive when it is not done, RepeatCase and AbortRun when the person wants that.
        """
        while True:
            reply = self._ask(case, task, problem)
            if reply.answer in (Answer.SEEN, Answer.DONE, Answer.INSISTS):
                return reply
            if task.name in ("plug_in", "plug_in_halfway"):
                self.cables.perhaps.add(task.connector)
            slip = f": {reply.sight.says}" if isinstance(reply.sight, Slipped) else ""
            if reply.answer is Answer.ABORT:
                raise AbortRun
            if reply.answer is not Answer.REPEAT:
                raise NotDone(f"{_UNDONE[reply.answer]}: {self.told(task).rstrip('.')}{slip}", Blame.OPERATOR)
            if case.id and case.phase != "restore":  # else there is no case to repeat
                raise RepeatCase(f"the operator repeats the case{slip}")

    def _ask(self, case: CaseRun, task: Task, problem: str) -> Reply:
        if task.name == "unplug" and self.cables.is_out(task.connector, case.timeline):
            return Reply(Answer.SEEN)
        text, start = self.told(task), time.monotonic()
        offline = self.system is not None and self.system.offline
        watch = Watch(case.timeline, task, self.cables, offline=offline)
        before = watch.before
        request = self._request(case, task, watch, text, problem)
        deadline = case.timeline.clock.now() + int(self.operator.timeout * 1e9)
        with case.waits("operator", text, deadline), self._other_cards_refused(task):
            reply = Errand(self.operator, request, watch).run()
        frame = reply.sight.entry.n if reply.sight else None
        if task.name in ("plug_in", "plug_in_halfway"):
            self.cables.perhaps |= _plugged_meanwhile(before, case.timeline.state) - {task.connector}
        seconds = round(time.monotonic() - start, 3)
        case.record.write(Prompted(text=text, answer=reply.answer, seconds=seconds, frame=frame))
        return reply

    def _request(self, case: CaseRun, task: Task, watch: Watch, text: str, problem: str) -> Request:
        why, found, hurry = task.why or case.purpose, watch.effect, ""
        if problem:
            why += f" ({problem})" if why else problem
        if found.key:
            value = watch.before.configuration.get(found.key.casefold())
            for_so_long = f" {value} s" if value else " only for a while"
            hurry = f"be quick: the station waits{for_so_long} ({found.key})"
        tells = found.tells if task.shown else ""
        sure = found.sure and task.shown
        return Request(
            text, why, case.id, tells, sure, self.patience.get(found.within, 0.0), hurry, task.params
        )

    @contextlib.contextmanager
    def _other_cards_refused(self, task: Task) -> Iterator[None]:
        """While a card is waited for, the Central System refuses every other one, so that a wrong one does nothing."""
        if self.system is None or task.name != "present_id_tag":
            yield
            return
        refusal = {"idTagInfo": {"status": "Invalid", "parentIdTag": None}}
        armed = Armed(refusal, unless={"idTag": task.params["id_tag"]})
        self.system.answers.arm("Authorize", armed)
        try:
            yield
        finally:
            self.system.answers.withdraw("Authorize", armed)

    # -- after a failure ------------------------------------------------------------------------------------------

    def wants_again(self, case: CaseRun, by_hand: Sequence[str], verdict: str, reason: str) -> bool:
        """Whether a case that somebody had a hand in and that did not pass is to be repeated.

        What the person did cannot always be seen by the tool: a failure is the station's only if all was done as asked.
        """
        start, question = time.monotonic(), f"{verdict}: {reason}"
        choices = {"y": "all was done as asked: that is the verdict", "r": "repeat the case"}
        lines = ["By hand were done:", *(f"· {text}" for text in dict.fromkeys(by_hand))]
        with case.waits("operator", question, case.timeline.clock.now()):
            answer = self.operator.choose(f"{case.id}  {question}", choices, otherwise="", lines=lines)
        seconds = round(time.monotonic() - start, 3)
        case.record.write(Prompted(text=question, answer=answer or "timeout", seconds=seconds))
        return answer == "r"


def _plugged_meanwhile(before: State, now: State) -> set[int]:
    """Connectors that a cable seems to have gone into."""
    return {
        n
        for n, status in now.statuses.items()
        if status == "Preparing" and before.statuses.get(n) == "Available"
    }
