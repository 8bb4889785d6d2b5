"""What a fragile station does not survive: messages that no test case sends, and what they do to it."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any

from octt.simulator.faults.fault import Faults
from octt.simulator.link import frames

_TYPES = (frames.CALL, frames.RESULT, frames.ERROR)
EFFECTS = ("boots", "drops", "hangs", "silent")
"""Restarts at once; loses the connection; answers nothing any more; does not answer that message."""


@dataclass(frozen=True)
class Seen:
    """One message as it arrived. `parts`: None for what is no JSON; `own`: ids of requests that wait for an answer."""

    text: str | bytes
    parts: Any
    own: Collection[str]
    last: str
    """The id of the call before."""

    def kind(self) -> object:
        """The message type."""
        return self.parts[0] if isinstance(self.parts, list) and self.parts else None

    def ident(self) -> str:
        """The message id."""
        return str(self.parts[1]) if isinstance(self.parts, list) and len(self.parts) > 1 else ""

    def within(self) -> Iterator[Any]:
        """Every value in the payload of a call."""
        if self.kind() == frames.CALL and len(self.parts) == 4:
            yield from _within(self.parts[3])

    def answer(self) -> Any:
        """The payload of a result that was waited for."""
        waited = self.kind() == frames.RESULT and self.ident() in self.own
        return self.parts[2] if waited and len(self.parts) == 3 else None


def _within(value: Any) -> Iterator[Any]:
    yield value
    for below in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _within(below)


def _numbers(seen: Seen) -> Iterator[float]:
    return (v for v in seen.within() if isinstance(v, int | float) and not isinstance(v, bool))


def _texts(seen: Seen) -> Iterator[str]:
    return (value for value in seen.within() if isinstance(value, str))


def _depth(text: str | bytes) -> int:
    deepest = depth = 0
    for character in text if isinstance(text, str) else "":
        depth += (character in "[{") - (character in "]}")
        deepest = max(deepest, depth)
    return deepest


def _call(seen: Seen) -> bool:
    return bool(seen.kind() == frames.CALL)


def _broken_answer(seen: Seen) -> bool:
    waited = bool(seen.kind() == frames.RESULT and seen.ident() in seen.own)
    return waited and not isinstance(seen.answer(), dict)


def _interval(seen: Seen) -> bool:
    answer = seen.answer()
    interval = answer.get("interval") if isinstance(answer, dict) else None
    return isinstance(interval, int) and interval >= 2**31 - 1


MESSAGES: dict[str, Callable[[Seen], bool]] = {
    "null": lambda seen: any(value is None for value in seen.within()),
    "long-text": lambda seen: any(len(text) > 4500 for text in _texts(seen)),
    "empty-text": lambda seen: any(text == "" for text in _texts(seen)),
    "other-alphabet": lambda seen: any(not text.isascii() for text in _texts(seen)),
    "far-date": lambda seen: any(text.startswith("9999-") for text in _texts(seen)),
    "deep-nesting": lambda seen: _depth(seen.text) > 50,
    "many-elements": lambda seen: any(isinstance(v, list) and len(v) >= 50 for v in seen.within()),
    "negative-number": lambda seen: any(number < 0 for number in _numbers(seen)),
    "large-number": lambda seen: any(number >= 2**31 for number in _numbers(seen)),
    "no-json": lambda seen: isinstance(seen.text, str) and seen.parts is None,
    "no-array": lambda seen: seen.parts is not None and not (isinstance(seen.parts, list) and seen.parts),
    "binary": lambda seen: isinstance(seen.text, bytes),
    "unknown-type": lambda seen: isinstance(seen.kind(), int) and seen.kind() not in _TYPES,
    "unknown-action": lambda seen: (
        _call(seen) and len(seen.parts) > 2 and seen.parts[2] not in frames.KNOWN_ACTIONS
    ),
    "no-payload": lambda seen: _call(seen) and len(seen.parts) < 4,
    "repeated-id": lambda seen: _call(seen) and seen.ident() == seen.last,
    "white-space": lambda seen: _call(seen) and '" ,' in str(seen.text),
    "stray-result": lambda seen: seen.kind() == frames.RESULT and seen.ident() not in seen.own,
    "stray-error": lambda seen: seen.kind() == frames.ERROR and seen.ident() not in seen.own,
    "call-error": lambda seen: seen.kind() == frames.ERROR and seen.ident() in seen.own,
    "broken-answer": _broken_answer,
    "huge-interval": _interval,
}
"""Messages by what is unusual about them."""


def effect(faults: Faults, text: str | bytes, own: Collection[str], last: str) -> str:
    """What a message does to a station with the active faults; nothing mostly."""
    fragile = faults.arguments("dies-of")
    if not fragile:
        return ""
    try:
        parts = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        parts = None
    seen = Seen(text, parts, own, last)
    struck = next((name for name in fragile if name in MESSAGES and MESSAGES[name](seen)), "")
    return (faults.value("dies-of", struck) or "boots") if struck else ""


def ident_of(text: str | bytes) -> str:
    """The id of a call, nothing for any other message."""
    try:
        parts = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    return str(parts[1]) if isinstance(parts, list) and len(parts) > 1 and parts[0] == frames.CALL else ""
