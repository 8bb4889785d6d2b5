"""Collects what the record says of each test case: attempts, steps, remarks, actions, prompts, changes."""

from __future__ import annotations

from typing import Any

from octt.record import Event
from octt.report.model.case import (
    ERROR,
    FAIL,
    INCONCLUSIVE,
    NOT_APPLICABLE,
    PASS,
    Action,
    Attempt,
    Case,
    Change,
    Override,
    Prompt,
    Remark,
    Step,
)
from octt.report.model.frames import Frames
from octt.report.model.values import number, table, text, whole

MAX_REMARKS = 2000  # different remarks kept per attempt; how many more there were is counted


class CaseBuilder:
    """Takes the plan and the events of cases in order; `finish` gives the cases in plan order."""

    def __init__(self, frames: Frames) -> None:
        self._frames = frames
        self._cases: dict[str, Case] = {}
        self._attempt: Attempt | None = None
        self._known: dict[tuple[int, str, str, str], Remark] = {}
        self.remarks: list[Remark] = []
        self.actions: list[Action] = []
        self.prompts: list[Prompt] = []
        self._handlers = {
            "case.start": self._start,
            "case.end": self._end,
            "step": self._step,
            "remark": self._remark,
            "action": self._action,
            "prompt": self._prompt,
            "changed": self._changed,
        }

    def plan(self, entries: list[dict[str, Any]]) -> None:
        """Adds the cases of a plan; those known already keep their place and their attempts."""
        for entry in entries:
            case_id = text(entry.get("case"))
            applicable = entry.get("applicable") is not False  # undecided is not excluded
            known = self._cases.get(case_id)
            if known is not None:
                known.applicable, known.pics_reason = applicable, text(entry.get("reason"))
                continue
            self._cases[case_id] = Case(
                id=case_id,
                name=text(entry.get("name")),
                profile=text(entry.get("profile")),
                section=text(entry.get("section")),
                applicable=applicable,
                pics_reason=text(entry.get("reason")),
                frames_of_run=self._frames,
            )

    def feed(self, event: Event) -> None:
        """Takes an event of a case; other kinds are ignored."""
        handler = self._handlers.get(event["kind"])
        if handler is not None:
            handler(event)

    def interrupted(self) -> None:
        """The run broke off here: what is open stays without an end."""
        if self._attempt is not None:
            self._attempt.last_frame = len(self._frames)
            self._attempt = None

    def finish(self) -> list[Case]:
        """The cases, in plan order."""
        self.interrupted()
        return list(self._cases.values())

    def override(self, event: Event) -> Override:
        """Notes that the operator overrules a verdict."""
        case_id = text(event.get("case"))
        case = self._cases.get(case_id)
        verdict, by, why = _verdict(event.get("verdict")), text(event.get("by")), text(event.get("why"))
        if case is None:
            return Override(event["n"], event["t"], case_id, "", verdict, by, why, 0)
        attempts = len(case.attempts)
        override = Override(event["n"], event["t"], case_id, case.verdict, verdict, by, why, attempts)
        case.overrides.append(override)
        return override

    def _start(self, event: Event) -> None:
        self.interrupted()
        case_id = text(event.get("case"))
        case = self._cases.get(case_id)
        if case is None:
            self.plan([{"case": case_id, "name": event.get("name"), "reason": "not in the plan of the run"}])
            case = self._cases[case_id]
        first = len(self._frames)
        self._attempt = Attempt(
            number=max(whole(event.get("attempt")) or 0, len(case.attempts) + 1),  # a resumed run counts on
            started=event["t"],
            n=event["n"],
            first_frame=first,
            last_frame=first,
        )
        case.attempts.append(self._attempt)

    def _end(self, event: Event) -> None:
        verdict = _verdict(event.get("verdict"))
        if self._attempt is None and verdict == NOT_APPLICABLE:  # decided when the station's keys were known
            plan = {name: event.get(name) for name in ("case", "name", "reason")}
            self.plan([{**plan, "applicable": False}])
            return
        if self._attempt is None:
            self._start(event)
        attempt = self._attempt
        assert attempt is not None
        attempt.ended = event["t"]
        attempt.verdict, attempt.blame = verdict, text(event.get("blame"))
        attempt.reason = text(event.get("reason"))
        attempt.seconds = number(event.get("seconds")) or 0.0
        attempt.forced = number(event.get("forced")) or 0.0
        self.interrupted()

    def _step(self, event: Event) -> None:
        attempt = self._of(event)
        if attempt is None:
            return
        attempt.steps.append(
            Step(
                n=event["n"],
                t=event["t"],
                number=len(attempt.steps) + 1,
                step=text(event.get("step")),
                what=text(event.get("what")),
                outcome=text(event.get("outcome")),
                actual=text(event.get("actual")),
                frame=whole(event.get("frame")),
                closest=whole(event.get("closest")),
                seconds=number(event.get("seconds")),
                limit=number(event.get("limit")),
                cite=text(event.get("cite")),
                phase=text(event.get("phase")) or "test",
                data=event.get("data"),
            )
        )

    def _remark(self, event: Event) -> None:
        attempt = self._of(event)
        remarks = self.remarks if attempt is None else attempt.remarks
        place = 0 if attempt is None else attempt.n
        content, cite, by = (
            text(event.get("text")),
            text(event.get("cite")),
            text(event.get("by")) or "script",
        )
        known = self._known.get((place, content, cite, by))
        if known is not None:
            known.count += 1
        elif len(remarks) >= MAX_REMARKS:
            if attempt is not None:
                attempt.remarks_left_out += 1
        else:
            severity = text(event.get("severity"))
            remark = Remark(event["n"], content, whole(event.get("frame")), cite, by, severity)
            self._known[place, content, cite, by] = remark
            remarks.append(remark)

    def _of(self, event: Event) -> Attempt | None:
        """The attempt an event belongs to: the running one, else the last one of the case it names."""
        if self._attempt is not None:
            return self._attempt
        case = self._cases.get(text(event.get("case")))
        return case.last if case is not None else None

    def _action(self, event: Event) -> None:
        actions = self._attempt.actions if self._attempt is not None else self.actions
        name, phase = text(event.get("action")), text(event.get("phase"))
        if phase == "asked":
            actions.append(
                Action(
                    n=event["n"],
                    t=event["t"],
                    action=name,
                    params=table(event.get("params")),
                    driver=text(event.get("driver")),
                    who=text(event.get("who")),
                    detail=text(event.get("detail")),
                )
            )
            return
        action = next((a for a in reversed(actions) if a.action == name and a.ended is None), None)
        if action is None:
            action = Action(event["n"], event["t"], name, table(event.get("params")))
            actions.append(action)
        action.ended, action.phase = event["t"], phase
        action.seconds = number(event.get("seconds"))
        action.driver = text(event.get("driver")) or action.driver
        action.who = text(event.get("who")) or action.who
        action.detail = text(event.get("detail")) or action.detail

    def _prompt(self, event: Event) -> None:
        prompts = self._attempt.prompts if self._attempt is not None else self.prompts
        answer, question = text(event.get("answer")), text(event.get("text"))
        prompts.append(Prompt(event["n"], event["t"], question, answer, number(event.get("seconds"))))

    def _changed(self, event: Event) -> None:
        attempt = self._of(event)
        if attempt is None:
            return
        what, name = text(event.get("what")), text(event.get("name"))
        if event.get("restored"):
            for change in attempt.changes:
                if (change.what, change.name) == (what, name) and not change.restored:
                    change.restored, change.restored_n = True, event["n"]
            return
        attempt.changes.append(Change(event["n"], what, name, event.get("before"), event.get("after")))


def _verdict(value: object) -> str:
    """A verdict as the record may have it; anything else is our mistake."""
    return str(value) if value in (PASS, FAIL, INCONCLUSIVE, NOT_APPLICABLE, ERROR) else ERROR
