"""The first message of a TLS client: what it offers, read from its bytes. Pure: no socket, no state.

Written here and not taken from a library for the reasons in docs/architecture.md, "By hand".
"""

from __future__ import annotations

import struct
from dataclasses import asdict, dataclass
from typing import Any

from octt.tls.suites import suite_name

MAX_HELLO = 1 << 16
"""Bytes kept of the beginning of a connection; a ClientHello that needs more is not one we read."""

_VERSIONS = {0x0300: "SSLv3", 0x0301: "TLSv1", 0x0302: "TLSv1.1", 0x0303: "TLSv1.2", 0x0304: "TLSv1.3"}
_HTTP = (b"GET ", b"HEAD ", b"POST ", b"PUT ", b"OPTIONS ", b"CONNECT ", b"DELETE ", b"PATCH ")
_HASHES = {1: "md5", 2: "sha1", 3: "sha224", 4: "sha256", 5: "sha384", 6: "sha512"}
_SIGNERS = {1: "rsa_pkcs1", 2: "dsa", 3: "ecdsa"}
_SCHEMES = {
    0x0804: "rsa_pss_rsae_sha256",
    0x0805: "rsa_pss_rsae_sha384",
    0x0806: "rsa_pss_rsae_sha512",
    0x0807: "ed25519",
    0x0808: "ed448",
    0x0809: "rsa_pss_pss_sha256",
    0x080A: "rsa_pss_pss_sha384",
    0x080B: "rsa_pss_pss_sha512",
}
_GROUPS = {
    21: "secp224r1",
    23: "secp256r1",
    24: "secp384r1",
    25: "secp521r1",
    26: "brainpoolP256r1",
    27: "brainpoolP384r1",
    28: "brainpoolP512r1",
    29: "x25519",
    30: "x448",
    256: "ffdhe2048",
    257: "ffdhe3072",
    4588: "X25519MLKEM768",
}


class NotAClientHello(Exception):
    """What was received is no ClientHello; the message says what it is instead."""


class IncompleteHello(NotAClientHello):
    """A ClientHello so far, but not all of it."""


@dataclass(frozen=True)
class ClientHello:
    """What a TLS client offers (RFC 5246 section 7.4.1.2, RFC 8446 section 4.1.2), names as in the IANA registries.

    `versions` is what it lists in supported_versions, else the highest it speaks; then lower ones may be spoken too.
    """

    versions: tuple[str, ...]
    suites: tuple[str, ...]
    sni: str = ""
    signature_algorithms: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    alpn: tuple[str, ...] = ()
    compression: tuple[int, ...] = (0,)

    @property
    def highest(self) -> str:
        """The highest version offered, "TLSv1.2" for example."""
        return max(self.versions, key=lambda name: (name in _VERSIONS.values(), name), default="")

    def facts(self) -> dict[str, Any]:
        """As the record keeps it under `tls.offered`."""
        return {
            key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()
        }


class _Reader:
    """Takes fields off the front of a message; NotAClientHello when it is too short."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def take(self, length: int) -> bytes:
        if length > len(self.data):
            raise NotAClientHello("a ClientHello whose lengths contradict each other")
        head, self.data = self.data[:length], self.data[length:]
        return head

    def number(self, width: int) -> int:
        return int.from_bytes(self.take(width), "big")

    def block(self, width: int) -> _Reader:
        return _Reader(self.take(self.number(width)))

    def numbers(self, width: int) -> list[int]:
        if len(self.data) % width:
            raise NotAClientHello("a ClientHello with a list that has half an entry")
        return [self.number(width) for _ in range(len(self.data) // width)]


def parse_client_hello(data: bytes) -> ClientHello:
    """Reads the ClientHello at the beginning of a connection, however it is cut into records.

    Raises IncompleteHello when more bytes are needed and NotAClientHello, with a sentence, for anything else.
    """
    message, rest = b"", data
    while True:
        _judge_start(rest)
        if len(rest) < 5:
            raise IncompleteHello(f"the connection ended after {len(data)} bytes of a TLS record")
        _, _, length = struct.unpack("!BHH", rest[:5])
        if not 0 < length <= 1 << 14:
            raise NotAClientHello(f"a TLS record of {length} bytes, which TLS does not allow")
        message, rest = message + rest[5 : 5 + length], rest[5 + length :]
        if message and message[0] != 1:
            raise NotAClientHello(
                f"a TLS handshake that begins with message type {message[0]}, not ClientHello"
            )
        wanted = 4 + int.from_bytes(message[1:4], "big") if len(message) >= 4 else 4
        if wanted > MAX_HELLO:
            raise NotAClientHello(f"a ClientHello of {wanted} bytes; no more than {MAX_HELLO} are read")
        if len(message) >= wanted > 4:
            return _parse(_Reader(message[4:wanted]))
        if len(message) >= wanted:
            raise NotAClientHello("an empty ClientHello")


def _judge_start(data: bytes) -> None:
    if data and data[0] == 0x16 and (len(data) < 2 or data[1] == 3):
        return
    if data.startswith(_HTTP):
        raise NotAClientHello("plain HTTP was spoken to a port that expects TLS")
    if len(data) > 2 and data[0] & 0x80 and data[2] == 1:
        raise NotAClientHello("an SSL 2.0 ClientHello was sent")
    if data[:1] == b"\x15":
        raise NotAClientHello("a TLS alert was sent instead of a ClientHello")
    if not data:
        raise IncompleteHello("the connection ended before anything was sent")
    raise NotAClientHello(f"bytes that are no TLS were sent: {data[:16].hex(' ')}")


def _parse(hello: _Reader) -> ClientHello:
    legacy = hello.number(2)
    hello.take(32)
    hello.block(1)
    suites = tuple(suite_name(number) for number in hello.block(2).numbers(2))
    compression = tuple(hello.block(1).data)
    extensions: dict[int, _Reader] = {}
    if hello.data:
        listed = hello.block(2)
        while listed.data:
            kind = listed.number(2)
            extensions.setdefault(kind, listed.block(2))
    versions = extensions[43].block(1).numbers(2) if 43 in extensions else [legacy]
    return ClientHello(
        versions=tuple(_version(number) for number in versions),
        suites=suites,
        sni=_server_name(extensions[0]) if 0 in extensions else "",
        signature_algorithms=tuple(_scheme(n) for n in _listed(extensions, 13)),
        groups=tuple(_GROUPS.get(n, f"0x{n:04X}") for n in _listed(extensions, 10)),
        alpn=_protocols(extensions[16]) if 16 in extensions else (),
        compression=compression,
    )


def _listed(extensions: dict[int, _Reader], kind: int) -> list[int]:
    return extensions[kind].block(2).numbers(2) if kind in extensions else []


def _version(number: int) -> str:
    return _VERSIONS.get(number, f"0x{number:04X}")


def _scheme(number: int) -> str:
    hashed, signer = _HASHES.get(number >> 8), _SIGNERS.get(number & 0xFF)
    return _SCHEMES.get(number, f"{signer}_{hashed}" if hashed and signer else f"0x{number:04X}")


def _server_name(extension: _Reader) -> str:
    names = extension.block(2)
    while names.data:
        kind, name = names.number(1), names.block(2).data
        if kind == 0:
            return name.decode("ascii", "backslashreplace")
    return ""


def _protocols(extension: _Reader) -> tuple[str, ...]:
    names, found = extension.block(2), []
    while names.data:
        found.append(names.block(1).data.decode("ascii", "backslashreplace"))
    return tuple(found)
