"""How each connection to a socket of the laboratory began and ended, so that a failed handshake is evidence too.

`Listener` is a listening socket to hand to websockets' or aiohttp's server as `sock=`; it remembers the first bytes
of every connection and its end:

    listener = Listener("0.0.0.0", 0, report=lambda opening: ...)
    serve(handler, sock=listener, ssl=server_context(...))

While a connection is served, `current_opening()` in its handlers is its `Opening`. This works with the event loops
of asyncio, which call `accept`, `recv` and `close` of the sockets they are given.
"""

from __future__ import annotations

import collections
import contextlib
import contextvars
import errno
import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from octt.tls.clienthello import MAX_HELLO, ClientHello, NotAClientHello, parse_client_hello

PER_PEER = 128
"""Connections that one address may have open at one port: a station needs one, and one flood must not take all."""


@dataclass(eq=False)
class Opening:
    """How one connection began. `established` once its TLS handshake is complete, `failure` says why it is not."""

    remote: str = ""
    first: bytearray = field(default_factory=bytearray)
    established: bool = False
    failure: str = ""
    tls: Any = None
    socket: socket.socket | None = None
    started: int = field(default_factory=time.monotonic_ns)
    _hello: ClientHello | None = None

    def feed(self, data: bytes | memoryview) -> None:
        """Keeps bytes that the peer sent, as long as they may belong to its ClientHello."""
        if self._hello is None and len(self.first) < MAX_HELLO:
            self.first += data[: MAX_HELLO - len(self.first)]

    @property
    def hello(self) -> ClientHello | None:
        """The station's ClientHello, or None when there is none (yet); `why_no_hello` then says why."""
        if self._hello is None and self.first:
            try:
                self._hello = parse_client_hello(bytes(self.first))
            except NotAClientHello:
                return None
        return self._hello

    @property
    def why_no_hello(self) -> str:
        """What the peer sent instead of a ClientHello, a sentence; empty when it sent one."""
        try:
            parse_client_hello(bytes(self.first))
        except NotAClientHello as error:
            return str(error)
        return ""


_current: contextvars.ContextVar[Opening | None] = contextvars.ContextVar("octt_opening", default=None)


def current_opening() -> Opening | None:
    """How the connection began that is being served here; None when it did not come through a Listener."""
    return _current.get()


class Listener(socket.socket):
    """A listening TCP socket that remembers how each connection began. Raises OSError like socket.bind.

    `report` is called in the event loop when a connection ends without its TLS handshake having been completed, with
    the reason in `failure`; on a port without TLS, when a peer spoke TLS to it; and for a connection that was turned
    away, because its peer has PER_PEER of them already or this computer has no descriptor left.
    """

    def __init__(self, host: str, port: int, report: Callable[[Opening], None] | None = None) -> None:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        super().__init__(family, kind, protocol)
        self.report = report or (lambda _opening: None)
        self._connections: collections.Counter[str] = collections.Counter()
        self._spare = -1
        try:
            self.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.bind(address)
        except OSError:
            self.close()
            raise
        self.listen(128)
        self.setblocking(False)
        self._spare = os.open(os.devnull, os.O_RDONLY)

    def accept(self) -> tuple[socket.socket, Any]:
        """As socket.accept; what follows in this context belongs to the new connection.

        Raises BlockingIOError, for which an event loop waits, also when a connection was turned away.
        """
        try:
            connection, address = super().accept()
        except OSError as error:
            if error.errno not in (errno.EMFILE, errno.ENFILE):
                raise
            self._make_room()
            raise BlockingIOError from None
        opening = Opening(remote=f"{address[0]}:{address[1]}")
        if self._connections[address[0]] >= PER_PEER:
            connection.close()
            opening.failure = f"{address[0]} has {PER_PEER} connections to this port already"
            self.report(opening)
            raise BlockingIOError
        self._connections[address[0]] += 1
        accepted = _Accepted(connection, opening, self._ended)
        opening.socket = accepted
        _current.set(opening)
        return accepted, address

    def _make_room(self) -> None:
        """Turns the next connection away when there is no descriptor for it: it would be offered again for ever."""
        self._drop_spare()
        try:
            connection, address = super().accept()
        except OSError:
            pass  # another thread took the descriptor, or the peer has left
        else:
            connection.close()
            failure = "this computer had no descriptor left for another connection"
            self.report(Opening(remote=f"{address[0]}:{address[1]}", failure=failure))
        with contextlib.suppress(OSError):
            self._spare = os.open(os.devnull, os.O_RDONLY)

    def _drop_spare(self) -> None:
        if self._spare >= 0:
            os.close(self._spare)
            self._spare = -1

    def _ended(self, opening: Opening) -> None:
        peer = opening.remote.rpartition(":")[0]
        self._connections[peer] -= 1
        if not self._connections[peer]:
            del self._connections[peer]
        if opening.failure:
            self.report(opening)

    def close(self) -> None:
        """Closes the port; connections stay."""
        super().close()
        self._drop_spare()


class _Accepted(socket.socket):
    """A connection that keeps the bytes its peer began with and notices its own end."""

    def __init__(self, plain: socket.socket, opening: Opening, ended: Callable[[Opening], None]) -> None:
        super().__init__(plain.family, plain.type, plain.proto, fileno=plain.detach())
        self._opening: Opening | None = opening
        self._ended = ended
        self._ended_by_peer = ""

    def recv(self, *args: Any) -> bytes:
        try:
            data = super().recv(*args)
        except ConnectionError:
            self._ended_by_peer = "the station reset the connection"
            raise
        self._seen(data)
        return data

    def recv_into(self, buffer: Any, *args: Any) -> int:
        try:
            count = super().recv_into(buffer, *args)
        except ConnectionError:
            self._ended_by_peer = "the station reset the connection"
            raise
        self._seen(memoryview(buffer)[:count])
        return count

    def _seen(self, data: bytes | memoryview) -> None:
        if not len(data):
            self._ended_by_peer = self._ended_by_peer or "the station closed the connection"
        elif self._opening and not self._opening.established:
            self._opening.feed(data)

    def close(self) -> None:
        """Ends the connection, and says in `Opening.failure` why its TLS never came up."""
        opening, self._opening = self._opening, None
        super().close()
        if opening is None:
            return
        opening.socket = None
        if opening.tls is not None and not opening.established and not opening.failure:
            seconds = (time.monotonic_ns() - opening.started) / 1e9
            by = self._ended_by_peer or "the Central System gave up waiting"
            state = "during the TLS handshake" if opening.hello else f"without one: {opening.why_no_hello}"
            opening.failure = f"{by} {state}, after {seconds:.1f} s"
        elif opening.tls is None and opening.first[:2] == b"\x16\x03":
            opening.failure = "TLS was spoken to a port without TLS"
        self._ended(opening)
