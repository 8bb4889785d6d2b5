"""The driver contract over HTTP for one simulated station (docs/driver-contract.md)."""

from __future__ import annotations

import json
from importlib import resources

from aiohttp import web

from octt.simulator.control.actions import Actions
from octt.simulator.station import Station
from octt.simulator.world.world import ActionError


class Control:
    """An HTTP server that does things to a station. `url` is known once it is started."""

    def __init__(self, station: Station, host: str = "127.0.0.1", port: int = 0) -> None:
        self.station = station
        self.actions = Actions(station)
        self.host, self.port = host, port
        app = web.Application(client_max_size=64 * 1024)
        app.router.add_get("/state", self._state)
        app.router.add_get("/actions", self._actions)
        app.router.add_get("/openapi.json", self._contract)
        app.router.add_post("/{action}", self._act)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)

    @property
    def url(self) -> str:
        """Where the control listens."""
        return f"http://{self.host}:{self.port}"

    async def start(self) -> None:
        """Listen; port 0 takes a free one. Raises OSError when the address is in use."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.host, self.port)
        await site.start()
        server = site._server
        sockets = getattr(server, "sockets", None)
        if sockets:
            self.port = sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening."""
        await self._runner.cleanup()

    async def _state(self, request: web.Request) -> web.Response:
        return web.json_response(self.station.state())

    async def _actions(self, request: web.Request) -> web.Response:
        return web.json_response({"actions": list(self.actions.table)})

    async def _contract(self, request: web.Request) -> web.Response:
        text = resources.files("octt").joinpath("station", "driver-contract.json").read_text(encoding="utf-8")
        return web.Response(text=text, content_type="application/json")

    async def _act(self, request: web.Request) -> web.Response:
        try:
            text = await request.text()
            body = json.loads(text) if text.strip() else {}
            if not isinstance(body, dict):
                raise ActionError("the body must be a JSON object", 400)
            self.actions.do(request.match_info["action"], body)
        except ActionError as error:
            return web.json_response({"error": str(error)}, status=error.status)
        except ValueError:
            return web.json_response({"error": "the body is not JSON"}, status=400)
        return web.json_response({})
