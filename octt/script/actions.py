"""The word `driver`: moves the physical world through the bench's driver, or through a person where it cannot."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from octt.record.events import Acted
from octt.record.words import ActionPhase
from octt.script.case_run import CaseRun
from octt.script.person import NotDone, Person, Task
from octt.script.undo import Kind, Undo
from octt.script.verdicts import AbortRun, Inconclusive, RepeatCase
from octt.station.actions import ActionFailed, CannotAct, Driver

_TAKEN_BACK = {
    "fault": "clear_fault",
    "jam_lock": "free_lock",
    "break_list_storage": "repair_list_storage",
    "ev_suspend": "ev_resume",
    "unreachable": "reachable",
}
"""Actions that are taken back by another."""


class Actions:
    """Moves cable, card and power through the bench's driver, or through a person where it cannot.

    `shown` False: a conformant station may show nothing of it, so that only who did it can say so.
    """

    def __init__(self, case: CaseRun, driver: Driver, person: Person | None) -> None:
        self.case, self.driver, self.person = case, driver, person
        self.by_hand: list[str] = []
        """What a person was asked for and did in this attempt, before things were put back."""
        self.declined: dict[tuple[str, int, str], str] = {}
        """What a person was asked for and did not do while things are put back, by connector and its status then; why.

        Nothing is asked for twice, until something else was done or the connector's status is another.
        """

    def plug_in(self, connector: int, why: str = "", *, shown: bool = True) -> None:
        """The cable goes in at both ends."""
        self.act("plug_in", why, shown=shown, connector=connector)

    def unplug(self, connector: int, why: str = "") -> None:
        """The cable is removed."""
        self.act("unplug", why, connector=connector)

    def unplug_ev(self, connector: int, why: str = "") -> None:
        """The cable is pulled out on the EV's side only."""
        self.act("unplug_ev", why, connector=connector)

    def plug_in_halfway(self, connector: int, why: str = "") -> None:
        """The plug cannot be locked."""
        self.act("plug_in_halfway", why, connector=connector)

    def present_id_tag(self, connector: int, id_tag: str, why: str = "", *, shown: bool = True) -> None:
        """A card is presented for a connector."""
        self.act("present_id_tag", why, shown=shown, connector=connector, id_tag=id_tag)

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

    def act(self, name: str, why: str = "", *, shown: bool = True, **params: Any) -> None:
        """Any action of the driver contract. The clock for the station starts when it is done.

        Raises Inconclusive when nobody can do it.
        """
        if "connector" in params:
            self.case.uses(int(params["connector"]))
        task = Task(name, params, why, shown)
        owed, start = self._owe(name, params), self.case.timeline.end
        try:
            self._act(task)
        except (NotDone, RepeatCase, AbortRun):
            if owed and not (self.person and task.connector in self.person.cables.perhaps):
                self.case.journal.not_needed(owed)
            raise
        if self.person:
            self.person.cables.moved(task, start)
        self._settle(name, params)
        self.case.position.acted(name)
        if name.startswith("power"):
            self.case.position.expect_boot(start, certain=name != "power_off")

    def _act(self, task: Task) -> None:
        record, start = self.case.record, time.monotonic()
        common: dict[str, Any] = {"action": task.name, "params": task.params, "driver": self.driver.kind}
        record.write(Acted(**common, phase=ActionPhase.ASKED, why=task.why))

        def ended(phase: ActionPhase, who: str, **more: Any) -> None:
            seconds = round(time.monotonic() - start, 6)
            record.write(Acted(**common, phase=phase, who=who, seconds=seconds, **more))

        try:
            ended(ActionPhase.DONE, self.driver.act(task.name, task.params))
        except CannotAct as cannot:
            self._by_hand(task, ActionPhase.CANNOT, str(cannot), ended)
        except ActionFailed as failed:
            self._by_hand(task, ActionPhase.FAILED, str(failed), ended)

    def _by_hand(self, task: Task, phase: ActionPhase, problem: str, ended: Callable[..., None]) -> None:
        if self.person is None:
            ended(phase, self.driver.kind, detail=problem)
            undone = f"nobody could do {task.name}: {problem}"
            raise (
                NotDone(undone, "configuration")
                if phase is ActionPhase.CANNOT
                else Inconclusive(undone, "tool")
            )
        asked, restoring = self.person.told(task), self.case.phase == "restore"
        declined = (task.name, task.connector, self.case.timeline.state.statuses.get(task.connector, ""))
        try:
            if restoring and declined in self.declined:
                raise NotDone(self.declined[declined], "operator")
            reply = self.person.does(self.case, task, "" if self.driver.kind == "manual" else problem)
        except Exception as undone:
            ended(ActionPhase.CANNOT, "operator", detail=str(undone))
            if restoring and isinstance(undone, NotDone):
                self.declined[declined] = undone.reason
            raise
        finally:
            self._owe_cables(self.person.cables.perhaps - {task.connector})
        self.declined.clear()
        if not restoring:
            self.by_hand.append(asked)
        ended(ActionPhase.DONE, "operator", detail=reply.answer)

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

    def _owe_cables(self, connectors: set[int]) -> None:
        """A cable that somebody put into another connector than was asked for has to come out of it."""
        owed = {undo.connector for undo in self.case.journal.of(Kind.CABLE)}
        for number in connectors - owed:
            self.case.owe(Kind.CABLE, f"connector {number}", connector=number)

    def _settle(self, name: str, params: dict[str, Any]) -> None:
        """What an action takes back."""
        journal, connector = self.case.journal, params.get("connector")
        for undo in journal.of(Kind.CABLE, Kind.POWER, Kind.ACTION):
            backs = {Kind.CABLE: ("unplug",), Kind.POWER: ("power_on", "power_cycle")}
            if name in backs.get(undo.kind, (undo.given.get("action"),)) and undo.connector == connector:
                journal.restored(undo)
