"""The station's TLS settings in real handshakes, its basic auth header, and the events failures mean."""

import asyncio
import base64
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor

import pytest
from simulator_pki import DAY, NOW, Authority, ec_key, key_pem, pem, rsa_key

from octt.simulator.link import tls
from octt.simulator.link.truststore import Identity

TLS_RSA = ("TLS_RSA_WITH_AES_128_GCM_SHA256", "TLS_RSA_WITH_AES_256_GCM_SHA384")
TLS_ECDSA = ("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384")


@pytest.fixture(scope="module")
def root():
    return Authority()


def server_context(tmp_path, certificate, key, chain=()):
    path = tmp_path / f"{id(certificate)}.pem"
    path.write_text(key_pem(key) + pem(certificate, *chain))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


def handshake(server, client, hostname="localhost"):
    """Connect once; returns (version, cipher, certificate the server saw, verifying root).

    The server is a blocking one in a thread: unlike asyncio's it tells its alert before it hangs up.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(10)

    def serve():
        with (
            listener,
            listener.accept()[0] as plain,
            server.wrap_socket(plain, server_side=True) as connection,
        ):
            certificate = connection.getpeercert(binary_form=True)
            connection.sendall(b"hello")
            return certificate

    async def meet(port):
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", port, ssl=client, server_hostname=hostname
        )
        assert await reader.read(5) == b"hello"  # with TLS 1.3 the server judges us after our handshake
        connection = writer.get_extra_info("ssl_object")
        facts = connection.version(), connection.cipher()[0], tls.verifying_root(connection)
        writer.close()
        return facts

    with ThreadPoolExecutor(1) as pool:
        seen = pool.submit(serve)
        version, cipher, root = asyncio.run(meet(listener.getsockname()[1]))
        return version, cipher, seen.result(), root


def refused(server, client, hostname="localhost"):
    with pytest.raises(ssl.SSLError) as caught:
        handshake(server, client, hostname)
    return tls.security_event(caught.value)


def test_a_trusted_server(tmp_path, root):
    key = ec_key()
    server = server_context(tmp_path, root.issue("localhost", key, hosts=["localhost"]), key)
    version, _, client_certificate, verified_by = handshake(server, tls.client_context([root.certificate]))
    assert version == "TLSv1.3"
    assert client_certificate is None
    assert verified_by == root.certificate


def test_the_verifying_root_is_told_apart(tmp_path, root):
    other, key = Authority("Other"), ec_key()
    middle = Authority("Middle", other)
    leaf = middle.issue("localhost", key, hosts=["localhost"])
    server = server_context(tmp_path, leaf, key, [middle.certificate])
    context = tls.client_context([root.certificate, other.certificate])
    assert handshake(server, context)[3] == other.certificate
    assert handshake(server, tls.client_context([], verify=False))[3] is None


def test_a_replacing_root_need_not_be_self_signed(tmp_path, root):
    successor, key = Authority("Successor", root), ec_key()
    server = server_context(tmp_path, successor.issue("localhost", key, hosts=["localhost"]), key)
    assert handshake(server, tls.client_context([successor.certificate]))[3] == successor.certificate


def test_client_certificate(tmp_path, root):
    key, own = ec_key(), ec_key()
    server = server_context(tmp_path, root.issue("localhost", key, hosts=["localhost"]), key)
    server.verify_mode = ssl.CERT_REQUIRED
    server.load_verify_locations(cadata=pem(root.certificate))
    leaf = root.issue("SIM-0001", own)
    context = tls.client_context([root.certificate], identity=Identity(own, (leaf,)))
    assert ssl.DER_cert_to_PEM_cert(handshake(server, context)[2]) == pem(leaf)
    refused(server, tls.client_context([root.certificate]))


@pytest.mark.parametrize(
    ("changes", "hostname"),
    [
        ({"end": NOW - DAY / 2}, "localhost"),
        ({"start": NOW + DAY}, "localhost"),
        ({}, "elsewhere.example"),
        ({"hosts": ["elsewhere.example"]}, "localhost"),
        ({"hosts": []}, "127.0.0.1"),
    ],
)
def test_wrong_server_certificates(tmp_path, root, changes, hostname):
    key = ec_key()
    leaf = root.issue("localhost", key, **({"hosts": ["localhost"]} | changes))
    server = server_context(tmp_path, leaf, key)
    client = tls.client_context([root.certificate])
    assert refused(server, client, hostname) == "InvalidCentralSystemCertificate"


def test_untrusted_server_and_the_common_name(tmp_path, root):
    key = ec_key()
    server = server_context(tmp_path, root.issue("localhost", key), key)
    assert handshake(server, tls.client_context([root.certificate]))[0]
    stranger = tls.client_context([Authority().certificate])
    assert refused(server, stranger) == "InvalidCentralSystemCertificate"
    assert refused(server, tls.client_context([])) == "InvalidCentralSystemCertificate"


def test_verification_can_be_left_out_by_faults_only(tmp_path, root):
    key = ec_key()
    server = server_context(tmp_path, root.issue("elsewhere", key, end=NOW - DAY / 2), key)
    assert handshake(server, tls.client_context([], verify=False))[0]
    valid = server_context(tmp_path, root.issue("elsewhere", key), key)
    assert handshake(valid, tls.client_context([root.certificate], check_hostname=False))[0]


@pytest.mark.parametrize("suite", TLS_RSA + TLS_ECDSA)
def test_each_mandatory_suite(tmp_path, root, suite):
    key = ec_key() if "ECDSA" in suite else rsa_key()
    server = server_context(tmp_path, root.issue("localhost", key), key)
    server.maximum_version = ssl.TLSVersion.TLSv1_2
    server.set_ciphers(tls.CIPHER_SUITES[suite])
    for suites in [(suite,), TLS_RSA + TLS_ECDSA, ()]:
        version, cipher, _, _ = handshake(server, tls.client_context([root.certificate], suites=suites))
        assert (version, cipher) == ("TLSv1.2", tls.CIPHER_SUITES[suite])
    others = TLS_RSA if suite in TLS_ECDSA else TLS_ECDSA
    client = tls.client_context([root.certificate], suites=others)
    assert refused(server, client) == "InvalidTLSCipherSuite"


def test_a_station_of_two_suites_offers_just_these():
    context = tls.client_context([], suites=TLS_RSA)
    offered = [c["name"] for c in context.get_ciphers() if c["protocol"] != "TLSv1.3"]
    assert offered == [tls.CIPHER_SUITES[s] for s in TLS_RSA]
    assert context.maximum_version == ssl.TLSVersion.TLSv1_2


def test_old_tls_is_refused(tmp_path, root):
    key = rsa_key()
    server = server_context(tmp_path, root.issue("localhost", key), key)
    server.minimum_version = server.maximum_version = ssl.TLSVersion.TLSv1_1
    server.set_ciphers("ALL:@SECLEVEL=0")
    assert refused(server, tls.client_context([root.certificate])) == "InvalidTLSVersion"
    old = tls.client_context([root.certificate], maximum=ssl.TLSVersion.TLSv1_1)
    assert handshake(server, old)[0] == "TLSv1.1"


def test_other_failures_are_no_security_event():
    assert tls.security_event(OSError("refused")) is None
    wrapped = RuntimeError("x")
    wrapped.__cause__ = ssl.SSLCertVerificationError("bad")
    assert tls.security_event(wrapped) == "InvalidCentralSystemCertificate"


def test_basic_auth_header_carries_the_bytes_of_the_key():
    key = "4F43415F4F4354545F61646D696E5F74657374"
    kind, value = tls.basic_auth("CP-1", key).split()
    assert kind == "Basic"
    assert base64.b64decode(value) == b"CP-1:OCA_OCTT_admin_test"
    assert base64.b64decode(tls.basic_auth("CP-1", "ff" * 16).split()[1]) == b"CP-1:" + b"\xff" * 16


@pytest.mark.parametrize(
    ("key", "valid"),
    [("00" * 16, True), ("aF" * 20, True), ("00" * 15, False), ("00" * 21, False), ("0" * 33, False),
     ("zz" * 16, False), ("", False), ("٣" * 32, False), ("0x" + "00" * 16, False)],
)  # fmt: skip
def test_authorization_key_format(key, valid):
    assert tls.valid_authorization_key(key) is valid
