"""Real handshakes over websockets' server: suites, versions, client certificates, and what is seen of them."""

import asyncio
import contextlib
import socket
import ssl
import struct
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.exceptions import InvalidMessage

from octt.pki.broken import broken
from octt.pki.certificates import PkiError, to_pem
from octt.pki.pki import Pki
from octt.tls.clienthello import (
    MAX_HELLO,
    ClientHello,
    IncompleteHello,
    NotAClientHello,
    parse_client_hello,
)
from octt.tls.contexts import server_context
from octt.tls.facts import tls_facts
from octt.tls.listener import Listener, current_opening
from octt.tls.suites import LEGACY, MANDATORY, MANDATORY_RSA, openssl_name, suite_name


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    return Pki.open(tmp_path_factory.mktemp("tls") / "pki", ["localhost", "127.0.0.1"], organization="Lab")


class Bench:
    """A Central System with one TLS port: `served` are the facts of accepted connections, `failed` of the others."""

    def __init__(self, context, handshake_timeout=20):
        self.context, self.handshake_timeout = context, handshake_timeout
        self.served, self.failed, self.messages = [], [], []

    async def __aenter__(self):
        listener = Listener("127.0.0.1", 0, report=lambda opening: self.failed.append(tls_facts(opening)))
        more = {"ssl_handshake_timeout": self.handshake_timeout} if self.context else {}
        self.server = await serve(
            self.handle, sock=listener, ssl=self.context, compression=None, close_timeout=2, **more
        )
        self.port = listener.getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self.server.close()
        await self.server.wait_closed()

    async def handle(self, connection):
        tls = connection.transport.get_extra_info("ssl_object")
        self.served.append(tls_facts(tls) if tls else {})
        assert current_opening() is not None
        async for message in connection:
            self.messages.append(message)
            await connection.send(message)

    async def raw(self, data, wait=True):
        """Speaks bytes to the port, then reads until the server hangs up."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(data)
        with contextlib.suppress(ConnectionError):
            if wait:
                await asyncio.wait_for(reader.read(), 20)
        writer.close()

    async def failure(self):
        async with asyncio.timeout(20):
            while not self.failed:
                await asyncio.sleep(0.01)
        return self.failed[0]


REFUSED = (ssl.SSLError, ConnectionError, EOFError, InvalidMessage)
"""How a refusal arrives: with TLS 1.3 the client has finished before its certificate is judged."""


def client(pki, suites=None, lowest=None, highest=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=to_pem(pki.trust_anchor))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = lowest or ssl.TLSVersion.TLSv1_2
        context.maximum_version = highest or ssl.TLSVersion.TLSv1_3
        if suites:
            context.maximum_version = highest or ssl.TLSVersion.TLSv1_2
            context.set_ciphers(":".join(openssl_name(suite) for suite in suites) + ":@SECLEVEL=0")
    return context


def with_certificate(context, identity, tmp_path):
    """Loads a client certificate with its chain, as a station has it."""
    file = tmp_path / "client.pem"
    file.write_bytes(identity.key_pem + identity.chain_pem.encode())
    context.load_cert_chain(file)
    return context


async def talk(bench, context, host="localhost"):
    async with connect(
        f"wss://{host}:{bench.port}/x", ssl=context, server_hostname=host, compression=None, open_timeout=20
    ) as connection:
        await connection.send("x" * 200_000)
        return await connection.recv(), connection.transport.get_extra_info("ssl_object").cipher()[0]


def run(work):
    return asyncio.run(asyncio.wait_for(work, 60))


# -- suites and versions -------------------------------------------------------------------------------------


@pytest.mark.parametrize("restricted", [False, True])
@pytest.mark.parametrize("suite", MANDATORY)
def test_every_mandatory_suite_is_negotiated(pki, suite, restricted):
    async def work():
        context = server_context(pki.servers(), suites=[suite] if restricted else None)
        async with Bench(context) as bench:
            echo, used = await talk(bench, client(pki, [suite]))
            assert len(echo) == 200_000
            assert used == openssl_name(suite)
            facts = bench.served[0]
            assert (facts["version"], facts["cipher"]) == ("TLSv1.2", suite)
            assert facts["sni"] == "localhost"
            assert suite in facts["offered"]["suites"]
            assert facts["client_cert"] is None
            assert bench.failed == []

    run(work())


def test_tls_1_3_by_default_and_off_on_demand(pki):
    async def work(versions, expected):
        async with Bench(server_context(pki.servers(), versions)) as bench:
            await talk(bench, client(pki))
            assert bench.served[0]["version"] == expected
            assert bench.served[0]["offered"]["versions"][0] == "TLSv1.3"

    run(work(("1.2", "1.3"), "TLSv1.3"))
    run(work(("1.2",), "TLSv1.2"))


def test_a_server_restricted_to_what_the_station_lacks_refuses_and_says_why(pki):
    async def work():
        async with Bench(server_context(pki.servers(), suites=[MANDATORY[0]])) as bench:
            with pytest.raises(REFUSED, match=r"(?i)alert|handshake"):
                await talk(bench, client(pki, MANDATORY_RSA))
            facts = await bench.failure()
            assert "no shared cipher" in facts["error"]
            assert set(facts["offered"]["suites"]) > set(MANDATORY_RSA)
            assert facts["cipher"] is None

    run(work())


@pytest.mark.parametrize(("version", "name"), [("1.0", "TLSv1"), ("1.1", "TLSv1.1")])
def test_an_old_server_for_the_refused_downgrade(pki, version, name):
    async def work():
        old = server_context(pki.servers(), (version,), suites=[LEGACY])
        async with Bench(old) as bench:
            with pytest.raises(REFUSED):
                await talk(bench, client(pki))
            facts = await bench.failure()
            assert "version" in facts["error"] or "protocol" in facts["error"]
        lowest = {"1.0": ssl.TLSVersion.TLSv1, "1.1": ssl.TLSVersion.TLSv1_1}[version]
        async with Bench(old) as bench:  # A station that accepts it can be seen to do so.
            await talk(bench, client(pki, [LEGACY], lowest, lowest))
            assert bench.served[0]["version"] == name
            assert bench.served[0]["cipher"] == LEGACY

    run(work())


def test_a_station_below_tls_1_2_is_refused(pki):
    async def work():
        async with Bench(server_context(pki.servers())) as bench:
            with pytest.raises(REFUSED, match=r"(?i)version"):
                await talk(bench, client(pki, [LEGACY], ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1))
            facts = await bench.failure()
            assert facts["offered"]["versions"] == ["TLSv1.1"]
            assert "unsupported protocol" in facts["error"]

    run(work())


@pytest.mark.parametrize(
    "kind", ["expired", "untrusted_root", "wrong_host", "broken_chain", "wrong_signature"]
)
def test_a_station_that_refuses_a_broken_server_is_seen_to(pki, kind):
    async def work():
        async with Bench(server_context([broken(pki, kind)])) as bench:
            with pytest.raises(ssl.SSLError):
                await talk(bench, client(pki))
            facts = await bench.failure()
            assert "the station refused the handshake" in facts["error"] or "closed" in facts["error"]
            assert facts["offered"]["sni"] == "localhost"

    run(work())


def shake_hands(port, context):
    """As asyncio does not: the alert that says why is sent before the connection is closed."""
    with socket.create_connection(("127.0.0.1", port)) as plain:
        context.wrap_socket(plain, server_hostname="localhost")


def test_a_station_that_refuses_our_name_or_root_is_told_what_it_was_shown(pki):
    async def work():
        async with Bench(server_context([broken(pki, "wrong_host")])) as bench:
            with pytest.raises(ssl.SSLError):
                await asyncio.to_thread(shake_hands, bench.port, client(pki))
            error = (await bench.failure())["error"]
            assert "; it was shown a certificate for " in error
            assert "localhost" not in error.partition("for ")[2].partition(", issued by")[0]
            assert "issued by " in error
        async with Bench(server_context(pki.servers(), versions=["1.2"])) as bench:
            with pytest.raises(REFUSED):
                await talk(bench, client(pki, [LEGACY], ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1))
            assert "it was shown" not in (await bench.failure())["error"]

    run(work())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"suites": ["TLS_MADE_UP"]}, "TLS_MADE_UP"),
        ({"versions": ["1.4"]}, "1.4"),
        ({"versions": []}, "at least one"),
    ],
)
def test_an_impossible_context_is_a_clear_error(pki, arguments, message):
    with pytest.raises(PkiError, match=message):
        server_context(pki.servers(), **arguments)


def test_a_server_without_its_key_is_a_clear_error(pki):
    with pytest.raises(PkiError, match="no private key"):
        server_context([type(pki.root)(pki.root.certificate)])


# -- client certificates -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["rsa", "ecdsa"])
@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_profile_3_verifies_and_reports_the_station(pki, tmp_path, kind, version):
    async def work():
        identity = pki.client("SN-1", "Lab", kind)
        context = server_context(pki.servers(), (version,), clients="required", trusted=pki.trusted)
        async with Bench(context) as bench:
            await talk(bench, with_certificate(client(pki), identity, tmp_path))
            facts = bench.served[0]["client_cert"]
            assert facts["subject"] == "CN=SN-1,O=Lab"
            assert facts["chain_ok"] is True
            assert facts["problems"] == []
            assert facts["pem"] == identity.pem
            assert int(facts["serial"], 16) == identity.certificate.serial_number
            assert facts["key"] == {"rsa": "RSA 2048", "ecdsa": "EC secp256r1"}[kind]
            assert any("Intermediate" in name for name in facts["chain"])

    run(work())


@pytest.mark.parametrize("version", ["1.2", "1.3"])
@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("expired", "expired"),
        ("not_yet_valid", "not valid yet"),
        ("untrusted_root", "not trusted"),
        ("wrong_key_usage", "client authentication"),
        ("broken_chain", "missing"),
        ("wrong_signature", "signature is wrong"),
    ],
)
def test_a_wrong_client_certificate_is_refused_with_evidence(pki, tmp_path, kind, words, version):
    async def work():
        identity = broken(pki, kind, "client", common_name="SN-1", organization="Lab")
        required = server_context(pki.servers(), (version,), clients="required", trusted=pki.trusted)
        async with Bench(required) as bench:
            with pytest.raises(REFUSED):
                await talk(bench, with_certificate(client(pki), identity, tmp_path))
            facts = await bench.failure()
            assert words in facts["error"]
            assert facts["client_cert"]["subject"] == "CN=SN-1,O=Lab"
            assert facts["client_cert"]["chain_ok"] is False
        anything = server_context(pki.servers(), (version,), clients="any", trusted=pki.trusted)
        async with Bench(anything) as bench:  # Let in on purpose, and reported all the same.
            await talk(bench, with_certificate(client(pki), identity, tmp_path))
            facts = bench.served[0]["client_cert"]
            assert facts["chain_ok"] is False
            assert any(words in problem for problem in facts["problems"])

    run(work())


def test_no_client_certificate(pki):
    async def work(clients):
        async with Bench(server_context(pki.servers(), clients=clients, trusted=pki.trusted)) as bench:
            await talk(bench, client(pki))
            return bench.served[0]["client_cert"]

    assert run(work("any")) is None

    async def refused():
        context = server_context(pki.servers(), clients="required", trusted=pki.trusted)
        async with Bench(context) as bench:
            with pytest.raises(REFUSED):
                await talk(bench, client(pki))
            assert "sent no client certificate" in (await bench.failure())["error"]

    run(refused())


def test_a_small_client_key_is_seen_not_dropped(pki, tmp_path):
    async def work():
        identity = broken(pki, "small_key", "client", common_name="SN-1")
        context = server_context(pki.servers(), clients="required", trusted=pki.trusted)
        async with Bench(context) as bench:
            own = client(pki)
            own.set_ciphers("DEFAULT:@SECLEVEL=0")
            await talk(bench, with_certificate(own, identity, tmp_path))
            assert bench.served[0]["client_cert"]["key"] == "RSA 1024"

    run(work())


def test_an_own_intermediate_may_be_what_is_trusted(pki, tmp_path):
    async def work():
        context = server_context(
            pki.servers(), clients="required", trusted=[pki.intermediate("ecdsa").certificate]
        )
        async with Bench(context) as bench:
            await talk(bench, with_certificate(client(pki), pki.client("SN-1", kind="ecdsa"), tmp_path))
            assert bench.served[0]["client_cert"]["chain_ok"]

    run(work())


# -- who speaks something else, or nothing -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"GET /ocpp/SN-1 HTTP/1.1\r\nHost: x\r\n\r\n", "plain HTTP was spoken"),
        (b"\x80\x2e\x01\x03\x01\x00\x15", "SSL 2.0"),
        (b"\x00" * 40, "no TLS"),
        (b"\x16\x03\x01\x00\x05\x02\x00\x00\x01\x00", "message type 2"),
    ],
)
def test_what_is_no_tls_is_named(pki, data, words):
    async def work():
        async with Bench(server_context(pki.servers())) as bench:
            await bench.raw(data)
            facts = await bench.failure()
            assert words in facts["error"]
            assert data.startswith(bytes.fromhex(facts["received"]))
            await talk(bench, client(pki))

    run(work())


def test_a_password_spoken_in_plain_is_no_evidence(pki):
    """A station that speaks HTTP to the TLS port sends its password with it; the first line is enough."""
    request = b"GET /ocpp/CS001 HTTP/1.1\r\nAuthorization: Basic Q1MwMDE6c2VjcmV0\r\n\r\n"

    async def work():
        async with Bench(server_context(pki.servers())) as bench:
            await bench.raw(request)
            facts = await bench.failure()
            assert bytes.fromhex(facts["received"]) == b"GET /ocpp/CS001 HTTP/1.1\r"
            assert "plain HTTP" in facts["error"]

    run(work())


def test_a_peer_that_hangs_up_or_stalls(pki):
    async def work():
        async with Bench(server_context(pki.servers()), handshake_timeout=0.3) as bench:
            await bench.raw(b"\x16\x03\x01", wait=False)
            assert "the station closed the connection" in (await bench.failure())["error"]
            bench.failed.clear()
            await bench.raw(b"\x16\x03\x01")
            assert "gave up waiting" in (await bench.failure())["error"]

    run(work())


def test_a_slow_handshake_is_waited_for(pki):
    """Every byte of the ClientHello in a packet of its own; the hello is read whole all the same."""

    async def work():
        async with Bench(server_context(pki.servers())) as bench:
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            tls = client(pki).wrap_bio(incoming, outgoing, server_hostname="localhost")
            reader, writer = await asyncio.open_connection("127.0.0.1", bench.port)
            writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while True:
                try:
                    tls.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    for byte in outgoing.read():
                        writer.write(bytes([byte]))
                        await writer.drain()
                        await asyncio.sleep(0)
                    incoming.write(await asyncio.wait_for(reader.read(1 << 16), 20))
            tls.write(
                b"GET /x HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
            )
            writer.write(outgoing.read())
            await asyncio.wait_for(reader.read(1 << 16), 20)
            async with asyncio.timeout(20):
                while not bench.served:
                    await asyncio.sleep(0.01)
            assert bench.served[0]["offered"]["sni"] == "localhost"
            writer.close()

    run(work())


def test_tls_spoken_to_a_port_without_it_is_named(pki):
    async def work():
        async with Bench(None) as bench:
            with pytest.raises((ssl.SSLError, ConnectionError, TimeoutError)):
                await talk(bench, client(pki))
            assert "TLS was spoken to a port without TLS" in (await bench.failure())["error"]

    run(work())


def test_facts_without_our_listener(pki):
    async def work():
        seen = []

        async def handle(connection):
            seen.append(tls_facts(connection.transport.get_extra_info("ssl_object")))

        async with serve(handle, "127.0.0.1", 0, ssl=server_context(pki.servers())) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            async with connect(f"wss://localhost:{port}/", ssl=client(pki)) as connection:
                await connection.wait_closed()
        assert seen[0]["offered"]["sni"] == "localhost"

    run(work())


def test_a_port_in_use_is_an_oserror():
    with Listener("127.0.0.1", 0) as listener, pytest.raises(OSError, match="in use"):
        Listener("127.0.0.1", listener.getsockname()[1])


# -- the parser ----------------------------------------------------------------------------------------------


def real_hello():
    context = ssl.create_default_context()
    outgoing = ssl.MemoryBIO()
    tls = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="csms.lab.example")
    with contextlib.suppress(ssl.SSLWantReadError):
        tls.do_handshake()
    return outgoing.read()


HELLO = real_hello()


def test_a_real_hello():
    hello = parse_client_hello(HELLO)
    assert hello.sni == "csms.lab.example"
    assert hello.highest == "TLSv1.3"
    assert "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256" in hello.suites
    assert (
        "ecdsa_secp256r1_sha256" in hello.signature_algorithms or "ecdsa_sha256" in hello.signature_algorithms
    )
    assert "x25519" in hello.groups
    assert hello.compression == (0,)
    assert hello.facts()["suites"] == list(hello.suites)


@given(st.lists(st.integers(1, 60), min_size=1, max_size=60))
def test_the_same_hello_however_it_is_cut_into_records(sizes):
    message, records = HELLO[5:], b""
    while message:
        size = sizes.pop() if sizes else len(message)
        part, message = message[:size], message[size:]
        records += b"\x16\x03\x01" + struct.pack("!H", len(part)) + part
    assert parse_client_hello(records) == parse_client_hello(HELLO)


@given(st.integers(0, len(HELLO) - 1))
def test_a_part_of_a_hello_is_incomplete(length):
    with pytest.raises(IncompleteHello):
        parse_client_hello(HELLO[:length])


@settings(max_examples=500)
@given(
    st.binary(max_size=200)
    | st.binary(max_size=200).map(lambda data: HELLO[:11] + data)
    | st.tuples(st.integers(0, len(HELLO) - 1), st.binary(min_size=1, max_size=8)).map(
        lambda change: HELLO[: change[0]] + change[1] + HELLO[change[0] + len(change[1]) :]
    )
)
def test_garbage_never_raises_anything_else(data):
    try:
        found = parse_client_hello(data)
    except NotAClientHello as error:
        found = str(error)
    assert found
    assert isinstance(found, (ClientHello, str))


def test_a_hello_that_claims_to_be_huge_is_not_waited_for():
    with pytest.raises(NotAClientHello, match=f"no more than {MAX_HELLO}") as caught:
        parse_client_hello(b"\x16\x03\x01\x00\x04\x01\xff\xff\xff")
    assert not isinstance(caught.value, IncompleteHello)


def test_suite_names():
    assert suite_name(0x009C) == "TLS_RSA_WITH_AES_128_GCM_SHA256"
    assert suite_name(0xC02B) == "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"
    assert suite_name(0x1A1A) == "GREASE 0x1A1A"
    assert suite_name(0xFEFE) == "0xFEFE"
