"""One attempt at one case: its steps, where it stands, and what is to be put back at its end."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NoReturn

from octt.ocpp.values import whole
from octt.record import Record
from octt.record.events import Remarked, StepDecided
from octt.record.words import Outcome, Phase
from octt.script.position import Position
from octt.script.undo import Journal, Kind, Undo
from octt.script.verdicts import Blame, Failed, Inconclusive
from octt.timeline.entry import Entry
from octt.timeline.timeline import Timeline

Decided = Literal["ok", "fail", "skipped", "info"]
"""The words of `octt.record.words.Outcome`, as scripts write them."""

Label = str | int


def following(label: Label) -> str:
    """The document's label of the next step: the answer to step 5 is step 6, to Charging.5 Charging.6."""
    head, dot, last = str(label).rpartition(".")
    return f"{head}{dot}{int(last) + 1}" if last.isdigit() else str(label)


@dataclass
class Ending:
    """What the station must be through with before the case is left. `early`: before it is expected to be connected."""

    what: str
    how: Callable[[], None]
    early: bool = False


@dataclass
class CaseRun:
    """What the words of the language share while a case runs."""

    id: str
    record: Record
    timeline: Timeline
    purpose: str = ""
    """What the case is about, in one sentence: why the operator is asked for something."""

    section: str = ""
    """Where it stands in the test-case document: what a failure rests on when its step cites nothing else."""

    phase: Phase = Phase.SETUP
    started: float = field(default_factory=time.monotonic)
    """When the attempt began, in seconds of the monotonic clock."""

    waiting: tuple[str, str, int] | None = None
    """For whom we wait, for what, and until when (monotonic nanoseconds): for who watches the run."""

    journal: Journal = field(default=None)  # type: ignore[assignment]
    """What we owe the station; one for the whole run."""

    endings: list[Ending] = field(default_factory=list)
    """What is waited for before the case is left, the last first."""

    blocked: Mapping[int, str] = field(default_factory=dict)
    """Connectors that were not free when the case began, with their status; 0 is the station itself."""

    failed: str = ""
    """The first failed step about the station, in words; a case that has one cannot pass."""

    postponed: list[Failed] = field(default_factory=list)
    """Failures of steps after which the case went on, since what follows does not depend on them."""

    prefix: str = ""
    """What stands before the labels of steps: the name of the reusable state that is being established."""

    def __post_init__(self) -> None:
        self.position = Position(self.timeline)
        self.journal = self.journal or Journal(self.record)

    # -- steps ----------------------------------------------------------------------------------------------------

    def step(
        self,
        label: Label,
        what: str,
        outcome: Decided,
        *,
        frame: Entry | None = None,
        closest: Entry | None = None,
        actual: str = "",
        seconds: float | None = None,
        limit: float | None = None,
        cite: str = "",
        data: dict[str, Any] | None = None,
    ) -> None:
        """Puts a decided expectation on the record. `frame` met it, `closest` came closest to meeting it."""
        fields = {
            "frame": frame.n if frame else None,
            "closest": closest.n if closest else None,
            "actual": actual,
            "seconds": None if seconds is None else round(seconds, 6),
            "limit": limit,
            "cite": cite,
            "any_order": self.position.in_block or None,
            "data": data,
        }
        kept: dict[str, Any] = {name: value for name, value in fields.items() if value not in (None, "")}
        self.record.write(
            StepDecided(
                step=f"{self.prefix}{label}", what=what, outcome=Outcome(outcome), phase=self.phase, **kept
            )
        )

    def fail(
        self,
        label: Label,
        what: str,
        actual: str,
        *,
        blame: Blame | str = Blame.STATION,
        decides: bool = True,
        cite: str = "",
        **more: Any,
    ) -> NoReturn:
        """Records a failed step and ends the case: Failed, or Inconclusive outside the test or for another's fault.

        `decides` False: it is no verdict about the station, whoever is to blame.
        """
        if not cite and self.section and blame == "station" and label != "":
            cite = f"test-case document {self.section}"
        actual += self._taken_out()
        self.step(label, what, "fail", actual=actual, cite=cite, **more)
        place = f"step {self.prefix}{label}: " if label != "" else ""
        source = f" [{cite}]" if cite else ""
        reason = f"{place}expected {what}; {actual}{source}"
        if self.phase == "test" and blame == "station" and decides:
            self.failed = self.failed or reason
            raise Failed(reason)
        where = "" if self.phase == "test" else f"in {self.phase}: "
        raise Inconclusive(where + reason, blame)

    def _taken_out(self) -> str:
        """That a connector is out of order since we asked that of another one only, for a sentence (5.2)."""
        ours = {undo.connector for undo in self.journal.of(Kind.AVAILABILITY)}
        if not ours or 0 in ours or self.phase is Phase.RESTORE:
            return ""
        told = (
            e.payload for e in self.timeline.since(self.position.began) if e.is_call("StatusNotification")
        )
        others = {whole(one.get("connectorId")): one.get("status") for one in told}
        lost = sorted(n for n, status in others.items() if n and status == "Unavailable" and n not in ours)
        if not lost:
            return ""
        asked = ", ".join(f"{number}" for number in sorted(one for one in ours if one))
        return f"; connector {lost[0]} is Unavailable since our ChangeAvailability of connector {asked} only"

    def remark(
        self,
        text: str,
        frame: Entry | None = None,
        cite: str = "",
        by: Literal["script", "tool"] = "script",
        fault: str = "",
    ) -> None:
        """Keeps something legal but noteworthy. `fault` is the beginning of the text that others share."""
        more: dict[str, Any] = {"frame": frame.n} if frame else {}
        self.record.write(Remarked(text=text, by=by, cite=cite, fault=fault, **more))

    # -- phases ---------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def during(self, phase: Phase | str, prefix: str = "") -> Iterator[None]:
        """What happens inside belongs to a phase: a failure in setup is no verdict about the station."""
        former, former_prefix = self.phase, self.prefix
        self._enter(Phase(phase), former_prefix + prefix)
        try:
            yield
        finally:
            self._enter(former, former_prefix)

    def begin_test(self) -> None:
        """The preconditions hold: from here on a failure is a verdict about the station."""
        self._enter(Phase.TEST, self.prefix)
        self.position.begin_test()
        self.position.count_from_now()

    def _enter(self, phase: Phase, prefix: str) -> None:
        self.phase, self.prefix = phase, prefix
        self.record.phase = phase if self.id else None

    @contextlib.contextmanager
    def waits(self, who: str, what: str, deadline: int) -> Iterator[None]:
        """Lets the live view say what is being waited for."""
        self.waiting = (who, what, deadline)
        try:
            yield
        finally:
            self.waiting = None

    # -- what a case uses, and leaves ------------------------------------------------------------------------------

    def uses(self, connector: int) -> None:
        """Raises Inconclusive for a connector (0: all of them) that was not free when the case began.

        Nothing is asked of connectors that a case does not use.
        """
        if self.phase is Phase.RESTORE:
            return
        owed = {undo.connector for undo in self.journal.open}
        for number, status in self.blocked.items():
            if number == 0 or connector in (0, number):
                place = f"connector {number}" if number else "the station"
                blame = Blame.TOOL if owed & {0, number} else Blame.STATION
                raise Inconclusive(f"{place} was {status} already and could not be freed", blame)

    def owe(self, kind: Kind, name: str, **given: Any) -> Undo:
        """Opens an undo: before the change that makes it necessary."""
        return self.journal.owe(kind, name, case=self.id, **given)

    def ends_with(self, what: str, how: Callable[[], None], early: bool = False) -> None:
        """Has something waited for before the case is left, the last first."""
        self.endings.append(Ending(what, how, early))
