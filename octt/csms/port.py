"""Opens a port for WebSocket connections, and sees to those that never become one."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable
from typing import Any, cast

from websockets.asyncio.server import ServerConnection, serve

from octt.csms import wire
from octt.csms.connection import MAX_FRAME, LabConnection
from octt.csms.door import Door
from octt.csms.endpoints import Endpoint
from octt.tls.listener import Listener, Opening

OPENING = 15.0
"""Seconds that a peer may take for its TLS handshake, and for its request after that."""
PING = 30
"""Seconds between two pings, and those that an answer may take."""


async def open_port(
    endpoint: Endpoint, host: str, door: Door, station: Callable[[LabConnection], Awaitable[None]]
) -> None:
    """Listens; `station` serves those whom `door` admits. Fills in port and server. Raises OSError."""
    loop = asyncio.get_running_loop()

    def never_opened(opening: Opening) -> None:
        if loop.is_running():  # What was half open when everything ended says nothing.
            door.never_opened(endpoint, opening)

    def lost(connection: LabConnection, _waiter: Any) -> None:
        if fault := connection.handshake_fault:
            door.not_understood(endpoint, connection, fault)

    def connection(*arguments: Any, **options: Any) -> LabConnection:
        made = LabConnection(*arguments, **options)
        made.connection_lost_waiter.add_done_callback(functools.partial(lost, made))
        return made

    def admit(made: ServerConnection, request: Any) -> Any:
        return door.admit(made, request, endpoint)

    listener = Listener(host, endpoint.port, never_opened)
    endpoint.port = listener.getsockname()[1]
    endpoint.server = await serve(
        lambda made: station(cast(LabConnection, made)),
        sock=listener,
        ssl=endpoint.ssl,
        ssl_handshake_timeout=OPENING if endpoint.ssl else None,
        open_timeout=OPENING,
        subprotocols=[wire.SUBPROTOCOL],
        select_subprotocol=wire.select_subprotocol,
        process_request=admit,
        max_size=MAX_FRAME,
        compression=None,
        ping_interval=PING,
        ping_timeout=PING,
        close_timeout=2,
        server_header=None,
        logger=wire.quiet_logger(),
        create_connection=connection,  # type: ignore[arg-type]
    )
