"""A mutant: one frame of one case, and the one thing that is done to it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

Path = tuple[str | int, ...]
"""Where a value stands in a payload: names of fields and places in lists."""


class Kind(StrEnum):
    """What is done to a frame."""

    DROPPED = "dropped"
    LATE = "late"
    TWICE = "twice"
    EXCHANGED = "exchanged"
    CHANGED = "changed"
    FOREIGN = "foreign"
    REMOVED = "removed"
    TYPED = "typed"
    ERROR = "error"
    ENVELOPE = "envelope"
    EXTRA = "extra"


SAID = {
    Kind.DROPPED: "never comes",
    Kind.LATE: "comes later than its limit",
    Kind.TWICE: "comes twice",
    Kind.EXCHANGED: "comes after the frame that follows it",
    Kind.CHANGED: "a field has another value of its schema",
    Kind.FOREIGN: "a field has the value of another case's frame",
    Kind.REMOVED: "a field is missing",
    Kind.TYPED: "a field is of another type",
    Kind.ERROR: "a CALLERROR comes instead of the reply",
    Kind.ENVELOPE: "the frame is not built as OCPP-J says",
    Kind.EXTRA: "a message follows that nobody brought about",
}
"""What each kind means, for tables."""


class Change(StrEnum):
    """How a value is changed."""

    SET = "set"
    ADD = "add"
    SHIFT = "shift"
    """A point in time, by seconds."""

    SPOIL = "spoil"
    """The last character of a text."""


@dataclass(frozen=True)
class Mutant:
    """`frame` is the title of the altered frame (see frames.py). What the rest means depends on the kind:

    a field's `path`, and how it is changed to what `value`; the code of a CALLERROR, or what is wrong with the
    envelope, as `value`; the seconds that a frame is held back; the message that follows, as `value`, after `seconds`.
    """

    case: str
    kind: Kind
    frame: str
    path: Path = ()
    change: Change | None = None
    value: Any = None
    seconds: float = 0.0

    @property
    def field(self) -> str:
        """The changed field as one writes it: meterValue.0.timestamp."""
        return ".".join(str(part) for part in self.path)

    @property
    def mutation(self) -> str:
        """What is done, without the frame, in a few words."""
        shown = {
            None: "" if self.value is None else str(self.value),
            Change.SET: f"= {self.value!r}",
            Change.ADD: f"+ {self.value}",
            Change.SHIFT: f"{self.value:+} s" if isinstance(self.value, int | float) else "",
            Change.SPOIL: "another text",
        }[self.change]
        if len(shown) > 60:
            shown = f"{shown[:57]}..."
        later = f"after {self.seconds:g} s" if self.kind is Kind.EXTRA and self.seconds else ""
        return " ".join(filter(None, (str(self.kind), self.field, shown, later)))

    @property
    def name(self) -> str:
        """Names the mutant and no other: case, frame, what is done."""
        return f"{self.case} / {self.frame} / {self.mutation}"

    def as_dict(self) -> dict[str, Any]:
        """Plain data that `mutant_of` reads."""
        data = asdict(self)
        return {
            name: data[name]
            for name, field in self.__dataclass_fields__.items()
            if data[name] != field.default
        }


def mutant_of(data: dict[str, Any]) -> Mutant:
    """The mutant that `as_dict` wrote."""
    change = Change(data["change"]) if "change" in data else None
    known = {**data, "kind": Kind(data["kind"]), "change": change, "path": tuple(data.get("path", ()))}
    return Mutant(**known)
