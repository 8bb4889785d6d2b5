"""Who may watch, and who may act.

The token is in the address that the run prints; the page's first answer turns it into a cookie. Who sits at the machine
itself may watch without. Acting needs the token always, and a page of ours: another page that the browser has open can
send no request that counts.
"""

from __future__ import annotations

import hmac
import ipaddress
import secrets
from urllib.parse import urlsplit

from aiohttp import web

TOKEN_HEADER = "X-Octt-Token"
PAGE_HEADER = "X-Octt-Page"
"""Set by our page on what it asks to be done; a page from elsewhere cannot without asking us first."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""On every answer."""


class Door:
    """The token of one console at a port."""

    def __init__(self) -> None:
        self.token = secrets.token_urlsafe(18)

    def has_token(self, request: web.Request) -> bool:
        """Whether the request shows the token: in its address, in a header or in the cookie."""
        kept = request.cookies.get(self.cookie(request), "")
        return any(
            map(self._is_token, (request.query.get("token", ""), request.headers.get(TOKEN_HEADER, ""), kept))
        )

    def _is_token(self, shown: str) -> bool:
        return hmac.compare_digest(shown.encode("utf-8", "replace"), self.token.encode())

    def may_watch(self, request: web.Request) -> bool:
        """Whoever has the token, or sits at this machine and calls it by its own name."""
        return self.has_token(request) or (
            _is_loopback(request.remote or "") and _names_loopback(request.host)
        )

    def refusal_to_act(self, request: web.Request) -> str:
        """Why a request to do something is not carried out, a sentence; "" when it is."""
        if not self.has_token(request):
            return (
                "to act here takes the token: open the address that the run printed, with ?token= at its end"
            )
        origin = request.headers.get("Origin")
        if origin is not None and urlsplit(origin).netloc != request.host:
            return "this was asked by another page"
        if PAGE_HEADER not in request.headers and TOKEN_HEADER not in request.headers:
            return f"this was not asked by the page of the console (header {PAGE_HEADER})"
        return ""

    def keep(self, request: web.Request, answer: web.Response) -> None:
        """Gives a browser that came with the token in the address its cookie."""
        if self._is_token(request.query.get("token", "")):
            answer.set_cookie(self.cookie(request), self.token, httponly=True, samesite="Strict", path="/")

    def cookie(self, request: web.Request) -> str:
        """Its name: cookies know no ports, and two consoles may be open on one machine."""
        port = request.host.rpartition(":")[2]
        return f"octt_{port if port.isdigit() else 80}"


def _is_loopback(address: str) -> bool:
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return bool((mapped or found).is_loopback)


def _names_loopback(host: str) -> bool:
    """Whether a Host header is this machine's own name; a name of somebody's that leads here is not."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    return name == "localhost" or _is_loopback(name)
