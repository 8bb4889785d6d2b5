"""The WebSocket connection: dialling with back-off, calls and their answers, answers to calls (OCPP-J 3, 4)."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import itertools
import logging
import ssl
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI
from websockets.typing import Subprotocol

from octt.simulator.link import frames
from octt.simulator.link.wording import briefly, fully
from octt.simulator.options import Options
from octt.simulator.part import CallRefused, ConnectionLost, NoAnswer, Part, Payload, Reply

LOGGER = logging.getLogger("octt.simulator")
_QUIET = logging.getLogger("octt.simulator.websocket")
_QUIET.setLevel(logging.CRITICAL)
MAX_FRAME = 4 * 1024 * 1024


@dataclass
class Dial:
    """How to reach the Central System: what the security profile in force decides."""

    url: str
    ssl: ssl.SSLContext | None = None
    headers: dict[str, str] = field(default_factory=dict)


class Link(Part):
    """The one connection of the station; it reconnects for as long as the software runs."""

    socket: ClientConnection | None = None

    def boot(self) -> None:
        """Start dialling."""
        self._waiting: dict[str, asyncio.Future[frames.Frame]] = {}
        self._changed = asyncio.Event()
        self._rests_until = 0.0
        # they never come again, not even after a boot (OCPP-J errata 3.7)
        self._numbers = itertools.count(time.time_ns() // 1000)
        self.station.spawn(self._run())

    @property
    def is_open(self) -> bool:
        """Whether a connection is established."""
        return self.socket is not None

    async def _run(self) -> None:
        shortest, longest = self.station.options.backoff_seconds
        pause = shortest
        while True:
            if not (self.station.world.network or self.station.options.patient_redial):
                self._changed.clear()
                await self._changed.wait()
                continue
            try:
                socket = await self._dialled()
            except (OSError, InvalidHandshake, InvalidURI, TimeoutError, EOFError, ValueError) as error:
                LOGGER.info("%s: not connected: %s", self.station.options.identity, error)
                if not self.station.dial_failed(error):
                    await self._pause(pause)
                    pause = min(pause * 2, longest)
                continue
            pause = shortest
            self.socket = socket
            self.station.connected()
            try:
                async for text in socket:
                    self._receive(text)
            except ConnectionClosed:
                pass
            finally:
                self._lost()
            await self._pause(shortest)
            await asyncio.sleep(self._rests_until - asyncio.get_running_loop().time())

    async def _dialled(self) -> ClientConnection:
        if not self.station.world.network:
            raise OSError("the network is away")
        return await self._connect(self.station.dial())

    async def _pause(self, seconds: float) -> None:
        """Wait before dialling again, cut short when the network comes back or the connection is to be renewed."""
        self._changed.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            pass

    async def _connect(self, dial: Dial) -> ClientConnection:
        ping = self.station.config.integer("WebSocketPingInterval")
        return await connect(
            dial.url,
            ssl=dial.ssl,
            additional_headers=dial.headers,
            subprotocols=[Subprotocol(name) for name in _subprotocols(self.station.options)],
            compression=None,
            proxy=None,
            open_timeout=10,
            close_timeout=1,
            ping_interval=ping or None,
            max_size=MAX_FRAME,
            user_agent_header=None,
            logger=_QUIET,
        )

    def _lost(self) -> None:
        self.socket = None
        for waiter in self._waiting.values():
            if not waiter.done():
                waiter.set_exception(ConnectionLost("the connection was lost"))
        self._waiting.clear()
        self.station.disconnected()

    def abort(self) -> None:
        """Drop the connection without a word, as a power or cable loss does."""
        if self.socket is not None:
            self.socket.transport.abort()

    async def close(self) -> None:
        """Close the connection properly; the link dials again unless the software is being shut down."""
        if self.socket is not None:
            await self.socket.close()

    async def rest(self, seconds: float) -> None:
        """Close the connection and make no other for so long."""
        self._rests_until = asyncio.get_running_loop().time() + seconds
        await self.close()

    def network_is_back(self) -> None:
        """Dial at once instead of at the end of the pause, if the station notices."""
        if not self.station.options.patient_redial:
            self._changed.set()

    # calls of the station

    async def call(self, action: str, payload: Payload) -> Payload:
        """Send a request and wait for its answer; raises NoAnswer or CallRefused."""
        if self.socket is None:
            raise ConnectionLost("offline")
        id = self._new_id()
        waiter: asyncio.Future[frames.Frame] = asyncio.get_running_loop().create_future()
        self._waiting[id] = waiter
        try:
            await self._write(self._written(id, action, payload))
            async with asyncio.timeout(self.station.options.call_timeout_seconds):
                answer = await waiter
        except TimeoutError:
            raise NoAnswer(f"{action} was not answered in time") from None
        finally:
            self._waiting.pop(id, None)
        if answer.type == frames.ERROR:
            raise CallRefused(answer.code, answer.description)
        try:
            frames.validate(frames.RESULT, action, answer.payload)
        except CallRefused as problem:
            LOGGER.warning("%s: bad answer to %s: %s", self.station.options.identity, action, problem)
            raise CallRefused("FormationViolation", str(problem)) from None
        result: Payload = answer.payload
        return result

    def _new_id(self) -> str:
        return str(next(self._numbers) if self.station.options.counted_ids else uuid.uuid4())

    def _written(self, id: str, action: str, payload: Payload) -> str:
        """A call of ours as text."""
        options = self.station.options
        if options.bare:
            payload = briefly(action, payload)
        if options.all_fields:
            payload = fully(action, payload)
        return frames.write_call(id, action, payload, options.spaced_json)

    async def _write(self, text: str) -> None:
        socket = self.socket
        if socket is None:
            raise ConnectionLost("offline")
        try:
            await socket.send(text)
        except ConnectionClosed:
            raise ConnectionLost("the connection was lost") from None

    # calls of the Central System

    def _receive(self, text: str | bytes) -> None:
        if self.station.registration.status == "Rejected":
            waiting_for_boot = bool(self._waiting)
            if not waiting_for_boot:
                return  # 4.2: while Rejected no message is answered
        try:
            frame = frames.read(text)
        except frames.MalformedCall as problem:
            self.station.spawn(self._refuse(problem.id, problem))
            return
        if frame is None:
            LOGGER.warning("%s: ignored a frame that is not OCPP-J", self.station.options.identity)
        elif frame.type == frames.CALL:
            if self.station.registration.status != "Rejected":
                self.station.spawn(self._answer(frame))
        else:
            waiter = self._waiting.get(frame.id)
            if waiter is not None and not waiter.done():
                waiter.set_result(frame)

    async def _refuse(self, id: str, problem: CallRefused) -> None:
        spaced = self.station.options.spaced_json
        with contextlib.suppress(NoAnswer):
            await self._write(frames.write_error(id, problem.code, problem.description, spaced))

    async def _answer(self, frame: frames.Frame) -> None:
        """Run the handler of a call, send its answer, then let the effects happen."""
        action = frame.action
        if delay := self._reply_delay(action):
            await asyncio.sleep(delay)
        try:
            reply = await self._handle(action, frame.payload)
            text = self._answered(frame, reply)
        except CallRefused as problem:
            await self._refuse(frame.id, problem)
            return
        except Exception:
            LOGGER.exception("%s: %s failed", self.station.options.identity, action)
            await self._refuse(
                frame.id, CallRefused("InternalError", "the station could not handle this call")
            )
            return
        try:
            await self._reply(action, text)
        except NoAnswer:
            return  # the Central System never saw the answer; what was promised is not done
        await self._take_effect(action, reply)

    def _reply_delay(self, action: str) -> float:
        return self.station.options.delay("reply")

    def _answered(self, frame: frames.Frame, reply: Reply) -> str:
        """The answer to a call as text."""
        return frames.write_result(frame.id, reply.payload, self.station.options.spaced_json)

    async def _reply(self, action: str, text: str) -> None:
        """Send an answer; raises NoAnswer when the connection is gone."""
        await self._write(text)

    async def _take_effect(self, action: str, reply: Reply) -> None:
        """What an answer has promised."""
        if reply.then is not None:
            effect = reply.then()
            if inspect.isawaitable(effect):
                await effect

    async def _handle(self, action: str, payload: Payload) -> Reply:
        if action not in frames.KNOWN_ACTIONS:
            raise CallRefused("NotImplemented", f"{action[:50]} is not an OCPP 1.6 action")
        handler = self.station.handlers.get(action)
        if handler is None:
            raise CallRefused("NotSupported", f"{action} is not supported")
        frames.validate(frames.CALL, action, payload)
        answer: Any = handler(payload)
        if inspect.isawaitable(answer):
            answer = await answer
        return answer if isinstance(answer, Reply) else Reply(answer)


def _subprotocols(options: Options) -> list[str]:
    return ["ocpp1.6", "ocpp1.5"] if options.older_subprotocols else ["ocpp1.6"]
