"""Random broken chains and damaged certificates of stations: never accepted, and nothing crashes.

Handshakes in memory, without sockets; trustme makes the chains of strangers.
"""

import contextlib
import datetime
import ssl

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from octt.pki.broken import broken
from octt.pki.certificates import Identity, issue, load_certificate, name, new_key, to_pem
from octt.pki.pki import Pki
from octt.pki.problems import client_certificate_problems
from octt.tls.contexts import server_context
from octt.tls.facts import tls_facts

KEY = new_key("ecdsa")


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    pki = Pki.open(tmp_path_factory.mktemp("chains") / "pki", ["localhost"], organization="Lab")
    required = server_context(pki.servers(), clients="required", trusted=pki.trusted)
    lenient = server_context(pki.servers(), clients="any", trusted=pki.trusted)
    return pki, required, lenient


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("client")


@pytest.fixture(scope="module")
def chains(lab):
    """Certificates for KEY by signer, and every certificate a station might send above its own."""
    pki, _, _ = lab
    stranger = trustme.CA(key_type=trustme.KeyType.ECDSA)
    signer = serialization.load_pem_private_key(stranger.private_key_pem.bytes(), None)
    strange = Identity(load_certificate(stranger.cert_pem.bytes()), signer)
    leaves = {
        "ours": pki.sign_csr(csr()),
        "strange": issue(name("SN-1", "Lab"), KEY.public_key(), strange, "client", days=(-1, 5)),
        "self": issue(name("SN-1", "Lab"), KEY.public_key(), KEY, "client", days=(-1, 5)),
        "expired": broken(pki, "expired", "client", csr=csr()),
    }
    above = {
        "right": pki.intermediate("ecdsa").certificate,
        "other": pki.intermediate("rsa").certificate,
        "root": pki.trust_anchor,
        "strange": strange.certificate,
        "itself": leaves["ours"].certificate,
        "server": pki.server("ecdsa").certificate,
    }
    return leaves, above


def csr():
    builder = x509.CertificateSigningRequestBuilder().subject_name(name("SN-1", "Lab"))
    return builder.sign(KEY, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def handshake(pki, context, chain_pem, folder, version=ssl.TLSVersion.TLSv1_2):
    """The server's side of a whole handshake with this client certificate; None when the client cannot load it."""
    client = ssl.create_default_context(cadata=to_pem(pki.trust_anchor))
    client.minimum_version = client.maximum_version = version
    file = folder / "client.pem"
    file.write_bytes(Identity(None, KEY).key_pem + chain_pem.encode())
    try:
        client.load_cert_chain(file)
    except ssl.SSLError:
        return None
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = context.wrap_bio(to_server, to_client, server_side=True)
    theirs = client.wrap_bio(to_client, to_server, server_hostname="localhost")
    for _ in range(10):
        for side in (theirs, ours):
            with contextlib.suppress(ssl.SSLWantReadError):
                try:
                    side.do_handshake()
                except ssl.SSLError as error:
                    if isinstance(error, ssl.SSLWantReadError):
                        raise
                    return ours
        if ours.opening.established:
            break
    return ours


@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_a_chain_is_accepted_exactly_when_it_is_whole(lab, chains, folder, data):
    pki, required, lenient = lab
    leaves, above = chains
    leaf = data.draw(st.sampled_from(sorted(leaves)))
    sent = data.draw(st.lists(st.sampled_from(sorted(above)), max_size=5))
    version = data.draw(st.sampled_from([ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]))
    chain = leaves[leaf].pem + "".join(to_pem(above[title]) for title in sent)
    right = leaf == "ours" and "right" in sent
    ours = handshake(pki, required, chain, folder, version)
    assert ours.opening.established is right
    assert bool(ours.opening.failure) is not right
    seen = handshake(pki, lenient, chain, folder, version)
    assert seen.opening.established
    facts = tls_facts(seen)["client_cert"]
    assert facts["chain_ok"] is right
    assert facts["subject"] == "CN=SN-1,O=Lab"


# -- damaged certificates that our own CA has signed -----------------------------------------------------------


def der(tag, *content):
    body = b"".join(content)
    size = len(body)
    length = bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big")
    return bytes([tag]) + length + body


def resigned(tbs, signer):
    algorithm = bytes.fromhex("300a06082a8648ce3d040302")
    signature = signer.sign(tbs, ec.ECDSA(hashes.SHA256()))
    whole = der(0x30, tbs, algorithm, der(0x03, b"\0", signature))
    text = ssl.DER_cert_to_PEM_cert(whole)
    return text if text.endswith("\n") else text + "\n"


@settings(deadline=None, max_examples=50)
@given(data=st.data())
def test_a_damaged_certificate_crashes_nothing(lab, chains, folder, data):
    """One byte of what the CA signs is changed before it signs: whatever that means, it is only reported."""
    pki, required, lenient = lab
    leaf = chains[0]["ours"].certificate
    tbs = bytearray(leaf.tbs_certificate_bytes)
    # The key itself stays, or no client could use the certificate.
    point = KEY.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
    protected = tbs.index(point)
    position = data.draw(
        st.integers(4, len(tbs) - 1).filter(lambda n: not protected - 30 <= n < protected + len(point))
    )
    tbs[position] = data.draw(st.integers(0, 255))
    chain = resigned(bytes(tbs), pki.intermediate("ecdsa").key) + pki.intermediate("ecdsa").pem
    for context in (required, lenient):
        ours = handshake(pki, context, chain, folder)
        if ours is None:
            return
        facts = tls_facts(ours) if ours.opening.established else tls_facts(ours.opening)
        assert ours.opening.established or facts["error"]
        if facts["client_cert"] and "pem" in facts["client_cert"]:
            problems = client_certificate_problems(facts["client_cert"]["pem"], "SN-1", "Lab")
            assert all(isinstance(problem, str) for problem in problems)


def test_a_resigned_certificate_is_accepted_when_nothing_was_changed(lab, chains, tmp_path):
    """So that the test above damages what would otherwise be right."""
    pki, required, _ = lab
    tbs = chains[0]["ours"].certificate.tbs_certificate_bytes
    chain = resigned(tbs, pki.intermediate("ecdsa").key) + pki.intermediate("ecdsa").pem
    assert handshake(pki, required, chain, tmp_path).opening.established


@given(st.binary(max_size=400))
def test_garbage_instead_of_a_handshake(lab, data):
    required = lab[1]
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = required.wrap_bio(incoming, outgoing, server_side=True)
    incoming.write(data)
    with pytest.raises(ssl.SSLError):
        ours.do_handshake()
    assert not ours.opening.established
    facts = tls_facts(ours.opening)
    assert facts["client_cert"] is None
    assert facts["cipher"] is None


def test_validity_of_trustme_certificates_is_judged_too():
    ca = trustme.CA()
    issued = ca.issue_cert("SN-1", organization_name="Lab", common_name="SN-1")
    certificate = load_certificate(issued.cert_chain_pems[0].bytes())
    assert client_certificate_problems(certificate, "SN-1", "Lab") == []
    later = certificate.not_valid_after_utc + datetime.timedelta(seconds=1)
    assert "expired" in client_certificate_problems(certificate, "SN-1", "Lab", now=later)[0]
