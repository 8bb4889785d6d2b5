"""The fake Central System: a WebSocket server on its own loop in its own thread, for the whole run.

It answers the station at once, whatever a script is doing, takes the time of every frame at the socket, and puts
everything on the record. OCPP-J 1.6 sections 3 (connection) and 4 (messages).
"""

from __future__ import annotations

import asyncio
import collections
import concurrent.futures
import contextlib
import errno
import functools
import http
import threading
import time
import uuid
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode
from websockets.http11 import Request, Response

from octt import ocpp
from octt.csms import wire
from octt.csms.admission import Attempt, Credentials, Refusal, credentials, refusal
from octt.csms.allowance import Allowance
from octt.csms.answers import Answers, ErrorAnswer
from octt.csms.endpoints import Endpoint, Settings
from octt.csms.traffic import Seen, Traffic
from octt.csms.wire import SUBPROTOCOL, as_recorded, judge_call
from octt.ocpp import Frame, schemas
from octt.record import Event, Record
from octt.tls.clienthello import Listener, Opening
from octt.tls.contexts import tls_facts

MAX_FRAME = 1 << 20
"""Bytes of the largest frame read; a larger one closes the connection (code 1009) and stands in the record."""

_NOBODY = Credentials()

T = TypeVar("T")


class CsmsError(Exception):
    """The Central System cannot do what it was asked; the message says why and what helps."""


@dataclass
class _Pending:
    action: str
    answered: asyncio.Future[Seen]


class CentralSystem:
    """Speaks OCPP-J with the one station under test. Methods without underscore may be called from any thread."""

    def __init__(self, settings: Settings, record: Record, answers: Answers | None = None) -> None:
        self.settings = settings
        self.record = record
        self.answers = answers or Answers()
        self.traffic = Traffic()
        self.watch: Callable[[Event, Frame | None], None] = lambda _event, _frame: None
        self.refusals: list[str] = []
        self.attempts: collections.deque[Attempt] = collections.deque(maxlen=1000)
        self.offline = False
        self.credentials = Credentials()
        self.security_profile = 0
        self.tls: dict[str, Any] | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="csms", daemon=True)
        self._connection: ServerConnection | None = None
        self._number = 0
        self._strangers = Allowance(1000, 1)
        self._open: set[ServerConnection] = set()
        self._retired: list[Endpoint] = []
        self._pending: dict[str, _Pending] = {}
        self._asked: dict[str, str] = {}
        self._turn = asyncio.Lock()

    # -- life -------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Opens every endpoint. Raises CsmsError when a port is in use or the address is not this machine's."""
        self._thread.start()
        for endpoint in self.settings.endpoints:
            self.open(endpoint)

    def open(self, endpoint: Endpoint) -> None:
        """Opens one more endpoint while running; its `port` is filled in when it was 0. Raises CsmsError."""
        try:
            self.run(self._serve(endpoint))
        except OSError as error:
            where = f"{self.settings.host}:{endpoint.port}"
            if error.errno == errno.EADDRINUSE:
                raise CsmsError(
                    f"port {endpoint.port} is in use; stop what uses it or set another central_system.port"
                ) from None
            raise CsmsError(f"cannot listen on {where}: {error.strerror or error}") from None
        if endpoint not in self.settings.endpoints:
            self.settings.endpoints.append(endpoint)
        self.record.write("listen", url=self.url(endpoint), security_profile=endpoint.security_profile)

    async def _serve(self, endpoint: Endpoint) -> None:
        never_opened = functools.partial(self._never_opened, endpoint)
        listener = Listener(self.settings.host, endpoint.port, never_opened)
        endpoint.port = listener.getsockname()[1]
        endpoint.server = await serve(
            lambda connection: self._session(connection, endpoint),
            sock=listener,
            ssl=endpoint.ssl,
            subprotocols=[SUBPROTOCOL],
            select_subprotocol=wire.select_subprotocol,
            process_request=lambda connection, request: self._admit(connection, request, endpoint),
            max_size=MAX_FRAME,
            compression=None,
            ping_interval=30,
            ping_timeout=30,
            close_timeout=2,
            server_header=None,
            logger=wire.quiet_logger(),
        )

    def close(self, endpoint: Endpoint) -> None:
        """Closes one endpoint and its connections while running."""
        self.run(self._close([endpoint]))
        self.settings.endpoints.remove(endpoint)

    def replace(self, endpoint: Endpoint, by: Endpoint) -> None:
        """From now on `by` listens on the port of `endpoint`; connections that exist stay. Raises CsmsError."""
        self.run(self._retire(endpoint))
        self.settings.endpoints.remove(endpoint)
        by.port = endpoint.port
        self.open(by)

    async def _retire(self, endpoint: Endpoint) -> None:
        if endpoint.server:
            endpoint.server.server.close()
            self._retired.append(endpoint)

    def stop(self) -> None:
        """Closes connections and endpoints and ends the thread; harmless when it runs no more."""
        if not self._thread.is_alive():
            return
        with contextlib.suppress(concurrent.futures.TimeoutError):
            self.run(self._close([*self._retired, *self.settings.endpoints]), 5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    async def _close(self, endpoints: list[Endpoint]) -> None:
        for endpoint in endpoints:
            if endpoint.server:
                endpoint.server.close(close_connections=True)
        for endpoint in endpoints:
            if endpoint.server:
                await endpoint.server.wait_closed()

    def run(self, work: Coroutine[Any, Any, T], timeout: float | None = 30) -> T:
        """Runs something on the Central System's loop, for who must live there too (the file servers)."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout)

    def url(self, endpoint: Endpoint, host: str | None = None) -> str:
        """What is to be configured in the station, the identity as last part of the path included."""
        return self.settings.url(endpoint, host)

    # -- the connection -----------------------------------------------------------------------------------------

    @property
    def connected(self) -> bool:
        """Whether the station is connected now."""
        return self._connection is not None

    def _admit(self, connection: ServerConnection, request: Request, endpoint: Endpoint) -> Response | None:
        given = credentials(request)
        connection.octt_credentials = given  # type: ignore[attr-defined]
        if self.offline:
            connection.transport.abort()
            refused: Refusal | None = Refusal(
                "the Central System plays offline", http.HTTPStatus.SERVICE_UNAVAILABLE
            )
        else:
            wanted = self.settings
            needs_password = endpoint.security_profile in (1, 2)
            refused = refusal(request, wanted.identity, wanted.path, wanted.passwords, needs_password)
        if refused is None:
            return None
        attempt = (request.path, given, wire.facts(connection))
        self._refused(endpoint, refused.reason, int(refused.status), wire.remote(connection), *attempt)
        return connection.respond(refused.status, refused.reason + "\n")

    def _refused(
        self,
        endpoint: Endpoint,
        reason: str,
        status: int,
        peer: str,
        path: str = "",
        given: Credentials = _NOBODY,
        tls: Any = None,
    ) -> None:
        self.refusals[:] = [*self.refusals[-20:], reason]
        if not self._strangers.take():
            return  # a flood of strangers is on the record often enough
        fields = {"path": path[:200], "status": status, "reason": reason, "user": given.user, "tls": tls}
        event = self.record.write("refused", remote=peer, **fields)
        profile = endpoint.security_profile
        self.attempts.append(Attempt(event["n"], event["m"], profile, reason, path, given, tls))
        self.traffic.wake()

    def _never_opened(self, endpoint: Endpoint, opening: Opening) -> None:
        """A connection that ended before its TLS handshake was complete."""
        if not self._loop.is_running():
            return  # What was half open when everything ended says nothing, and the record may be closed.
        self._refused(endpoint, opening.failure, 0, opening.remote, tls=tls_facts(opening))

    async def _session(self, connection: ServerConnection, endpoint: Endpoint) -> None:
        if connection.subprotocol != SUBPROTOCOL:
            # OCPP-J 1.6 section 3.1.2: finish the handshake without a subprotocol and close at once.
            offered = (
                connection.request.headers.get("Sec-WebSocket-Protocol", "none") if connection.request else ""
            )
            reason = f"the station offered subprotocol {offered[:60]}; ocpp1.6 is needed"
            self._refused(endpoint, reason, 101, wire.remote(connection))
            await connection.close(1002, "subprotocol ocpp1.6 required")
            return
        number, former = self._enter(connection, endpoint)
        if former:
            with contextlib.suppress(ConnectionClosed):
                await asyncio.wait_for(former.close(1000, "replaced by a new connection"), 1)
        allowed = Allowance(*self.settings.frames)
        try:
            async for message in connection:
                if not allowed.take():
                    self._unusable(
                        number, f"more than {allowed.at_once:g} frames in a burst; connection closed"
                    )
                    await connection.close(CloseCode.POLICY_VIOLATION, "too many messages")
                    break
                await self._receive(connection, number, message)
        except ConnectionClosed:
            pass
        finally:
            sent = connection.protocol.close_sent
            if sent and sent.code == CloseCode.MESSAGE_TOO_BIG:
                self._unusable(number, f"frame larger than {MAX_FRAME} bytes; connection closed")
            self._leave(connection, number)

    def _unusable(self, number: int, problem: str) -> None:
        """A frame that was not read: evidence without its text."""
        frame = Frame("MALFORMED", problems=(problem,))
        self._write(number, "in", "", frame, "", [problem], time.time_ns(), time.monotonic_ns())

    def _enter(self, connection: ServerConnection, endpoint: Endpoint) -> tuple[int, ServerConnection | None]:
        former, self._connection = self._connection, connection
        replaces = self._number if former else None
        self._number += 1
        self._open.add(connection)
        request = connection.request
        given: Credentials = getattr(connection, "octt_credentials", Credentials())
        self.credentials, self.security_profile = given, endpoint.security_profile
        headers = (
            {k: v for k, v in request.headers.raw_items() if k.lower() != "authorization"} if request else {}
        )
        self.tls = wire.facts(connection)
        event = self.record.write(
            "connect",
            connection=self._number,
            identity=self.settings.identity,
            remote=wire.remote(connection),
            path=request.path if request else "",
            subprotocol=connection.subprotocol,
            headers=headers,
            security_profile=endpoint.security_profile,
            user=given.user,
            auth="ok" if endpoint.security_profile in (1, 2) else "none",
            tls=self.tls,
            replaces=replaces,
        )
        path = request.path if request else ""
        self.attempts.append(
            Attempt(event["n"], event["m"], endpoint.security_profile, "", path, given, self.tls)
        )
        self._tell(event, "connect", self._number)
        return self._number, former

    def _leave(self, connection: ServerConnection, number: int) -> None:
        self._open.discard(connection)
        received = connection.protocol.close_rcvd
        sent = connection.protocol.close_sent
        # A missing answer to our pings (1011) is the network's doing, not ours.
        ours = sent is not None and sent.code != CloseCode.INTERNAL_ERROR
        by = "network"
        if getattr(connection, "octt_cut", False) or (ours and not connection.protocol.close_rcvd_then_sent):
            by = "csms"
        elif received:
            by = "station"
        current = self._connection is connection
        if current:
            self._connection = None
            for pending in self._pending.values():
                if not pending.answered.done():
                    pending.answered.cancel()
            self._pending.clear()
        event = self.record.write(
            "disconnect",
            connection=number,
            code=received.code if received else connection.close_code,
            reason=(received.reason if received else connection.close_reason) or "",
            by=by,
        )
        if current:
            self._tell(event, "disconnect", number, by=by)

    def _tell(self, event: Event, kind: Any, connection: int, **more: Any) -> None:
        self.watch(event, more.get("frame"))
        self.traffic.append(Seen(event["n"], event["m"], event["t"], kind, connection, **more))

    # -- frames ---------------------------------------------------------------------------------------------------

    async def _receive(self, connection: ServerConnection, number: int, message: str | bytes) -> None:
        t, m = time.time_ns(), time.monotonic_ns()
        frame = ocpp.parse(message)
        problems, action, pending, error = list(frame.problems), frame.action, None, ""
        if frame.type == "CALL":
            error = judge_call(frame, problems)
        elif frame.type in ("CALLRESULT", "CALLERROR"):
            pending = self._pending.pop(frame.id, None)
            action = self._asked.get(frame.id, "")
            if pending is None:
                late = (
                    "a call that had timed out or was already answered" if action else "a call we never made"
                )
                problems.append(f"reply to {late}")
            elif frame.type == "CALLRESULT":
                problems += schemas.problems(action, "response", frame.payload)
        seen = self._write(number, "in", message, frame, action, problems, t, m)
        if pending and not pending.answered.done():
            pending.answered.set_result(seen)
        if frame.type == "CALL":
            await self._reply(connection, number, frame, error)

    def _write(
        self,
        number: int,
        direction: str,
        message: str | bytes,
        frame: Frame,
        action: str,
        problems: list[str],
        t: int,
        m: int,
    ) -> Seen:
        event = self.record.write(
            "frame",
            t=t,
            m=m,
            connection=number,
            dir=direction,
            type=frame.type,
            id=frame.id,
            action=action,
            problems=problems,
            **as_recorded(message, self.settings.passwords),
        )
        seen = Seen(event["n"], m, t, "frame", number, direction == "in", frame, action, tuple(problems))
        self.traffic.append(seen)
        # Who watches must not make the station wait: it is told when this turn of the loop is over.
        self._loop.call_soon(self.watch, event, frame)
        return seen

    async def _reply(self, connection: ServerConnection, number: int, frame: Frame, error: str) -> None:
        if error:
            text = ocpp.error(frame.id, error, f"{frame.action or 'message'} refused")
        else:
            answer = self.answers.answer(frame.action, frame.payload)
            if answer is None:
                return
            if isinstance(answer, ErrorAnswer):
                text = ocpp.error(frame.id, answer.code, answer.description)
            else:
                text = ocpp.result(frame.id, answer)
        await self._send(connection, number, text, frame.action)

    async def _send(self, connection: ServerConnection, number: int, text: str, action: str) -> Seen:
        with contextlib.suppress(ConnectionClosed):
            await connection.send(text)
        return self._write(
            number, "out", text, ocpp.parse(text), action, [], time.time_ns(), time.monotonic_ns()
        )

    # -- what scripts do --------------------------------------------------------------------------------------------

    def call(self, action: str, payload: dict[str, Any], timeout: float) -> tuple[Seen | None, Seen | None]:
        """Sends a request and waits for its reply, matched by message id. The request and the reply as seen.

        The reply is None after `timeout` seconds or when the connection is lost. The request is None, and nothing
        was sent, when the station is not connected. Calls wait for each other: one is outstanding at a time
        (OCPP-J 1.6 section 4.1.1).
        """
        return self.run(self._call(action, payload, timeout), None)

    async def _call(
        self, action: str, payload: dict[str, Any], timeout: float
    ) -> tuple[Seen | None, Seen | None]:
        async with self._turn:
            connection, number = self._connection, self._number
            if connection is None:
                return None, None
            ident = str(uuid.uuid4())
            pending = _Pending(action, self._loop.create_future())
            self._pending[ident], self._asked[ident] = pending, action
            request = await self._send(connection, number, ocpp.call(ident, action, payload), action)
            try:
                return request, await asyncio.wait_for(pending.answered, timeout)
            except (TimeoutError, asyncio.CancelledError):
                self._pending.pop(ident, None)
                return request, None

    def send_raw(self, text: str) -> Seen | None:
        """Sends any text as one frame, for negative tests; None when the station is not connected."""
        connection, number = self._connection, self._number
        return self.run(self._send(connection, number, text, "")) if connection else None

    def cut(self) -> None:
        """Breaks the connection without a closing handshake and refuses new ones: the station is offline."""
        self.offline = True
        self.record.write("network", event="cut")
        self._loop.call_soon_threadsafe(self._abort)

    def disconnect(self) -> None:
        """Breaks the connection once; the station may reconnect at once."""
        self._loop.call_soon_threadsafe(self._abort)

    def _abort(self) -> None:
        for connection in self._open:
            connection.octt_cut = True  # type: ignore[attr-defined]
            connection.transport.abort()

    def restore(self) -> None:
        """Lets the station connect again."""
        if self.offline:
            self.offline = False
            self.record.write("network", event="restored")
