"""Rules that compare answers with the station's configuration keys, as they were before any case changed them."""

from __future__ import annotations

from octt.ocpp.keys import KEYS
from octt.pics.declaration import DeclaredKey, short
from octt.pics.declared_keys import key_contradicts, split
from octt.pics.evidence import Evidence
from octt.pics.rules.base import Asked, Sighting, judged, remark

# Keys whose value is a setting of the moment: a disagreement is none about what the station can do.
_SHOWS_ONLY_PART = ("C-09.1", "C-09.2", "SEC-1", "SEC-2", "SEC-3")


def value(asked: Asked) -> Sighting | None:
    """The value of the question's key says the same as the answer, or it does not (chapter 9)."""
    name = asked.question.key
    seen = asked.evidence.keys.get(name)
    if seen is None:
        if line := asked.evidence.missing(name):
            return remark(f"the station has no key {name}", line)
        return None
    why = f"{name} is {short(seen.value)}"
    if key_contradicts(asked.question, asked.answer, seen.value):
        return judged(False, f"{why}, declared is {asked.question.shown(asked.answer)}", seen.line)
    if asked.question.id in _SHOWS_ONLY_PART or not seen.value:
        return remark(f"{why}, which does not contradict it", seen.line)
    if type(asked.answer) is int and not seen.value.isdecimal():
        return remark(f"{why}, which is no number", seen.line)
    is_bool = isinstance(asked.answer, bool) and name != "ChargingScheduleAllowedChargingRateUnit"
    if is_bool and seen.value.lower() not in ("true", "false"):
        return remark(f"{why}, which is neither true nor false", seen.line)
    return judged(True, why, seen.line)


def exists(asked: Asked) -> Sighting | None:
    """Optional keys that exist exactly when the station has the feature (section 9.1)."""
    name = asked.question.key
    if (seen := asked.evidence.keys.get(name)) is not None:
        return judged(asked.answer is True, f"the station has the key {name}", seen.line)
    if line := asked.evidence.missing(name):
        return judged(asked.answer is False, f"the station has no key {name}", line)
    return None


def declared_key(name: str, declared: DeclaredKey, evidence: Evidence) -> list[Sighting]:
    """A line of the declared table of configuration keys: present, as writable as declared, of that value.

    The value of a key that can be written is a setting, so another value is no contradiction.
    """
    seen = evidence.keys.get(name)
    if seen is None:
        line = evidence.missing(name)
        return [judged(False, f"the station has no key {name}", line)] if line else []
    access = "R" if seen.readonly else "RW" if seen.readonly is False else ""
    found = f"the station has {name} = {short(seen.value)}{f' ({access})' if access else ''}"
    if declared.access and access and access != declared.access:
        return [judged(False, f"{found}, declared is {declared.access}", seen.line)]
    if declared.value is None or _normal(name, declared.value) == _normal(name, seen.value):
        return [judged(True, found, seen.line)]
    prescribed = KEYS[name].access if name in KEYS else ""
    if access == "R" or prescribed == "R":
        return [judged(False, f"{found}, declared is {short(declared.value)}", seen.line)]
    return [judged(True, f"{found}; the value can be set and was another when declared", seen.line)]


def _normal(name: str, text: str) -> str | set[str]:
    """A value as it is compared: without regard to case, and of a list without regard to order."""
    is_list = name in KEYS and KEYS[name].type == "list"
    return {item.lower() for item in split(text)} if is_list else text.strip().lower()
