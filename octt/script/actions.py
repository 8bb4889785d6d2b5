"""The word `driver`: moves the physical world through the bench's driver, or through the operator where it cannot."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from octt.script.case_run import CaseRun
from octt.script.verdicts import AbortRun, Blame, Inconclusive, RepeatCase
from octt.station.actions import ACTIONS, ActionFailed, CannotAct, Driver, instruction
from octt.station.operator import Operator


@dataclass
class World:
    """What we did to the physical world and have not taken back."""

    plugged: set[int] = field(default_factory=set)
    taken_back_by: dict[tuple[str, int], str] = field(default_factory=dict)
    powered: bool = True
    stuck: dict[int, str] = field(default_factory=dict)
    """Connectors that did not become Available after the case before, with their status."""

    incurable: dict[int, str] = field(default_factory=dict)
    """Those that were stuck even after a fresh start: another would not help."""

    lost: set[int] = field(default_factory=set)
    """Ids of transactions that were never stopped and that the station knows no longer."""


_TAKEN_BACK = {
    "fault": "clear_fault",
    "jam_lock": "free_lock",
    "break_list_storage": "repair_list_storage",
    "ev_suspend": "ev_resume",
    "unreachable": "reachable",
}


class Actions:
    """Moves cable, card and power through the bench's driver, or through the operator where it cannot."""

    def __init__(self, case: CaseRun, driver: Driver, operator: Operator | None, world: World) -> None:
        self.case, self.driver, self.operator, self.world = case, driver, operator, world

    def plug_in(self, connector: int, why: str = "") -> None:
        """The cable goes in at both ends."""
        self.act("plug_in", why, connector=connector)
        self.world.plugged.add(connector)

    def unplug(self, connector: int, why: str = "") -> None:
        """The cable is removed."""
        self.act("unplug", why, connector=connector)
        self.world.plugged.discard(connector)

    def unplug_ev(self, connector: int, why: str = "") -> None:
        """The cable is pulled out on the EV's side only."""
        self.act("unplug_ev", why, connector=connector)

    def plug_in_halfway(self, connector: int, why: str = "") -> None:
        """The plug cannot be locked."""
        self.act("plug_in_halfway", why, connector=connector)
        self.world.plugged.add(connector)

    def present_id_tag(self, connector: int, id_tag: str, why: str = "") -> None:
        """A card is presented for a connector."""
        self.act("present_id_tag", why, connector=connector, id_tag=id_tag)

    def press_stop(self, connector: int, why: str = "") -> None:
        """The stop button is pressed."""
        self.act("press_stop", why, connector=connector)

    def power_off(self, why: str = "") -> None:
        """Mains power goes."""
        self.act("power_off", why)
        self.world.powered = False

    def power_on(self, why: str = "") -> None:
        """Mains power comes back."""
        self.act("power_on", why)
        self.world.powered = True

    def power_cycle(self, why: str = "") -> None:
        """Mains power goes and comes back."""
        self.act("power_cycle", why)

    def fault(self, connector: int, why: str = "") -> None:
        """A fault is provoked; connector 0: of the whole station."""
        self.act("fault", why, connector=connector)

    def clear_fault(self, connector: int, why: str = "") -> None:
        """The fault is removed."""
        self.act("clear_fault", why, connector=connector)

    def act(self, name: str, why: str = "", **params: Any) -> None:
        """Any action of the driver contract. The clock for the station starts when it is done.

        Raises Inconclusive when nobody can do it.
        """
        record, start = self.case.record, time.monotonic()
        record.write("action", action=name, params=params, driver=self.driver.kind, phase="asked", why=why)
        seen = self._effect(name, params)

        def ended(phase: str, who: str, detail: str = "") -> None:
            seconds = round(time.monotonic() - start, 6)
            more: dict[str, Any] = {"seconds": seconds, "who": who, "detail": detail}
            record.write("action", action=name, params=params, driver=self.driver.kind, phase=phase, **more)

        try:
            who = self.driver.act(name, params, why, seen)
        except CannotAct as cannot:
            who = self._ask(name, params, why, seen, ended, str(cannot), "cannot")
        except ActionFailed as failed:
            who = self._ask(name, params, why, seen, ended, str(failed), "failed")
        ended("done", who)
        self._remember(name, params)
        if name.startswith("power"):
            self.case.position.expect_disconnect()
        self.case.position.count_from_now()

    def _ask(
        self,
        name: str,
        params: dict[str, Any],
        why: str,
        seen: Callable[[], bool],
        ended: Callable[..., None],
        problem: str,
        phase: str,
    ) -> str:
        if self.operator is None:
            ended(phase, self.driver.kind, problem)
            raise Inconclusive(
                f"nobody could do {name}: {problem}", "configuration" if phase == "cannot" else "tool"
            )
        text, start = instruction(name, params), time.monotonic()
        why = why or self.case.purpose
        deadline = time.monotonic_ns() + int(self.operator.timeout * 1e9)
        with self.case.waits("operator", text, deadline):
            answer = self.operator.ask(f"{self.case.id}  {text}".strip(), why, seen)
        self.case.record.write("prompt", text=text, answer=answer, seconds=round(time.monotonic() - start, 3))
        if answer in ("done", "seen"):
            return "operator"
        if answer == "repeat" and (not self.case.id or self.case.phase == "restore"):
            return self._ask(name, params, why, seen, ended, problem, phase)  # there is no case to repeat
        ended("cannot", "operator", answer)
        if answer == "repeat":
            raise RepeatCase
        if answer == "abort":
            raise AbortRun
        blame = Blame.OPERATOR
        what = {"cannot": "the operator could not do it", "timeout": "the operator did not answer in time"}
        outcome = what.get(answer, "there is no operator any more")
        raise Inconclusive(f"{outcome}: {text.rstrip('.')}", blame)

    def _effect(self, name: str, params: dict[str, Any]) -> Callable[[], bool]:
        effects, timeline = ACTIONS[name].effects, self.case.timeline
        start = timeline.end

        def seen() -> bool:
            for entry in timeline.since(start):
                if entry.kind in effects:
                    return True
                if entry.is_call() and entry.action in effects:
                    connector = entry.payload.get("connectorId", params.get("connector"))
                    if connector == params.get("connector", connector):
                        return True
            return False

        return seen

    def _remember(self, name: str, params: dict[str, Any]) -> None:
        connector = int(params.get("connector", 0))
        if name in _TAKEN_BACK:
            self.world.taken_back_by[(_TAKEN_BACK[name], connector)] = name
        self.world.taken_back_by.pop((name, connector), None)

    def take_back(self) -> None:
        """Power back on, faults and jams removed. Cables stay: a transaction may need to end first."""
        if not self.world.powered:
            self.power_on("putting things back")
        for undo, connector in list(self.world.taken_back_by):
            params = {"connector": connector} if "connector" in ACTIONS[undo].instruction else {}
            self.act(undo, "putting things back", **params)
