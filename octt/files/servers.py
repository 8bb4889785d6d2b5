"""File servers for firmware, diagnostics and security logs: http, https, ftp and ftps, real ones.

    files = FileServers(run_folder, "192.0.2.7", {"http": 0, "ftp": 0}, on_transfer=...)
    await files.start()
    urls = files.offer("image.bin", dummy_image())      # {"http": "http://u…:p…@192.0.2.7:…/firmware/…/image.bin", …}
    location = files.upload_folder_url("ftp")           # for GetDiagnostics.req and GetLog.req
    await files.stop()

Every location has a path, a user and a password of its own. OCPP 1.6 sections 5.9, 5.19 and 6.25; security whitepaper
L01 and N01.
"""

from __future__ import annotations

import contextlib
import ipaddress
import random
import shutil
import socket
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from octt.files.transfers import Bounds, FilesError, Grant, Ledger, Tree, safe_name
from octt.pki.pki import Pki
from octt.tls.contexts import server_context

if (
    TYPE_CHECKING
):  # what serves is imported when it is started: few runs need it, and every run would wait for it
    from octt.files.ftp.server import FtpFiles
    from octt.files.http import HttpFiles

__all__ = ["PROTOCOLS", "Bounds", "FileServers", "FilesError", "corrupt_image", "dummy_image"]

PROTOCOLS = ("http", "https", "ftp", "ftps")
"""In the spelling of URLs; the key SupportedFileTransferProtocols has them in capitals."""
Failing = Literal["refused", "loopback", "missing"]


def dummy_image(size: int = 256 << 10, seed: int = 1) -> bytes:
    """A firmware image that is no firmware: the same bytes for the same seed, so that its hash can be told again."""
    head = b"OCTT DUMMY FIRMWARE\n"
    return (head + random.Random(seed).randbytes(max(0, size - len(head))))[:size]


def corrupt_image(size: int = 256 << 10) -> bytes:
    """An image that no station can install; it begins with the word CORRUPT."""
    return (b"CORRUPT\n" + dummy_image(size, seed=2))[:size]


class FileServers:
    """The file servers of one run. `start` and `stop` belong to the loop that serves http, the rest to any thread."""

    def __init__(
        self,
        folder: Path,
        public_host: str,
        ports: Mapping[str, int] | None = None,
        *,
        host: str = "0.0.0.0",
        pki: Pki | None = None,
        on_transfer: Callable[[dict[str, Any]], None] = lambda _fields: None,
        passive_ports: Iterable[int] | None = None,
        bounds: Bounds | None = None,
        login: bool = True,
    ) -> None:
        """Prepares servers for the protocols of `ports` (0: any free port; all four, if a PKI is given, by default).

        `folder` is the run's; files are in `firmware` and `uploads` below its `files`. `public_host` is the name or
        address the station reaches us by. `on_transfer` gets the fields of each transfer (docs/record.md), in any
        thread. `login=False` puts no user and password into the URLs, for a station that cannot read them; the
        path alone then is the secret. Raises FilesError.
        """
        self.ports = dict(
            ports if ports is not None else dict.fromkeys(PROTOCOLS if pki else ("http", "ftp"), 0)
        )
        if unknown := set(self.ports) - set(PROTOCOLS):
            raise FilesError(
                f"{sorted(unknown)[0]!r} is no protocol of a file server; use {', '.join(PROTOCOLS)}"
            )
        if pki is None and {"https", "ftps"} & set(self.ports):
            raise FilesError(
                "https and ftps need the laboratory's certificates; give a PKI or leave them out"
            )
        self.base = Path(folder).resolve()
        self.host, self.public_host = host, public_host.strip("[]")
        self.passive_ports = list(passive_ports) if passive_ports else None
        self._context = server_context(pki.servers()) if pki else None
        self._tree = Tree(self.base / "files", bounds or Bounds(), login)
        self._ledger = Ledger(self.base, on_transfer)
        self._http: list[HttpFiles] = []
        self._ftp: FtpFiles | None = None
        self._closed_port: socket.socket | None = None

    async def start(self) -> None:
        """Opens every port and fills in `ports`. Raises FilesError, with nothing left open."""
        from octt.files.http import HttpFiles

        try:
            for protocol in ("http", "https"):
                if protocol in self.ports:
                    server = HttpFiles(
                        self._tree, self._ledger, self._context if protocol == "https" else None
                    )
                    await server.start(self.host, self.ports[protocol])
                    self._http.append(server)
                    self.ports[protocol] = server.port
            self._start_ftp([protocol for protocol in ("ftp", "ftps") if protocol in self.ports])
            self._closed_port = _closed_port(self.host)
        except BaseException:
            await self.stop()
            raise

    def _start_ftp(self, protocols: list[str]) -> None:
        if not protocols:
            return
        from octt.files.ftp.server import FtpFiles

        address = _ipv4(self.public_host)
        self._ftp = FtpFiles(self._tree, self._ledger)
        for protocol in protocols:
            context = self._context if protocol == "ftps" else None
            self._ftp.listen(protocol, self.host, self.ports[protocol], address, self.passive_ports, context)
        self.ports.update(self._ftp.ports)
        self._ftp.start()

    async def stop(self) -> None:
        """Closes everything and removes the firmware served; its hash is in the record. Uploads stay."""
        for server in self._http:
            await server.stop()
        self._http.clear()
        if self._ftp:
            self._ftp.stop()
            self._ftp = None
        if self._closed_port:
            self._closed_port.close()
            self._closed_port = None
        shutil.rmtree(self._tree.firmware, ignore_errors=True)

    # -- locations ------------------------------------------------------------------------------------------------

    def offer(self, name: str, image: bytes | Path) -> dict[str, str]:
        """Serves a firmware image; its location for each protocol. Raises FilesError when a file cannot be read."""
        grant = self._tree.grant("download")
        target = grant.folder / safe_name(name)
        if isinstance(image, bytes):
            target.write_bytes(image)
        else:
            try:
                shutil.copyfile(image, target)
            except OSError as error:
                raise FilesError(f"firmware image {image} cannot be read: {error.strerror}") from None
        return {protocol: self._url(protocol, grant, target.name) for protocol in self.ports}

    def upload_folder_url(self, protocol: str) -> str:
        """A location that a station may write files of its own naming to; a new one every time.

        It ends in a slash: `location` is a folder (OCPP 1.6 section 6.25). A station that sends to it without
        adding a name is understood too. Raises FilesError for a protocol that is not served.
        """
        return self._url(protocol, self._tree.grant("upload"), "")

    def upload_url(self, name: str, protocol: str) -> str:
        """A location that names the file to write."""
        return self._url(protocol, self._tree.grant("upload"), safe_name(name))

    def failing_url(self, how: Failing, protocol: str = "ftp", name: str = "download_fail.fwi") -> str:
        """A location where nothing can be fetched or written (TC_044_2, TC_045_2).

        "refused": a port of ours that refuses connections; "missing": our server, a path it does not have;
        "loopback": the station itself at port 21, as the test-case document has it, where a station may have a server.
        """
        if how == "loopback":
            return f"ftp://127.0.0.1:21/{safe_name(name)}"
        if how == "missing":
            return f"{protocol}://{self._place(protocol)}/nothing/here/{safe_name(name)}"
        if self._closed_port is None:
            raise FilesError("the file servers are not running")
        port = self._closed_port.getsockname()[1]
        return f"{protocol}://{_bracketed(self.public_host)}:{port}/{safe_name(name)}"

    def _place(self, protocol: str) -> str:
        if protocol not in self.ports:
            raise FilesError(f"{protocol} is not served here; served are {', '.join(self.ports) or 'none'}")
        return f"{_bracketed(self.public_host)}:{self.ports[protocol]}"

    def _url(self, protocol: str, grant: Grant, name: str) -> str:
        login = f"{grant.user}:{grant.password}@" if self._tree.login else ""
        tree = "firmware" if grant.direction == "download" else "uploads"
        return f"{protocol}://{login}{self._place(protocol)}/{tree}/{grant.token}/{name}"

    # -- what came ------------------------------------------------------------------------------------------------

    def transfers(self, url: str = "") -> list[dict[str, Any]]:
        """Every transfer that took place, as reported; of one location only when its URL is given."""
        place = "/".join(url.split("/")[3:5])
        return [fields for fields in list(self._ledger.transfers) if place in fields["path"]]

    def uploads(self, url: str = "") -> list[dict[str, Any]]:
        """The uploads among them, incomplete ones too; `file` is relative to the run's folder."""
        return [fields for fields in self.transfers(url) if fields["direction"] == "upload"]

    def contacts(self) -> list[dict[str, Any]]:
        """Everything that reached the servers: the transfers, and what was refused before it became one."""
        return list(self._ledger.contacts)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _ipv4(host: str) -> str:
    """The address for the answer to PASV, which can only be IPv4. Raises FilesError."""
    with contextlib.suppress(ValueError):
        if ipaddress.ip_address(host).version == 6:
            return ""  # Stations use EPSV then, which names no address.
    try:
        return socket.gethostbyname(host)
    except OSError:
        raise FilesError(
            f"public host {host!r} has no address; ftp needs one, so set the address of this computer"
        ) from None


def _closed_port(host: str) -> socket.socket:
    """A port that is taken but not listened on: connecting to it is refused for as long as it is held."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    held = socket.socket(family, socket.SOCK_STREAM)
    held.bind((host, 0))
    return held
