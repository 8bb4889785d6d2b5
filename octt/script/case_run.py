"""One attempt at one case: its steps, its place in the traffic, and what is to be put back at its end."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from octt.csms.traffic import Seen
from octt.record import Record
from octt.script.verdicts import Blame, Failed, Inconclusive, Judgement

Phase = Literal["setup", "test", "restore"]

Label = str | int


def following(label: Label) -> str:
    """The document's label of the next step: the answer to step 5 is step 6, to Charging.5 Charging.6."""
    head, dot, last = str(label).rpartition(".")
    return f"{head}{dot}{int(last) + 1}" if last.isdigit() else str(label)


@dataclass
class Undo:
    """One thing to put back when the case ends. `early`: before the station is expected to be connected."""

    what: str
    how: Callable[[], None]
    early: bool = False


@dataclass
class CaseRun:
    """What the words of the language share while a case runs. Indexes are places in the traffic."""

    id: str
    record: Record
    purpose: str = ""
    """What the case is about, in one sentence: why the operator is asked for something."""

    section: str = ""
    """Where it stands in the test-case document: what a failure rests on when its step cites nothing else."""

    phase: Phase = "setup"
    started: float = field(default_factory=time.monotonic)
    cursor: int = 0
    test_from: int | None = None
    loss_expected: bool = False
    """The station was reset or lost its power: that its connection ends is no failure of the network."""

    waiting: tuple[str, str, int] | None = None
    """For whom we wait, for what, and until when (monotonic nanoseconds): for who watches the run."""

    anchor: int = field(default_factory=time.monotonic_ns)
    forced: float = 0.0
    used: set[int] = field(default_factory=set)
    undos: list[Undo] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    prefix: str = ""

    def step(
        self,
        label: Label,
        what: str,
        outcome: Literal["ok", "fail", "skipped", "info"],
        *,
        frame: Seen | None = None,
        closest: Seen | None = None,
        actual: str = "",
        seconds: float | None = None,
        limit: float | None = None,
        cite: str = "",
        data: dict[str, Any] | None = None,
    ) -> None:
        """Puts a decided expectation on the record."""
        fields = {
            "frame": frame.n if frame else None,
            "closest": closest.n if closest else None,
            "actual": actual,
            "seconds": None if seconds is None else round(seconds, 6),
            "limit": limit,
            "cite": cite,
            "data": data,
        }
        kept: dict[str, Any] = {name: value for name, value in fields.items() if value not in (None, "")}
        self.record.write(
            "step", step=f"{self.prefix}{label}", what=what, outcome=outcome, phase=self.phase, **kept
        )

    def fail(
        self, label: Label, what: str, actual: str, *, blame: Blame = "station", cite: str = "", **more: Any
    ) -> Judgement:
        """Records a failed step and returns the exception that ends the case with it."""
        if not cite and self.section and blame == "station" and label != "":
            cite = f"test-case document {self.section}"
        self.step(label, what, "fail", actual=actual, cite=cite, **more)
        place = f"step {self.prefix}{label}: " if label != "" else ""
        source = f" [{cite}]" if cite else ""
        reason = f"{place}expected {what}; {actual}{source}"
        if self.phase == "test" and blame == "station":
            return Failed(reason)
        where = "" if self.phase == "test" else f"in {self.phase}: "
        return Inconclusive(where + reason, blame)

    def remark(self, text: str, frame: Seen | None = None, cite: str = "", by: str = "script") -> None:
        """Keeps something legal but noteworthy."""
        more: dict[str, Any] = {"frame": frame.n} if frame else {}
        self.record.write("remark", text=text, by=by, cite=cite, **more)

    @contextlib.contextmanager
    def during(self, phase: Phase, prefix: str = "") -> Iterator[None]:
        """What happens inside belongs to a phase: a failure in setup is no verdict about the station."""
        former, self.phase = self.phase, phase
        former_prefix, self.prefix = self.prefix, self.prefix + prefix
        try:
            yield
        finally:
            self.phase, self.prefix = former, former_prefix

    @contextlib.contextmanager
    def waits(self, who: str, what: str, deadline: int) -> Iterator[None]:
        """Lets the live view say what is being waited for."""
        self.waiting = (who, what, deadline)
        try:
            yield
        finally:
            self.waiting = None

    def now(self) -> None:
        """The clock for the station's next reaction starts now."""
        self.anchor = time.monotonic_ns()

    def begin_test(self) -> None:
        """The preconditions hold: from here on a failure is a verdict about the station."""
        self.phase, self.test_from = "test", self.cursor
        self.now()

    def undo(self, what: str, how: Callable[[], None], early: bool = False) -> None:
        """Has something put back when the case ends, the last first."""
        self.undos.append(Undo(what, how, early))
