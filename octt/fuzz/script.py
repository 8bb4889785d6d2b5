"""Findings written down as scripts that a vendor can read and carry out: `octt fuzz --replay FILE`.

A script is Python, as every test case is: a function `story(fuzz)` that says with the words of `Words` what is done.
"""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

from octt.bench import ConfigError
from octt.fuzz.story import Blow, Finding, Kind, Story
from octt.text import visible

_RUN = 40
"""Characters of the same kind from where on a text is written as one of them times so many."""
_SHOWN = 400


class Words:
    """The words of a script. Each is done in turn; afterwards the station must be as it was, and alive."""

    def __init__(self) -> None:
        self.blows: list[Blow] = []
        self.during = self.modelled = False

    def charging(self) -> None:
        """All of it happens while a transaction runs."""
        self.during = True

    def as_modelled(self) -> None:
        """The answers must be those of a station as the specification defines it (octt/fuzz/striking/model.py)."""
        self.modelled = True

    def call(self, action: str, payload: Any, **more: Any) -> None:
        """A request. It must be answered, and with one of `codes` where it is `wrong`."""
        self._add(Kind.CALL, action=action, payload=payload, **more)

    def frame(self, *texts: str, **more: Any) -> None:
        """A message that is no proper request; hexadecimal digits when `binary`."""
        self._add(Kind.FRAME, texts=texts, **more)

    def answer(self, action: str, *texts: str, **more: Any) -> None:
        """The station is made to send a request, which is answered with these texts; `{id}` is that of the request."""
        self._add(Kind.ANSWER, action=action, texts=texts, **more)

    def socket(self, action: str, **more: Any) -> None:
        """Something below the messages, by its name (octt/fuzz/drawing/frames.py)."""
        self._add(Kind.SOCKET, action=action, **more)

    def act(self, action: str, **params: Any) -> None:
        """An action of the driver contract, or "offline" and "online"."""
        self._add(Kind.ACT, action=action, payload=params)

    def _add(self, kind: Kind, **fields: Any) -> None:
        self.blows.append(Blow(kind, **fields))


def load(path: Path) -> Story:
    """The story of a script. Raises ConfigError, a sentence."""
    words = Words()
    try:
        found = runpy.run_path(str(path)).get("story")
        if not callable(found):
            raise ConfigError(f"{path} has no function story(fuzz): it is no script of octt fuzz")
        found(words)
    except ConfigError:
        raise
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
    except Exception as error:
        raise ConfigError(f"{path} cannot be carried out: {type(error).__name__}: {error}") from None
    if not words.blows:
        raise ConfigError(f"{path} does nothing to the station")
    return Story(tuple(words.blows), words.during, words.modelled)


def written(finding: Finding) -> str:
    """The script of a finding."""
    trouble, lines = finding.trouble, []
    if finding.story.charging:
        lines.append("fuzz.charging()")
    if finding.story.modelled:
        lines.append("fuzz.as_modelled()")
    lines += [_line(blow) for blow in finding.story.blows]
    body = "\n".join(f"    {line}" for line in lines)
    frames = "\n".join(f"    {_safe(frame)}" for frame in finding.frames)
    return f'''"""{trouble.severity}: {_safe(trouble.fault)}.

{_safe(trouble.detail) or "The station"} [{_safe(trouble.cite) or "no section"}]. Carry it out again with

    octt fuzz --replay {finding.name}.py

What went over the wire when it was found (> to the station, < from it):

{frames or "    (nothing)"}
"""


def story(fuzz):
{body}
'''


def _safe(text: str) -> str:
    """A text of a station inside a docstring of ours."""
    return visible(text[:_SHOWN]).replace("\\", "\\\\").replace('"""', "'''").rstrip('"')


def _line(blow: Blow) -> str:
    first = {
        Kind.CALL: [_literal(blow.action), _literal(blow.payload)],
        Kind.FRAME: [_literal(text) for text in blow.texts],
        Kind.ANSWER: [_literal(blow.action), *(_literal(text) for text in blow.texts)],
        Kind.SOCKET: [_literal(blow.action)],
        Kind.ACT: [_literal(blow.action)],
    }[blow.kind]
    if blow.kind is Kind.ACT:
        first += [f"{name}={_literal(value)}" for name, value in (blow.payload or {}).items()]
        return f"fuzz.act({', '.join(first)})"
    more = {name: getattr(blow, name) for name in ("ident", "binary", "place", "wrong", "codes", "cite")}
    first += [f"{name}={_literal(value)}" for name, value in more.items() if value]
    return f"fuzz.{blow.kind}({', '.join(first)})"


def _literal(value: Any) -> str:
    """Python that gives the value; a long run of one character is not written out."""
    if isinstance(value, str) and len(value) > _RUN:
        return _text(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name!r}: {_literal(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        inside = ", ".join(map(_literal, value))
        if isinstance(value, list):
            return f"[{inside}]"
        return f"({inside}{',' if len(value) == 1 else ''})"
    return repr(value)


def _text(value: str) -> str:
    parts: list[str] = []
    start = 0
    while start < len(value):
        end = start
        while end < len(value) and value[end] == value[start]:
            end += 1
        if end - start > _RUN:
            parts.append(f"{value[start]!r} * {end - start}")
        else:
            while end < len(value) and value[end : end + _RUN + 1] != value[end] * (_RUN + 1):
                end += 1
            parts.append(repr(value[start:end]))
        start = end
    return " + ".join(parts)
