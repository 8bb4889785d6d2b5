"""A connection of the station with the proxy in it, for the Central System's session to read from and send to."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from octt.audit.proxy.proxy import Proxy, Send

OFTEN = 0.02
"""Seconds between looks at whether a test is over."""


class Wire:
    """Lives on the Central System's loop."""

    def __init__(self, connection: ServerConnection, proxy: Proxy, is_over: Callable[[], bool]) -> None:
        """`is_over`: whether the case that the proxy altered a frame of is being restored."""
        self.connection, self.proxy, self.is_over = connection, proxy, is_over
        self._arrived: asyncio.Queue[str | bytes | None] = asyncio.Queue()
        self._sending: set[asyncio.Task[None]] = set()

    async def __aiter__(self) -> AsyncIterator[str | bytes]:
        """What arrives at the Central System, until the connection ends."""
        tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._set_right())]
        try:
            while (message := await self._arrived.get()) is not None:
                yield message
        finally:
            for task in tasks:
                task.cancel()

    async def _read(self) -> None:
        try:
            with contextlib.suppress(ConnectionClosed):
                async for message in self.connection:
                    if isinstance(message, bytes):
                        self._arrived.put_nowait(message)
                    else:
                        self._forward(self.proxy.from_station(message))
        finally:
            self._arrived.put_nowait(None)

    async def _set_right(self) -> None:
        """Once a test is over the Central System learns how the station really is."""
        while True:
            await asyncio.sleep(OFTEN)
            if self.is_over():
                self._forward(self.proxy.after_test())

    async def send(self, text: str) -> None:
        """What the Central System sends. Raises ConnectionClosed."""
        for send in self.proxy.from_csms(text):
            await self.connection.send(send.text)

    def _forward(self, sends: Iterable[Send]) -> None:
        for send in sends:
            if send.after:
                asyncio.get_running_loop().call_later(send.after, self._one, send)
            else:
                self._one(send)

    def _one(self, send: Send) -> None:
        if send.to == "csms":
            self.proxy.sent(send)
            self._arrived.put_nowait(send.text)
        else:
            task = asyncio.get_running_loop().create_task(self._answer(send.text))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)

    async def _answer(self, text: str) -> None:
        with contextlib.suppress(ConnectionClosed):
            await self.connection.send(text)
