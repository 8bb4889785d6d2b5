"""The frames of one attempt, as the HTML report shows them: bounded, pretty-printed, linkable, in groups."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson

from octt.record.events import FrameSeen
from octt.record.words import Phase
from octt.report.html.states import States
from octt.report.model.frames import FrameRange, summary_of
from octt.report.model.parts import Action, Result
from octt.report.model.printing import as_json
from octt.report.text import clock, seconds, visible

RAW_LIMIT = 6000
WINDOW = 20
"""Frames that are shown at once before the one where a case failed."""

TITLES = {Phase.SETUP: "Preparation", Phase.TEST: "Test", Phase.RESTORE: "Restoring"}


@dataclass
class Budget:
    """How much of a run's frames goes into the page; the record has the rest. What was shown can be linked to."""

    frames_per_attempt: int = 200
    characters: int = 20_000_000
    shown: set[int] = field(default_factory=set)

    @classmethod
    def of(cls, result: Result) -> Budget:
        """For this run: 10,000 frames in all, at least 12 and at most 200 an attempt."""
        attempts = sum(len(case.attempts) for case in result.cases)
        return cls(max(12, min(200, 10_000 // max(attempts, 1))))

    def take(self, characters: int) -> int:
        """The number of characters one frame may show."""
        limit = RAW_LIMIT if self.characters > 0 else 200
        self.characters -= min(characters, limit)
        return limit


@dataclass(frozen=True)
class Gap:
    """Frames left out between two that are shown."""

    count: int
    first: int
    last: int


def chosen(frames: FrameRange, referenced: Iterable[int], limit: int) -> list[FrameSeen | Gap]:
    """At most `limit` frames from beginning and end, as many referenced lines besides, and the gaps between them."""
    total = len(frames)
    if total <= limit:
        return list(frames)
    start, lines = frames.indices.start, frames.table.lines
    head = limit * 2 // 3
    keep = {*range(head), *range(total - (limit - head), total)}
    for n in list(dict.fromkeys(referenced))[:limit]:
        index = bisect_left(lines, n) - start
        if 0 <= index < total and lines[index + start] == n:
            keep.add(index)
    result: list[FrameSeen | Gap] = []
    following = 0
    for index in sorted(keep):
        if index > following:
            result.append(Gap(index - following, lines[start + following], lines[start + index - 1]))
        result.append(frames[index])
        following = index + 1
    return result


def name_of(frame: FrameSeen) -> str:
    """The message as the specification names it: BootNotification.req, BootNotification.conf, CALLERROR, malformed."""
    if frame.type == "CALL":
        return f"{frame.action}.req"
    if frame.type == "CALLRESULT":
        return f"{frame.action or 'unknown'}.conf"
    return "CALLERROR" if frame.type == "CALLERROR" else "malformed frame"


@dataclass(frozen=True)
class Group:
    """Frames that belong together; `open`: they are what the reader came for."""

    title: str
    entries: list[FrameSeen | Gap]
    open: bool = False

    @property
    def count(self) -> int:
        """How many frames there are, those left out included."""
        return sum(entry.count if isinstance(entry, Gap) else 1 for entry in self.entries)


def grouped(entries: list[FrameSeen | Gap], failed: int | None) -> list[Group]:
    """The frames of an attempt by phase. Those up to the line where it failed, if it did, are a group of their own."""
    groups: list[Group] = []
    phase = next((e.phase for e in entries if isinstance(e, FrameSeen) and e.phase), Phase.TEST)
    for entry in entries:
        phase = (entry.phase if isinstance(entry, FrameSeen) else None) or phase
        if not groups or groups[-1].title != TITLES[phase]:
            groups.append(Group(TITLES[phase], []))
        groups[-1].entries.append(entry)
    return groups if failed is None else _with_window(groups, failed)


def _with_window(groups: list[Group], failed: int) -> list[Group]:
    """The groups with those frames taken out that come just before the one where the case failed, and it itself."""
    lines = [_line(entry) for group in groups for entry in group.entries]
    end = max(bisect_left(lines, failed + 1), 1)
    begin, place = max(end - WINDOW - 1, 0), 0
    window = Group("Before the failure", [], open=True)
    before: list[Group] = []
    after: list[Group] = []
    for group in groups:
        cuts = [min(max(cut - place, 0), len(group.entries)) for cut in (begin, end)]
        place += len(group.entries)
        earlier, near, later = (
            group.entries[: cuts[0]],
            group.entries[cuts[0] : cuts[1]],
            group.entries[cuts[1] :],
        )
        window.entries.extend(near)
        before += [Group(f"{group.title}, earlier" if near else group.title, earlier)] if earlier else []
        title = f"{group.title}, afterwards" if near else group.title
        after += [Group(title, later)] if later else []
    return [*before, window, *after]


def _line(entry: FrameSeen | Gap) -> int:
    return entry.last if isinstance(entry, Gap) else entry.n


def group_view(group: Group, result: Result, budget: Budget, started: int, states: States) -> dict[str, Any]:
    """What the template needs of a group of frames."""
    frames = [
        {"gap": entry}
        if isinstance(entry, Gap)
        else {
            **frame_view(entry, budget, result.unsent),
            "at": f"{max(entry.t - started, 0) / 1e9:.3f}",
            "now": states.after(entry),
        }
        for entry in group.entries
    ]
    return {"title": group.title, "open": group.open, "count": group.count, "frames": frames}


def frame_view(frame: FrameSeen, budget: Budget, unsent: frozenset[int]) -> dict[str, Any]:
    """What the template needs of one frame; `unsent` are the lines of those that did not leave."""
    limit = budget.take(len(frame.raw))
    text = pretty(frame.raw) if not frame.binary and len(frame.raw) <= limit else frame.raw
    left_out = max(len(text) - limit, 0)
    budget.shown.add(frame.n)
    return {
        "gap": None,
        "n": frame.n,
        "clock": clock(frame.t),
        "inward": frame.dir == "in",
        "name": name_of(frame),
        "type": frame.type,
        "id": visible(frame.id, 80),
        "connection": frame.connection,
        "summary": summary_of(frame),
        "text": text[:limit],
        "left_out": left_out,
        "truncated": frame.truncated,
        "binary": frame.binary,
        "problems": frame.problems[:20],
        "unsent": frame.n in unsent,
    }


def pretty(raw: str) -> str:
    """A JSON text indented; anything else as it is."""
    try:
        return as_json(orjson.loads(raw))
    except orjson.JSONDecodeError:
        return raw


def action_view(action: Action) -> dict[str, Any]:
    """What the template needs of a driver action."""
    return {
        "clock": clock(action.t),
        "name": action.action,
        "parameters": ", ".join(f"{key} {value}" for key, value in action.params.items()),
        "by": action.who or action.driver,
        "phase": action.phase,
        "seconds": seconds(action.seconds),
        "detail": action.detail,
    }
