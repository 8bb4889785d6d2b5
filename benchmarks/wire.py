"""A station that is nothing but bytes: WebSocket frames made beforehand, so that the server is what is measured."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Sequence
from typing import Any

from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.typing import Subprotocol
from websockets.uri import parse_uri

TIMEOUT = 30.0


class WireStation:
    """One connection to a Central System. Raises RuntimeError when an answer is no CALLRESULT."""

    def __init__(self, port: int, identity: str = "CS001") -> None:
        uri = parse_uri(f"ws://127.0.0.1:{port}/ocpp/{identity}")
        protocol = ClientProtocol(uri, subprotocols=[Subprotocol("ocpp1.6")])
        self._socket = socket.create_connection((uri.host, uri.port), timeout=TIMEOUT)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._unread = b""
        self._pings: list[bytes] = []
        protocol.send_request(protocol.connect())
        self._socket.sendall(b"".join(protocol.data_to_send()))
        while not protocol.events_received():
            protocol.receive_data(self._socket.recv(65536))
        if protocol.handshake_exc:
            raise protocol.handshake_exc

    def close(self) -> None:
        """Ends the connection without ceremony."""
        self._socket.close()

    def round_trip(self, frame: bytes) -> float:
        """Seconds from sending one request until its answer is here."""
        begin = time.perf_counter()
        self._socket.sendall(frame)
        while not self._answers():
            pass
        return time.perf_counter() - begin

    def stream(self, frames: Sequence[bytes], window: int = 64) -> float:
        """Sends all requests, never more than `window` unanswered; seconds until all are answered."""
        begin, sent, answered = time.perf_counter(), 0, 0
        while answered < len(frames):
            if sent - answered <= window // 2 and sent < len(frames):
                batch = frames[sent : answered + window]
                self._socket.sendall(b"".join(batch))
                sent += len(batch)
            answered += self._answers()
        return time.perf_counter() - begin

    def _answers(self) -> int:
        """Reads once from the socket; how many answers are complete now."""
        answers = self._read()
        for payload in answers:
            if payload[1:2] != b"3":
                raise RuntimeError(f"no CALLRESULT: {payload[:300].decode()}")
        self._answer_pings()
        return len(answers)

    def _read(self) -> list[bytes]:
        """Reads once from the socket: the texts that are complete now. Pings wait until they are answered."""
        data = self._socket.recv(1 << 16)
        if not data:
            raise RuntimeError("the Central System closed the connection")
        buffer, place, texts = self._unread + data, 0, []
        while len(buffer) >= place + 4:
            length, start = buffer[place + 1], place + 2
            if length == 126:
                length, start = int.from_bytes(buffer[start : start + 2], "big"), start + 2
            if len(buffer) < start + length:
                break
            payload, opcode = buffer[start : start + length], buffer[place] & 0x0F
            if opcode == Opcode.TEXT:
                texts.append(payload)
            elif opcode == Opcode.PING:
                self._pings.append(payload)
            place = start + length
        self._unread = buffer[place:]
        return texts

    def _answer_pings(self) -> None:
        """Not while another thread sends: who does not answer for a minute is sent away."""
        while self._pings:
            self._socket.sendall(Frame(Opcode.PONG, self._pings.pop(0)).serialize(mask=True))


def text_frame(ident: str, action: str, payload: dict[str, Any]) -> bytes:
    """A request as it goes over the wire, masked as a client must."""
    text = json.dumps([2, ident, action, payload], separators=(",", ":"))
    return Frame(Opcode.TEXT, text.encode()).serialize(mask=True)
