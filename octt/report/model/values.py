"""Takes values out of events without trusting their types."""

from __future__ import annotations

from typing import Any

import orjson


def text(value: Any) -> str:
    """A text; nothing (None) is the empty text, an object or list its JSON, anything else is turned into one."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict | list):
        try:
            return orjson.dumps(value).decode()
        except TypeError:
            return "(nested too deeply)"
    return "" if value is None else str(value)


def number(value: Any) -> float | None:
    """A number, None if it is none."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def whole(value: Any) -> int | None:
    """A whole number, None if it is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def table(value: Any) -> dict[str, Any]:
    """A JSON object, empty if it is none."""
    return value if isinstance(value, dict) else {}


def tables(value: Any) -> list[dict[str, Any]]:
    """The JSON objects of a list; empty if it is none."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
