"""A Central System with several endpoints, plain and TLS, that notes how each connection authenticated itself."""

import asyncio
import base64
import contextlib
import ssl

from cryptography import x509
from fake_csms import Bench, Csms
from simulator_pki import Authority, ec_key, key_pem, pem
from websockets.asyncio.server import serve

from octt.simulator.options import Options
from octt.simulator.station import Station

KEY = "4F43415F4F4354545F61646D696E5F74657374"


class SecureCsms(Csms):
    """`seen` holds (endpoint, user and password or None, client certificate or None) of every connection."""

    def __init__(self, folder):
        super().__init__()
        self.folder, self.root = folder, Authority("CSMS Root")
        self.password = None
        self.challenge = ""  # of HTTP basic authentication; then nobody gets in without a password
        self.seen, self.urls, self.servers = [], {}, []

    def context(self, root=None, host="127.0.0.1", clients=False, **changes):
        key = ec_key()
        leaf = (root or self.root).issue(host, key, hosts=[host], **changes)
        path = self.folder / f"{leaf.serial_number}.pem"
        path.write_text(key_pem(key) + pem(leaf))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        if clients:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(cadata=pem(self.root.certificate))
        return context

    async def listen(self, name, context=None):
        """Open an endpoint; its URL is in `urls`."""

        def admit(connection, request):
            header = request.headers.get("Authorization", "")
            credentials = base64.b64decode(header[6:]) if header.startswith("Basic ") else None
            tls = connection.transport.get_extra_info("ssl_object")
            der = tls.getpeercert(binary_form=True) if tls else None
            certificate = x509.load_der_x509_certificate(der) if der else None
            self.seen.append((name, credentials, certificate))
            missing = self.challenge and credentials is None
            if missing or (self.password is not None and credentials not in (self.password, None)):
                response = connection.respond(401, "")
                if self.challenge:
                    response.headers["WWW-Authenticate"] = self.challenge
                return response
            return None

        server = await serve(
            self.handle, "127.0.0.1", 0, subprotocols=["ocpp1.6"], ssl=context, process_request=admit
        )
        self.servers.append(server)
        port = server.sockets[0].getsockname()[1]
        self.urls[name] = f"{'wss' if context else 'ws'}://127.0.0.1:{port}"
        return server

    async def __aenter__(self):
        await self.listen("plain")
        return self

    async def __aexit__(self, *exc):
        for server in self.servers:
            server.close()
        for server in self.servers:
            await server.wait_closed()

    def answer(self, action, payload):
        if action == "SignCertificate" and action not in self.answers:
            return {"status": "Accepted"}
        return super().answer(action, payload)

    async def connected(self, count):
        """Wait for connection number `count`; returns what it showed."""
        async with asyncio.timeout(8):
            while self.connections < count:
                self.arrived.clear()
                await self.arrived.wait()
        return self.seen[-1]

    async def change(self, key, value):
        return (await self.call("ChangeConfiguration", key=key, value=value))["status"]


@contextlib.asynccontextmanager
async def secured(folder, *, profile=0, prepare=None, start=True, clean=True, **options):
    """A Bench whose station is provisioned for `profile` and trusts the Central System's root."""
    async with SecureCsms(folder) as csms:
        root = folder / "root.pem"
        root.write_text(pem(csms.root.certificate))
        key = ec_key()
        (folder / "station.key").write_text(key_pem(key))
        (folder / "station.pem").write_text(pem(csms.root.issue("SIM-0001", key)))
        await csms.listen("tls", csms.context())
        await csms.listen("mutual", csms.context(clients=True))
        given = {
            "security_profile": profile,
            "authorization_key": KEY,
            "trust": (str(root),),
            "keys": {"CpoName": "Test CPO"},
            "tls_csms": {2: csms.urls["tls"], 3: csms.urls["mutual"]},
            "certificate": str(folder / "station.pem") if profile == 3 else None,
            "private_key": str(folder / "station.key") if profile == 3 else None,
            "boot_seconds": 0.01,
            "backoff_seconds": (0.01, 0.05),
            **options,
        }
        if prepare:
            given |= await prepare(csms) or {}
        station = Station(Options(given.pop("csms", csms.urls["plain"]), "S1", **given))
        if start:
            station.start()
        try:
            if start:
                await csms.status("Available")
            yield Bench(csms, station)
        finally:
            await station.stop()
        if clean:
            assert csms.problems == []
