"""Fetching firmware and delivering diagnostics over http, https, ftp and ftps, as a charging station does.

The Central System names a URL (OCPP 1.6 sections 6.25 and 6.55; security whitepaper sections 5.9 and 6.9) and the
station transfers one file. The specification leaves open how a file is put on an HTTP server: this station sends
PUT to location + "/" + file name and, when the server does not take PUT (404, 405 or 501), POSTs the raw file to
the location itself. ftps is FTP with explicit TLS (AUTH TLS, protected data channel), always in passive mode.

Files are held in memory and bounded by `Limits`. Whatever goes wrong ends in one exception, `TransferError`.
"""

from __future__ import annotations

import asyncio
import contextlib
import ftplib
import io
import socket
import ssl
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import SplitResult, quote, unquote, urlsplit, urlunsplit

import aiohttp

T = TypeVar("T")
PROTOCOLS = ("FTP", "FTPS", "HTTP", "HTTPS")
_NO_PUT = (404, 405, 501)
_CHUNK = 64 * 1024


class TransferError(Exception):
    """A transfer that did not succeed.

    `status` is the failing UploadLogStatus of the whitepaper (section 6.19) that describes it best.
    """

    def __init__(self, message: str, status: str = "UploadFailure") -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Limits:
    """Bounds of one transfer: bytes of a download, seconds for one attempt, seconds of silence."""

    size: int = 64 * 1024 * 1024
    total: float = 600.0
    idle: float = 30.0


async def download(
    url: str,
    *,
    tls: ssl.SSLContext | None = None,
    protocols: tuple[str, ...] = PROTOCOLS,
    retries: int = 0,
    interval: float = 0.0,
    limits: Limits | None = None,
) -> bytes:
    """The content of the file at `url`.

    `retries` further attempts are made, `interval` seconds apart, unless the URL itself is unusable. `tls` is the
    station's trust (None: the system's). `protocols` are those it says it supports; a station that says nothing
    supports all. Raises TransferError.
    """
    location, bounds = _parse(url, protocols), limits or Limits()
    if location.scheme.startswith("ftp"):
        return await _attempts(lambda: _in_thread(_ftp_get, location, tls, bounds), retries, interval)
    return await _attempts(lambda: _http_get(url, tls, bounds), retries, interval)


async def upload(
    directory: str,
    name: str,
    data: bytes,
    *,
    tls: ssl.SSLContext | None = None,
    protocols: tuple[str, ...] = PROTOCOLS,
    retries: int = 0,
    interval: float = 0.0,
    limits: Limits | None = None,
) -> None:
    """Put `data` as file `name` into the directory that the URL `directory` names. Arguments as for `download`."""
    location, bounds = _parse(directory, protocols), limits or Limits()
    if location.scheme.startswith("ftp"):
        await _attempts(lambda: _in_thread(_ftp_put, location, tls, bounds, name, data), retries, interval)
    else:
        await _attempts(lambda: _http_put(location, name, data, tls, bounds), retries, interval)


async def _attempts(attempt: Callable[[], Awaitable[T]], retries: int, interval: float) -> T:
    for left in range(max(retries, 0), -1, -1):
        try:
            return await attempt()
        except TransferError:
            if not left:
                raise
        await asyncio.sleep(max(interval, 0))
    raise AssertionError("unreachable")


def _parse(url: str, protocols: tuple[str, ...]) -> SplitResult:
    try:
        location = urlsplit(url)
        usable = bool(location.hostname) and (location.port or 1) > 0
    except ValueError as error:
        raise TransferError(f"The URL {url!r} cannot be used: {error}.", "BadMessage") from error
    protocols = protocols or PROTOCOLS
    if location.scheme.upper() not in protocols:
        supported = ", ".join(protocols)
        raise TransferError(
            f"The protocol of {url!r} is not supported (this station speaks {supported}).",
            "NotSupportedOperation",
        )
    if not usable or any(ord(c) < 32 for c in unquote(url)):
        raise TransferError(f"The URL {url!r} names no usable host or path.", "BadMessage")
    return location


# http and https


async def _http_get(url: str, tls: ssl.SSLContext | None, limits: Limits) -> bytes:
    async with _HttpSession(limits) as session:
        async with session.get(url, ssl=tls if tls else True, max_redirects=5) as response:
            _check(response)
            data = bytearray()
            async for chunk in response.content.iter_chunked(_CHUNK):
                data += chunk
                if len(data) > limits.size:
                    raise TransferError(f"The file is larger than {limits.size} bytes.")
            return bytes(data)


async def _http_put(
    location: SplitResult, name: str, data: bytes, tls: ssl.SSLContext | None, limits: Limits
) -> None:
    path = location.path.rstrip("/") + "/" + quote(name)
    target = urlunsplit(location._replace(path=path, fragment=""))
    trust: ssl.SSLContext | bool = tls if tls else True
    headers = {"Content-Type": "application/octet-stream"}
    async with _HttpSession(limits) as session:
        async with session.put(target, data=data, ssl=trust, headers=headers) as response:
            if response.status not in _NO_PUT:
                return _check(response)
        headers["Content-Disposition"] = f'attachment; filename="{quote(name)}"'
        async with session.post(urlunsplit(location), data=data, ssl=trust, headers=headers) as response:
            _check(response)


def _check(response: aiohttp.ClientResponse) -> None:
    if response.status < 300:
        return
    status = {401: "PermissionDenied", 403: "PermissionDenied", 400: "BadMessage"}.get(response.status)
    if status is None:
        status = "NotSupportedOperation" if response.status in _NO_PUT[1:] else "UploadFailure"
    raise TransferError(f"The server answered {response.status} {response.reason}.", status)


class _HttpSession:
    """An aiohttp session whose every error leaves as TransferError."""

    def __init__(self, limits: Limits) -> None:
        self.timeout = aiohttp.ClientTimeout(
            total=limits.total, sock_connect=limits.idle, sock_read=limits.idle
        )

    async def __aenter__(self) -> aiohttp.ClientSession:
        self.session = aiohttp.ClientSession(timeout=self.timeout)
        return self.session

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        await self.session.close()
        if isinstance(error, TimeoutError):
            raise TransferError("The server was too slow.") from error
        if isinstance(error, aiohttp.InvalidURL):
            raise TransferError(f"The URL cannot be used: {error}.", "BadMessage") from error
        if isinstance(error, aiohttp.ClientResponseError):
            raise TransferError(f"The server's answer is not HTTP: {error.message}.", "BadMessage") from error
        if isinstance(error, aiohttp.ClientError | OSError | ValueError):
            raise TransferError(f"The transfer failed: {error or type(error).__name__}.") from error


# ftp and ftps: ftplib blocks, so it runs in a thread that looks at `stop` and the clock between two blocks


class _Bound:
    """Ends a transfer in its thread when it was cancelled, took too long or grew too large."""

    def __init__(self, limits: Limits) -> None:
        self.stop = threading.Event()
        self.limits = limits
        self.deadline = time.monotonic() + limits.total

    def check(self, size: int = 0) -> None:
        if self.stop.is_set():
            raise TransferError("The transfer was cancelled.")
        if time.monotonic() > self.deadline:
            raise TransferError("The server was too slow.")
        if size > self.limits.size:
            raise TransferError(f"The file is larger than {self.limits.size} bytes.")


async def _in_thread(
    work: Callable[..., T], location: SplitResult, tls: ssl.SSLContext | None, limits: Limits, *rest: object
) -> T:
    bound = _Bound(limits)
    try:
        return await asyncio.to_thread(work, location, tls, bound, *rest)
    except ftplib.error_perm as error:
        code = str(error)[:3]
        refused = {"530": "PermissionDenied", "553": "PermissionDenied"}
        unknown = {
            "500": "NotSupportedOperation",
            "502": "NotSupportedOperation",
            "504": "NotSupportedOperation",
        }
        status = (refused | unknown).get(code, "UploadFailure")
        raise TransferError(f"The FTP server refused: {error}.", status) from error
    except (ftplib.error_reply, ftplib.error_proto, UnicodeError) as error:
        raise TransferError(f"The FTP server answered nonsense: {error}.", "BadMessage") from error
    except (OSError, EOFError, ValueError, ftplib.Error) as error:
        raise TransferError(f"The transfer failed: {error or type(error).__name__}.") from error
    finally:
        bound.stop.set()


class _FtpTls(ftplib.FTP_TLS):
    """FTP_TLS whose data channel resumes the control channel's TLS session, which some servers insist on."""

    def ntransfercmd(self, cmd: str, rest: int | str | None = None) -> tuple[socket.socket, int | None]:
        conn, size = ftplib.FTP.ntransfercmd(self, cmd, rest)
        control = self.sock
        assert isinstance(control, ssl.SSLSocket)
        return self.context.wrap_socket(conn, server_hostname=self.host, session=control.session), size


def _ftp_open(location: SplitResult, tls: ssl.SSLContext | None, bound: _Bound) -> ftplib.FTP:
    if location.scheme == "ftps":
        ftp: ftplib.FTP = _FtpTls(context=tls or ssl.create_default_context(), timeout=bound.limits.idle)
    else:
        ftp = ftplib.FTP(timeout=bound.limits.idle)
    try:
        ftp.connect(location.hostname or "", location.port or 21)
        ftp.login(unquote(location.username or "anonymous"), unquote(location.password or ""))
        if isinstance(ftp, _FtpTls):
            ftp.prot_p()
        bound.check()
    except BaseException:
        ftp.close()
        raise
    return ftp


@contextlib.contextmanager
def _ftp_session(location: SplitResult, tls: ssl.SSLContext | None, bound: _Bound) -> Iterator[ftplib.FTP]:
    with _ftp_open(location, tls, bound) as ftp:
        try:
            yield ftp
        except TransferError:
            ftp.close()  # without a farewell, whose answer, that the transfer was broken off, would hide why
            raise


def _ftp_get(location: SplitResult, tls: ssl.SSLContext | None, bound: _Bound) -> bytes:
    *folders, name = [unquote(part) for part in location.path.split("/") if part] or [""]
    data = bytearray()

    def take(block: bytes) -> None:
        data.extend(block)
        bound.check(len(data))

    with _ftp_session(location, tls, bound) as ftp:
        for folder in folders:
            ftp.cwd(folder)
        ftp.retrbinary(f"RETR {name}", take, _CHUNK)
    return bytes(data)


def _ftp_put(
    location: SplitResult, tls: ssl.SSLContext | None, bound: _Bound, name: str, data: bytes
) -> None:
    with _ftp_session(location, tls, bound) as ftp:
        for folder in [unquote(part) for part in location.path.split("/") if part]:
            ftp.cwd(folder)
        ftp.storbinary(f"STOR {name}", io.BytesIO(data), _CHUNK, lambda _: bound.check())
