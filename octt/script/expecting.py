"""The words for what the station does: `sends`, `reports` and their relatives (octt/script/watching.py has more).

Every expectation becomes a step on the record. `sends` takes the first fitting request after the previous
expectation; what it passes over is looked at when the case ends (octt/script/unexpected.py).
Deadlines count from the last acknowledged action, answer or fitting frame, so that a slow person or a slow script
never fails a station; how long they are follows from what is waited for (octt/script/limits.py).
Names of actions and fields are the specification's; a misspelt one is an error at once.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from octt.script.calling import Calling, Fields, Reply
from octt.script.case_run import Label
from octt.script.failing import Failing
from octt.script.limits import RECONNECT, Limit
from octt.script.verdicts import Blame, Inconclusive, Judgement, NotApplicable
from octt.timeline.entry import NOTHING, Entry
from octt.timeline.expectation import Expectation, Wanted, Window
from octt.timeline.judge import Late, Met, Outcome, judge


class Expecting(Failing, Calling):
    """What a script expects of the station under test."""

    # -- the station calls us -------------------------------------------------------------------------------------

    def sends(
        self,
        action: str,
        *,
        step: Label = "",
        within: Limit | None = None,
        after: float = 0.0,
        due: float = 0.0,
        since: Entry | None = None,
        optional: bool = False,
        cite: str = "",
        **fields: Any,
    ) -> Entry:
        """Waits for a request with these fields, and fails the case when it does not come in time.

        `after` so many seconds it is due by a section: it must not come earlier, less the tolerance, and the limit is
        that much longer. `due`: as `after`, but it may come at any time before. `since` counts from another frame.
        `optional`: it may also be missing; that is decided by the next expectation. `within`: another limit
        than the one for this request.
        """
        limit = self._limit((action, fields), within=within, due=after or due)
        expectation = self._expects(
            (action, fields), limit=limit, after=after, due=due, since=since, optional=optional
        )
        if optional:
            self.case.position.postpone(step, expectation)
            return NOTHING
        return self._comes(expectation, limit, step, cite)

    def either(self, *alternatives: tuple[str, Fields], step: Label = "", cite: str = "") -> Entry:
        """Waits for the first request that fits one of several (action, fields), as long as the slowest may take."""
        limit = self._limit(*alternatives)
        return self._comes(self._expects(*alternatives, limit=limit), limit, step, cite)

    def may_send(
        self,
        action: str,
        *,
        step: Label = "",
        within: Limit | None = None,
        due: float = 0.0,
        **fields: Any,
    ) -> Entry | None:
        """Waits for a request that a conformant station may leave out; None when it did."""
        limit = self._limit((action, fields), within=within, due=due)
        expectation = self._expects((action, fields), limit=limit, due=due, optional=True)
        outcome, seconds = self._await(expectation), expectation.window.seconds
        what = f"perhaps {expectation}"
        if not (isinstance(outcome, Met) and outcome.entry):
            self.case.position.waits_for_protocol(due)
            self.case.step(step, what, "skipped", limit=seconds)
            return None
        self._take_due(expectation, outcome.entry)
        self._settle_optional(outcome.entry.index)
        self.case.step(step, what, "ok", frame=outcome.entry, limit=seconds)
        self.case.position.take(outcome.entry, expectation)
        return outcome.entry

    def reports(
        self, status: str | set[str], *, connector: int | None = None, step: Label = "", **more: Any
    ) -> Entry:
        """Waits for StatusNotification of a connector (default: the one under test)."""
        number = self.bench.connector if connector is None else connector
        self.case.uses(number)
        return self.sends("StatusNotification", step=step, connectorId=number, status=status, **more)

    def reports_all(
        self, status: str, *, step: Label = "", other: dict[int, str | set[str]] | None = None, **more: Any
    ) -> None:
        """Waits for StatusNotification of every connector and of connectorId 0, in any order.

        `other` gives the connectors that have another status.
        """
        wanted: dict[int, str | set[str]] = dict.fromkeys([0, *self.connectors], status)
        wanted.update(other or {})
        with self.in_any_order():
            for number, value in wanted.items():
                self.reports(value, connector=number, step=step, **more)

    @contextlib.contextmanager
    def in_any_order(self, after: Entry | None = None) -> Iterator[None]:
        """The expectations inside may be met in any order, by frames after the last one (or after `after`)."""
        with self.case.position.any_order(None if after is None else after.index + 1):
            yield

    # -- what came already ----------------------------------------------------------------------------------------

    def newest(self) -> Entry:
        """The newest entry of the timeline: a place to look back to."""
        return self.timeline.newest

    def sent(self, action: str, *, since: Entry, until: Entry | None = None, **fields: Any) -> list[Entry]:
        """The requests with these fields that came between two frames (without waiting)."""
        wanted = Wanted(action, fields)
        between = self.timeline.since(since.index + 1, until.index if until else None)
        return [entry for entry in between if wanted.fits(entry)]

    def sent_none(
        self,
        action: str,
        *,
        since: Entry,
        until: Entry | None = None,
        step: Label = "",
        cite: str = "",
        **fields: Any,
    ) -> None:
        """No such request may have come between two frames."""
        found = self.sent(action, since=since, until=until, **fields)
        what, frame = f"no {Wanted(action, fields)}", next(iter(found), None)
        self.check(not found, what, "it came", step=step, cite=cite, frame=frame)

    def asked(self, action: str) -> Entry:
        """Our last request of this action; NOTHING when there was none in this attempt."""
        entries = self.timeline.since(self.case.position.began)
        ours = (e for e in reversed(entries) if not e.incoming and e.frame.type == "CALL")
        return next((entry for entry in ours if entry.action == action), NOTHING)

    # -- facts ----------------------------------------------------------------------------------------------------

    def check(
        self,
        good: bool,
        what: str,
        actual: str,
        *,
        step: Label = "",
        cite: str = "",
        frame: Entry | None = None,
        **more: Any,
    ) -> None:
        """A fact worked out by the script: `what` is expected, `actual` says what is, `frame` shows it."""
        if not good:
            self.case.fail(step, what, actual, cite=cite, closest=frame, **more)
        if frame is not None:
            self.case.position.mark(frame)
        self.case.step(step, what, "ok", cite=cite, frame=frame, **more)

    def remark(self, text: str, frame: Entry | None = None, cite: str = "") -> None:
        """Keeps something legal but noteworthy beside the verdict."""
        self.case.remark(text, frame, cite)

    def impossible(self, why: str, *, blame: Any = "configuration") -> Judgement:
        """For `raise`: the case cannot get to its point with this station."""
        return Inconclusive(why, blame)

    def not_applicable(self, why: str, reply: Reply) -> Judgement:
        """For `raise`: declaration and station agree that the case does not apply; `reply` shows it."""
        self.case.remark(why, reply.seen)
        return NotApplicable(why, Blame.NOBODY)

    # -- inside ---------------------------------------------------------------------------------------------------

    def _limit(
        self, *alternatives: tuple[str, Fields], within: Limit | None = None, due: float = 0.0
    ) -> Limit:
        """How long may be waited for the slowest of several requests, and whose number that is."""
        if within is not None:
            return within
        if due and alternatives[0][0] == "BootNotification":
            return self.limits.of(RECONNECT)
        cause = self.case.position.cause
        limits = [self.limits.for_request(action, fields, cause) for action, fields in alternatives]
        return max(limits, key=lambda limit: limit.seconds).after(due)

    def _expects(
        self,
        *alternatives: tuple[str, Fields],
        limit: Limit,
        after: float = 0.0,
        due: float = 0.0,
        since: Entry | None = None,
        optional: bool = False,
    ) -> Expectation:
        wanted = tuple(Wanted(action, fields) for action, fields in alternatives)
        window = Window(
            since.m if since else self.case.position.since,
            limit.seconds,
            after or due,
            self.limits.early(after) if after else due,
        )
        start = min(self.case.position.start_of(one) for one in wanted)
        return Expectation(wanted, window, start, optional)

    def _await(self, expectation: Expectation) -> Outcome:
        """Waits until an expectation is decided."""
        looked, position, deadline = expectation.start, self.case.position, expectation.window.deadline

        def look() -> Outcome | None:
            nonlocal looked
            # What was looked at in vain decides nothing later either.
            end = self.timeline.end
            outcome = judge(position.entries(looked, end), expectation, 0)
            looked = max(looked, end)
            return outcome

        who = "time" if expectation.never else "station"
        with self.case.waits(who, str(expectation), deadline):
            outcome: Outcome | None = self.timeline.wait(look, deadline)
        if outcome is None:  # the time is up, and all that came is here
            outcome = judge(position.entries(expectation.start), expectation, deadline)
        return outcome or Late(None)

    def _comes(self, expectation: Expectation, limit: Limit, step: Label, cite: str) -> Entry:
        outcome, window = self._await(expectation), expectation.window
        if not isinstance(outcome, Met) or outcome.entry is None:
            self.case.position.waits_for_protocol(window.after)
            self.did_not_come(step, expectation, limit, outcome, cite)
        entry = outcome.entry
        self._take_due(expectation, entry)
        self._settle_optional(entry.index)
        self.case.step(
            step,
            str(expectation),
            "ok",
            frame=entry,
            seconds=window.at(entry),
            limit=window.seconds,
            cite=cite,
        )
        self.case.position.take(entry, expectation)
        return entry

    def _take_due(self, expectation: Expectation, entry: Entry) -> None:
        """The wait for something that is due at a time is the protocol's, as far as it was waited for."""
        window = expectation.window
        waited = (entry.m - max(window.since, self.case.position.since)) / 1e9
        self.case.position.waits_for_protocol(max(0.0, min(window.after, waited)))

    def _settle_optional(self, before: int) -> None:
        position = self.case.position
        for label, expectation in position.postponed():
            entries = position.entries(expectation.start, before)
            found = next((e for e in entries if any(one.fits(e) for one in expectation.alternatives)), None)
            if found:
                position.mark(found)
            self.case.step(label, f"perhaps {expectation}", "ok" if found else "skipped", frame=found)
