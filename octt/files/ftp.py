"""Firmware and uploads over ftp and ftps, with pyftpdlib in a thread of its own.

The ftps port takes both ways a station may mean by it: AUTH TLS after the greeting (RFC 4217), and TLS from the first
byte, as many clients do for `ftps://`. Which one it was is in the transfer's `tls`.
"""

from __future__ import annotations

import hashlib
import logging
import socket
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pyftpdlib.authorizers import AuthenticationFailed  # type: ignore[import-untyped]
from pyftpdlib.filesystems import AbstractedFS, FilesystemError  # type: ignore[import-untyped]
from pyftpdlib.handlers import DTPHandler, FTPHandler, TLS_DTPHandler, TLS_FTPHandler  # type: ignore[import-untyped]
from pyftpdlib.ioloop import IOLoop  # type: ignore[import-untyped]
from pyftpdlib.servers import FTPServer  # type: ignore[import-untyped]

from octt.files.transfers import FilesError, Ledger, TooMuch, Transfer, Tree, safe_name, unused
from octt.tls.connection import LabContext
from octt.tls.facts import tls_facts

_GREETING_WAIT = 0.5
"""Seconds the ftps port waits for a client that begins with TLS, before it greets in plain text."""


class FtpFiles:
    """The ftp and ftps ports, in one thread."""

    def __init__(self, tree: Tree, ledger: Ledger) -> None:
        self.tree, self.ledger = tree, ledger
        self.ports: dict[str, int] = {}
        self._loop = IOLoop()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ftp", daemon=True)
        logger = logging.getLogger("pyftpdlib")
        logger.addHandler(logging.NullHandler())
        logger.propagate = False

    def listen(
        self,
        protocol: str,
        host: str,
        port: int,
        public_address: str,
        passive_ports: Iterable[int] | None,
        context: LabContext | None = None,
    ) -> None:
        """Opens a port, 0 for any free one, before `start`. Raises FilesError."""
        base: Any = _TlsHandler if context else _Handler
        more: dict[str, Any] = {"ssl_context": context.openssl} if context else {}
        handler: Any = type(
            f"{protocol.title()}Handler",
            (base,),
            {
                "files": self,
                "protocol": protocol,
                "authorizer": _Authorizer(self.tree),
                "abstracted_fs": _Filesystem,
                "masquerade_address": public_address,
                "passive_ports": list(passive_ports) if passive_ports else None,
                "banner": "file server ready",
                "timeout": min(300, self.tree.bounds.seconds),
                "auth_failed_timeout": 0.2,
                "use_sendfile": False,
                **more,
            },
        )
        try:
            server = FTPServer((host, port), handler, ioloop=self._loop)
        except OSError as error:
            raise FilesError(
                f"the {protocol} file server cannot open port {port} on {host}: {error.strerror or error}"
            ) from None
        server.max_cons, server.max_cons_per_ip = 200, 50
        self.ports[protocol] = server.address[1]

    def start(self) -> None:
        """Begins to serve."""
        self._thread.start()

    def stop(self) -> None:
        """Ends every connection, the ports and the thread."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(5)
        else:
            self._loop.close()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._loop.loop(timeout=0.1, blocking=False)
        self._loop.close()


class _Authorizer:
    """Who may log in, and what they may do where: read in their firmware folder, write in their upload folder."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree

    def validate_authentication(self, username: str, password: str, handler: Any) -> None:
        if self.tree.login and self.tree.knows(username, password) is None:
            handler.files.ledger.refused(handler.account("", ""), "wrong user or password")
            raise AuthenticationFailed("Authentication failed.")

    def get_home_dir(self, username: str) -> str:
        return str(self.tree.folder)

    def has_perm(self, username: str, perm: str, path: str | None = None) -> bool:
        below = Path(path or self.tree.folder)
        if below in (self.tree.folder, self.tree.firmware, self.tree.uploads):
            return perm == "e"
        parts = self.tree.split(below.relative_to(self.tree.folder).as_posix())
        grant = self.tree.by_token(parts[1]) if parts else None
        if grant is None or not below.is_relative_to(grant.folder):
            return False
        if self.tree.login and grant.user != username:
            return False
        return perm in ("elr" if grant.direction == "download" else "elwamf")

    def get_perms(self, username: str) -> str:
        return "el"

    def has_user(self, username: str) -> bool:
        return True

    def get_msg_login(self, username: str) -> str:
        return "Login successful."

    def get_msg_quit(self, username: str) -> str:
        return "Goodbye."

    def impersonate_user(self, username: str, password: str) -> None:
        """Nothing: files belong to the tool."""

    def terminate_impersonation(self, username: str) -> None:
        """Nothing: files belong to the tool."""


class _Filesystem(AbstractedFS):  # type: ignore[misc]
    """Keeps every upload in a file of its own with a harmless name, and never follows a link."""

    def validpath(self, path: str) -> bool:
        return "\0" not in path and bool(super().validpath(path))

    def open(self, filename: str, mode: str) -> Any:
        tree: Tree = self.cmd_channel.files.tree
        path = Path(filename)
        if path.is_symlink():
            raise FilesystemError("Not a file")
        if mode.startswith("w"):
            try:
                tree.begin_upload()
            except TooMuch as error:
                self.cmd_channel.refused("upload", filename, str(error))
                raise FilesystemError(str(error)) from None
            # A station may take the location for the file itself instead of the folder it is (OCPP 1.6 section 6.25).
            folder, name = (path, "upload") if path.is_dir() else (path.parent, safe_name(path.name))
            return unused(folder, name).open("xb")
        return path.open(mode)

    def mkdir(self, path: str) -> None:
        folder = Path(path)
        if safe_name(folder.name) != folder.name or len(list(folder.parent.iterdir())) > 100:
            raise FilesystemError("Not a name for a folder here")
        folder.mkdir()

    def rename(self, src: str, dst: str) -> None:
        """A second name: what the record says about the first one stays true."""
        target = Path(dst)
        if safe_name(target.name) != target.name or not Path(src).is_file():
            raise FilesystemError("Not a name for a file here")
        target.hardlink_to(src)

    def mkstemp(self, suffix: str = "", prefix: str = "", dir: str | None = None, mode: str = "wb") -> Any:
        return self.open(str(Path(dir or self.root) / (prefix.rstrip(".") or "upload")), "wb")


class _Account:
    """Turns what pyftpdlib notices of one session into transfers."""

    files: FtpFiles
    protocol = "ftp"
    # What pyftpdlib's handlers have.
    fs: Any
    remote_ip: str
    remote_port: str | int
    username: str
    socket: Any

    def account(self, direction: str, path: str) -> Transfer:
        remote = f"{self.remote_ip}:{self.remote_port}"
        return Transfer(self.protocol, direction, path, remote, self.username, self.tls())

    def tls(self) -> dict[str, Any] | None:
        return None

    def pre_process_command(self, line: str, cmd: str, arg: str) -> None:
        if "\0" in line:
            self.respond("501 A path has no NUL in it.")  # type: ignore[attr-defined]
            return
        super().pre_process_command(line, cmd, arg)  # type: ignore[misc]

    def on_login_failed(self, username: str, password: str) -> None:
        """The authorizer has reported it already."""

    def log_cmd(self, cmd: str, arg: str, respcode: int, respstr: str) -> None:
        # Called for what was forbidden before it could become a transfer.
        if cmd in ("RETR", "STOR", "STOU", "APPE") and str(respcode).startswith("5"):
            self.refused("download" if cmd == "RETR" else "upload", arg, f"{respcode} {respstr}")

    def refused(self, direction: str, path: str, why: str) -> None:
        path = path.removeprefix(str(self.files.tree.folder))
        self.files.ledger.refused(self.account(direction, path), why)

    def ftp_RETR(self, file: str) -> Any:
        if not Path(file).is_file():
            self.refused("download", file, "550 there is no such file")
        return super().ftp_RETR(file)  # type: ignore[misc]

    def log_transfer(
        self, cmd: str, filename: Any, receive: bool, completed: bool, elapsed: float, bytes: int
    ) -> None:
        if cmd not in ("RETR", "STOR", "STOU", "APPE"):
            return
        file = Path(str(filename))
        channel: Any = self.data_channel  # type: ignore[attr-defined]
        transfer = self.account("upload" if receive else "download", self.fs.fs2ftp(str(file)))
        transfer.size, transfer.started = bytes, transfer.started - elapsed
        transfer.kept = file if receive else None
        transfer.error = getattr(channel, "why", "")
        if not completed and not transfer.error:
            transfer.error = f"the transfer ended after {bytes} bytes"
        transfer.whole = receive or (not transfer.error and bytes == file.stat().st_size)
        if transfer.whole:
            with file.open("rb") as content:
                transfer.digest = hashlib.file_digest(content, "sha256")
        if transfer.tls is not None:
            transfer.tls["data_protected"] = bool(getattr(channel, "_ssl_requested", False))
        self.files.ledger.done(transfer)


class _Bounded:
    """A data connection that stops at the bounds; `why` then says which."""

    why = ""

    def recv(self, buffer_size: int) -> bytes:
        data = bytes(super().recv(buffer_size)) if not self.why else b""  # type: ignore[misc]
        try:
            if data:
                self.cmd_channel.files.tree.count(self.tot_bytes_received, len(data), self._begun())  # type: ignore[attr-defined]
        except TooMuch as error:
            self._give_up(str(error))
            return b""
        return data

    def send(self, data: bytes) -> int:
        try:
            self.cmd_channel.files.tree.check_time(self._begun())  # type: ignore[attr-defined]
        except TooMuch as error:
            self._give_up(str(error))
            return 0
        return int(super().send(data))  # type: ignore[misc]

    def _begun(self) -> float:
        return float(self._start_time)  # type: ignore[attr-defined]

    def _give_up(self, why: str) -> None:
        if not self.why:
            self.why = why
            self._error = True  # No goodbye in TLS: the other side may go on sending.
            self._resp = (f"552 {why}", logging.getLogger("pyftpdlib").info)
            self.close()  # type: ignore[attr-defined]


class _Data(_Bounded, DTPHandler):  # type: ignore[misc]
    """Data connection of ftp."""


class _TlsData(_Bounded, TLS_DTPHandler):  # type: ignore[misc]
    """Data connection of ftps."""


class _Handler(_Account, FTPHandler):  # type: ignore[misc]
    """Control connection of ftp."""

    dtp_handler = _Data


class _TlsHandler(_Account, TLS_FTPHandler):  # type: ignore[misc]
    """Control connection of ftps."""

    dtp_handler = _TlsData
    tls_control_required = True
    _implicit = False
    _greeting: Any = None
    _prot: bool
    _pbsz: bool

    def handle(self) -> None:
        self._greeting = self.ioloop.call_later(_GREETING_WAIT, self._greet, _errback=self.handle_error)

    def _greet(self) -> None:
        self._greeting = None
        super().handle()

    def handle_read_event(self) -> None:
        if self._greeting is not None:
            try:
                first = self.socket.recv(1, socket.MSG_PEEK)
            except BlockingIOError:
                return
            except OSError:
                first = b""
            self._greeting.cancel()
            self._greeting = None
            if first == b"\x16":
                self._implicit = True
                self.secure_connection(self.ssl_context)
            elif first:
                super().handle()
        super().handle_read_event()

    def handle_ssl_established(self) -> None:
        if self._implicit and not self._prot:
            self._pbsz = self._prot = True
            super().handle()

    def handle_failed_ssl_handshake(self) -> None:
        self.files.ledger.refused(self.account("", ""), "the TLS handshake of the control connection failed")
        super().handle_failed_ssl_handshake()

    def close(self) -> None:
        if self._greeting is not None:
            self._greeting.cancel()
            self._greeting = None
        super().close()

    def log_cmd(self, cmd: str, arg: str, respcode: int, respstr: str) -> None:
        if cmd == "USER" and not self._ssl_established:
            # It has reached us and knows its account: what is missing is TLS, not the network or our root.
            attempt = self.account("", "")
            attempt.user = arg
            self.files.ledger.refused(attempt, "FTP without TLS, where the location says ftps")
        super().log_cmd(cmd, arg, respcode, respstr)

    def tls(self) -> dict[str, Any] | None:
        if not self._ssl_established:
            return None
        return {**tls_facts(self.socket), "start": "implicit" if self._implicit else "AUTH TLS"}
