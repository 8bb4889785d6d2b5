"""The fake Central System: a WebSocket server on its own loop in its own thread, for the whole run.

It answers the station at once, whatever a script is doing, takes the time of every frame at the socket, and puts
everything on the record. OCPP-J 1.6 section 3 (connection); octt/csms/session.py has the messages.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import errno
import functools
import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any, Literal, TypeVar

from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode

from octt.csms import wire
from octt.csms.admission import Credentials, Refusal
from octt.csms.answers import Answers
from octt.csms.connection import LabConnection
from octt.csms.door import Door
from octt.csms.endpoints import Endpoint, Settings
from octt.csms.port import open_port
from octt.csms.session import Desk, Session, Wire
from octt.csms.troubles import Troubles, Watchdog
from octt.csms.wire import SUBPROTOCOL
from octt.ocpp import Frame
from octt.record import Event, Record
from octt.record.events import Connected, Disconnected, Listening, NetworkChanged
from octt.record.secrets import SECRETS
from octt.record.words import Blame
from octt.timeline.entry import Entry
from octt.timeline.timeline import RealClock, Timeline

T = TypeVar("T")


class CsmsError(Exception):
    """The Central System cannot do what it was asked; the message says why and what helps."""


class CentralSystem:
    """Speaks OCPP-J with the one station under test. Methods without underscore may be called from any thread."""

    def __init__(self, settings: Settings, record: Record, answers: Answers | None = None) -> None:
        self.settings = settings
        self.record = record
        self.answers = answers or Answers()
        self.troubles = Troubles(record)
        self.timeline = Timeline(RealClock(self.troubles.stood_still))
        self.timeline.settle = self.settle
        self.watch: Callable[[Event, Frame | None], None] = lambda _event, _frame: None
        """Told of every frame and connection; set it before `start`."""

        self.between: Callable[[LabConnection], Wire] | None = None
        """What is put between each connection and its session (octt/audit); set it before `start`."""

        self.door = Door(settings, record, self.timeline)
        record.when_lost(self.timeline.end_with)
        SECRETS.hide(*settings.passwords)
        self.credentials = Credentials()
        self.security_profile = 0
        self.tls: dict[str, Any] | None = None
        self._desk = Desk(settings, record, self.timeline, self.answers, self._watched)
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(self._unexpected)
        self._thread = threading.Thread(target=self._live, name="csms", daemon=True)
        self._session: Session | None = None
        self.connections = 0  # how many there were; a run that goes on counts on
        self._fresh: dict[str, int] = {}
        self._open: set[Session] = set()
        self._retired: list[Endpoint] = []
        self._turn = asyncio.Lock()

    # -- life -------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Opens every endpoint. Raises CsmsError when a port is in use or the address is not this machine's."""
        self._thread.start()
        self._loop.call_soon_threadsafe(Watchdog(self.troubles).start, self._loop)
        for endpoint in self.settings.endpoints:
            self.open(endpoint)

    def _live(self) -> None:
        """The thread. Whatever ends it, nobody waits for it in vain."""
        try:
            self._loop.run_forever()
        finally:
            for task in asyncio.all_tasks(self._loop):
                task.cancel()
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())

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
        self.record.write(Listening(url=self.url(endpoint), security_profile=endpoint.security_profile))

    async def _serve(self, endpoint: Endpoint) -> None:
        def station(connection: LabConnection) -> Coroutine[Any, Any, None]:
            return self._serve_station(connection, endpoint)

        await open_port(endpoint, self.settings.host, self.door, station)

    def _unexpected(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """What nobody caught in the loop: a mistake of ours, unless the network did it."""
        error = context.get("exception")
        if isinstance(error, Exception) and not isinstance(error, OSError):
            self.troubles.error(error, "in the Central System")

    def _watched(self, event: Event, frame: Frame | None) -> None:
        try:
            self.watch(event, frame)
        except Exception as error:
            self.troubles.error(error, "when a rule looked at a frame")

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
        """Runs something on the Central System's loop, for who must live there too (the file servers). CsmsError."""
        if not self._thread.is_alive():
            work.close()
            raise CsmsError("the Central System does not run (any more)")
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout)

    def settle(self) -> int:
        """Waits until all that had arrived is on the timeline and was watched; the time up to which that is so."""
        if not self._thread.is_alive() or threading.current_thread() is self._thread:
            return time.monotonic_ns()
        return self.run(self._settle(), None)

    async def _settle(self) -> int:
        now = time.monotonic_ns()
        # What lay in the socket is read in one turn of the loop, handed over in the next and judged after that.
        for _ in range(5):
            await asyncio.sleep(0)
        return now

    def url(self, endpoint: Endpoint, host: str | None = None) -> str:
        """What is to be configured in the station, the identity as last part of the path included."""
        return self.settings.url(endpoint, host)

    # -- the connection -----------------------------------------------------------------------------------------

    @property
    def connected(self) -> bool:
        """Whether the station is connected now."""
        return self._session is not None

    @property
    def session(self) -> Session | None:
        """The station's connection, for who sends what no script would (octt/fuzz); only on our own loop."""
        return self._session

    def expect_many(self, frames: float) -> None:
        """So many frames are no flood: somebody asks for them."""
        self._desk.frames.grant(frames)

    @property
    def offline(self) -> bool:
        """Whether the station is kept from connecting."""
        return self.door.closed

    @property
    def refusals(self) -> list[str]:
        """Why the last attempts to connect were refused."""
        return self.door.refusals

    async def _serve_station(self, connection: LabConnection, endpoint: Endpoint) -> None:
        connection.opened = True
        if connection.subprotocol != SUBPROTOCOL:
            # OCPP-J 1.6 section 3.1.2: finish the handshake without a subprotocol and close at once.
            offered = (
                connection.request.headers.get("Sec-WebSocket-Protocol", "none") if connection.request else ""
            )
            reason = f"the station offered subprotocol {offered[:60]}; ocpp1.6 is needed"
            path = connection.request.path if connection.request else ""
            refusal = Refusal(reason, 101, Blame.STATION)
            self.door.refused(endpoint, refusal, connection.remote, path)
            await connection.close(CloseCode.PROTOCOL_ERROR, "subprotocol ocpp1.6 required")
            return
        self.connections += 1
        session = Session(self._desk, connection, self.connections)
        if self.between:
            session.wire = self.between(connection)
        former = self._enter(session, endpoint)
        if former:
            with contextlib.suppress(ConnectionClosed):
                await asyncio.wait_for(former.connection.close(1000, "replaced by a new connection"), 1)
        try:
            await session.serve()
        except Exception as error:
            session.cut = True
            self.troubles.error(error, "in a connection")
            raise
        finally:
            self._leave(session)

    def _enter(self, session: Session, endpoint: Endpoint) -> Session | None:
        former, self._session = self._session, session
        self._open.add(session)
        connection, request = session.connection, session.connection.request
        given: Credentials = getattr(connection, "octt_credentials", Credentials())
        self.credentials, self.security_profile = given, endpoint.security_profile
        self.tls = wire.facts(connection)
        opened = Connected(
            connection=session.number,
            identity=self.settings.identity,
            remote=wire.remote(connection),
            path=request.path[:1000] if request else "",
            subprotocol=connection.subprotocol,
            headers=wire.headers(request),
            security_profile=endpoint.security_profile,
            user=given.user[:100],
            auth="ok" if endpoint.security_profile in (1, 2) else "none",
            tls=self.tls,
            replaces=former.number if former else None,
        )
        event = self.record.write(opened)
        self.door.admitted(connection, endpoint, event)
        self._tell(event, "connect", session.number, replaces=former is not None)
        return former

    def _leave(self, session: Session) -> None:
        self._open.discard(session)
        protocol = session.connection.protocol
        received, sent = protocol.close_rcvd, protocol.close_sent
        # A missing answer to our pings (1011) is the network's doing, not ours.
        ours = sent is not None and sent.code != CloseCode.INTERNAL_ERROR
        by: Literal["network", "station", "csms"] = "network"
        if session.cut or (ours and not protocol.close_rcvd_then_sent):
            by = "csms"
        elif received:
            by = "station"
        last = received if by == "station" else sent or received
        closed = Disconnected(
            connection=session.number,
            code=last.code if last else session.connection.close_code,
            reason=last.reason if last else "",
            by=by,
            pings=session.connection.pings,
            pongs=session.connection.pongs,
            slowest_pong=session.connection.slowest_pong,
        )
        event = self.record.write(closed)
        if self._session is session:
            self._session = None
            self._tell(event, "disconnect", session.number, by=by)
        session.ended()

    def _tell(self, event: Event, kind: Any, connection: int, **more: Any) -> None:
        self._watched(event, None)
        self.timeline.append(event.n, event.m, event.t, kind, connection, case=event.case, **more)

    # -- what scripts do --------------------------------------------------------------------------------------------

    def call(self, action: str, payload: dict[str, Any], timeout: float) -> tuple[Entry | None, Entry | None]:
        """Sends a request and waits for its reply, matched by message id. The request and the reply as seen.

        The reply is None after `timeout` seconds or when the connection is lost. The request is None, and nothing
        was sent, when the station is not connected. Calls wait for each other: one is outstanding at a time
        (OCPP-J 1.6 section 4.1.1).
        """
        request, reply = self.run(self._call(action, payload, timeout), None)
        if reply is not None:
            # What came before the reply is answered before anybody acts on it.
            visible = functools.partial(lambda entry: self.timeline.end > entry.index, reply)
            self.timeline.wait(visible, time.monotonic_ns() + int(timeout * 1e9))
        return request, reply

    async def _call(
        self, action: str, payload: dict[str, Any], timeout: float
    ) -> tuple[Entry | None, Entry | None]:
        async with self._turn:
            if self._session is None:
                return None, None
            return await self._session.call(action, payload, timeout)

    def fresh(self, field: str) -> int:
        """A number for a field of our requests that none of this run has had in it yet."""
        self._fresh[field] = self._fresh.get(field, 0) + 1
        return self._fresh[field]

    def cut(self) -> None:
        """Breaks the connection without a closing handshake and refuses new ones: the station is offline."""
        self.door.closed = True
        self.record.write(NetworkChanged(event="cut"))
        self._loop.call_soon_threadsafe(self._abort)

    def disconnect(self) -> None:
        """Breaks the connection once; the station may reconnect at once."""
        self._loop.call_soon_threadsafe(self._abort)

    def _abort(self) -> None:
        for session in self._open:
            session.cut = True
            session.connection.transport.abort()

    def restore(self) -> None:
        """Lets the station connect again."""
        if self.door.closed:
            self.door.closed = False
            self.record.write(NetworkChanged(event="restored"))
