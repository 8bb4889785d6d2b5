"""Reads values out of JSON that anybody may have written: nothing here raises, whatever it is given.

What is not of the type that is asked for is nothing: an empty text, object or list, or None where nothing is to be
told from a zero.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import orjson

from octt.ocpp.timestamps import moment

Payload = dict[str, Any]

ENERGY = "Energy.Active.Import.Register"
"""The measurand of a sampled value that names none (section 7.43)."""
PERIODIC = "Sample.Periodic"
"""The context of a sampled value that names none (section 7.43)."""
_LONGEST = 100
"""Characters of the longest text that is read as a time or a number."""


def text(value: object) -> str:
    """The value if it is a text, else the empty one."""
    return value if isinstance(value, str) else ""


def shown(value: object) -> str:
    """Any value as text to show: a text as it is, None as nothing, objects and arrays as JSON."""
    if isinstance(value, str):
        return value
    try:
        if isinstance(value, dict | list):
            return orjson.dumps(value).decode()
        return "" if value is None else str(value)
    except (TypeError, ValueError):  # nested without end, or an integer of thousands of digits
        return "(too large to show)"


def whole(value: object) -> int | None:
    """The value if it is an integer; true and false are none."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def number(value: object) -> float | None:
    """The value if it is a finite JSON number; a text is none."""
    return None if isinstance(value, str) else decimal(value)


def decimal(value: object) -> float | None:
    """The finite number that a number, or a text in decimal notation (section 7.43), stands for."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    if isinstance(value, str) and (len(value) > _LONGEST or not value.isascii() or "_" in value):
        return None  # Python would read underscores and the digits of any script
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def boolean(value: object) -> bool | None:
    """What the text of a configuration key of type boolean says; OCPP-S has 1 and 0 for it besides."""
    return {"true": True, "1": True, "false": False, "0": False}.get(text(value).strip().casefold())


def table(value: object) -> Payload:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def dicts(value: object) -> list[Payload]:
    """The objects in an array; what else is in it is left out."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def texts(value: object) -> list[str]:
    """The texts in an array; what else is in it is left out."""
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def instant(value: object) -> datetime | None:
    """The instant of a dateTime (section 3.15) in UTC; one without a zone is read as UTC."""
    return _instant(value) if isinstance(value, str) and len(value) <= _LONGEST else None


_instant = functools.lru_cache(maxsize=256)(moment)  # several rules ask for every time in a message


def same(one: object, other: object) -> bool:
    """Whether two texts are equal as CiString types are compared: without regard to case (section 7.28)."""
    return isinstance(one, str) and isinstance(other, str) and one.casefold() == other.casefold()


def payload(raw: str) -> Payload | None:
    """The payload of an OCPP-J message, of a CALLERROR its details; None when it has none that is an object."""
    try:
        message = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    last = message[-1] if isinstance(message, list) and len(message) > 2 else None
    return last if isinstance(last, dict) else None


def sampled(payload: Payload) -> Iterator[tuple[Payload, Payload]]:
    """Each SampledValue of a MeterValues.req or a StopTransaction.req, with the MeterValue it stands in."""
    for name in ("meterValue", "transactionData"):
        for meter_value in dicts(payload.get(name)):
            for value in dicts(meter_value.get("sampledValue")):
                yield meter_value, value
