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

from octt.record.words import Blame


@dataclass(frozen=True)
class Credentials:
    """What came with HTTP basic authentication. `given` is false when nothing readable came; `odd`: why not."""

    user: str = ""
    password: bytes = field(default=b"", repr=False)
    given: bool = False
    odd: str = ""


@dataclass(frozen=True)
class Refusal:
    """Why a handshake is refused, a sentence, the HTTP status that says so, and who has to do something about it."""

    reason: str
    status: int
    blame: Blame = Blame.CONFIGURATION


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


def credentials(request: Request, identity: str = "") -> Credentials:
    """User and password of a request's Authorization header. `identity` may have a colon, which parts them."""
    try:
        header = request.headers.get("Authorization", "")
    except LookupError:
        return Credentials(odd="there is more than one Authorization header")
    if not header:
        return Credentials()
    scheme, _, code = header.partition(" ")
    if scheme.lower() != "basic":
        return Credentials(odd=f"the Authorization header has scheme {scheme[:20]!r}, Basic is needed")
    try:
        decoded = base64.b64decode(code, validate=True)
    except (binascii.Error, ValueError):
        return Credentials(odd="the Authorization header is not Base64 behind Basic (RFC 7617)")
    own = identity.encode() + b":"
    if identity and decoded.startswith(own):
        return Credentials(identity, decoded[len(own) :], True)
    user, colon, password = decoded.partition(b":")
    if not colon:
        return Credentials(odd="the Authorization header has no colon between user and password (RFC 7617)")
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
        given = credentials(request, identity)
        right = [hmac.compare_digest(given.password, password.encode()) for password in passwords]
        if given.user != identity or not any(right):
            return Refusal(_wrong_login(given, identity, passwords), http.HTTPStatus.UNAUTHORIZED)
    return None


def _wrong_login(given: Credentials, identity: str, passwords: Sequence[str]) -> str:
    """What is wrong with a login, without telling a password."""
    if not given.given:
        return given.odd or "no HTTP basic authentication"
    if given.user != identity:
        return f"wrong user: {given.user[:48]!r}; it must be the identity {identity[:48]!r}"
    codes = [password.encode().hex().encode() for password in passwords]
    if given.password.lower() in codes:
        return "wrong password: it is the hexadecimal text of AuthorizationKey, not the bytes it stands for"
    return "wrong password"
