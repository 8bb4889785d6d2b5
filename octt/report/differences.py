"""Where the official tool is publicly reported to differ from the test-case document: notes of their own, no verdicts.

`testcases/known-differences.toml` holds them, each with its source.
"""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from octt import paths

FILE = paths.TESTCASES / "known-differences.toml"

KINDS = {
    "stricter": "stricter than the document",
    "laxer": "less strict than the document",
    "prompt": "asks for the wrong thing",
}
"""Which way the tool differs, and in words."""


class DifferencesError(ValueError):
    """The file is not as it should be; the message names the entry."""


@dataclass(frozen=True)
class Difference:
    """What the official tool is reported to do, and where anybody can read that."""

    cases: tuple[str, ...]
    kind: str
    tool: str
    source: str
    year: int

    @property
    def sentence(self) -> str:
        """For people, whatever the verdict is."""
        return f"The official tool is reported to {self.tool} ({self.year})."

    def beside(self, verdict: str) -> str:
        """The same beside a verdict of ours."""
        told = self.sentence
        return (
            f"Passes here; {told[0].lower()}{told[1:]}"
            if verdict == "PASS" and self.kind != "laxer"
            else told
        )


def load(path: Path = FILE) -> list[Difference]:
    """Every entry. Raises DifferencesError."""
    try:
        read = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DifferencesError(f"{path}: {error}") from None
    return [_entry(entry, f"{path}: entry {n}") for n, entry in enumerate(read.get("difference", []), 1)]


@functools.cache
def _all() -> tuple[Difference, ...]:
    return tuple(load())


def of_case(case: str) -> list[Difference]:
    """Those about one case."""
    return [one for one in _all() if case in one.cases]


def _entry(entry: Any, place: str) -> Difference:
    if not isinstance(entry, dict) or set(entry) != {"cases", "kind", "tool", "source", "year"}:
        raise DifferencesError(f"{place} needs cases, kind, tool, source and year, and nothing else")
    if entry["kind"] not in KINDS:
        raise DifferencesError(f"{place}: kind is one of {', '.join(KINDS)}")
    if not str(entry["source"]).startswith("https://") or not entry["tool"] or not entry["cases"]:
        raise DifferencesError(f"{place} says no source (https://...), no case, or not what the tool does")
    return Difference(
        tuple(entry["cases"]), entry["kind"], entry["tool"], entry["source"], int(entry["year"])
    )
