"""Faults that alter messages on their way out: leaving out, replacing, mistyping."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

from octt.simulator.faults.fault import Faults
from octt.simulator.part import Payload


def distort(faults: Faults, action: str, payload: Payload) -> Payload:
    """The payload as the active faults leave it; the same object when no fault concerns it."""
    if not faults:
        return payload
    altered = copy.deepcopy(payload)
    for target in faults.arguments("omit"):
        for holder, key in _places(action, target, altered):
            if isinstance(holder, dict):
                holder.pop(key, None)
            elif isinstance(key, int) and key < len(holder):
                del holder[key]
    for target in faults.arguments("set"):
        value = _value(faults.value("set", target) or "")
        for holder, key in _places(action, target, altered):
            holder[key] = value
    if faults.active("reply", action) and "status" in altered:
        altered["status"] = faults.value("reply", action)
    if faults.active("wrong-status", altered.get("status")) and action == "StatusNotification":
        altered["status"] = faults.value("wrong-status", altered["status"])
    if faults.active("bad-timestamp", action):
        for holder, key in _named(altered, "timestamp"):
            holder[key] = "yesterday at noon"
    if faults.active("schema-violation", action):
        altered["unexpectedProperty"] = 1
    if faults.active("wrong-type", action):
        key = next(iter(altered), "unexpected")
        altered[key] = {"value": altered.get(key)}
    if faults.active("missing-field", action) and altered:
        altered.pop(next(iter(altered)))
    return altered


def _places(action: str, target: str, payload: Payload) -> Iterator[tuple[Any, Any]]:
    """The (container, key) pairs that `Action[field=value].path.to.field` means; `*` is every list element."""
    name, _, path = target.partition(".")
    name, _, condition = name.partition("[")
    if name != action or not path:
        return
    field, _, wanted = condition.rstrip("]").partition("=")
    if condition and str(payload.get(field)) != wanted:
        return
    holders: list[Any] = [payload]
    *steps, last = path.split(".")
    for step in steps:
        found: list[Any] = []
        for holder in holders:
            if isinstance(holder, list):
                found += (
                    holder if step == "*" else holder[int(step) : int(step) + 1] if step.isdigit() else []
                )
            elif isinstance(holder, dict) and step in holder:
                found.append(holder[step])
        holders = found
    for holder in holders:
        if isinstance(holder, list):
            yield from ((holder, index) for index in _indexes(last, holder))
        elif isinstance(holder, dict):
            yield holder, last


def _indexes(step: str, holder: list[Any]) -> list[int]:
    if step == "*":
        return list(reversed(range(len(holder))))
    return [int(step)] if step.isdigit() and int(step) < len(holder) else []


def _named(value: Any, name: str) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, dict):
        if name in value:
            yield value, name
        for inner in value.values():
            yield from _named(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from _named(inner, name)


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
