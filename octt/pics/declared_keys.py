"""The configuration keys of a declaration, by themselves and against the answers they say the same as."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from octt.ocpp.keys import KEYS, Key
from octt.pics.declaration import Declaration, Problem, nearest, short
from octt.pics.questionnaire import PROFILES, Question, load_questionnaire

_UNITS = {"SC-1.1": "Current", "SC-1.2": "Power"}

# Yes to these means that the optional key exists.
_EXISTS = ("C-02", "C-03", "C-04", "C-05")


def keys(declaration: Declaration) -> Iterator[Problem]:
    """The table of configuration keys by itself: spelling, types, access, keys that a profile requires."""
    declared = declaration.configuration_keys
    for name, entry in declared.items():
        place = f"configuration_keys.{name}"
        key = KEYS.get(name)
        if key is None:
            if (remedy := nearest(name, KEYS, cutoff=0.85)).startswith("did"):
                yield Problem(name, place, f"{name} is no standard key", remedy, "warning")
            continue
        if entry.value and (what := wrong_value(key, entry.value)):
            yield Problem(name, place, what, "declare what GetConfiguration returns", "warning")
        if entry.access and key.access in ("R", "RW") and entry.access != key.access:
            meant = "read-only" if key.access == "R" else "writable"
            what = f"declared {entry.access}, but the specification makes it {meant}"
            yield Problem(name, f"{place}.access", what, "such a station fails TC_019_CS", "warning")
    if not complete(declaration):
        return
    for key in KEYS.values():
        if key.required and key.profile in declaration.profiles and key.name not in declared:
            what = f"{key.profile} is declared without its required key {key.name}"
            remedy = (
                "add it to [configuration_keys] if the station has it; a station without it fails TC_019_CS"
            )
            yield Problem(key.name, f"configuration_keys.{key.name}", what, remedy, "warning")


def wrong_value(key: Key, value: str) -> str:
    """Why a text cannot be the value of a standard key; "" when it can."""
    if key.type == "bool" and value.lower() not in ("true", "false"):
        return f"{short(value)} is neither true nor false"
    if key.type == "int" and not value.lstrip("-").isdecimal():
        return f"{short(value)} is not a whole number"
    if key.name in (
        "MeterValuesSampledData",
        "MeterValuesAlignedData",
        "StopTxnSampledData",
        "StopTxnAlignedData",
    ):
        known = {item.lower() for item in load_questionnaire()["C-09.1"].allowed}
        for item in split(value):
            if item.split(".L")[0].removesuffix(".N").lower() not in known:
                return f"{short(item)} is no measurand"
    return ""


def keys_against_answers(declaration: Declaration) -> Iterator[Problem]:
    """Answers that the declared value of the same thing's configuration key contradicts."""
    for question in load_questionnaire().questions.values():
        entry = declaration.configuration_keys.get(question.key)
        answer = declaration.answer(question.id)
        if question.id in _EXISTS and answer is (entry is None) and complete(declaration):
            what = f"{question.id} is {question.shown(answer)}, but {question.key} is {'not ' * answer}in the table"
            yield Problem(question.id, question.place, what, "correct one of the two")
        if entry is None or not entry.value or answer is None:
            continue
        if key_contradicts(question, answer, entry.value):
            what = f"{question.id} is {question.shown(answer)}, but {question.key} is {short(entry.value)}"
            yield Problem(question.id, question.place, what, "correct one of the two")


def key_contradicts(question: Question, answer: Any, value: str) -> bool:
    """Whether a configuration key's value shows that an answer is wrong. False when it says nothing about it."""
    match question.id, answer:
        case ("SC-1.1" | "SC-1.2") as item, bool():
            return answer is not (_UNITS[item].lower() in [unit.lower() for unit in split(value)])
        case "profiles", list():
            wanted = {profile.lower() for profile in answer} - {"security"}
            return wanted != {profile.lower() for profile in split(value)} & {
                name.lower() for name in PROFILES
            } - {"security"}
        case ("SEC-1" | "SEC-2" | "SEC-3") as item, False:
            return value == item[-1]
        case "C-06.1", bool():
            return value.lower() in ("true", "false") and answer is (value.lower() == "true")
        case "C-06.2" | "R-1", bool():
            return value.lower() in ("true", "false") and answer is not (value.lower() == "true")
        case "C-09.1" | "C-09.2", list():
            return not {item.lower() for item in split(value)} <= {item.lower() for item in answer}
        case "ORS-16", list():
            return {item.lower() for item in split(value)} != {item.lower() for item in answer}
        case _, int() if type(answer) is int:
            return value.lstrip("-").isdecimal() and int(value) != answer
    return False


def complete(declaration: Declaration) -> bool:
    """Whether the table is meant to hold every key, which is taken from its having SupportedFeatureProfiles."""
    return "SupportedFeatureProfiles" in declaration.configuration_keys


def split(value: str) -> list[str]:
    """The items of a comma-separated configuration value."""
    return [item.strip() for item in value.split(",") if item.strip()]
