"""Frames of OCPP-J 1.6 (section 4.2): what they are, how they are read and written.

Reading never raises: a malformed frame is evidence. What is wrong with a frame stands in its `problems`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

FrameType = Literal["CALL", "CALLRESULT", "CALLERROR", "MALFORMED"]

CALL, CALLRESULT, CALLERROR = 2, 3, 4

MAX_MESSAGE_ID = 36
"""Characters in a message id (OCPP-J 1.6 section 4.2.1: room for a GUID)."""

ERROR_CODES = (
    "NotImplemented",
    "NotSupported",
    "InternalError",
    "ProtocolError",
    "SecurityError",
    "FormationViolation",
    "PropertyConstraintViolation",
    "OccurenceConstraintViolation",
    "OccurrenceConstraintViolation",
    "TypeConstraintViolation",
    "GenericError",
)
"""Error codes of a CALLERROR (OCPP-J 1.6 section 4.2.3). Its one misspelt name is accepted in both spellings."""


@dataclass(frozen=True)
class Frame:
    """One message as read from the wire, with what is wrong with its envelope.

    `action` is empty for replies: only who sent the call knows it. `payload` of a CALLERROR holds its details.
    """

    type: FrameType
    id: str = ""
    action: str = ""
    payload: dict[str, Any] = field(default_factory=dict)
    error_code: str = ""
    error_description: str = ""
    problems: tuple[str, ...] = ()


def parse(raw: str | bytes) -> Frame:
    """Reads one WebSocket message. Never raises; see `Frame.problems`."""
    if isinstance(raw, bytes):
        return Frame("MALFORMED", problems=("binary message; OCPP-J uses text messages only",))
    try:
        message = orjson.loads(raw)
    except (orjson.JSONDecodeError, RecursionError) as error:
        return Frame("MALFORMED", problems=(f"not JSON: {error}",))
    if not isinstance(message, list) or not message:
        return Frame("MALFORMED", problems=("not a JSON array with a message type in front",))
    kind = message[0]
    if isinstance(kind, bool) or kind not in (CALL, CALLRESULT, CALLERROR):
        return Frame("MALFORMED", problems=(f"unknown message type {_short(kind)}; 2, 3 or 4 expected",))
    problems: list[str] = []
    ident = message[1] if len(message) > 1 else None
    if not isinstance(ident, str):
        problems.append(f"message id {_short(ident)} is not a string")
        ident = "" if ident is None else str(_short(ident))
    elif len(ident) > MAX_MESSAGE_ID:
        problems.append(f"message id has {len(ident)} characters; {MAX_MESSAGE_ID} allowed")
    if kind == CALL:
        return _call(message, ident, problems)
    if kind == CALLRESULT:
        _count(message, 3, problems)
        payload = _object(message, 2, "payload", problems)
        return Frame("CALLRESULT", ident, payload=payload, problems=tuple(problems))
    return _error(message, ident, problems)


def _call(message: list[Any], ident: str, problems: list[str]) -> Frame:
    _count(message, 4, problems)
    action = message[2] if len(message) > 2 else None
    if not isinstance(action, str):
        problems.append(f"action {_short(action)} is not a string")
        action = ""
    payload = _object(message, 3, "payload", problems)
    return Frame("CALL", ident, action, payload, problems=tuple(problems))


def _error(message: list[Any], ident: str, problems: list[str]) -> Frame:
    _count(message, 5, problems)
    code, description = ([*message[2:4], "", ""])[:2]
    if not isinstance(code, str) or code not in ERROR_CODES:
        problems.append(f"{_short(code)} is no error code of OCPP-J 1.6 section 4.2.3")
    if not isinstance(description, str):
        problems.append("error description is not a string")
    elif len(description) > 255:
        problems.append(f"error description has {len(description)} characters; 255 allowed")
    details = _object(message, 4, "error details", problems)
    return Frame("CALLERROR", ident, "", details, str(code), str(description), tuple(problems))


def _count(message: list[Any], expected: int, problems: list[str]) -> None:
    if len(message) != expected:
        problems.append(f"array of {len(message)} elements; {expected} expected")


def _object(message: list[Any], index: int, name: str, problems: list[str]) -> dict[str, Any]:
    value = message[index] if len(message) > index else None
    if isinstance(value, dict):
        return value
    if value is None and len(message) > index:
        return {}  # null is as good as an empty object (OCPP-J 1.6 section 4.2.1)
    problems.append(f"{name} {_short(value)} is not a JSON object")
    return {}


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def call(ident: str, action: str, payload: dict[str, Any]) -> str:
    """The text of a CALL."""
    return orjson.dumps([CALL, ident, action, payload]).decode()


def result(ident: str, payload: dict[str, Any]) -> str:
    """The text of a CALLRESULT."""
    return orjson.dumps([CALLRESULT, ident, payload]).decode()


def error(ident: str, code: str, description: str = "", details: dict[str, Any] | None = None) -> str:
    """The text of a CALLERROR."""
    return orjson.dumps([CALLERROR, ident, code, description[:255], details or {}]).decode()
