"""What is no WebSocket, no HTTP or no login: refused or closed, with words that tell a vendor what to change."""

from __future__ import annotations

import base64
import os
import socket
import struct

import pytest

from octt.csms.endpoints import Endpoint
from octt.record.words import Blame
from tests.conftest import running

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
GOOD = {
    "Host": "x",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": KEY,
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Protocol": "ocpp1.6",
}
PATH = "/ocpp/CS%201%2F%C3%A4"


def request(first=f"GET {PATH} HTTP/1.1", end="\r\n", **change):
    headers = {name: value for name, value in (GOOD | change).items() if value is not None}
    return (end.join([first, *(f"{name}: {value}" for name, value in headers.items())]) + end * 2).encode()


def speak(live, data, wait=5, then=b""):
    """Sends bytes to the Central System, `then` more when it has answered, and reads until it closes."""
    port = live.csms.settings.endpoints[0].port
    with socket.create_connection(("127.0.0.1", port), wait) as plain:
        plain.sendall(data)
        answer = plain.recv(4096) if then else b""
        plain.sendall(then)
        plain.settimeout(wait)
        try:
            while piece := plain.recv(4096):
                answer += piece
        except (TimeoutError, ConnectionError):
            pass
    return answer


HANDSHAKES = {
    "a blank in the path": (request("GET /ocpp/CS 1 HTTP/1.1"), "cannot be read as HTTP/1.1"),
    "HTTP/1.0": (request(f"GET {PATH} HTTP/1.0"), "must be HTTP/1.1"),
    "no Upgrade": (request(Upgrade=None), "Upgrade: websocket"),
    "no key": (request(**{"Sec-WebSocket-Key": None}), "Sec-WebSocket-Key"),
    "version 8": (request(**{"Sec-WebSocket-Version": "8"}), "Sec-WebSocket-Version"),
    "LF only": (request(end="\n"), "CR LF"),
    "POST": (request(f"POST {PATH} HTTP/1.1"), "must be GET"),
    "a header of 9 kB": (request(X="x" * 9000), "cannot be read"),
    "nonsense": (b"\x00\x01\x02 hello\r\n\r\n", "cannot be read as HTTP/1.1"),
    "TLS": (b"\x16\x03\x01\x00\x05hello" + b"\x00" * 40, "TLS was spoken to a port without TLS"),
    "a quoted subprotocol": (request(**{"Sec-WebSocket-Protocol": '"ocpp1.6"'}), "Sec-WebSocket-Protocol"),
}


@pytest.mark.parametrize("kind", HANDSHAKES)
def test_a_handshake_that_is_none_is_refused_with_what_was_wrong(live, kind):
    data, said = HANDSHAKES[kind]
    speak(live, data, 1)
    (refused,) = live.eventually(lambda: live.events("refused"))
    assert said in refused.reason
    assert live.csms.door.blame in (Blame.STATION, Blame.CONFIGURATION)


def test_frames_before_the_handshake_is_answered_are_told(live):
    speak(live, request() + frame(b"[]", first=0xC1), 1)
    (refused,) = live.eventually(lambda: live.events("refused"))
    assert "no WebSocket upgrade" in refused.reason


def test_a_probe_that_says_nothing_is_no_attempt(live):
    port = live.csms.settings.endpoints[0].port
    socket.create_connection(("127.0.0.1", port)).close()
    live.station().close()
    live.eventually(lambda: live.events("disconnect"))
    assert live.events("refused") == []


# -- frames -------------------------------------------------------------------------------------------------------


def frame(payload, first=0x81, masked=True):
    mask = os.urandom(4)
    body = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload)) if masked else payload
    return (
        struct.pack("!BB", first, (0x80 if masked else 0) | len(payload)) + (mask if masked else b"") + body
    )


FRAMES = {
    "no UTF-8": (frame(b'[2,"1","Heartbeat",{"x":"\xe4"}]'), 1007, "not UTF-8"),
    "reserved bits": (frame(b"[]", first=0xC1), 1002, "RFC 6455"),
    "not masked": (frame(b"[]", masked=False), 1002, "RFC 6455"),
    "unknown opcode": (frame(b"[]", first=0x83), 1002, "RFC 6455"),
    "fragmented control": (frame(b"", first=0x09), 1002, "RFC 6455"),
}


@pytest.mark.parametrize("kind", FRAMES)
def test_a_frame_that_is_none_is_evidence_and_ours_to_close(live, kind):
    data, code, said = FRAMES[kind]
    speak(live, request(), 1, then=data)
    ended = live.eventually(lambda: live.events("disconnect"))[0]
    assert (ended.code, ended.by) == (code, "csms")
    malformed = [event for event in live.events("frame") if event.type == "MALFORMED"]
    assert len(malformed) == 1
    assert said in malformed[0].problems[0]
    assert data.hex()[-8:] in malformed[0].raw


# -- logins -------------------------------------------------------------------------------------------------------


def basic(text):
    return "Basic " + base64.b64encode(text).decode()


LOGINS = {
    "hexadecimal": (basic("CS 1/ä:".encode() + b"a-password-of-18-b".hex().encode()), "hexadecimal text"),
    "another user": (basic(b"CS2:a-password-of-18-b"), "wrong user: 'CS2'"),
    "wrong": (basic("CS 1/ä:nonsense".encode()), "wrong password"),
    "no Base64": ("Basic !!!", "not Base64"),
    "bearer": ("Bearer abc", "Basic is needed"),
    "no colon": (basic(b"abc"), "no colon"),
    "nothing": (None, "no HTTP basic authentication"),
}


@pytest.mark.parametrize("kind", LOGINS)
def test_a_wrong_login_is_refused_with_what_is_wrong_and_asked_for_again(tmp_path, kind):
    header, said = LOGINS[kind]
    with running(tmp_path, endpoints=[Endpoint(1)], password="a-password-of-18-b") as live:
        answer = speak(live, request(Authorization=header), 1)
        (refused,) = live.eventually(lambda: live.events("refused"))
    assert said in refused.reason
    assert "a-password" not in refused.reason
    assert answer.startswith(b"HTTP/1.1 401")
    assert b"WWW-Authenticate: Basic" in answer


def test_an_identity_with_a_colon_can_log_in(tmp_path):
    with running(tmp_path, endpoints=[Endpoint(1)], password="a-password-of-18-b") as live:
        live.csms.settings.identity = "A:B"
        line = "GET /ocpp/A%3AB HTTP/1.1"
        data = request(line, Authorization=basic(b"A:B:a-password-of-18-b"))
        speak(live, data, 0.5)
        assert live.eventually(lambda: live.events("connect"))
