"""Small judgements of the Central System's server about connections and frames, none of which needs its state."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from typing import Any

from websockets.asyncio.server import ServerConnection
from websockets.typing import Subprotocol

from octt.csms.tls import tls_facts
from octt.ocpp import Frame, schemas

SUBPROTOCOL = Subprotocol("ocpp1.6")


def judge_call(frame: Frame, problems: list[str]) -> str:
    """Adds what is wrong with a request to `problems`; the error code to answer with, or nothing when it is valid."""
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
    return schemas.error_code(frame.action, frame.payload) if found else ""


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


def masked(raw: str, passwords: Iterable[str]) -> str:
    """A frame's text without passwords in the hexadecimal form of AuthorizationKey, for the record."""
    for password in passwords:
        if len(password) >= 8:
            raw = re.sub(password.encode().hex(), "(secret)", raw, flags=re.IGNORECASE)
    return raw
