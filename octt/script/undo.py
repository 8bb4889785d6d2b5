"""What we owe the station: every change that has to be put back, as data, on the record from before it is made.

An undo is *open* until the station has said that it is as it was (*restored*), or that it never changed (*not needed*).
How each kind is carried out is in octt/script/restore: by the case that opened it, before a later case, or by another
process, which finds in the record what is open.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from octt.record import Event, Record
from octt.record.events import StationChanged, UndoDone, UndoOpened


class Kind(StrEnum):
    """What can be put back, with the parameters that it takes."""

    CONFIGURATION = "configuration"
    """A configuration key, to its former `value`."""
    AVAILABILITY = "availability"
    """A `connector`, or 0 for all, to Operative."""
    RESERVATION = "reservation"
    """A reservation by its `id`; `connector` is the one it is for."""
    LIST = "list"
    """The local authorization list: emptied."""
    PROFILE = "profile"
    """A charging profile by its `id`: cleared."""
    CERTIFICATE = "certificate"
    """A root `certificate` (PEM) of a `type`: deleted."""
    TRANSACTION = "transaction"
    """A transaction by its `id`: stopped."""
    PASSWORD = "password"
    """AuthorizationKey, to the password of the bench."""
    LOCK = "lock"
    """A plug that is locked in its `connector`: unlocked."""
    CABLE = "cable"
    """The cable in a `connector`: unplugged."""
    POWER = "power"
    """Mains power: on again."""
    ACTION = "action"
    """What an action of the driver did to a `connector`, by the `action` that takes it back."""


_TEXT = {
    Kind.CONFIGURATION: "{name} = {value}",
    Kind.AVAILABILITY: "the availability of {name}",
    Kind.RESERVATION: "{name}",
    Kind.LIST: "the local authorization list",
    Kind.PROFILE: "{name}",
    Kind.CERTIFICATE: "the {name}",
    Kind.TRANSACTION: "{name}",
    Kind.PASSWORD: "the password (the station's AuthorizationKey is security.new_password of the bench)",
    Kind.LOCK: "the lock of {name}",
    Kind.CABLE: "the cable of {name}",
    Kind.POWER: "the power",
    Kind.ACTION: "{name}",
}


@dataclass(frozen=True)
class Undo:
    """One thing to put back. `line` is that of the record where it was opened, `case` the one that opened it.

    `run` is the earlier run that left it.
    """

    line: int
    kind: Kind
    name: str
    given: Mapping[str, Any] = field(default_factory=dict)
    case: str = ""
    run: str = ""

    def __str__(self) -> str:
        with contextlib.suppress(KeyError):
            return _TEXT[self.kind].format(name=self.name, **self.given)
        return self.name  # from a record that says less than it should

    @property
    def lasts(self) -> bool:
        """Whether it holds for the whole run, whatever a case does meanwhile: it is put back at the end."""
        return not self.case and not self.run

    @property
    def connector(self) -> int | None:
        """The connector that it is about, 0 for the station as a whole; None: about none."""
        found = self.given.get("connector")
        return found if isinstance(found, int) else None


class Journal:
    """The undos of a run, in the order in which they were opened."""

    def __init__(self, record: Record) -> None:
        self.record = record
        self._open: dict[int, Undo] = {}
        self._changes: dict[int, tuple[object, object]] = {}
        self._unsure: set[int] = set()
        """Those of which nobody knows yet whether the station made the change."""

        self._reasons: dict[int, str] = {}
        self._denied: list[Undo] = []

    @property
    def open(self) -> list[Undo]:
        """What is still to be put back."""
        return list(self._open.values())

    def of(self, *kinds: Kind) -> list[Undo]:
        """The open ones of some kinds."""
        return [undo for undo in self._open.values() if undo.kind in kinds]

    def denied(self, kind: Kind) -> list[Undo]:
        """What the station said not to have changed, the last first: worth a try where it seems to have."""
        return [undo for undo in reversed(self._denied) if undo.kind is kind]

    def why(self, undo: Undo) -> str:
        """Why the last attempt at an undo failed; nothing when there was none."""
        return self._reasons.get(undo.line, "")

    # -- what becomes of an undo ------------------------------------------------------------------------------------

    def owe(self, kind: Kind, name: str, *, case: str = "", **given: Any) -> Undo:
        """Opens an undo, before what makes it necessary is done. One that is open already keeps its former value."""
        for known in self._open.values():
            if (known.kind, known.name) == (kind, name) and (not known.lasts or not case):
                self._unsure.discard(known.line)
                return known
        undo = self._opened(kind, name, given, case)
        self._unsure.add(undo.line)
        return undo

    def inherit(self, undo: Undo, run: str) -> Undo:
        """Takes over what an earlier run left."""
        return self._opened(undo.kind, undo.name, undo.given, "", run=run)

    def adopt(self, undo: Undo, change: StationChanged | None) -> None:
        """Goes on with one that this record has open already; `change` is what it is about, if that was made."""
        self._open[undo.line] = undo
        if change is not None:
            self._changes[undo.line] = change.before, change.after

    def lapsed(self, undo: Undo, outcome: Literal["not needed", "taken over"]) -> None:
        """It is not ours to put back any more: what it is about is gone, or another run owes it."""
        self._done(undo, outcome)

    def _opened(self, kind: Kind, name: str, given: Mapping[str, Any], case: str, run: str = "") -> Undo:
        event = self.record.write(
            UndoOpened(what=str(kind), name=name, given=dict(given), run=run), **_of(case)
        )
        undo = self._open[event.n] = Undo(event.n, kind, name, given, case, run)
        return undo

    def changed(self, undo: Undo, before: object, after: object) -> None:
        """The station has made the change."""
        self._unsure.discard(undo.line)
        former, _ = self._changes.get(undo.line, (before, after))
        self._changes[undo.line] = former, after
        self._write(undo, before, after, restored=False)

    def not_needed(self, undo: Undo) -> None:
        """The station has not made the change. An undo that was open before the change stays open."""
        if undo.line in self._unsure:
            self._denied.append(undo)
            self._done(undo, "not needed")

    def restored(self, undo: Undo) -> None:
        """The station is as it was."""
        self._done(undo, "restored")
        if undo.line in self._changes:
            before, after = self._changes.pop(undo.line)
            self._write(undo, after, before, restored=True)

    def failed(self, undo: Undo, reason: str) -> None:
        """An attempt that did not succeed: the undo stays open."""
        self._reasons[undo.line] = reason

    def _done(self, undo: Undo, outcome: Literal["restored", "not needed", "taken over"]) -> None:
        if self._open.pop(undo.line, None) is not None:
            self.record.write(UndoDone(undo=undo.line, outcome=outcome), **_of(undo.case))

    def _write(self, undo: Undo, before: object, after: object, *, restored: bool) -> None:
        change = StationChanged(
            what=str(undo.kind), name=undo.name, before=before, after=after, restored=restored
        )
        self.record.write(change, **_of(undo.case))


def still_open(events: Iterable[Event]) -> list[Undo]:
    """The undos that a record leaves open, in the order in which they were opened."""
    found: dict[int, Undo] = {}
    for event in events:
        if isinstance(event, UndoOpened) and event.what in set(Kind):  # there may be others in later versions
            found[event.n] = Undo(
                event.n, Kind(event.what), event.name, event.given, event.case or "", event.run
            )
        elif isinstance(event, UndoDone):
            found.pop(event.undo, None)
    return list(found.values())


def _of(case: str) -> dict[str, Any]:
    """The case of an event, which need not be the one that is running."""
    return {"case": case} if case else {}
