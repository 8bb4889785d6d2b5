"""What a rule is, and what it finds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from octt.record.event import Event
from octt.record.words import Severity

if TYPE_CHECKING:  # the talk holds what rules share, and knows no rule
    from octt.monitors.known.heard import Heard
    from octt.monitors.known.talk import Talk


@dataclass(frozen=True)
class Breach:
    """Something a rule noticed. `frame` is the line of the record, `cite` the section the rule rests on.

    `fault` is the same for the same fault, so that a report can tell it once; `detail` has what differs from time to
    time: ids, values, seconds, lines.
    """

    severity: Severity
    fault: str
    detail: str
    frame: int
    cite: str
    rule: str

    @property
    def text(self) -> str:
        """The whole sentence, the fault first."""
        return f"{self.fault}: {self.detail}" if self.detail else self.fault

    @property
    def told(self) -> dict[str, Any]:
        """As a remark of the record tells it."""
        return {
            "text": self.text,
            "fault": self.fault,
            "frame": self.frame,
            "cite": self.cite,
            "rule": self.rule,
            "severity": self.severity,
        }


Actions = frozenset[str] | Literal["any"]


def of(*actions: str) -> frozenset[str]:
    """The actions a rule reads frames of."""
    return frozenset(actions)


class Rule:
    """One rule. Each frame that it reads goes to `see`, every other event of the record to `event`.

    A frame without a known action, or without any, is read by those who read "any".
    """

    name: ClassVar[str]
    cite: ClassVar[str]

    requests: ClassVar[Actions] = frozenset()
    """The actions whose requests by the station it reads."""

    replies: ClassVar[Actions] = frozenset()
    """The actions of ours whose results and errors by the station it reads."""

    asked: ClassVar[Actions] = frozenset()
    """The actions whose requests by us it reads."""

    answers: ClassVar[Actions] = frozenset()
    """The actions of the station whose results and errors by us it reads."""

    faulty: ClassVar[bool] = False
    """Whether it only reads frames that the reader, or the Central System, found something about."""

    def see(self, heard: Heard, talk: Talk) -> Iterable[Breach]:
        """What this frame breaks."""
        return ()

    def event(self, event: Event, talk: Talk) -> Iterable[Breach]:
        """What a connection, a network cut, an action of the driver, ... shows; most rules only take note."""
        return ()

    def case(self) -> None:
        """Another case has begun, or none runs any more."""

    def violation(self, at: Heard | Event | int, fault: str, detail: str = "", cite: str = "") -> Breach:
        """What fails the case. `at` is the frame or event, or its line."""
        return Breach(Severity.VIOLATION, fault, detail, _line(at), cite or self.cite, self.name)

    def remark(self, at: Heard | Event | int, fault: str, detail: str = "", cite: str = "") -> Breach:
        """What does not."""
        return Breach(Severity.REMARK, fault, detail, _line(at), cite or self.cite, self.name)


def _line(at: Heard | Event | int) -> int:
    return at if isinstance(at, int) else at.n
