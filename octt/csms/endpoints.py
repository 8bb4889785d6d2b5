"""Where the Central System listens, and with which security profile (security whitepaper section 2)."""

from __future__ import annotations

import urllib.parse
from dataclasses import dataclass, field
from ssl import SSLContext

from websockets.asyncio.server import Server

from octt.pki.pki import Pki
from octt.tls.contexts import Clients, server_context


@dataclass(eq=False)
class Endpoint:
    """One address the station can connect to. `port` 0 is filled in when it is opened."""

    security_profile: int = 0
    port: int = 0
    ssl: SSLContext | None = None
    server: Server | None = None


@dataclass
class Settings:
    """Where the Central System listens and for whom. `password` is for HTTP basic authentication.

    `other_password` counts too while it is not empty: during a change nobody knows which one the station has.
    """

    identity: str
    host: str = "0.0.0.0"
    path: str = "/ocpp"
    password: str = ""
    other_password: str = ""
    frames: tuple[float, float] = (20_000, 100)
    """How many frames the station may send at once, and a second after that, over all connections."""

    connections: tuple[float, float] = (1000, 2)
    """How often it may connect at once, and a second after that."""

    characters: tuple[float, float] = (64e6, 50e3)
    """How many characters of longer frames are kept on the record at once, and a second after that."""

    reply_delay: float = 0.0
    request_delay: float = 0.0
    """Seconds by which our answers and requests are held back, as a slow Central System would."""

    endpoints: list[Endpoint] = field(default_factory=lambda: [Endpoint()])

    def url(self, endpoint: Endpoint, host: str | None = None) -> str:
        """What is to be configured in the station for an endpoint, the identity as last part of the path included."""
        scheme = "wss" if endpoint.ssl else "ws"
        name = host or ("127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host)
        path, identity = self.path.strip("/"), urllib.parse.quote(self.identity, safe="")
        return f"{scheme}://{name}:{endpoint.port}/{path + '/' if path else ''}{identity}"

    @property
    def passwords(self) -> list[str]:
        """Those that let a station in."""
        return [password for password in (self.password, self.other_password) if password]


def secure_endpoint(security_profile: int, port: int, pki: Pki, clients: Clients | None = None) -> Endpoint:
    """An endpoint of security profile 2 or 3 with the laboratory's server certificates, RSA and ECDSA.

    `clients` is how client certificates are taken; by default they are required and verified with profile 3 only.
    """
    asked: Clients = clients or ("required" if security_profile == 3 else "none")
    context = server_context(pki.servers(), clients=asked, trusted=pki.trusted)
    return Endpoint(security_profile, port, context)
