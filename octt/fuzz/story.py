"""What is done to a station, as data: a story of a few blows, which can be kept, shrunk, told and carried out again."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

ANY = ("any",)
"""Codes of a request that may be answered in any way."""


_SHOWN = 100
"""Characters of a payload that are told."""


class Kind(StrEnum):
    """How a blow reaches the station."""

    CALL = "call"
    """A request; it must be answered."""
    FRAME = "frame"
    """A text or binary message that is no proper request."""
    ANSWER = "answer"
    """Hostile texts instead of the answer to the station's next request of that action."""
    SOCKET = "socket"
    """Something below the messages: fragments, pings, close codes, broken frames."""
    ACT = "act"
    """Something at the station, or with its network."""


@dataclass(frozen=True, repr=False)
class Blow:
    """One thing that is done. Fields that its kind does not use are empty.

    `payload` and `ident` are of a CALL (no id: one of its own), `texts` what is sent otherwise, in hexadecimal digits
    when `binary`. `wrong` says what the specification has against it, `place` in which field, `cite` where; `codes` are
    the errors that may answer it (empty: it is legal, `ANY`: anything goes).
    """

    kind: Kind
    action: str = ""
    payload: Any = None
    ident: str = ""
    texts: tuple[str, ...] = ()
    binary: bool = False
    place: str = ""
    wrong: str = ""
    codes: tuple[str, ...] = ()
    cite: str = ""

    @property
    def legal(self) -> bool:
        """Whether a Central System may do this."""
        return not self.wrong

    @property
    def told(self) -> str:
        """In a few words."""
        place = f" ({self.place})" if self.place else ""
        if self.kind is Kind.CALL and self.legal and self.payload:
            text = json.dumps(self.payload, ensure_ascii=False)
            place = f" {text if len(text) <= _SHOWN else text[:_SHOWN] + '…'}"
        what = f"{self.action}: {self.wrong}" if self.action and self.wrong else self.wrong or self.action
        return f"{self.kind} {what or 'message'}{place}"

    @property
    def sort(self) -> str:
        """What it is an instance of: the same for what a station should treat alike."""
        if self.kind is Kind.ANSWER:
            return f"{self.wrong} to {self.action}"
        return self.wrong or (f"a legal {self.action}" if self.action else "a legal message")

    def __repr__(self) -> str:
        return f"<{self.told[:100]}>"

    def as_dict(self) -> dict[str, Any]:
        """The fields that say something."""
        kept = {name: value for name, value in asdict(self).items() if value not in ("", (), None, False)}
        return {**kept, "kind": str(self.kind)}


@dataclass(frozen=True)
class Story:
    """Blows one after the other. `charging`: a transaction runs meanwhile; `modelled`: the model judges the answers."""

    blows: tuple[Blow, ...]
    charging: bool = False
    modelled: bool = False
    name: str = field(default="", compare=False)

    @property
    def key(self) -> str:
        """The same for the same story."""
        told = [blow.as_dict() for blow in self.blows]
        return json.dumps([told, self.charging, self.modelled], sort_keys=True, default=str)


class Severity(StrEnum):
    """What a finding breaks. None of them is a verdict of the certification."""

    MUST = "MUST"
    """A section obliges the station."""
    SHOULD = "SHOULD"
    """A section advises it, or leaves no doubt what is meant."""
    ROBUSTNESS = "robustness"
    """No section speaks of it, but a station that dies of a message charges nobody."""

    @property
    def decides(self) -> bool:
        """Whether it is a finding that has to be mended."""
        return self is not Severity.SHOULD


@dataclass(frozen=True)
class Trouble:
    """What a station did wrong after a blow. `fault` is the same for the same fault, `detail` what differs."""

    severity: Severity
    fault: str
    detail: str = ""
    cite: str = ""
    line: int = 0
    """Of the record."""


@dataclass
class Finding:
    """A fault, and the smallest story that shows it. `first` and `last`: lines of the record; `tries`: of shrinking."""

    trouble: Trouble
    story: Story
    frames: list[str] = field(default_factory=list)
    examples: int = 0
    tries: int = 0
    count: int = 1
    script: str = ""
    first: int = 0
    last: int = 0

    @property
    def name(self) -> str:
        """A word for files and tables."""
        words = "".join(c if c.isalnum() else " " for c in self.trouble.fault.lower()).split()
        return "-".join(words[:8])[:60]
