"""Frames of OCPP-J 1.6 (section 4.2): what they are, how they are read and written.

Reading never raises: a malformed frame is evidence. What is wrong with a frame stands in its `problems`; what is legal,
or left open, and all the same worth a remark stands in its `notes`.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

FrameType = Literal["CALL", "CALLRESULT", "CALLERROR", "MALFORMED"]

CALL, CALLRESULT, CALLERROR = 2, 3, 4

MAX_MESSAGE_ID = 36
"""Characters in a message id (OCPP-J 1.6 section 4.1.4: room for a GUID)."""
_SEARCHED = 1 << 16
"""Characters of the longest message that is searched for names that stand twice in an object."""

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

    `action` is empty for replies: only who sent the call knows it. `payload` of a CALLERROR holds its details. What is
    nested so deep that no JSON library would write it again (254 levels) is MALFORMED, so that nobody who goes through
    a payload can fail over it.
    """

    type: FrameType
    id: str = ""
    action: str = ""
    payload: dict[str, Any] = field(default_factory=dict)
    error_code: str = ""
    error_description: str = ""
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def parse(raw: str | bytes) -> Frame:
    """Reads one WebSocket message. Never raises; see `Frame.problems`."""
    if isinstance(raw, bytes):
        return Frame("MALFORMED", problems=("binary message; OCPP-J uses text messages only",))
    try:
        message = orjson.loads(raw)
    except (orjson.JSONDecodeError, RecursionError) as error:
        mark = "it begins with a byte order mark; " if raw.startswith("\ufeff") else ""
        return Frame("MALFORMED", problems=(f"not JSON: {mark}{error}",))
    try:
        written = orjson.dumps(message)
    except TypeError:
        return Frame("MALFORMED", problems=("arrays and objects nested more than 250 levels deep",))
    # A name that stands twice in an object is gone after reading, and two quotation marks with it.
    notes = _repeated_names(raw) if raw.count('"') != written.count(b'"') else ()
    return _frame(message, notes)


def _repeated_names(raw: str) -> tuple[str, ...]:
    """Names that stand twice in one object, which JSON (RFC 8259 section 4) advises against, as a note."""
    found: dict[str, None] = {}

    def look(pairs: list[tuple[str, Any]]) -> None:
        count = Counter(name for name, _ in pairs)
        found.update(dict.fromkeys(name for name in count if count[name] > 1))

    if len(raw) <= _SEARCHED:
        try:
            json.loads(raw, object_pairs_hook=look)
        except (ValueError, RecursionError):
            return ()
    if not found:
        return ()
    return (f"stands twice in one object, of which receivers take either: {_short(', '.join(found))}",)


def _frame(message: Any, notes: tuple[str, ...]) -> Frame:
    if not isinstance(message, list) or not message:
        return Frame("MALFORMED", problems=("no JSON array with a message type in front",))
    kind = message[0]
    if isinstance(kind, bool) or kind not in (CALL, CALLRESULT, CALLERROR):
        return Frame("MALFORMED", problems=(f"message type is none of 2, 3 and 4: {_short(kind)}",))
    problems: list[str] = []
    ident = message[1] if len(message) > 1 else None
    if not isinstance(ident, str):
        if len(message) > 1:
            problems.append(f"message id is not a string: {_short(ident)}")
        ident = "" if ident is None else _short(ident)
    elif len(ident) > MAX_MESSAGE_ID:
        problems.append(f"message id is longer than {MAX_MESSAGE_ID} characters: {len(ident)}")
    if kind == CALL:
        return _call(message, ident, problems, notes)
    if kind == CALLRESULT:
        _count(message, 3, problems)
        payload = _object(message, 2, "payload", problems)
        return Frame("CALLRESULT", ident, payload=payload, problems=tuple(problems), notes=notes)
    return _error(message, ident, problems, notes)


def _call(message: list[Any], ident: str, problems: list[str], notes: tuple[str, ...]) -> Frame:
    _count(message, 4, problems)
    action = message[2] if len(message) > 2 else None
    if not isinstance(action, str):
        if len(message) > 2:
            problems.append(f"action is not a string: {_short(action)}")
        action = ""
    payload = _object(message, 3, "payload", problems)
    return Frame("CALL", ident, action, payload, problems=tuple(problems), notes=notes)


def _error(message: list[Any], ident: str, problems: list[str], notes: tuple[str, ...]) -> Frame:
    _count(message, 5, problems)
    code = message[2] if len(message) > 2 else "GenericError"
    description = message[3] if len(message) > 3 else ""
    if code == "FormatViolation":
        notes += ("error code FormatViolation, the later name of FormationViolation (errata 5.2)",)
    elif not isinstance(code, str) or code not in ERROR_CODES:
        problems.append(f"error code is none of OCPP-J 1.6 section 4.2.3: {_short(code)}")
    if not isinstance(description, str):
        problems.append("error description is not a string")
    elif len(description) > 255:
        notes += (
            f"error description of more than 255 characters, the limit of later versions: {len(description)}",
        )
    details = _object(message, 4, "error details", problems)
    code, description = (value if isinstance(value, str) else _short(value) for value in (code, description))
    return Frame("CALLERROR", ident, "", details, code, description, tuple(problems), notes)


def _count(message: list[Any], expected: int, problems: list[str]) -> None:
    if len(message) != expected:
        problems.append(f"array of {len(message)} elements instead of {expected}")


def _object(message: list[Any], index: int, name: str, problems: list[str]) -> dict[str, Any]:
    value = message[index] if len(message) > index else None
    if isinstance(value, dict):
        return value
    if value is not None:  # null is as good as an empty object (OCPP-J 1.6 section 4.2.1)
        problems.append(f"{name} is not a JSON object: {_short(value)}")
    return {}


def _short(value: object) -> str:
    if isinstance(value, list | dict):
        return "an array" if isinstance(value, list) else "an object"
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
