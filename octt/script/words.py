"""The words for what we do: `csms` arms answers and cuts the network, `driver` moves the physical world."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from octt.csms.answers import Armed, ErrorAnswer
from octt.csms.server import CentralSystem
from octt.script.case_run import CaseRun
from octt.script.verdicts import AbortRun, Blame, Inconclusive, RepeatCase
from octt.station.actions import ACTIONS, ActionFailed, CannotAct, Driver, instruction
from octt.station.operator import Operator


class Csms:
    """The Central System, as a script sees it. What is armed here ends with the case."""

    def __init__(self, case: CaseRun, system: CentralSystem) -> None:
        self.case, self.system = case, system

    def answer(
        self,
        action: str,
        *,
        times: int | None = None,
        when: dict[str, Any] | None = None,
        **fields: Any,
    ) -> None:
        """From now on answers requests for `action` with these fields over the defaults.

        `times`: only that often; `when`: only requests with these field values. Raises ValueError for a field the
        answer does not have.
        """
        self._arm(action, Armed(fields, times, when or {}), payload=fields)

    def answer_error(self, action: str, code: str, *, times: int | None = None) -> None:
        """From now on answers with a CALLERROR."""
        self._arm(action, Armed(ErrorAnswer(code, "as the test case demands"), times), error=code)

    def keep_silent(self, action: str, *, times: int | None = None) -> None:
        """From now on leaves requests for `action` without an answer."""
        self._arm(action, Armed(None, times), payload=None)

    def _arm(self, action: str, armed: Armed, **what: Any) -> None:
        self.system.answers.arm(action, armed)
        self.case.record.write("arm", action=action, times=armed.times, when=armed.when, **what)

    def cut(self) -> None:
        """The station loses its connection and cannot come back before `restore`."""
        self.system.cut()
        self.case.undo("the network", self.system.restore)
        self.case.now()

    def restore(self) -> None:
        """The station may connect again."""
        self.system.restore()
        self.case.now()


@dataclass
class World:
    """What we did to the physical world and have not taken back."""

    plugged: set[int] = field(default_factory=set)
    taken_back_by: dict[tuple[str, int], str] = field(default_factory=dict)
    powered: bool = True
    stuck: dict[int, str] = field(default_factory=dict)
    """Connectors that did not become Available after the case before, with their status."""


_TAKEN_BACK = {
    "fault": "clear_fault",
    "jam_lock": "free_lock",
    "break_list_storage": "repair_list_storage",
    "ev_suspend": "ev_resume",
    "unreachable": "reachable",
}


class Actions:
    """Moves cable, card and power through the bench's driver, or through the operator where it cannot."""

    def __init__(
        self, case: CaseRun, driver: Driver, operator: Operator | None, system: CentralSystem, world: World
    ) -> None:
        self.case, self.driver, self.operator, self.system, self.world = case, driver, operator, system, world

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
            self.case.loss_expected = True
        self.case.now()

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
        blame: Blame = "operator"
        what = {"cannot": "the operator could not do it", "timeout": "the operator did not answer in time"}
        outcome = what.get(answer, "there is no operator any more")
        raise Inconclusive(f"{outcome}: {text.rstrip('.')}", blame)

    def _effect(self, name: str, params: dict[str, Any]) -> Callable[[], bool]:
        effects, traffic = ACTIONS[name].effects, self.system.traffic
        start = len(traffic.entries)

        def seen() -> bool:
            for entry in traffic.entries[start:]:
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
