"""The word `driver`: moves the physical world through the bench's driver, or through the operator where it cannot."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from octt.script.case_run import CaseRun
from octt.script.undo import Kind, Undo
from octt.script.verdicts import AbortRun, Blame, Inconclusive, RepeatCase
from octt.station.actions import ACTIONS, ActionFailed, CannotAct, Driver, instruction
from octt.station.operator import Operator

_TAKEN_BACK = {
    "fault": "clear_fault",
    "jam_lock": "free_lock",
    "break_list_storage": "repair_list_storage",
    "ev_suspend": "ev_resume",
    "unreachable": "reachable",
}
"""Actions that are taken back by another."""


class NotDone(Inconclusive):
    """Nobody did the action."""


class Actions:
    """Moves cable, card and power through the bench's driver, or through the operator where it cannot."""

    def __init__(self, case: CaseRun, driver: Driver, operator: Operator | None) -> None:
        self.case, self.driver, self.operator = case, driver, operator

    def plug_in(self, connector: int, why: str = "") -> None:
        """The cable goes in at both ends."""
        self.act("plug_in", why, connector=connector)

    def unplug(self, connector: int, why: str = "") -> None:
        """The cable is removed."""
        self.act("unplug", why, connector=connector)

    def unplug_ev(self, connector: int, why: str = "") -> None:
        """The cable is pulled out on the EV's side only."""
        self.act("unplug_ev", why, connector=connector)

    def plug_in_halfway(self, connector: int, why: str = "") -> None:
        """The plug cannot be locked."""
        self.act("plug_in_halfway", why, connector=connector)

    def present_id_tag(self, connector: int, id_tag: str, why: str = "") -> None:
        """A card is presented for a connector."""
        self.act("present_id_tag", why, connector=connector, id_tag=id_tag)

    def press_stop(self, connector: int, why: str = "") -> None:
        """The stop button is pressed."""
        self.act("press_stop", why, connector=connector)

    def power_off(self, why: str = "") -> None:
        """Mains power goes."""
        self.act("power_off", why)

    def power_on(self, why: str = "") -> None:
        """Mains power comes back."""
        self.act("power_on", why)

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
        if "connector" in params:
            self.case.uses(int(params["connector"]))
        owed, start = self._owe(name, params), self.case.timeline.end
        try:
            self._act(name, why, params)
        except (NotDone, RepeatCase, AbortRun):
            if owed:
                self.case.journal.not_needed(owed)
            raise
        self._settle(name, params)
        self.case.position.acted(name)
        if name.startswith("power"):
            self.case.position.expect_boot(start, certain=name != "power_off")

    def _act(self, name: str, why: str, params: dict[str, Any]) -> None:
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
            undone = f"nobody could do {name}: {problem}"
            raise NotDone(undone, "configuration") if phase == "cannot" else Inconclusive(undone, "tool")
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
        raise NotDone(f"{outcome}: {text.rstrip('.')}", blame)

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

    # -- what is to be taken back ---------------------------------------------------------------------------------

    def _owe(self, name: str, params: dict[str, Any]) -> Undo | None:
        """What an action makes necessary."""
        where = {"connector": params["connector"]} if "connector" in params else {}
        place = f"connector {params.get('connector')}"
        if name in ("plug_in", "plug_in_halfway"):
            return self.case.owe(Kind.CABLE, place, **where)
        if name in ("power_off", "power_cycle"):
            return self.case.owe(Kind.POWER, "power")
        if name in _TAKEN_BACK:
            back = _TAKEN_BACK[name]
            return self.case.owe(Kind.ACTION, f"{name} of {place}" if where else name, action=back, **where)
        return None

    def _settle(self, name: str, params: dict[str, Any]) -> None:
        """What an action takes back."""
        journal, connector = self.case.journal, params.get("connector")
        for undo in journal.of(Kind.CABLE, Kind.POWER, Kind.ACTION):
            backs = {Kind.CABLE: ("unplug",), Kind.POWER: ("power_on", "power_cycle")}
            if name in backs.get(undo.kind, (undo.given.get("action"),)) and undo.connector == connector:
                journal.restored(undo)
