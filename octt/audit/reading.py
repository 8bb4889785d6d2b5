"""Frames of an old record or a foreign log as they are read today: what is wrong with each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from octt.csms.wire import judge_call
from octt.ocpp import Frame, frames, schemas
from octt.record import Event
from octt.record.events import FrameSeen, RunResumed

_NOBODY_WAITED = "reply to a call"


def problems_of(frame: Frame, action: str | None) -> list[str]:
    """What reader and schemas find in a frame of a station. `action` is that of the call a reply answers, if known."""
    problems = list(frame.problems)
    if frame.type == "CALL":
        judge_call(frame, problems)
    elif frame.type == "CALLRESULT" and action is not None and action in schemas.ACTIONS:
        problems += schemas.problems(action, "response", frame.payload)
    return problems


def read_today(events: Iterable[Event]) -> Iterator[Event]:
    """The events of a record, with the problems that the reader and the schemas of today find in each frame."""
    asked: dict[str, str] = {}
    for event in events:
        if isinstance(event, RunResumed):
            asked.clear()
        if isinstance(event, FrameSeen) and not event.binary and event.truncated is None:
            frame = frames.parse(event.raw)
            if event.dir == "out" and frame.type == "CALL":
                asked[frame.id] = frame.action
            # What the reader was given, a part of a frame or none, is not all on the record.
            if event.dir == "in" and event.type != "MALFORMED":
                yield replace(event, type=frame.type, problems=_problems(event, frame, asked))
                continue
        yield event


def _problems(event: FrameSeen, frame: Frame, asked: dict[str, str]) -> list[str]:
    problems = problems_of(frame, asked.get(frame.id))
    if frame.type in ("CALLRESULT", "CALLERROR"):
        # Whether somebody still waited for a reply is as it was then.
        told = [text for text in event.problems if text.startswith(_NOBODY_WAITED)]
        if told or frame.id not in asked:
            return list(frame.problems) + (told or ["reply to a call we never made"])
    return problems
