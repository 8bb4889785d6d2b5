"""Control connections: what pyftpdlib notices of a session becomes transfers, and how ftps begins."""

from __future__ import annotations

import hashlib
import socket
from pathlib import Path
from typing import Any

from pyftpdlib.handlers import FTPHandler, TLS_FTPHandler  # type: ignore[import-untyped]

from octt.files.ftp.data import Data, TlsData
from octt.files.transfers import Ledger, Transfer, Tree
from octt.tls.facts import tls_facts

_GREETING_WAIT = 0.5
"""Seconds the ftps port waits for a client that begins with TLS, before it greets in plain text."""


class Account:
    """Turns what pyftpdlib notices of one session into transfers."""

    tree: Tree
    ledger: Ledger
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
        path = path.removeprefix(str(self.tree.folder))
        self.ledger.refused(self.account(direction, path), why)

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
        self.ledger.done(transfer)


class Handler(Account, FTPHandler):  # type: ignore[misc]
    """Control connection of ftp."""

    dtp_handler = Data


class TlsHandler(Account, TLS_FTPHandler):  # type: ignore[misc]
    """Control connection of ftps."""

    dtp_handler = TlsData
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
        self.ledger.refused(self.account("", ""), "the TLS handshake of the control connection failed")
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
            self.ledger.refused(attempt, "FTP without TLS, where the location says ftps")
        super().log_cmd(cmd, arg, respcode, respstr)

    def tls(self) -> dict[str, Any] | None:
        if not self._ssl_established:
            return None
        return {**tls_facts(self.socket), "start": "implicit" if self._implicit else "AUTH TLS"}
