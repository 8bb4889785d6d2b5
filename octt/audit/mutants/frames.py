"""The frames that a station sent in the test phase of a case, read from a record: what is there to be altered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from octt.ocpp.frames import Frame, parse
from octt.ocpp.values import shown
from octt.record import Event
from octt.record.events import FrameSeen, StepDecided
from octt.record.words import Outcome, Phase

_TELLING = {
    "Authorize": ("idTag",),
    "DiagnosticsStatusNotification": ("status",),
    "FirmwareStatusNotification": ("status",),
    "LogStatusNotification": ("status",),
    "SecurityEventNotification": ("type",),
    "SignedFirmwareStatusNotification": ("status",),
    "StatusNotification": ("connectorId", "status"),
}
"""Fields that tell one request of an action from another."""


class Titles:
    """Names frames in their order, so that the same frame of another run has the same title."""

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()

    def of(self, frame: Frame, action: str) -> str:
        """The title of the next frame: its message, what tells it from others, and a number if it comes again."""
        if frame.type == "CALL":
            telling = [shown(frame.payload.get(name))[:50] for name in _TELLING.get(action, ())]
            title = " ".join([f"{action}.req", *telling])
        else:
            title = f"{action}.{'conf' if frame.type == 'CALLRESULT' else 'error'}"
        self._seen[title] += 1
        again = self._seen[title]
        return title if again == 1 else f"{title} #{again}"


@dataclass(frozen=True)
class Target:
    """A frame that can be altered. `answer` is what it was answered with, if it was a request.

    `labels` are the steps that it satisfied, `limit` the seconds that the first of them left it; `gap`: the seconds
    until the next frame of the station in the test phase, None for the last one; `started`: whether a transaction was
    answered before it.
    """

    title: str
    type: str
    action: str
    payload: dict[str, Any]
    request: dict[str, Any] = field(default_factory=dict)
    answer: dict[str, Any] | None = None
    labels: tuple[str, ...] = ()
    limit: float | None = None
    gap: float | None = None
    started: bool = False


@dataclass(frozen=True)
class Baseline:
    """One case without a mutant: its verdict, and the frames of its test phase."""

    case: str
    verdict: str
    reason: str
    targets: tuple[Target, ...]

    def target(self, title: str) -> Target | None:
        """The frame of a title."""
        return next((target for target in self.targets if target.title == title), None)

    def as_dict(self) -> dict[str, Any]:
        """Plain data that `baseline_of` reads."""
        return asdict(self)


def baseline_of(data: dict[str, Any]) -> Baseline:
    """The baseline that `as_dict` wrote."""
    targets = tuple(Target(**{**one, "labels": tuple(one["labels"])}) for one in data["targets"])
    return Baseline(data["case"], data["verdict"], data["reason"], targets)


def in_test(event: FrameSeen, case: str) -> bool:
    """Whether a frame is one of the station in the test phase of a case."""
    return event.dir == "in" and event.case == case and event.phase == Phase.TEST


def targets_of(case: str, events: Iterable[Event]) -> tuple[Target, ...]:
    """What can be altered in the case of a record."""
    found: list[tuple[FrameSeen, str, Target]] = []
    calls: dict[tuple[str, str], Frame] = {}
    answers: dict[str, dict[str, Any]] = {}
    steps: dict[int, list[StepDecided]] = {}
    titles, started = Titles(), False
    for event in events:
        if isinstance(event, StepDecided) and event.case == case and event.outcome == Outcome.OK:
            steps.setdefault(event.frame or 0, []).append(event)
        if not isinstance(event, FrameSeen) or event.binary:
            continue
        frame = parse(event.raw)
        if frame.type == "CALL":
            calls[event.dir, frame.id] = frame
        elif event.dir == "out":
            answers[frame.id] = frame.payload
            started = started or "transactionId" in frame.payload
        if in_test(event, case) and frame.type != "MALFORMED":
            title = titles.of(frame, event.action)
            asked = calls.get(("out", frame.id)) if frame.type != "CALL" else None
            request = asked.payload if asked else {}
            target = Target(title, frame.type, event.action, frame.payload, request, started=started)
            found.append((event, frame.id, target))
    following = [event for event, *_ in found[1:]]
    targets = []
    for index, (event, ident, target) in enumerate(found):
        taken = steps.get(event.n, [])
        whole = replace(
            target,
            answer=answers.get(ident) if target.type == "CALL" else None,
            labels=tuple(dict.fromkeys(step.step for step in taken)),
            limit=next((step.limit for step in taken if step.limit), None),
            gap=(following[index].m - event.m) / 1e9 if index < len(following) else None,
        )
        targets.append(whole)
    return tuple(targets)
