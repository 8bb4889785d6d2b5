"""A WebSocket connection that keeps what its evidence needs: the last bytes, when they came, and why it ended.

What is no WebSocket never reaches the messages: a handshake that is no HTTP, a frame with reserved bits, text that is
no UTF-8 (RFC 6455 sections 4.2, 5.2 and 8.1). It is told in words that say what a station has to change.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import (
    InvalidHeader,
    InvalidMethod,
    InvalidProtocol,
    InvalidUpgrade,
)
from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import Event

from octt.csms import wire
from octt.csms.admission import Refusal
from octt.record.words import Blame

KEPT = 512
"""Bytes of the wire that are kept as evidence."""
MAX_FRAME = 1 << 20
"""Bytes of the largest frame read; a larger one closes the connection (code 1009)."""
_ALIVE = 45.0
"""Seconds within which something must have come for a missing pong to be the station's and not the network's."""

_FAULTS = {
    CloseCode.PROTOCOL_ERROR: "a frame is against RFC 6455",
    CloseCode.INVALID_DATA: "a text frame is not UTF-8 (RFC 6455 section 8.1)",
    CloseCode.MESSAGE_TOO_BIG: f"frame larger than {MAX_FRAME} bytes",
}


class LabConnection(ServerConnection):
    """One connection to the Central System, from its first byte."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.first = b""
        self.last = b""
        self.heard = time.monotonic()
        self.remote = ""
        self.opened = False
        """Whether the handshake was completed."""

        self.pings = self.pongs = 0
        """Of the peer; the pongs answer pings of ours."""

        self.slowest_pong: float | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """As asyncio calls it."""
        super().connection_made(transport)
        self.remote = wire.remote(self)

    def data_received(self, data: bytes) -> None:
        """As asyncio calls it; the beginning and the last piece are kept."""
        if len(self.first) < KEPT:
            self.first += data[: KEPT - len(self.first)]
        self.last, self.heard = data[:KEPT], time.monotonic()
        super().data_received(data)

    def process_event(self, event: Event) -> None:
        """As websockets calls it; pings and pongs are counted."""
        waiting = len(self.pending_pings)
        super().process_event(event)
        if isinstance(event, Frame) and event.opcode is Opcode.PING:
            self.pings += 1
        elif len(self.pending_pings) < waiting:
            self.pongs += 1
            self.slowest_pong = max(self.slowest_pong or 0.0, self.latency)

    @property
    def handshake_fault(self) -> Refusal | None:
        """Why this did not become a WebSocket connection, though nobody refused it; None: it did, or nothing came."""
        failure = self.protocol.handshake_exc
        if failure is None and not self.opened:
            failure = self.protocol.parser_exc
        judged = self.request is not None and not self.protocol.accept_called
        if failure is None or judged or not self.first or self.first[:2] == b"\x16\x03":
            return None  # that it was TLS is told by who listens (octt/tls)
        status = self.response.status_code if self.response else 0
        reason = f"the handshake is no WebSocket upgrade: {_handshake(failure, self.first)}"
        return Refusal(reason, status, Blame.STATION)

    @property
    def protocol_fault(self) -> str:
        """What the station did against RFC 6455, so that we closed the connection; nothing when it did not."""
        sent = self.protocol.close_sent
        if sent is None or self.protocol.close_rcvd_then_sent:
            return ""
        if sent.code in _FAULTS:
            return f"{_FAULTS[CloseCode(sent.code)]}{f': {sent.reason}' if sent.reason else ''}"
        if sent.code == CloseCode.INTERNAL_ERROR and time.monotonic() - self.heard < _ALIVE:
            return "pings are not answered, though other frames come (RFC 6455 section 5.5.3)"
        return ""


def _handshake(failure: BaseException, first: bytes) -> str:
    """A sentence for the vendor: what the request lacks, and what it should have."""
    line = first.split(b"\n", 1)[0].rstrip(b"\r")[:120].decode("latin-1")
    if b"\r\n" not in first and b"\n" in first:
        return "its lines end with LF only; HTTP ends them with CR LF (RFC 7230 section 3)"
    if isinstance(failure, InvalidMethod):
        return f"{line!r}: the method must be GET (RFC 6455 section 4.1)"
    if isinstance(failure, InvalidProtocol):
        return f"{line!r}: the version must be HTTP/1.1 (RFC 6455 section 4.1)"
    if isinstance(failure, InvalidUpgrade):
        return f"{failure}; it needs Upgrade: websocket and Connection: Upgrade (RFC 6455 section 4.1)"
    if isinstance(failure, InvalidHeader):
        return f"{failure} (RFC 6455 section 4.1)"
    cause = failure.__cause__ or failure
    return f"it begins with {line!r}, which cannot be read as HTTP/1.1: {cause}"
