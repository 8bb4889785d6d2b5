"""A question as it stands: what the terminal shows, and whoever else may answer it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

TONES = {
    "": "",
    "why": "dim",
    "keys": "dim",
    "press": "bold reverse",
    "hurry": "bold yellow",
    "itself": "cyan",
    "alone": "magenta",
    "seen": "green",
    "doubt": "bold red",
    "please": "bold",
    "wrong": "yellow",
}
"""What a paragraph below a question is, and how a terminal shows it. `itself`: the station shows it; `alone`: not."""


@dataclass(frozen=True)
class Question:
    """Something that a person is asked."""

    number: int
    """An answer from elsewhere names it, so that it can answer nothing else; another one whenever something changed."""

    opened: int
    """The number that it began with: the same as long as it is the same question."""

    text: str
    case: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What it is about, for example the connector and the card."""

    lines: tuple[tuple[str, str], ...] = ()
    """What is said below it: tone and text."""

    keys: Mapping[str, str] = field(default_factory=dict)
    """What may be answered, and what that means; the empty text is Enter."""
