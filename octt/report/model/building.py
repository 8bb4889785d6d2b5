"""Collects what the record says of each test case: attempts, steps, remarks, actions, prompts, changes."""

from __future__ import annotations

from collections.abc import Iterable

from octt.record import Event
from octt.record.events import (
    Acted,
    CaseEnded,
    CaseRevised,
    CaseStarted,
    Noted,
    PlanLine,
    Prompted,
    Remarked,
    StationChanged,
    StepDecided,
    VerdictOverruled,
)
from octt.record.words import ActionPhase, Verdict
from octt.report.model.case import Action, Attempt, Case, Change, Note, Override, Prompt, Remark, Step
from octt.report.model.frames import Frames

MAX_REMARKS = 2000  # different remarks kept per attempt; how many more there were is counted


class CaseBuilder:
    """Takes the plan and the events of cases in order; `finish` gives the cases in plan order, then the others."""

    def __init__(self, frames: Frames) -> None:
        self._frames = frames
        self._cases: dict[str, Case] = {}
        self._not_chosen: list[PlanLine] = []
        self._attempt: Attempt | None = None
        self._known: dict[tuple[int, str, str, str], Remark] = {}
        self.remarks: list[Remark] = []
        self.actions: list[Action] = []
        self.prompts: list[Prompt] = []
        self.notes: list[Note] = []

    def plan(self, lines: Iterable[PlanLine], not_chosen: list[PlanLine] | None = None) -> None:
        """Adds the cases of a plan; those known already keep their place and their attempts.

        `not_chosen` are those that the run leaves out, the last ones told count.
        """
        for line in lines:
            known = self._cases.get(line.case)
            if known is None:
                known = self._cases[line.case] = self._case(line)
            elif not line.connector:
                known.applicable, known.pics_reason = line.applicable is not False, line.reason
            if line.connector:  # it applies where it applies to any
                known.connectors[line.connector] = line.applicable is not False
                known.applicable = any(known.connectors.values())
        if not_chosen is not None:
            self._not_chosen = not_chosen

    def _case(self, line: PlanLine) -> Case:
        return Case(
            id=line.case,
            name=line.name,
            profile=line.profile,
            section=line.section,
            applicable=line.applicable is not False,  # undecided is not excluded
            pics_reason=line.reason,
            frames_of_run=self._frames,
        )

    def feed(self, event: Event) -> None:
        """Takes an event of a case; other kinds are ignored."""
        match event:
            case StepDecided():
                self._step(event)
            case Remarked():
                self._remark(event)
            case Acted():
                self._action(event)
            case Prompted():
                self._prompt(event)
            case Noted():
                self._noted(event)
            case StationChanged():
                self._changed(event)
            case CaseStarted():
                self._start(event, event.attempt, event.name, event.connector)
            case CaseEnded():
                self._end(event)
            case CaseRevised():
                self._revise(event)

    def interrupted(self) -> None:
        """The run broke off here: what is open stays without an end."""
        if self._attempt is not None:
            self._attempt.last_frame = len(self._frames)
            self._attempt = None

    def finish(self) -> tuple[list[Case], list[Case]]:
        """The cases, in plan order, and those that were not chosen."""
        self.interrupted()
        others: dict[str, Case] = {}
        for line in self._not_chosen:  # a line for each connector, where each would be tested
            if line.case not in self._cases:
                case = others.setdefault(line.case, self._case(line))
                case.applicable |= line.applicable is not False
        return list(self._cases.values()), list(others.values())

    def override(self, event: VerdictOverruled) -> Override:
        """Notes that the operator overrules a verdict."""
        case_id = event.case or ""
        case = self._cases.get(case_id)
        before, attempts = (case.verdict, len(case.attempts)) if case is not None else ("", 0)
        override = Override(event.n, event.t, case_id, before, event.verdict, event.by, event.why, attempts)
        if case is not None:
            case.overrides.append(override)
        return override

    def _start(self, event: Event, number: int, name: str, connector: int) -> Attempt:
        self.interrupted()
        case_id = event.case or ""
        case = self._cases.get(case_id)
        if case is None:
            self.plan([PlanLine(case=case_id, name=name, reason="not in the plan of the run")])
            case = self._cases[case_id]
        first = len(self._frames)
        self._attempt = Attempt(
            number=max(number, len(case.attempts) + 1),  # a resumed run counts on
            started=event.t,
            n=event.n,
            first_frame=first,
            last_frame=first,
            connector=connector,
        )
        case.attempts.append(self._attempt)
        return self._attempt

    def _end(self, event: CaseEnded) -> None:
        attempt = self._attempt
        if attempt is None and event.verdict is Verdict.NOT_APPLICABLE:  # decided when the keys were known
            at = event.connector
            self.plan([PlanLine(case=event.case or "", reason=event.reason, applicable=False, connector=at)])
            return
        if attempt is None:
            attempt = self._start(event, event.attempt, "", event.connector)
        attempt.ended = event.t
        attempt.verdict, attempt.blame, attempt.reason = event.verdict, event.blame, event.reason
        attempt.seconds, attempt.forced = event.seconds, event.forced
        self.interrupted()

    def _revise(self, event: CaseRevised) -> None:
        """The last attempt at a case has another verdict than when it ended."""
        case = self._cases.get(event.case or "")
        at = [attempt for attempt in case.attempts if attempt.connector == event.connector] if case else []
        if at:
            attempt = at[-1]
            attempt.verdict, attempt.blame, attempt.reason = event.verdict, event.blame, event.reason

    def _step(self, event: StepDecided) -> None:
        attempt = self._of(event)
        if attempt is None:
            return
        attempt.steps.append(
            Step(
                n=event.n,
                t=event.t,
                number=len(attempt.steps) + 1,
                step=event.step,
                what=event.what,
                outcome=event.outcome,
                actual=event.actual,
                frame=event.frame,
                closest=event.closest,
                seconds=event.seconds,
                limit=event.limit,
                cite=event.cite,
                phase=event.phase,
                data=event.data,
            )
        )

    def _remark(self, event: Remarked) -> None:
        attempt = self._of(event)
        remarks = self.remarks if attempt is None else attempt.remarks
        place = 0 if attempt is None else attempt.n
        known = self._known.get((place, event.text, event.cite, event.by))
        if known is not None:
            known.count += 1
        elif len(remarks) >= MAX_REMARKS:
            if attempt is not None:
                attempt.remarks_left_out += 1
        else:
            remark = Remark(
                n=event.n,
                text=event.text,
                frame=event.frame,
                cite=event.cite,
                by=event.by,
                severity=event.severity,
                fault=event.fault,
            )
            self._known[place, event.text, event.cite, event.by] = remark
            remarks.append(remark)

    def _of(self, event: Event) -> Attempt | None:
        """The last attempt at the case that an event belongs to; None between cases."""
        case = self._cases.get(event.case or "")
        return case.attempts[-1] if case is not None and case.attempts else None

    def _action(self, event: Acted) -> None:
        actions = self._attempt.actions if self._attempt is not None else self.actions
        if event.phase is ActionPhase.ASKED:
            actions.append(
                Action(
                    n=event.n,
                    t=event.t,
                    action=event.action,
                    params=event.params,
                    driver=event.driver,
                    who=event.who,
                    detail=event.detail,
                )
            )
            return
        action = next((a for a in reversed(actions) if a.action == event.action and a.ended is None), None)
        if action is None:
            action = Action(event.n, event.t, event.action, event.params)
            actions.append(action)
        action.ended, action.phase = event.t, event.phase
        action.seconds = event.seconds
        action.driver = event.driver or action.driver
        action.who = event.who or action.who
        action.detail = event.detail or action.detail

    def _prompt(self, event: Prompted) -> None:
        prompts = self._attempt.prompts if self._attempt is not None else self.prompts
        prompts.append(Prompt(event.n, event.t, event.text, event.answer, event.seconds))

    def _noted(self, event: Noted) -> None:
        """A note may be for a case that is over, or for none: then it is the run's."""
        case = self._cases.get(event.case or "")
        notes = self.notes if case is None else case.notes
        notes.append(Note(event.n, event.t, event.text, event.file, event.bytes, event.sha256))

    def _changed(self, event: StationChanged) -> None:
        attempt = self._of(event)
        if attempt is None:
            return
        if event.restored:  # perhaps only after the attempt that made the change
            case = self._cases.get(event.case or "")
            for change in (
                change for one in (case.attempts if case else [attempt]) for change in one.changes
            ):
                if (change.what, change.name) == (event.what, event.name) and not change.restored:
                    change.restored, change.restored_n = True, event.n
            return
        attempt.changes.append(Change(event.n, event.what, event.name, event.before, event.after))
