"""Blows below the messages (RFC 6455): written to the connection byte by byte, on the record before."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable

from websockets.frames import Frame, Opcode

from octt.csms.connection import LabConnection
from octt.csms.session import Put, Session

SLOW = 0.2
"""Seconds for which nothing is read."""


def _frame(opcode: Opcode, data: bytes, fin: bool = True, mask: bool = False) -> bytes:
    return Frame(opcode, data, fin).serialize(mask=mask)


def _write(connection: LabConnection, data: bytes) -> None:
    connection.transport.write(data)


def in_fragments(connection: LabConnection, how: str) -> Put:
    """Puts a text on the wire in a legal way that is rarely used."""

    async def put(message: str | bytes) -> None:
        data = message.encode() if isinstance(message, str) else message
        if how == "a request byte by byte":
            for byte in _frame(Opcode.TEXT, data):
                _write(connection, bytes((byte,)))
                await asyncio.sleep(0)
            return
        if how == "two messages at once":
            stray = _frame(Opcode.TEXT, b'[3,"octt-nobody",{}]')
            _write(connection, stray + _frame(Opcode.TEXT, data))
            return
        size = 1 if how == "fragments of one byte" else max(len(data) // 3, 1)
        parts = [data[start : start + size] for start in range(0, len(data), size)]
        if how == "an empty fragment first":
            parts.insert(0, b"")
        for number, part in enumerate(parts):
            opcode = Opcode.CONT if number else Opcode.TEXT
            _write(connection, _frame(opcode, part, fin=number == len(parts) - 1))
            if how == "a ping between fragments":
                _write(connection, _frame(Opcode.PING, b"octt"))

    return put


FRAGMENTING = frozenset(
    {
        *("fragments", "fragments of one byte", "an empty fragment first", "a ping between fragments"),
        *("a request byte by byte", "two messages at once"),
    }
)
"""Ways to send a request, which must then be answered."""

_RAW: dict[str, bytes] = {
    "a pong unasked": _frame(Opcode.PONG, b"octt"),
    "close without a code": b"\x88\x00",
    "no UTF-8": _frame(Opcode.TEXT, b'[3,"\xff\xfe",{}]'),
    "a reserved bit": b"\xc1\x02[]",
    "an unknown opcode": b"\x83\x02[]",
    "a masked frame": _frame(Opcode.TEXT, b"[]", mask=True),
    "a long control frame": b"\x89\x7e\x00\x7e" + b"p" * 126,
    "no fragment before": _frame(Opcode.CONT, b"[]"),
    "a frame of 2^62 bytes": b"\x81\x7f\x40" + b"\x00" * 7,
    "a reset in mid-frame": _frame(Opcode.TEXT, b'[2,"octt-half","GetConfiguration",{}]')[:20],
    "half a message": _frame(Opcode.TEXT, b'[2,"octt-half",', fin=False),
    "no TLS record": b"octt: this is no TLS record\r\n",
}


async def strike(session: Session, action: str) -> None:
    """Does it; whether the connection ended is seen by who asked. Nothing is judged here."""
    connection = session.connection
    raw = _RAW.get(action, b"")
    session.note(raw, action)
    if action.startswith("close 1") or action.startswith("close 3") or action.startswith("close 4"):
        code = int(action.rpartition(" ")[2])
        _write(connection, _frame(Opcode.CLOSE, code.to_bytes(2, "big") + b"octt"))
    elif action == "slow reading":
        connection.transport.pause_reading()
        await asyncio.sleep(SLOW)
        connection.transport.resume_reading()
    elif action == "no TLS record":
        socket = connection.transport.get_extra_info("socket")
        os.write(socket.fileno(), raw)
    elif raw:
        _write(connection, raw)
    if action == "half a message":
        _write(connection, _frame(Opcode.CLOSE, (1000).to_bytes(2, "big")))
    if action.startswith("a reset"):
        await asyncio.sleep(0.01)  # what was written leaves first
        connection.transport.abort()


async def ping(session: Session, action: str, seconds: float) -> bool:
    """Whether a ping was answered in time (section 5.5.3)."""
    data = b"octt" if action == "a ping" else b"p" * 125
    session.note(_frame(Opcode.PING, data), action)
    waiter: Awaitable[float] = await session.connection.ping(data)
    try:
        await asyncio.wait_for(waiter, seconds)
    except (TimeoutError, OSError):
        return False
    return True
