"""OCPP-J frames as the `ocpp` package knows them: reading, schema validation, error codes (OCPP-J 4.2)."""

from __future__ import annotations

import decimal
import functools
import json
from dataclasses import dataclass
from typing import Any

from jsonschema import FormatChecker  # type: ignore[import-untyped]
from ocpp.messages import get_validator  # type: ignore[import-untyped]
from ocpp.v16.enums import Action  # type: ignore[import-untyped]

from octt.simulator.part import CallRefused, Payload
from octt.simulator.world.clock import parse_time

CALL, RESULT, ERROR = 2, 3, 4
KNOWN_ACTIONS = frozenset(str(action.value) for action in Action)

# The schemas of these state a precision of 0.1, which only decimal numbers can be tested for.
_DECIMAL = {(CALL, "SetChargingProfile"), (CALL, "RemoteStartTransaction"), (RESULT, "GetCompositeSchedule")}

_CODES = {
    "type": "TypeConstraintViolation",
    "additionalProperties": "FormationViolation",
    "required": "ProtocolError",
    "minItems": "OccurenceConstraintViolation",
    "maxItems": "OccurenceConstraintViolation",
}


_FORMATS = FormatChecker(formats=())


def _is_moment(value: object) -> bool:
    """Whether a text is a date and time; what is no text is another matter."""
    return not isinstance(value, str) or parse_time(value) is not None


_FORMATS.checks("date-time")(_is_moment)


@dataclass
class Frame:
    """One readable frame. `action` is empty for results and errors, `code` for all but errors."""

    type: int
    id: str
    action: str = ""
    payload: Any = None
    code: str = ""
    description: str = ""


def read(text: str | bytes) -> Frame | None:
    """The frame in `text`, or None when it must be ignored (unreadable, or of an unknown message type).

    Raises CallRefused, with the message id as its third argument, when a call can be told apart but is malformed.
    """
    if isinstance(text, bytes):
        return None
    try:
        parts = json.loads(text)
        if "\\ud" in text.lower():
            json.dumps(
                parts, ensure_ascii=False
            ).encode()  # half of a surrogate pair could not be answered with
    except (ValueError, RecursionError):
        return None
    if not isinstance(parts, list) or len(parts) < 2 or not isinstance(parts[1], str):
        return None
    kind = parts[0]
    if isinstance(kind, bool) or not isinstance(kind, int):
        return None
    if kind == CALL:
        if len(parts) != 4 or not isinstance(parts[2], str):
            raise MalformedCall(
                parts[1], "ProtocolError", "a call has four elements, the third names the action"
            )
        if not isinstance(parts[3], dict):
            raise MalformedCall(parts[1], "FormationViolation", "the payload of a call is a JSON object")
        return Frame(CALL, parts[1], parts[2], parts[3])
    if kind == RESULT and len(parts) == 3:
        return Frame(RESULT, parts[1], payload=parts[2])
    if kind == ERROR and len(parts) >= 3:
        return Frame(ERROR, parts[1], code=str(parts[2]), description=str(parts[3]) if len(parts) > 3 else "")
    return None


class MalformedCall(CallRefused):
    """A frame that is a call by its type and id, and otherwise wrong."""

    def __init__(self, id: str, code: str, description: str) -> None:
        super().__init__(code, description)
        self.id = id


def validate(kind: int, action: str, payload: Any) -> None:
    """Check a payload against the official schema; raises CallRefused with the code of OCPP-J 4.2.3."""
    if (kind, action) in _DECIMAL:
        payload = json.loads(json.dumps(payload), parse_float=decimal.Decimal)
    for problem in _validator(kind, action).iter_errors(payload):
        code = _CODES.get(str(problem.validator), "PropertyConstraintViolation")
        place = ".".join(str(step) for step in problem.absolute_path)
        raise CallRefused(code, f"{place or action}: {problem.message}"[:255])


@functools.cache
def _validator(kind: int, action: str) -> Any:
    more = {"parse_float": decimal.Decimal} if (kind, action) in _DECIMAL else {}
    return get_validator(kind, action, "1.6", **more).evolve(format_checker=_FORMATS)


def write_call(id: str, action: str, payload: Payload, spaced: bool = False) -> str:
    """A CALL as text; `spaced` with white space."""
    return _text([CALL, id, action, payload], spaced)


def write_result(id: str, payload: Any, spaced: bool = False) -> str:
    """A CALLRESULT as text."""
    return _text([RESULT, id, payload], spaced)


def write_error(id: str, code: str, description: str = "", spaced: bool = False) -> str:
    """A CALLERROR as text."""
    return _text([ERROR, id, code, description[:255], {}], spaced)


def _text(frame: list[Any], spaced: bool) -> str:
    return json.dumps(frame, indent=2) if spaced else json.dumps(frame, separators=(",", ":"))
