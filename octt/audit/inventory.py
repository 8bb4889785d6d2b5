"""What every case asks of a station, step by step, as the code runs it: read from a record and written as a page.

The page (testcases/inventory.md) is committed, so that a change of what is measured is a difference that a reviewer
sees. Nothing in it depends on the run: ids and times are taken out, and a limit is told by its kind.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from octt.record import Event
from octt.record.events import Acted, AnswerArmed, StepDecided
from octt.record.words import Outcome, Phase

UNIT = 1e-4
"""Seconds that stand for the first kind of limit; each further kind has twice as many."""

_ID = re.compile(r"\b(transactionId|requestId|reservationId) = \d+")
_TIME = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?= s\b)")


def marked(kinds: Iterable[str], seconds: float = 2) -> dict[str, float]:
    """A limit for each kind, of whole `seconds` and a mark by which `kinds_of` knows it again, sums too."""
    return {kind: seconds + UNIT * 2**place for place, kind in enumerate(kinds)}


def kinds_of(limit: float, marks: Mapping[str, float]) -> str:
    """The kinds that a limit is the sum of; "interval" is what a section sets and no limit of ours has."""
    left, names = limit, []
    bits = round((limit % 1) / UNIT)
    if (
        abs(limit % 1 - bits * UNIT) > UNIT / 100
    ):  # until a moment of the clock, of which any part of a second is left
        return "interval"
    for place, (kind, seconds) in enumerate(marks.items()):
        if bits >> place & 1:
            names.append(kind)
            left -= seconds
    return " + ".join([*(["interval"] if round(left, 3) > 0 else []), *names])


@dataclass(frozen=True)
class Item:
    """One line of a case: what somebody does, or what is judged. `how`: "optional", "in any order", or nothing.

    `phase` is "setup" or "test", and nothing for what the driver does or how we answer.
    """

    phase: str
    label: str
    what: str
    how: str = ""
    limit: str = ""
    cite: str = ""
    judged: bool = False
    times: int = 1

    def row(self) -> str:
        """The line of a table."""
        what = self.what + (" (again and again)" if self.times > 1 else "")
        told = what if self.judged else f"*{what}*"
        return f"| {self.phase} | {self.label} | {told} | {self.how} | {self.limit} | {self.cite} |\n"


def items(events: Iterable[Event], marks: Mapping[str, float], section: str = "") -> list[Item]:
    """What one case does and judges, in its order, without what puts things back.

    `section` is where the case stands in the test-case document: what a step rests on that cites nothing else.
    """
    found: list[Item] = []
    for event in events:
        if getattr(event, "phase", None) == Phase.RESTORE:
            break
        if isinstance(event, StepDecided):
            item = _decided(event, marks, section)
        elif isinstance(event, Acted) and event.phase == "asked":
            item = Item("", "", f"driver: {event.action}")
        elif isinstance(event, AnswerArmed):
            item = Item("", "", f"from now on we {_armed(event)}")
        else:
            continue
        if found and replace(found[-1], times=1) == item:
            found[-1] = replace(item, times=found[-1].times + 1)
        else:
            found.append(item)
    return found


def _decided(event: StepDecided, marks: Mapping[str, float], section: str) -> Item:
    judged = event.outcome != Outcome.INFO
    optional = event.what.startswith("perhaps ")
    how = "optional" if optional else "in any order" if event.any_order else ""
    cite = event.cite or (f"document {section}" if judged and event.step and section else "")
    limit = kinds_of(event.limit, marks) if event.limit else ""
    what = plain(event.what.removeprefix("perhaps "))
    return Item(str(event.phase), event.step, what, how, limit, cite.replace("|", "/"), judged)


def _armed(event: AnswerArmed) -> str:
    when = f", where {_fields(event.when)}" if event.when else ""
    times = "" if event.times is None else f", {event.times} time{'s' if event.times > 1 else ''}"
    if event.error:
        return f"answer {event.action} with CALLERROR {event.error}{when}{times}"
    if not isinstance(event.payload, dict):
        return f"leave {event.action} unanswered{when}{times}"
    return f"answer {event.action} with {_fields(event.payload)}{when}{times}"


def _fields(payload: Mapping[str, object]) -> str:
    return ", ".join(
        f"{name} = ({_fields(value)})" if isinstance(value, dict) else f"{name} = {value}"
        for name, value in payload.items()
    )


def plain(text: str) -> str:
    """A sentence without what another run says otherwise: ids and times."""
    return _TIME.sub("…", _ID.sub(r"\1 = …", text)).replace("|", "/")


def page(cases: Mapping[str, tuple[str, list[Item]]]) -> str:
    """The whole page; `cases` are names and items by id, in the order of the catalogue."""
    before = _common([found for _, found in cases.values()])
    parts = [_HEAD, "\n## Before every case\n\n", _COLUMNS, *(item.row() for item in before)]
    for case, (name, found) in cases.items():
        parts += [f"\n## {case} {name}\n\n", _COLUMNS, *(item.row() for item in found[len(before) :])]
    return "".join(parts)


def _common(cases: list[list[Item]]) -> list[Item]:
    """What all of them begin with."""
    same = itertools.takewhile(lambda together: len(set(together)) == 1, zip(*cases, strict=False))
    return [together[0] for together in same]


_COLUMNS = "| phase | step | what | how | limit | rests on |\n|---|---|---|---|---|---|\n"
_HEAD = """# What is measured

Made by `make inventory` from runs against the simulated station: what every case does (*in italics*) and judges, in its
order. *limit* is the kind of limit that counts, by its key among the times of the bench ("interval": what a section or
the case sets besides); *rests on* is the section that a failure cites, "document" the test-case document.
"""
