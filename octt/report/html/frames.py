"""Frames and the sequence diagram of one attempt, as the HTML report shows them: bounded, pretty-printed, linkable."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson
from markupsafe import Markup

from octt.ocpp.values import payload
from octt.record.events import FrameSeen
from octt.record.words import ActionPhase
from octt.report.html.sequence import CSMS, OPERATOR, STATION, Arrow, Note, sequence
from octt.report.model.frames import FrameRange, describe, summary_of
from octt.report.model.parts import Action, Attempt, Result
from octt.report.model.printing import as_json
from octt.report.text import clock, seconds, visible

RAW_LIMIT = 6000
FIRST = ("status", "reason", "requestedMessage", "connectorId", "idTag", "idTagInfo", "transactionId")
UNSAID = ("timestamp", "currentTime")
DIAGRAM_LIMIT = 160


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
    """At most `limit` frames from beginning and end, the referenced lines besides, and the gaps between them."""
    total = len(frames)
    if total <= limit:
        return list(frames)
    start, lines = frames.indices.start, frames.table.lines
    head = limit * 2 // 3
    keep = {*range(head), *range(total - (limit - head), total)}
    for n in sorted(set(referenced))[:limit]:
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


def diagram(result: Result, attempt: Attempt, frames: list[FrameSeen | Gap]) -> Markup:
    """The sequence diagram of an attempt: the given frames, what was done at the station, prompts, connections."""
    start, end = attempt.started, attempt.ended if attempt.ended is not None else result.run.ended
    badges = _badges(attempt)
    rows: list[tuple[int, Arrow | Note]] = []

    def at(moment: int) -> float:
        return max(moment - start, 0) / 1e9

    before = start
    for entry in frames[:DIAGRAM_LIMIT]:
        if isinstance(entry, Gap):
            rows.append((before, Note(at(before), f"{entry.count:,} frames not drawn")))
            continue
        before = entry.t
        rows.append((entry.t, _arrow(entry, at(entry.t), badges)))
    if len(frames) > DIAGRAM_LIMIT:
        end = min(end, before)
        rows.append(
            (before, Note(at(before), f"the list below goes on with {len(frames) - DIAGRAM_LIMIT:,} more"))
        )
    for action in attempt.actions[:100]:
        moment = action.ended or action.t
        rows.append((moment, _action(action, at(moment))))
    for prompt in attempt.prompts[:50]:
        rows.append((prompt.t, Note(at(prompt.t), f"asked: {prompt.text} — answered: {prompt.answer}")))
    for connection in result.connections:
        if start <= connection.t <= end:
            rows.append(
                (connection.t, Note(at(connection.t), f"station connects ({_security(connection.tls)})"))
            )
        if connection.ended and start <= connection.ended <= end:
            rows.append(
                (connection.ended, Note(at(connection.ended), _closing(connection.by, connection.code)))
            )
    for event in result.network:
        if start <= event.t <= end:
            text = "network cut by the Central System" if event.event == "cut" else "network restored"
            rows.append((event.t, Note(at(event.t), text)))
    ordered = sorted(rows, key=lambda row: row[0])
    who = OPERATOR if all(action.driver == "manual" for action in attempt.actions) else "Rig"
    return sequence([row for _, row in ordered], who) if ordered else Markup("")


def _badges(attempt: Attempt) -> dict[int, tuple[str, bool]]:
    """For each frame that decided a step: the labels of those steps, and whether all were satisfied."""
    badges: dict[int, tuple[str, bool]] = {}
    for step in attempt.steps:
        line = step.frame or step.closest
        if line is None or step.outcome not in ("ok", "fail"):
            continue
        label, good = step.step or f"#{step.number}", step.outcome == "ok"
        if line in badges:
            others, all_good = badges[line]
            badges[line] = (
                others if label in others.split(", ") else f"{others}, {label}",
                all_good and good,
            )
        else:
            badges[line] = (label, good)
    return badges


def _arrow(frame: FrameSeen, at: float, badges: dict[int, tuple[str, bool]]) -> Arrow:
    badge, good = badges.get(frame.n, ("", True))
    css = {"CALL": "call", "CALLRESULT": "result"}.get(frame.type, "error")
    source, target = (STATION, CSMS) if frame.dir == "in" else (CSMS, STATION)
    return Arrow(at, source, target, f"{name_of(frame)}  {gist(frame)}", css, f"#f{frame.n}", badge, good)


def gist(frame: FrameSeen) -> str:
    """What matters most of a frame, in a few words: its state first, no timestamps."""
    said = payload(frame.raw)
    if frame.type == "CALLERROR" or said is None:
        return summary_of(frame)
    said = {name: value for name, value in said.items() if (name, value) != ("errorCode", "NoError")}
    names = [name for name in FIRST if name in said] + [
        name for name in said if name not in (*FIRST, *UNSAID)
    ]
    return describe({name: said[name] for name in names})


def _action(action: Action, at: float) -> Arrow | Note:
    parameters = " ".join(str(value) for value in action.params.values())
    name = f"{action.action} {parameters}".strip()
    if action.phase is ActionPhase.DONE:
        return Arrow(at, OPERATOR, STATION, name, "action")
    state = "was never acknowledged" if action.phase is ActionPhase.ASKED else action.phase
    return Note(at, f"{name}: {state} {action.detail}".strip(), bad=True)


def _security(tls: dict[str, Any] | None) -> str:
    return f"{tls.get('version', 'TLS')}, {tls.get('cipher', '')}" if tls else "no TLS"


def _closing(by: str, code: int | None) -> str:
    who = {"station": "station", "csms": "Central System", "network": "network"}.get(
        by, by or "unknown party"
    )
    return f"connection closed by the {who}" + (f", code {code}" if code else "")


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
