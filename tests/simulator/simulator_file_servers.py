"""Real HTTP and FTP servers for the tests of the simulated station's transfers."""

import asyncio
import contextlib
import threading

from aiohttp import encode_basic_auth, web
from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler, TLS_FTPHandler
from pyftpdlib.ioloop import IOLoop
from pyftpdlib.servers import FTPServer

IMAGE = bytes(range(256)) * 600


class HttpServer:
    """An aiohttp server that keeps what arrives; `methods` are those it takes."""

    def __init__(self, methods=("PUT", "POST"), user=None, context=None):
        self.methods, self.user, self.context = methods, user, context
        self.received, self.failures, self.requests = [], 0, 0
        self.files = {}

    async def handle(self, request):
        self.requests += 1
        if self.failures:
            self.failures -= 1
            return web.Response(status=503)
        if self.user and request.headers.get("Authorization") != encode_basic_auth(*self.user):
            return web.Response(status=401)
        if request.method == "GET":
            if request.path == "/slow":
                await asyncio.sleep(30)
            name = request.path.rpartition("/")[2]
            if name in self.files:
                return web.Response(body=self.files[name])
            return web.Response(body=IMAGE, status=200 if name == "image.fwi" else 404)
        if request.method not in self.methods:
            return web.Response(status=405)
        self.received.append((request.method, request.path, await request.read()))
        return web.Response(status=201)

    async def __aenter__(self):
        app = web.Application(client_max_size=10**7)
        app.router.add_route("*", "/{path:.*}", self.handle)
        self.runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", 0, ssl_context=self.context)
        await site.start()
        port = self.runner.addresses[0][1]
        self.url = f"{'https' if self.context else 'http'}://127.0.0.1:{port}"
        return self

    async def __aexit__(self, *_):
        await self.runner.cleanup()


@contextlib.contextmanager
def ftp_server(folder, certificate=None):
    """A pyftpdlib server in a thread on a free port; user "station", password "p@ss"."""
    authorizer = DummyAuthorizer()
    authorizer.add_user("station", "p@ss", str(folder), perm="elrw")
    base = TLS_FTPHandler if certificate else FTPHandler
    loop = IOLoop()
    handler = type("Handler", (base,), {"authorizer": authorizer, "banner": "ready"})
    if certificate:
        handler.certfile = str(certificate)
        handler.tls_control_required = handler.tls_data_required = True
    server = FTPServer(("127.0.0.1", 0), handler, ioloop=loop)
    stop = threading.Event()

    def serve():
        while not stop.is_set():
            loop.loop(timeout=0.05, blocking=False)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"{'ftps' if certificate else 'ftp'}://station:p%40ss@127.0.0.1:{server.socket.getsockname()[1]}"
    finally:
        stop.set()
        thread.join()
        server.close_all()
        loop.close()
