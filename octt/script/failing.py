"""What is said when an expectation is not met: what came instead, how late, and whose fault it is."""

from __future__ import annotations

from typing import Any, NoReturn

from octt.script.calling import Calling
from octt.script.case_run import Label
from octt.script.limits import Limit
from octt.script.verdicts import Blame
from octt.timeline.entry import Entry
from octt.timeline.expectation import Expectation
from octt.timeline.judge import Late, Met, Outcome, Wrong


class Failing(Calling):
    """The end of a case by an expectation."""

    def did_not_come(
        self, step: Label, expectation: Expectation, limit: Limit, outcome: Outcome, cite: str
    ) -> NoReturn:
        """Fails the case with the frame that came closest, or with what came instead."""
        window, late = expectation.window, isinstance(outcome, Late)
        closest = outcome.nearest if isinstance(outcome, Late) else self._decided(outcome)
        what, blame = str(expectation), Blame("station")
        allowed = self._allowed(expectation, limit)
        if isinstance(outcome, Wrong) and outcome.too_early:
            what += f" after {window.after:g} s"
            actual = f"it came after {window.at(outcome.entry):.2f} s, {window.after:g} s were due"
        elif closest is not None:
            actual = self._wrong(expectation, closest, allowed, decided=not late)
        elif early := self._before_its_turn(expectation):
            closest, actual, late = early, f"it came before its turn: {early.short()}", False
        else:
            actual, blame = self._instead(expectation, allowed)
        waited = (self.timeline.clock.now() - window.since) / 1e9
        more: dict[str, Any] = {"closest": closest, "seconds": waited, "limit": window.seconds, "cite": cite}
        if late:
            self.missed(limit, step, what, actual, blame=blame, **more)
        self.case.fail(step, what, actual, blame=blame, **more)

    def _allowed(self, expectation: Expectation, limit: Limit) -> str:
        """The time that was allowed, what it counts from, and whose number it is."""
        window, position = expectation.window, self.case.position
        origin = f" of {position.origin}" if position.origin and window.since == position.since else ""
        return f"{window.seconds:g} s{origin}" + (f" ({limit.whose})" if limit.whose else "")

    def _decided(self, outcome: Outcome) -> Entry | None:
        return outcome.entry if isinstance(outcome, Wrong | Met) else None

    def _wrong(self, expectation: Expectation, closest: Entry, allowed: str, *, decided: bool) -> str:
        """What is wrong with the entry that came closest: its fields, or its time."""
        window = expectation.window
        clauses = [one.wrong(closest) for one in expectation.alternatives if one.concerns(closest)]
        wrong = min(clauses, key=len, default=[])
        if not wrong:
            return f"it came after {window.at(closest):.1f} s, allowed are {allowed}"
        late = "" if decided else f"it did not come within {allowed}; nearest was: "
        return f"{late}{closest.action} came, but {'; '.join(wrong)}"

    def _before_its_turn(self, expectation: Expectation) -> Entry | None:
        """A fitting frame that came in the test, but before what it has to follow."""
        begin = self.case.position.test_from
        if begin is None:
            return None
        earlier = self.case.position.entries(begin, expectation.start)
        return next((e for e in earlier if any(one.fits(e) for one in expectation.alternatives)), None)

    def _instead(self, expectation: Expectation, allowed: str) -> tuple[str, Blame]:
        """What came instead, in words; with a connection that was lost through nobody's doing it is the network's."""
        entries = self.timeline.since(expectation.start)
        unreadable = [e.short() for e in entries if e.incoming and e.frame.type == "MALFORMED" and e.problems]
        others = [e.short() for e in entries if e.is_call() and e.action != "Heartbeat"]
        named = unreadable[:2] + others[: 3 - len(unreadable[:2])]
        came = f"instead came {', '.join(named)}" if named else "nothing else came"
        losses, blame = self.losses(expectation.start)
        told = f"it did not come within {allowed}; {came}"
        return told + (f"; {losses}" if losses else ""), blame
