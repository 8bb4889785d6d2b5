"""Firmware and uploads over http and https, with aiohttp in the Central System's event loop."""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import logging
import urllib.parse
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from aiohttp import BodyPartReader, web

from octt.files.transfers import FilesError, Grant, Ledger, TooMuch, Transfer, Tree, safe_name, unused
from octt.tls.connection import LabContext
from octt.tls.facts import tls_facts
from octt.tls.listener import Listener, Opening

_CHUNK = 1 << 16
_QUIET = logging.getLogger("octt.files.http")
"""What aiohttp would print is in the transfers already."""
_QUIET.addHandler(logging.NullHandler())
_QUIET.propagate = False


class HttpFiles:
    """One port for http or, with a context, https. `start` and `stop` run in the event loop that serves."""

    def __init__(self, tree: Tree, ledger: Ledger, context: LabContext | None = None) -> None:
        self.tree, self.ledger, self.context = tree, ledger, context
        self.protocol = "https" if context else "http"
        self.port = 0
        self._runner: web.AppRunner | None = None

    async def start(self, host: str, port: int) -> None:
        """Opens the port, 0 for any free one. Raises FilesError."""
        app = web.Application(handler_args={"auto_decompress": False})
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(
            app,
            access_log=None,
            logger=_QUIET,
            handle_signals=False,
            shutdown_timeout=1,
            # Also for a connection on which no request ever comes, or only half of one.
            keepalive_timeout=self.tree.bounds.idle_seconds,
        )
        await self._runner.setup()
        try:
            listener = Listener(host, port, report=self._failed_handshake)
        except OSError as error:
            await self._runner.cleanup()
            raise FilesError(
                f"the {self.protocol} file server cannot open port {port} on {host}: {error.strerror or error}"
            ) from None
        self.port = listener.getsockname()[1]
        await web.SockSite(self._runner, listener, ssl_context=self.context).start()

    async def stop(self) -> None:
        """Closes the port and what is open."""
        if self._runner:
            await self._runner.cleanup()

    def _failed_handshake(self, opening: Opening) -> None:
        self.ledger.refused(
            Transfer(self.protocol, "", "", opening.remote, tls=tls_facts(opening)), opening.failure
        )

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        raw = request.rel_url.raw_path if request.rel_url.raw_path.isascii() else ""
        path = urllib.parse.unquote(raw, errors="replace")
        upload = request.method in ("PUT", "POST")
        transfer = Transfer(
            self.protocol, "upload" if upload else "download", path, _remote(request), tls=_facts(request)
        )
        place = self.tree.to_write(path) if upload else None
        source = None if upload else self.tree.to_read(path)
        if not upload and request.method not in ("GET", "HEAD"):
            return self._refuse(transfer, 405, f"method {request.method[:20]} is neither GET, PUT nor POST")
        grant = place[0] if place else source[0] if source else None
        if self.tree.login and (refusal := self._login(request, transfer, grant)):
            return refusal
        if place:
            return await self._take(request, transfer, *place)
        if source:
            return await self._give(request, transfer, source[1])
        return self._refuse(transfer, 404, "there is nothing to fetch or no place for an upload at this path")

    def _login(self, request: web.Request, transfer: Transfer, grant: Grant | None) -> web.Response | None:
        header = request.headers.get("Authorization", "")
        user, password = _credentials(header)
        transfer.user = user
        known = self.tree.knows(user, password)
        if known and (grant is None or known is grant):
            return None
        why = (
            "wrong user or password"
            if header
            else "the station was asked for the user and password of the URL"
        )
        response = self._refuse(transfer, 401, why)
        response.headers["WWW-Authenticate"] = 'Basic realm="files"'
        return response

    def _refuse(self, transfer: Transfer, status: int, why: str) -> web.Response:
        self.ledger.refused(transfer, why)
        return web.Response(status=status, text=why + "\n")

    async def _give(self, request: web.Request, transfer: Transfer, file: Path) -> web.StreamResponse:
        size = file.stat().st_size
        response = web.StreamResponse(headers={"Accept-Ranges": "bytes"})
        response.content_type = "application/octet-stream"
        first, last = 0, size
        with contextlib.suppress(
            ValueError
        ):  # RFC 9110 section 14.2: a Range that is not understood is ignored.
            wanted = request.http_range
            first, last, _ = slice(wanted.start, wanted.stop).indices(size)
        if "Range" in request.headers and first >= size:
            return self._refuse(transfer, 416, f"the range begins after the file's {size} bytes")
        if last - first < size:
            response.set_status(206)
            response.headers["Content-Range"] = f"bytes {first}-{last - 1}/{size}"
            transfer.whole = False
        response.content_length = last - first
        if request.method == "HEAD":
            await response.prepare(request)
            return response
        try:
            async with asyncio.timeout(self.tree.bounds.seconds):
                await response.prepare(request)
                with file.open("rb") as source:
                    source.seek(first)
                    while transfer.size < last - first:
                        data = source.read(min(_CHUNK, last - first - transfer.size))
                        await response.write(data)
                        transfer.add(data)
                await response.write_eof()
        except TimeoutError:
            transfer.error = f"the station took longer than {self.tree.bounds.seconds:g} s"
            if request.transport:
                request.transport.abort()
        except (ConnectionError, asyncio.CancelledError):
            transfer.error = (
                f"the station closed the connection after {transfer.size} of {last - first} bytes"
            )
            raise
        finally:
            transfer.whole &= not transfer.error
            self.ledger.done(transfer)
        return response

    async def _take(self, request: web.Request, transfer: Transfer, grant: Grant, name: str) -> web.Response:
        """Keeps the body, or every file of a multipart form; each is a transfer of its own."""
        status, text = 201, ""
        try:
            async with asyncio.timeout(self.tree.bounds.seconds):
                if request.content_type.startswith("multipart/"):
                    async for part, title in _parts(request):
                        each = Transfer(
                            self.protocol,
                            "upload",
                            transfer.path,
                            transfer.remote,
                            transfer.user,
                            transfer.tls,
                        )
                        transfer = each
                        await self._keep(each, grant, safe_name(title or name), part)
                        self.ledger.done(each)
                    if transfer.kept is None:
                        transfer.error = "the multipart form has no file in it"
                else:
                    name = name or safe_name(_disposition(request))
                    await self._keep(transfer, grant, name, _body(request))
                    self.ledger.done(transfer)
        except TooMuch as error:
            status, transfer.error = 413, str(error)
        except TimeoutError:
            status, transfer.error = 408, f"the upload took longer than {self.tree.bounds.seconds:g} s"
        except (ConnectionError, asyncio.CancelledError):
            transfer.error = f"the station closed the connection after {transfer.size} bytes"
            raise
        except OSError as error:
            status, transfer.error = 507, f"the upload cannot be kept: {error.strerror}"
        except Exception as error:  # aiohttp has many names for a body that is not what its headers say.
            status, transfer.error = 400, f"the upload cannot be read: {error or type(error).__name__}"[:300]
        finally:
            if transfer.error:
                self.ledger.done(transfer)
        return web.Response(
            status=400 if transfer.error and status == 201 else status, text=transfer.error or text
        )

    async def _keep(self, transfer: Transfer, grant: Grant, name: str, chunks: AsyncIterator[bytes]) -> None:
        self.tree.begin_upload()
        transfer.kept = unused(grant.folder, name)
        with transfer.kept.open("xb") as file:
            async for data in chunks:
                self.tree.count(transfer.size, len(data), transfer.started)
                transfer.add(data)
                file.write(data)


async def _body(request: web.Request) -> AsyncIterator[bytes]:
    async for data in request.content.iter_chunked(_CHUNK):
        yield data


async def _parts(request: web.Request) -> AsyncIterator[tuple[AsyncIterator[bytes], str]]:
    async for part in await request.multipart():
        if isinstance(part, BodyPartReader) and part.filename is not None:
            yield _chunks(part), part.filename


async def _chunks(part: BodyPartReader) -> AsyncIterator[bytes]:
    while data := await part.read_chunk(_CHUNK):
        yield data


def _disposition(request: web.Request) -> str:
    _, _, name = request.headers.get("Content-Disposition", "").partition("filename=")
    return name.strip('"; ')


def _credentials(header: str) -> tuple[str, str]:
    scheme, _, code = header.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        user, _, password = base64.b64decode(code, validate=True).decode("utf-8", "replace").partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return user, password


def _remote(request: web.Request) -> str:
    peer = request.transport.get_extra_info("peername") if request.transport else None
    return f"{peer[0]}:{peer[1]}" if peer else ""


def _facts(request: web.Request) -> dict[str, Any] | None:
    tls = request.transport.get_extra_info("ssl_object") if request.transport else None
    return tls_facts(tls) if tls else None
