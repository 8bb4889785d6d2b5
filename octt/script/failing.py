"""What is said when an expectation is not met: what came instead, how late, and whose fault it is."""

from __future__ import annotations

from typing import NoReturn

from octt.script.calling import Calling
from octt.script.case_run import Label
from octt.script.verdicts import Blame
from octt.timeline.entry import Entry
from octt.timeline.expectation import Expectation
from octt.timeline.judge import Late, Met, Outcome, Wrong


class Failing(Calling):
    """The end of a case by an expectation."""

    def did_not_come(self, step: Label, expectation: Expectation, outcome: Outcome, cite: str) -> NoReturn:
        """Fails the case with the frame that came closest, or with what came instead."""
        window = expectation.window
        closest = outcome.nearest if isinstance(outcome, Late) else self._decided(outcome)
        what, blame = str(expectation), Blame("station")
        if isinstance(outcome, Wrong) and outcome.too_early:
            what += f" after {window.after:g} s"
            actual = f"it came after {window.at(outcome.entry):.2f} s, {window.after:g} s were due"
        elif closest is not None:
            actual = self._wrong(expectation, closest, decided=isinstance(outcome, Wrong))
        elif early := self._before_its_turn(expectation):
            closest, actual = early, f"it came before its turn: {early.short()}"
        else:
            actual, blame = self._instead(expectation)
        self.case.fail(
            step,
            what,
            actual,
            blame=blame,
            closest=closest,
            seconds=(self.timeline.clock.now() - window.since) / 1e9,
            limit=window.seconds,
            cite=cite,
        )

    def _decided(self, outcome: Outcome) -> Entry | None:
        return outcome.entry if isinstance(outcome, Wrong | Met) else None

    def _wrong(self, expectation: Expectation, closest: Entry, *, decided: bool) -> str:
        """What is wrong with the entry that came closest: its fields, or its time."""
        window = expectation.window
        clauses = [one.wrong(closest) for one in expectation.alternatives if one.concerns(closest)]
        wrong = min(clauses, key=len, default=[])
        if not wrong:
            return f"it came after {window.at(closest):.1f} s, allowed are {window.seconds:g} s"
        late = "" if decided else f"it did not come within {window.seconds:g} s; nearest was: "
        return f"{late}{closest.action} came, but {'; '.join(wrong)}"

    def _before_its_turn(self, expectation: Expectation) -> Entry | None:
        """A fitting frame that came in the test, but before what it has to follow."""
        begin = self.case.position.test_from
        if begin is None:
            return None
        earlier = self.case.position.entries(begin, expectation.start)
        return next((e for e in earlier if any(one.fits(e) for one in expectation.alternatives)), None)

    def _instead(self, expectation: Expectation) -> tuple[str, Blame]:
        """What came instead, in words; with a connection that was lost through nobody's doing it is the network's."""
        entries = self.timeline.since(expectation.start)
        unreadable = [e.short() for e in entries if e.incoming and e.frame.type == "MALFORMED" and e.problems]
        others = [e.short() for e in entries if e.is_call() and e.action != "Heartbeat"]
        named = unreadable[:2] + others[: 3 - len(unreadable[:2])]
        came = f"instead came {', '.join(named)}" if named else "nothing else came"
        losses, blame = self.losses(expectation.start)
        told = f"it did not come within {expectation.window.seconds:g} s; {came}"
        return told + (f"; {losses}" if losses else ""), blame
