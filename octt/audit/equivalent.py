"""Survivors that are legal, each a pattern with its section and reason: testcases/equivalent.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from octt import paths
from octt.audit.mutants.mutant import Mutant
from octt.bench import ConfigError

FILE = paths.TESTCASES / "equivalent.toml"

_PATTERNS, _TEXTS = ("cases", "frames", "mutations"), ("section", "reason")


@dataclass(frozen=True)
class Equivalent:
    """A station may do that: patterns (`*`, `?`, `[ab]`), of which one of each kind has to fit, and what allows it."""

    cases: tuple[str, ...]
    frames: tuple[str, ...]
    mutations: tuple[str, ...]
    section: str
    reason: str

    def fits(self, mutant: Mutant) -> bool:
        """Whether a mutant is one of these."""
        return (
            _fits(mutant.case, self.cases)
            and _fits(mutant.frame, self.frames)
            and _fits(mutant.mutation, self.mutations)
        )


def load(path: Path, known: Iterable[str]) -> list[Equivalent]:
    """What the file declares; `known` are the ids of all cases. Raises ConfigError naming the entry that is wrong."""
    try:
        read = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from None
    entries = read.get("equivalent", [])
    if not isinstance(entries, list) or set(read) - {"equivalent"}:
        raise ConfigError(f"{path}: it consists of [[equivalent]] entries")
    cases = tuple(known)
    return [_entry(entry, f"{path}: entry {number}", cases) for number, entry in enumerate(entries, 1)]


def declared(mutant: Mutant, equivalents: Iterable[Equivalent]) -> Equivalent | None:
    """The entry that says that a survivor is legal."""
    return next((one for one in equivalents if one.fits(mutant)), None)


def unused(equivalents: Iterable[Equivalent], survivors: Sequence[Mutant]) -> list[Equivalent]:
    """Entries that no survivor fits: what they allow is noticed by now, or never came."""
    return [one for one in equivalents if not any(one.fits(mutant) for mutant in survivors)]


def _entry(entry: Any, place: str, known: Sequence[str]) -> Equivalent:
    if not isinstance(entry, dict):
        raise ConfigError(f"{place} is no table")
    if strange := sorted(set(entry) - {*_PATTERNS, *_TEXTS}):
        raise ConfigError(f"{place}: there is no key {strange[0]!r}; {', '.join([*_PATTERNS, *_TEXTS])} are")
    found: dict[str, Any] = {}
    for name in _PATTERNS:
        value = entry.get(name, ["*"])
        if not isinstance(value, list) or not value or not all(isinstance(one, str) for one in value):
            raise ConfigError(f"{place}: {name} is a list of patterns")
        found[name] = tuple(value)
    for name in _TEXTS:
        value = entry.get(name)
        if not isinstance(value, str) or not value.strip():
            raise ConfigError(f"{place} says no {name}: what allows it, and why that makes no difference")
        found[name] = value
    for pattern in found["cases"]:
        if not any(fnmatchcase(case, pattern) for case in known):
            raise ConfigError(f"{place}: there is no test case {pattern}")
    return Equivalent(**found)


def _fits(text: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(text, pattern) for pattern in patterns)
