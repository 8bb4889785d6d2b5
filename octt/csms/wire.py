"""Small judgements of the Central System's server about connections and frames, none of which needs its state."""

from __future__ import annotations

import contextlib
import gc
import hashlib
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import orjson
from websockets.asyncio.server import ServerConnection
from websockets.http11 import Request
from websockets.typing import Subprotocol

from octt.ocpp import Frame, schemas, values
from octt.record.secrets import MASK, SECRETS
from octt.tls.facts import tls_facts

SUBPROTOCOL = Subprotocol("ocpp1.6")
RAW_KEPT = 1 << 18
"""Characters of a frame's text that go into the record."""
_REPEATED = ("StartTransaction", "StopTransaction", "MeterValues")
"""What a station sends again and again when it is refused, and all that is queued behind it waits (3.7.1).

It is answered as far as it can be read, whatever is wrong with it: else the cases that follow would pay for it.
"""
RAW_SPARED = 512
"""Characters of it when there is no room for more, as in a flood of long frames."""
LONG = 1 << 16
"""Characters of a text from where on it is read and judged with care for time and memory."""
_HEADERS, _HEADER = 50, 500
"""Headers of a request that go into the record, and characters of each."""


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
    found, code = schemas.judged(frame.action, frame.payload)
    problems += found
    return "" if frame.action in _REPEATED else code


@contextlib.contextmanager
def quickly(length: int) -> Iterator[None]:
    """Reads and judges a long text without looking for garbage meanwhile, which would take as long again."""
    if length <= LONG or not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def lightened(frame: Frame, length: int) -> Frame:
    """A frame with a payload that nobody will read, without most of it if its text is long."""
    return replace(frame, payload=schemas.beginning(frame.payload)) if length > LONG else frame


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


def headers(request: Request | None) -> dict[str, str]:
    """The headers of a request for the record, without Authorization; of very many or long ones the beginning."""
    if request is None:
        return {}
    told = [(name, value) for name, value in request.headers.raw_items() if name.lower() != "authorization"]
    return {name[:_HEADER]: value[:_HEADER] for name, value in told[:_HEADERS]}


def quiet_logger() -> logging.Logger:
    """What websockets would print is in the record already."""
    logger = logging.getLogger("octt.csms.websockets")
    logger.setLevel(logging.CRITICAL)
    logger.propagate = False
    return logger


def as_recorded(message: str | bytes, room: Callable[[int], bool]) -> dict[str, Any]:
    """The fields `raw`, `binary`, `truncated` and `sha256` of a frame's event (docs/record.md).

    `room` says whether the record has room for so many characters of a long frame.
    """
    fields: dict[str, Any] = (
        {"raw": message} if isinstance(message, str) else {"raw": message.hex(), "binary": True}
    )
    length = len(fields["raw"])
    if length <= RAW_SPARED:
        return fields
    kept = RAW_KEPT if room(min(length, RAW_KEPT)) else RAW_SPARED
    if length > kept:
        whole = message.encode("utf-8", "surrogatepass") if isinstance(message, str) else message
        # Masked first, since a secret that is cut in two is none that can be found.
        raw = SECRETS.masked(fields["raw"])[:kept]
        fields |= {"raw": raw, "truncated": length, "sha256": hashlib.sha256(whole).hexdigest()}
    return fields


def without_key(frame: Frame, action: str, message: str | bytes) -> str | bytes:
    """The text of a frame in which no AuthorizationKey stands, whatever its value; it goes out of the payload too.

    The key can only be written (whitepaper A01), but a station may give it all the same. Where its value cannot be
    found as it was written, the text is written anew.
    """
    entries = [entry for entry in _keys(frame, action) if entry["value"] != MASK]
    if not entries or isinstance(message, bytes):
        return message
    told = [entry["value"] for entry in entries]
    if frame.type == "CALLRESULT":  # what we send ourselves is needed as it is
        for entry in entries:
            entry["value"] = MASK
    for value in told:
        written = {json.dumps(value, ensure_ascii=only) for only in (False, True)}
        found = [text for text in written if isinstance(value, str) and text in message]
        if not found:
            return _anew(frame, entries)
        for text in found:
            message = message.replace(text, f'"{MASK}"')
    return message


def _keys(frame: Frame, action: str) -> Iterator[dict[str, Any]]:
    """The entries of a frame that hold an AuthorizationKey."""
    listed: list[dict[str, Any]] = []
    if action == "GetConfiguration" and frame.type == "CALLRESULT":
        listed = values.dicts(frame.payload.get("configurationKey"))
    elif action == "ChangeConfiguration" and frame.type == "CALL":
        listed = [frame.payload]
    for entry in listed:
        if values.same(entry.get("key"), "AuthorizationKey") and entry.get("value") not in (None, ""):
            yield entry


def _anew(frame: Frame, entries: list[dict[str, Any]]) -> str:
    former = [entry["value"] for entry in entries]
    for entry in entries:
        entry["value"] = MASK
    envelope = [2, frame.id, frame.action] if frame.type == "CALL" else [3, frame.id]
    text = orjson.dumps([*envelope, frame.payload]).decode()
    for entry, value in zip(entries, former, strict=True):
        entry["value"] = value
    return text
