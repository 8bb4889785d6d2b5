"""What is said when an expectation is not met: what came instead, how late, and whose fault it is."""

from __future__ import annotations

from typing import NoReturn

from octt.script.calling import Calling
from octt.script.case_run import Label
from octt.timeline.entry import Entry
from octt.timeline.expectation import Expectation
from octt.timeline.judge import Late, Met, Outcome, Wrong


class Failing(Calling):
    """The end of a case by an expectation."""

    def did_not_come(self, step: Label, expectation: Expectation, outcome: Outcome, cite: str) -> NoReturn:
        """Fails the case with the frame that came closest, or with what came instead."""
        window = expectation.window
        waited = (self.timeline.clock.now() - window.since) / 1e9
        closest = outcome.nearest if isinstance(outcome, Late) else self._decided(outcome)
        what, lost = str(expectation), ""
        if isinstance(outcome, Wrong) and outcome.too_early:
            what += f" after {window.after:g} s"
            actual = f"it came after {window.at(outcome.entry):.2f} s, {window.after:g} s were due"
        elif closest is not None:
            actual = self._wrong(expectation, closest, decided=isinstance(outcome, Wrong))
        elif lost := self.lost_connection():
            actual = lost
        else:
            actual = self._instead(expectation)
        self.case.fail(
            step,
            what,
            actual,
            blame="network" if lost else "station",
            closest=closest,
            seconds=waited,
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

    def _instead(self, expectation: Expectation) -> str:
        entries = self.timeline.since(expectation.start)
        others = [e.short() for e in entries if e.is_call() and e.action != "Heartbeat"]
        came = f"instead came {', '.join(others[:3])}" if others else "nothing else came"
        return f"it did not come within {expectation.window.seconds:g} s; {came}"
