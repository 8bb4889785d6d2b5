"""What was meant by a spelling: ids, keys and answers in another case, with blanks, or in words.

Nothing is refused here. What cannot be understood stays as it is written, so that the checks can name it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from octt.ocpp.keys import KEYS
from octt.pics.questionnaire import CABLES, Question

_YES_NO = {"yes": True, "y": True, "true": True, "no": False, "n": False, "false": False}
_ACCESS = {
    **dict.fromkeys(("r", "ro", "readonly"), "R"),
    **dict.fromkeys(("rw", "r/w", "readwrite", "writable"), "RW"),
}


def plain(text: str) -> str:
    """A spelling without what does not tell names apart: case, blanks, hyphens and underscores."""
    return "".join(
        character for character in text.casefold() if character not in "-_" and not character.isspace()
    )


def id_meant(name: str, known: Iterable[str]) -> str:
    """The one of the known names that was meant, for example "HFS-10" by "hfs_10 "."""
    return {plain(candidate): candidate for candidate in known}.get(plain(name), name)


def key_meant(name: str) -> str:
    """The standard configuration key that was meant; keys are compared without regard to case (OCPP 1.6 7.29)."""
    return {key.casefold(): key for key in KEYS}.get(name.strip().casefold(), name)


def access_meant(text: Any) -> Any:
    """ "R" or "RW" for the usual ways to write them."""
    return _ACCESS.get(plain(text), text) if isinstance(text, str) else text


def cable_meant(text: str) -> str:
    """The cable as the form writes it, for "fixed", "FIXED CABLE" and the like."""
    names = {spelling: name for kind, name in CABLES.items() for spelling in (kind, plain(name))}
    return names.get(plain(text), text)


def current_meant(text: str) -> str:
    """ "AC" or "DC" in capitals."""
    return text.strip().upper() if plain(text) in ("ac", "dc") else text


def understood(question: Question, value: Any) -> Any:
    """The answer that was meant by a value from a file or by what a person typed."""
    if isinstance(value, str):
        return _from_text(question, value)
    if question.type == "list" and isinstance(value, list):
        return [_spelt(question, item) if isinstance(item, str) else item for item in value]
    return value


def _from_text(question: Question, text: str) -> Any:
    match question.type:
        case "bool":
            words = {**_YES_NO, question.words[0].casefold(): False, question.words[1].casefold(): True}
            return words.get(text.strip().casefold(), text)
        case "int" | "number":
            return _number(question, text)
        case "list":
            return [_spelt(question, item) for item in text.split(",") if item.strip()]
        case "choice":
            return _spelt(question, text)
        case _:
            return text


def _number(question: Question, text: str) -> Any:
    digits = text.strip()
    if re.fullmatch(r"-?[0-9]{1,18}", digits):
        return int(digits)
    if question.type == "number" and re.fullmatch(r"-?[0-9]{1,18}\.[0-9]{1,18}", digits):
        return float(digits)
    return text


def _spelt(question: Question, item: str) -> str:
    """The allowed item that was meant; the forms differ in case, blanks and hyphens ("Mobile Network", "WiFi")."""
    return id_meant(item.strip(), question.allowed)
