"""Data connections that end at the bounds of a transfer."""

from __future__ import annotations

import logging

from pyftpdlib.handlers import DTPHandler, TLS_DTPHandler  # type: ignore[import-untyped]

from octt.files.transfers import TooMuch


class Bounded:
    """A data connection that stops at the bounds; `why` then says which."""

    why = ""

    def recv(self, buffer_size: int) -> bytes:
        data = bytes(super().recv(buffer_size)) if not self.why else b""  # type: ignore[misc]
        try:
            if data:
                self.cmd_channel.tree.count(self.tot_bytes_received, len(data), self._begun())  # type: ignore[attr-defined]
        except TooMuch as error:
            self._give_up(str(error))
            return b""
        return data

    def send(self, data: bytes) -> int:
        try:
            self.cmd_channel.tree.check_time(self._begun())  # type: ignore[attr-defined]
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


class Data(Bounded, DTPHandler):  # type: ignore[misc]
    """Data connection of ftp."""


class TlsData(Bounded, TLS_DTPHandler):  # type: ignore[misc]
    """Data connection of ftps."""
