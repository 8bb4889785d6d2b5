"""Payloads of OCPP 1.6 and its security extension against their official JSON schemas.

The schemas come with the `ocpp` package; jsonschema-rs compiles them. Where they differ from the specification
(edition 2, errata 4.0) a station is judged by the specification:

- `format: date-time` means RFC 3339 to a schema validator; section 3.15 asks for ISO 8601, of which that is a
  part. `octt.ocpp.timestamps` decides.
- `multipleOf: 0.1` on charging limits is decided in binary floating point by schema validators, so that 8.3 can
  fail; it is dropped here and decided decimally in the smart charging cases.
- `format: uri` only concerns what the Central System sends and stays unchecked, so that scripts can send bad ones.
- The schemas allow both spellings of the temperature unit (Celsius, Celcius), as the errata do.
"""

from __future__ import annotations

import difflib
import functools
import importlib.util
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import jsonschema_rs
import orjson

from octt.ocpp.timestamps import is_timestamp

Direction = Literal["request", "response"]

_PACKAGE = importlib.util.find_spec("ocpp")
assert _PACKAGE is not None
assert _PACKAGE.origin is not None
_SCHEMAS = Path(_PACKAGE.origin).parent / "v16" / "schemas"
"""Only its files are used: importing the package would add a third of a second to every start."""

FROM_STATION = frozenset(
    {
        "Authorize",
        "BootNotification",
        "DataTransfer",
        "DiagnosticsStatusNotification",
        "FirmwareStatusNotification",
        "Heartbeat",
        "LogStatusNotification",
        "MeterValues",
        "SecurityEventNotification",
        "SignCertificate",
        "SignedFirmwareStatusNotification",
        "StartTransaction",
        "StatusNotification",
        "StopTransaction",
    }
)
"""Actions a charging station may call; every other action, and DataTransfer, belongs to the Central System."""

TO_STATION = frozenset(
    {
        "CancelReservation",
        "CertificateSigned",
        "ChangeAvailability",
        "ChangeConfiguration",
        "ClearCache",
        "ClearChargingProfile",
        "DataTransfer",
        "DeleteCertificate",
        "ExtendedTriggerMessage",
        "GetCompositeSchedule",
        "GetConfiguration",
        "GetDiagnostics",
        "GetInstalledCertificateIds",
        "GetLocalListVersion",
        "GetLog",
        "InstallCertificate",
        "RemoteStartTransaction",
        "RemoteStopTransaction",
        "ReserveNow",
        "Reset",
        "SendLocalList",
        "SetChargingProfile",
        "SignedUpdateFirmware",
        "TriggerMessage",
        "UnlockConnector",
        "UpdateFirmware",
    }
)
"""Actions the Central System may call."""

ACTIONS = FROM_STATION | TO_STATION


def schema(action: str, direction: Direction) -> dict[str, Any]:
    """The JSON schema of a payload, amended as this module says. Raises KeyError for an unknown action."""
    if action not in ACTIONS:
        raise KeyError(action)
    name = f"{action}{'Response' if direction == 'response' else ''}.json"
    loaded: dict[str, Any] = orjson.loads((_SCHEMAS / name).read_bytes().removeprefix(b"\xef\xbb\xbf"))
    _amend(loaded)
    return loaded


def _amend(node: Any) -> None:
    if isinstance(node, dict):
        node.pop("multipleOf", None)
        if node.get("format") == "uri":
            del node["format"]
        for child in node.values():
            _amend(child)
    elif isinstance(node, list):
        for child in node:
            _amend(child)


@functools.cache
def _validator(action: str, direction: Direction) -> Any:
    return jsonschema_rs.Draft4Validator(
        schema(action, direction), validate_formats=True, formats={"date-time": is_timestamp}
    )


LISTED = 20
"""Problems of one payload that are told one by one."""
_LOOKED_AT = 500
"""Elements and fields of a payload of which every problem is sought: a frame has room for hundreds of thousands."""
_DEEP = 8
"""Levels below which no schema asks anything."""
_SHOWN = 80
"""Characters of a wrong value that are shown."""


@dataclass(frozen=True)
class Fault:
    """One thing that a payload does against its schema. `keyword` is that of JSON schema: "type", "required", ..."""

    place: str
    """The field, with the places in arrays: "meterValue.0.timestamp"; empty for the payload itself."""

    keyword: str
    rule: str
    value: str = ""

    @property
    def field(self) -> str:
        """The field without places in arrays: the same for the same fault."""
        return ".".join(part for part in self.place.split(".") if not part.isdigit())

    def __str__(self) -> str:
        """A sentence: where, the rule, and what stands there instead."""
        return ": ".join(part for part in (self.place, self.rule, self.value) if part)


def problems(action: str, direction: Direction, payload: dict[str, Any]) -> list[str]:
    """What a payload violates, one sentence each; empty when it is valid. KeyError for an unknown action.

    No more than `LISTED`, and one that says how many others there are.
    """
    found, others = faults(action, direction, payload)
    return [*map(str, found), *([others] if others else [])]


def faults(action: str, direction: Direction, payload: dict[str, Any]) -> tuple[list[Fault], str]:
    """As `problems`; what is said of those beyond `LISTED` stands apart."""
    return _told(*_errors(action, direction, payload))


def _told(errors: list[Any], all_looked_at: bool) -> tuple[list[Fault], str]:
    others = f"and {len(errors) - LISTED} others" if len(errors) > LISTED else ""
    if not all_looked_at:
        others = (
            others or "and perhaps others"
        ) + f": the first {_LOOKED_AT} elements were looked at one by one"
    return [_fault(error) for error in errors[:LISTED]], others


def _errors(action: str, direction: Direction, payload: dict[str, Any]) -> tuple[list[Any], bool]:
    """The validator's errors, and whether the whole payload was looked at. Quick, however large and wrong it is."""
    validator = _validator(action, direction)
    if validator.is_valid(payload):
        return [], True
    left = [_LOOKED_AT]
    errors = list(validator.iter_errors(_beginning(payload, _names(action, direction), left)))
    mistyped = {tuple(error.instance_path) for error in errors if error.kind.name == "type"}
    # what has the wrong type is no value of the enumeration either
    told = [
        error for error in errors if error.kind.name != "enum" or tuple(error.instance_path) not in mistyped
    ]
    if told:
        return told, left[0] > 0
    try:
        validator.validate(
            payload
        )  # what is wrong stands further on, where nothing large is left to be shown
    except jsonschema_rs.ValidationError as error:
        return [error], False
    return [], True


def beginning(payload: dict[str, Any]) -> dict[str, Any]:
    """A payload that is wrong, without what nobody looks at any more: no more than some hundred elements and fields."""
    kept: dict[str, Any] = _beginning(payload, frozenset(), [_LOOKED_AT])
    return kept


@functools.cache
def _names(action: str, direction: Direction) -> frozenset[str]:
    """The names of all fields of a message, at any level."""
    found: set[str] = set()

    def look(node: Any) -> None:
        if isinstance(node, dict):
            if isinstance(node.get("properties"), dict):
                found.update(node["properties"])
            node = list(node.values())
        if isinstance(node, list):
            for child in node:
                look(child)

    look(schema(action, direction))
    return frozenset(found)


def _beginning(value: Any, names: frozenset[str], left: list[int], depth: int = 0) -> Any:
    """The value with no more than `left` elements and fields, of each array the first and all fields of `names`."""
    if depth > _DEEP or not isinstance(value, dict | list):
        return value
    if isinstance(value, dict):
        kept = {}
        for name, item in value.items():
            if left[0] <= 0:
                break
            left[0] -= 1
            kept[name] = _beginning(item, names, left, depth + 1)
        for name in names & value.keys() - kept.keys():
            left[0] -= 1
            kept[name] = _beginning(value[name], names, left, depth + 1)
        return kept
    elements: list[Any] = []
    for item in value[: max(left[0], 1)]:
        if left[0] <= 0 and elements:
            break
        left[0] -= 1
        elements.append(_beginning(item, names, left, depth + 1))
    return elements


def _fault(error: Any) -> Fault:
    """The validator's error, the rule first: a long value must not hide what is wrong with it."""
    kind, path, value = error.kind, [str(part) for part in error.instance_path], shown(error.instance)
    keyword = kind.name
    if keyword == "required":
        path, rule, value = [*path, kind.property], "is required and missing", ""
    elif keyword == "additionalProperties":
        rule, value = "has fields that the message does not have", shorten(", ".join(kind.unexpected))
    elif keyword == "type":
        rule = f"is no {' or '.join(kind.types)}"
    elif keyword == "enum":
        rule = f"is none of {shorten(', '.join(map(str, kind.options)), 200)}"
    elif keyword == "maxLength":
        rule = f"is longer than {kind.limit} characters"
        value = f"{len(error.instance)} characters, {value}"
    elif keyword == "minItems":
        rule, value = f"has fewer than {kind.limit} elements", ""
    elif keyword == "format":
        rule = "is no date and time of ISO 8601"
    else:
        rule, value = shorten(error.message), ""
    return Fault(".".join(path), keyword, rule, value)


def shown(value: Any) -> str:
    """Any JSON value as it was written, shortened in the middle."""
    if isinstance(value, dict | list):
        return f"{'an array' if isinstance(value, list) else 'an object'} of {len(value)}"
    try:
        return shorten(orjson.dumps(value).decode())
    except TypeError:  # nothing that came from the wire
        return shorten(repr(value))


def shorten(text: str, length: int = _SHOWN) -> str:
    """A text with its beginning and its end, if it is longer than `length` characters."""
    half = length // 2
    return text if len(text) <= length else f"{text[:half]}…{text[-half:]}"


def judged(action: str, payload: dict[str, Any]) -> tuple[list[str], str]:
    """The `problems` of a request, and the CALLERROR code to refuse it with (OCPP-J 1.6 section 4.2.3)."""
    errors, all_looked_at = _errors(action, "request", payload)
    if not errors:
        return [], ""
    found, others = _told(errors, all_looked_at)
    return [*map(str, found), *([others] if others else [])], _code({error.kind.name for error in errors})


def error_code(action: str, payload: dict[str, Any]) -> str:
    """The CALLERROR code for a request that `problems` finds fault with (OCPP-J 1.6 section 4.2.3)."""
    return _code({error.kind.name for error in _errors(action, "request", payload)[0]})


def _code(kinds: set[str]) -> str:
    if kinds & {"required", "minItems"}:
        return "OccurenceConstraintViolation"
    if "type" in kinds:
        return "TypeConstraintViolation"
    if kinds - {"additionalProperties"}:
        return "PropertyConstraintViolation"
    return "FormationViolation"  # fields that the message does not have are not conform its structure


def fields(action: str, direction: Direction) -> frozenset[str]:
    """The fields a payload may have at its top level."""
    return frozenset(schema(action, direction).get("properties", {}))


def check_fields(action: str, direction: Direction, names: Iterable[str]) -> None:
    """Raises ValueError with the nearest name when a field does not exist: a typing slip in a script."""
    if action not in ACTIONS:
        near = difflib.get_close_matches(action, ACTIONS, 1)
        raise ValueError(f"no action {action!r} in OCPP 1.6{f'; did you mean {near[0]!r}?' if near else ''}")
    known = fields(action, direction)
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = (
                f"; did you mean {near[0]!r}?" if near else f"; it has {', '.join(sorted(known)) or 'none'}"
            )
            raise ValueError(f"{action} ({direction}) has no field {name!r}{hint}")
