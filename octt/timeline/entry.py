"""One entry of the timeline: a frame, a connection that began, one that ended; with the state that follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from octt.ocpp import Frame
from octt.timeline.state import State

Kind = Literal["frame", "connect", "disconnect"]

_NO_FRAME = Frame("MALFORMED")
_UNKNOWN = State()


@dataclass(frozen=True, slots=True)
class Entry:
    """What happened once. `n` is its line in the record, `m` monotonic and `t` wall time in nanoseconds."""

    n: int
    m: int
    t: int
    kind: Kind
    connection: int
    incoming: bool = True
    frame: Frame = _NO_FRAME
    action: str = ""
    """Of a reply that of the call which it answers."""

    problems: tuple[str, ...] = ()
    """What is wrong with the frame, by its envelope or its schema; one sentence each."""

    by: str = ""
    """Who ended a connection: station, csms or network."""

    replaces: bool = False
    """Whether a connection took the place of one that was still open."""

    case: str | None = None
    """The test case that the entry belongs to; a reply belongs to the case of its call. None: between cases."""

    call: Entry | None = None
    """What a reply answers."""

    index: int = -1
    """Its place in the timeline, counted from the beginning of the run."""

    state: State = _UNKNOWN
    """The station as far as it is known after this entry."""

    @property
    def payload(self) -> dict[str, Any]:
        """The payload of the frame; of a CALLERROR its details."""
        return self.frame.payload

    def is_call(self, action: str | None = None) -> bool:
        """Whether this is a request of the station (for `action`)."""
        return self.incoming and self.frame.type == "CALL" and (action is None or self.action == action)

    @property
    def name(self) -> str:
        """What it is, in a word: StopTransaction.req, Reset.conf, CALLERROR to Reset, connect."""
        if self.kind != "frame":
            return self.kind
        suffixes = {"CALL": ".req", "CALLRESULT": ".conf"}
        if self.frame.type in suffixes:
            return self.action + suffixes[self.frame.type]
        return f"{self.frame.type} to {self.action}" if self.action else self.frame.type

    def short(self) -> str:
        """One line for people: action and the payload, shortened."""
        if self.kind != "frame":
            return self.kind
        if self.frame.type == "CALLERROR":
            code = self.frame.error_code or "without a code"
            return f"CALLERROR {code} to {self.action or self.frame.id or 'no message'}"
        if self.frame.type == "MALFORMED":
            return f"a malformed frame ({self.problems[0] if self.problems else 'unreadable'})"
        text = ", ".join(f"{key}={_brief(value)}" for key, value in self.payload.items())
        suffix = ".req" if self.frame.type == "CALL" else ".conf"
        return f"{self.action}{suffix}({text if len(text) < 200 else text[:197] + '...'})"


def _brief(value: object) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."


NOTHING = Entry(0, 0, 0, "frame", 0)
"""No entry: what comes before the first one."""
