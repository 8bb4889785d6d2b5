"""Small judgements of the Central System's server about connections and frames, none of which needs its state."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from typing import Any

from websockets.asyncio.server import ServerConnection
from websockets.typing import Subprotocol

from octt.ocpp import Frame, schemas
from octt.tls.facts import tls_facts

SUBPROTOCOL = Subprotocol("ocpp1.6")
RAW_KEPT = 1 << 18
"""Characters of a frame's text that go into the record."""
_REPEATED = ("StartTransaction", "StopTransaction", "MeterValues")
"""What a station sends again and again when it is refused, and all that is queued behind it waits (3.7.1).

It is answered as far as it can be read, whatever is wrong with it: else the cases that follow would pay for it.
"""
_WORTH_HIDING = 8
"""Characters of a password; the code of a shorter one may stand anywhere by chance."""


def judge_call(frame: Frame, problems: list[str]) -> str:
    """Adds what is wrong with a request to `problems`; the error code to refuse it with, or nothing: it is answered."""
    if problems:
        return "FormationViolation"
    if frame.action not in schemas.ACTIONS:
        problems.append(f"{frame.action[:50]!r} is no action of OCPP 1.6")
        return "NotImplemented"
    if frame.action not in schemas.FROM_STATION:
        problems.append(f"{frame.action} is called by the Central System only")
        return "NotSupported"
    found = schemas.problems(frame.action, "request", frame.payload)
    problems += found
    if not found or frame.action in _REPEATED:
        return ""
    return schemas.error_code(frame.action, frame.payload)


def select_subprotocol(_connection: ServerConnection, offered: Any) -> Subprotocol | None:
    """ocpp1.6 or none."""
    return SUBPROTOCOL if SUBPROTOCOL in offered else None


def facts(connection: ServerConnection) -> dict[str, Any] | None:
    """The TLS facts of a connection; None without TLS."""
    tls = connection.transport.get_extra_info("ssl_object")
    return tls_facts(tls) if tls is not None else None


def remote(connection: ServerConnection) -> str:
    """Address and port of the peer."""
    address = connection.remote_address
    return f"{address[0]}:{address[1]}" if isinstance(address, tuple) and len(address) > 1 else str(address)


def quiet_logger() -> logging.Logger:
    """What websockets would print is in the record already."""
    logger = logging.getLogger("octt.csms.websockets")
    logger.setLevel(logging.CRITICAL)
    logger.propagate = False
    return logger


def as_recorded(message: str | bytes, passwords: Iterable[str]) -> dict[str, Any]:
    """The fields `raw`, `binary` and `truncated` of a frame's event (docs/record.md).

    Passwords in the hexadecimal form of AuthorizationKey are masked.
    """
    fields: dict[str, Any] = (
        {"raw": message} if isinstance(message, str) else {"raw": message.hex(), "binary": True}
    )
    for password in passwords:
        if len(password) >= _WORTH_HIDING and isinstance(message, str):
            code = password.encode().hex()
            fields["raw"] = re.sub(code, "(secret)", fields["raw"], flags=re.IGNORECASE)
    if len(fields["raw"]) > RAW_KEPT:
        fields |= {"raw": fields["raw"][:RAW_KEPT], "truncated": len(fields["raw"])}
    return fields
