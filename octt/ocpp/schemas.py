"""Payloads of OCPP 1.6 and its security extension against their official JSON schemas.

The schemas come with the `ocpp` package; jsonschema-rs compiles them. Where they differ from the specification
(edition 2, errata 4.0) a station is judged by the specification:

- `format: date-time` means RFC 3339 to a schema validator; section 3.14 asks for ISO 8601, in which a time
  without a zone is legal. `is_timestamp` decides.
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
from pathlib import Path
from typing import Any, Literal

import jsonschema_rs
import orjson

from octt.ocpp.values import is_timestamp

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


def problems(action: str, direction: Direction, payload: dict[str, Any]) -> list[str]:
    """What a payload violates, one sentence each; empty when it is valid. KeyError for an unknown action."""
    validator = _validator(action, direction)
    if validator.is_valid(payload):
        return []
    return [_sentence(error) for error in validator.iter_errors(payload)]


def _sentence(error: Any) -> str:
    place = ".".join(str(part) for part in error.instance_path)
    message = error.message if len(error.message) <= 300 else error.message[:297] + "..."
    return f"{place}: {message}" if place else message


def error_code(action: str, payload: dict[str, Any]) -> str:
    """The CALLERROR code for a request that `problems` finds fault with (OCPP-J 1.6 section 4.2.3)."""
    kinds = {str(type(error.kind).__name__) for error in _validator(action, "request").iter_errors(payload)}
    if any("Required" in kind for kind in kinds):
        return "OccurenceConstraintViolation"
    if any("Type" in kind for kind in kinds):
        return "TypeConstraintViolation"
    return "PropertyConstraintViolation"


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
