"""Serves the page: on a thread and a loop of its own, so that nothing of it holds up the station or a script."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import orjson
from aiohttp import web

from octt.console.door import HEADERS, Door
from octt.console.feed import Feed, sse
from octt.console.live import Live, Refused
from octt.console.notes import LARGEST
from octt.console.tail import Tail

PAGE = Path(__file__).parent / "page"
_FILES = {
    "/": ("index.html", "text/html"),
    "/console.css": ("console.css", "text/css"),
    "/console.js": ("console.js", "text/javascript"),
    "/prompt.js": ("prompt.js", "text/javascript"),
}
WATCHERS = 50
"""Browsers at a time."""
_TICK = 0.1
_BEAT = 10.0
"""Seconds after which a silent connection is shown to be there still."""
_GOODBYE = 2.0
"""Seconds in which the browsers may take the last messages."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class ConsoleError(Exception):
    """The console cannot be opened; the message says why and what helps."""


class Server:
    """One console: the record of a run, and the run itself where that goes on in this process."""

    def __init__(self, record: Path, live: Live | None = None) -> None:
        self.feed, self.live, self.door = Feed(Tail(record)), live, Door()
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, name="console", daemon=True)
        self._ready, self._ending = threading.Event(), asyncio.Event()
        self._watching = 0
        self._sockets: list[socket.socket] = []

    # -- life -----------------------------------------------------------------------------------------------------

    def start(self, host: str, port: int) -> None:
        """Opens the port. Raises ConsoleError."""
        try:
            self._sockets = [_listening(host, port)]
        except (OSError, OverflowError) as error:
            why = getattr(error, "strerror", None) or str(error)
            raise ConsoleError(
                f"the console cannot be opened at {host}:{port}: {why}; name another HOST:PORT"
            ) from None
        self.port = self._sockets[0].getsockname()[1]
        self._thread.start()
        self._ready.wait()

    def stop(self) -> None:
        """Lets the browsers take the last messages, and closes."""
        if self._thread.is_alive():
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._ending.set)
            self._thread.join(_GOODBYE + 3)

    def wait(self) -> None:
        """Serves until the process is interrupted."""
        while self._thread.is_alive():
            self._thread.join(0.5)

    def url(self, host: str) -> str:
        """The address to open, with the token."""
        name = f"[{host}]" if ":" in host else host
        return f"http://{name}:{self.port}/?token={self.door.token}"

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._run())
        self._loop.close()

    async def _run(self) -> None:
        app = web.Application(client_max_size=LARGEST + 4096, middlewares=[self._guard])
        for path in _FILES:
            app.router.add_get(path, self._file)
        app.router.add_get("/events", self._events)
        app.router.add_get("/case", self._case)
        for path, handler in (("/answer", self._answer), ("/wish", self._wish), ("/note", self._note)):
            app.router.add_post(path, handler)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        for opened in self._sockets:
            await web.SockSite(runner, opened).start()
        reading = asyncio.create_task(self._read())
        self._ready.set()
        await self._ending.wait()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GOODBYE):
                await reading
                while self._watching:
                    await asyncio.sleep(_TICK / 2)
        reading.cancel()
        await runner.cleanup()

    async def _read(self) -> None:
        """Follows the record; to its end once the run is over."""
        while True:
            ending = self._ending.is_set()
            if self.feed.read():
                await asyncio.sleep(0)
            elif ending:
                return
            else:
                await asyncio.sleep(_TICK)

    # -- who comes ------------------------------------------------------------------------------------------------

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Whoever may not is told in a sentence; every answer has the headers that keep a page to itself."""
        try:
            if not self.door.may_watch(request):
                why = "This console needs a token: open the address that the run printed, with ?token= at its end."
                answer: web.StreamResponse = _refused(why, 403)
            elif request.method == "POST" and (why := self.door.refusal_to_act(request)):
                answer = _refused(why, 403)
            else:
                answer = await handler(request)
        except web.HTTPRequestEntityTooLarge:
            answer = _refused(f"more than {LARGEST >> 20} MB are not taken", 413)
        except web.HTTPException as error:
            answer = _refused(error.reason, error.status)
        except Refused as error:
            answer = _refused(str(error), 409)
        if not answer.prepared:
            answer.headers.update(HEADERS)
        return answer

    # -- what is asked for ----------------------------------------------------------------------------------------

    async def _file(self, request: web.Request) -> web.Response:
        name, kind = _FILES[request.path]
        answer = web.Response(body=(PAGE / name).read_bytes(), content_type=kind, charset="utf-8")
        self.door.keep(request, answer)
        return answer

    async def _case(self, request: web.Request) -> web.Response:
        """What the last attempt at a case went through."""
        return _json(self.feed.view.items(request.query.get("id", "")))

    async def _events(self, request: web.Request) -> web.StreamResponse:
        """The messages as server-sent events, until the browser or the run goes."""
        if self._watching >= WATCHERS:
            return _refused(f"{WATCHERS} browsers are watching already", 503)
        acts = self.live is not None and self.door.has_token(request)
        if acts and self.live:
            self.live.comes()
        answer = web.StreamResponse(headers={**HEADERS, "Content-Type": "text/event-stream"})
        await answer.prepare(request)
        self._watching += 1
        # A browser that comes back by itself says so in the header, our page in the address.
        had = request.headers.get("Last-Event-ID") or request.query.get("last", "")
        try:
            await self._send(answer, self.feed.place(had), acts)
        except ConnectionError:
            pass
        finally:
            self._watching -= 1
        return answer

    async def _send(self, answer: web.StreamResponse, place: int | None, acts: bool) -> None:
        shown: object = None
        quiet = 0.0
        while True:
            over = self._ending.is_set() and not self.feed.tail.behind
            data, place = self.feed.after(place)
            now = (self.feed.problem, *(self.live.now() if self.live else ()))
            if now != shown:
                shown = now
                told = self.live.as_data(now[1:], acts=acts) if self.live else {"acts": False}
                data += sse("live", {**told, "problem": self.feed.problem})
            if data:
                await answer.write(data)
                quiet = 0.0
            elif over:
                return
            elif (quiet := quiet + _TICK) > _BEAT:
                await answer.write(sse("beat", {}))
                quiet = 0.0
            if place == self.feed.end:
                await asyncio.sleep(_TICK)

    async def _answer(self, request: web.Request) -> web.Response:
        said = await _object(request)
        self._acting().answer(said.get("number"), said.get("key"))
        return _json({})

    async def _wish(self, request: web.Request) -> web.Response:
        said = await _object(request)
        self._acting().wish(said.get("wish"), said.get("case", ""))
        return _json({})

    async def _note(self, request: web.Request) -> web.Response:
        """A remark as a JSON object, or a picture as it is; the case stands in the address."""
        live, case = self._acting(), request.query.get("case") or None
        if case is not None and case not in self.feed.view.rows:
            raise Refused("there is no such case in this run")
        if request.content_type.startswith("image/"):
            await asyncio.to_thread(live.note, case, "", await request.read())
        else:
            await asyncio.to_thread(live.note, case, str((await _object(request)).get("text", "")))
        return _json({})

    def _acting(self) -> Live:
        if self.live is None:
            raise Refused("this page only shows a record; nothing can be done here")
        return self.live


async def _object(request: web.Request) -> dict[str, Any]:
    """The JSON object of a request. Raises Refused."""
    try:
        said = orjson.loads(await request.read())
    except orjson.JSONDecodeError:
        said = None
    if not isinstance(said, dict):
        raise Refused("a JSON object is expected")
    return said


def _json(data: object) -> web.Response:
    return web.Response(body=orjson.dumps(data), content_type="application/json")


def _refused(why: str, status: int) -> web.Response:
    return web.Response(text=f"{why}\n", status=status)


def _listening(host: str, port: int) -> socket.socket:
    """A socket that listens there. OSError."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    opened = socket.socket(family, kind, protocol)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind(address)
        opened.listen(64)
    except BaseException:
        opened.close()
        raise
    return opened
