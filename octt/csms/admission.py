"""Who may connect: identity, path and HTTP basic authentication of a WebSocket handshake.

OCPP-J 1.6 section 3.1 (URL, subprotocol), security whitepaper section 2.3 (basic authentication).
"""

from __future__ import annotations

import base64
import binascii
import hmac
import http
import urllib.parse
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from websockets.http11 import Request


@dataclass(frozen=True)
class Credentials:
    """What came with HTTP basic authentication. `given` is false when nothing readable came."""

    user: str = ""
    password: bytes = field(default=b"", repr=False)
    given: bool = False


@dataclass(frozen=True)
class Refusal:
    """Why a handshake is refused, a sentence, and the HTTP status that says so."""

    reason: str
    status: http.HTTPStatus


@dataclass(frozen=True)
class Attempt:
    """One attempt of a station to connect: admitted, or refused for `reason`. `n` and `m` as in `traffic.Seen`.

    `security_profile` is the endpoint's; `tls` as `octt.tls.facts.tls_facts` has it.
    """

    n: int
    m: int
    security_profile: int
    reason: str = ""
    path: str = ""
    credentials: Credentials = Credentials()
    tls: dict[str, Any] | None = None

    @property
    def admitted(self) -> bool:
        """Whether the station was let in."""
        return not self.reason


def credentials(request: Request) -> Credentials:
    """User and password of a request's Authorization header."""
    try:
        scheme, _, code = request.headers.get("Authorization", "").partition(" ")
        user, colon, password = base64.b64decode(code, validate=True).partition(b":")
    except (binascii.Error, ValueError, LookupError):
        return Credentials()
    if scheme.lower() != "basic" or not colon:
        return Credentials()
    return Credentials(user.decode("utf-8", "replace"), password, True)


def refusal(
    request: Request, identity: str, path: str, passwords: Sequence[str], needs_password: bool
) -> Refusal | None:
    """Why this station may not come in, or None: it may. `path` is the configured path without the identity.

    Any of `passwords` is right.
    """
    asked = urllib.parse.urlsplit(request.path).path
    base, _, last = asked.rpartition("/")
    name = urllib.parse.unquote(last)
    if name != identity:
        reason = f"a station connected with identity {name[:48]!r}, but the bench expects {identity!r}"
        return Refusal(reason, http.HTTPStatus.NOT_FOUND)
    if base.strip("/") != path.strip("/"):
        reason = f"path {asked[:100]!r} is not {path.rstrip('/')}/{identity}"
        return Refusal(reason, http.HTTPStatus.NOT_FOUND)
    if needs_password:
        given = credentials(request)
        right = [hmac.compare_digest(given.password, password.encode()) for password in passwords]
        if given.user != identity or not any(right):
            reason = "wrong user or password" if given.given else "no HTTP basic authentication"
            return Refusal(reason, http.HTTPStatus.UNAUTHORIZED)
    return None
