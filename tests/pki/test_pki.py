"""The laboratory's certificates: kept, renewed, wrong in one thing only, and judged by the whitepaper."""

import base64
import datetime
import hashlib
import stat

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, padding, rsa
from cryptography.x509 import verification
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from octt.pki.broken import BROKEN, broken
from octt.pki.certificates import PkiError, hash_data, issue, load_certificate, name, new_key
from octt.pki.export import export
from octt.pki.pki import Pki
from octt.pki.problems import client_certificate_problems, csr_problems

HOSTS = ["csms.lab.example", "192.0.2.7"]
KEY = new_key("ecdsa")
RSA_KEY = new_key("rsa")


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    return Pki.open(tmp_path_factory.mktemp("bench") / "pki", HOSTS, organization="Lab")


def csr(key=KEY, common_name="SN-1", organization="Lab", hashed=None):
    attributes = []
    if organization is not None:
        attributes.append(x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, organization))
    if common_name is not None:
        attributes.append(x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name))
    hashed = hashes.SHA256() if hashed is None and not isinstance(key, ed25519.Ed25519PrivateKey) else hashed
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(attributes)).sign(key, hashed)
    return request.public_bytes(serialization.Encoding.PEM).decode()


def trusts(pki, identity, host=HOSTS[0], when=None):
    """Path building by an independent implementation of RFC 5280, as a careful station does it."""
    builder = verification.PolicyBuilder().store(verification.Store([pki.trust_anchor]))
    if when:
        builder = builder.time(when)
    try:
        builder.build_server_verifier(x509.DNSName(host)).verify(identity.certificate, list(identity.chain))
    except verification.VerificationError:
        return False
    return True


# -- the store -----------------------------------------------------------------------------------------------


def test_servers_are_trusted_by_who_knows_the_root(pki):
    for identity in pki.servers():
        assert trusts(pki, identity)
        assert not trusts(pki, identity, "other.example")
    assert isinstance(pki.server("rsa").key, rsa.RSAPrivateKey)
    assert isinstance(pki.server("ecdsa").key, ec.EllipticCurvePrivateKey)


def test_the_server_certificate_says_what_the_whitepaper_asks(pki):
    certificate = pki.server("rsa").certificate
    assert certificate.subject.rfc4514_string() == "CN=csms.lab.example,O=Lab"
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.key_encipherment, "TLS_RSA suites need it"
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["csms.lab.example"]
    assert [str(ip) for ip in names.get_values_for_type(x509.IPAddress)] == ["192.0.2.7"]


def test_a_station_provisioned_yesterday_still_trusts_us(tmp_path):
    first = Pki.open(tmp_path / "pki", HOSTS)
    second = Pki.open(tmp_path / "pki", HOSTS)
    assert second.trust_anchor == first.trust_anchor
    assert second.servers() == first.servers() or [s.certificate for s in second.servers()] == [
        s.certificate for s in first.servers()
    ]
    moved = Pki.open(tmp_path / "pki", ["new.example"])
    assert moved.trust_anchor == first.trust_anchor
    assert trusts(first, moved.server("rsa"), "new.example")
    assert not trusts(first, moved.server("rsa"), HOSTS[0])


def test_a_server_certificate_near_its_end_is_renewed(tmp_path):
    pki = Pki.open(tmp_path / "pki", HOSTS)
    old = pki.server("ecdsa")
    subject, issuer = old.certificate.subject, pki.intermediate("ecdsa")
    short = issue(subject, old.key.public_key(), issuer, "server", key=old.key, hosts=HOSTS, days=(-10, 2))
    pki.store.write("server-ecdsa", short)
    renewed = pki.server("ecdsa")
    assert renewed.certificate != short.certificate
    assert renewed.certificate.public_key() == short.certificate.public_key()
    assert trusts(pki, renewed)


def test_keys_are_private(pki):
    assert stat.S_IMODE(pki.store.folder.stat().st_mode) == 0o700
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in pki.store.folder.iterdir()}
    assert "server-rsa.pem" in modes
    assert set(modes.values()) == {0o600}


def test_a_damaged_file_is_named(tmp_path):
    Pki.open(tmp_path / "pki", HOSTS)
    (tmp_path / "pki" / "server-rsa.pem").write_text("not a key")
    with pytest.raises(PkiError, match=r"server-rsa\.pem.*restore it"):
        Pki.open(tmp_path / "pki", HOSTS)


def test_an_expired_root_is_said_not_replaced(tmp_path):
    pki = Pki.open(tmp_path / "pki", HOSTS)
    key = new_key("ecdsa")
    old = issue(name("Old Root", "Lab"), key.public_key(), key, "ca", key=key, days=(-90, -1))
    pki.store.write("root-rsa", old)
    with pytest.raises(PkiError, match="has expired"):
        Pki.open(tmp_path / "pki", HOSTS)


@pytest.mark.parametrize("host", ["exämple.org", "a" * 70, ""])
def test_a_host_that_fits_no_certificate_is_a_clear_error(tmp_path, host):
    with pytest.raises(PkiError):
        Pki.open(tmp_path / "pki", [host])


@pytest.mark.parametrize("root_key", ["rsa", "ecdsa"])
def test_pss_signatures_verify(tmp_path, root_key):
    pki = Pki.open(tmp_path / "pki", HOSTS, root_key=root_key, pss=True)
    assert pki.server("rsa").certificate.signature_algorithm_oid == x509.SignatureAlgorithmOID.RSASSA_PSS
    pki.server("rsa").certificate.verify_directly_issued_by(pki.intermediate("rsa").certificate)
    pki.intermediate("rsa").certificate.verify_directly_issued_by(pki.root.certificate)


def test_export_has_no_private_key(pki, tmp_path):
    files = export(pki, tmp_path / "out")
    assert {path.name for path in files} == {
        "central-system-root.pem",
        "central-system-root.der",
        "manufacturer-root.pem",
        "manufacturer-root.der",
        "INSTALL.txt",
    }
    assert not any(b"PRIVATE" in path.read_bytes() for path in files)
    assert load_certificate((tmp_path / "out/central-system-root.pem").read_text()) == pki.trust_anchor
    fingerprint = pki.trust_anchor.fingerprint(hashes.SHA256()).hex(":")
    assert fingerprint in (tmp_path / "out/INSTALL.txt").read_text()


# -- the laboratory's own CA ---------------------------------------------------------------------------------


def ca(path_length=None, days=(-1, 900), issuer=None, usage="ca", common_name="Own CA"):
    key = new_key("ecdsa")
    identity = issue(name(common_name, "Lab"), key.public_key(), issuer or key, usage, key=key, days=days)
    if path_length is not None:
        certificate = (
            x509.CertificateBuilder(
                subject_name=identity.certificate.subject,
                issuer_name=identity.certificate.issuer,
                public_key=key.public_key(),
                serial_number=7,
                not_valid_before=identity.certificate.not_valid_before_utc,
                not_valid_after=identity.certificate.not_valid_after_utc,
            )
            .add_extension(x509.BasicConstraints(True, path_length), True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
            .add_extension(
                identity.certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value,
                False,
            )
            .add_extension(identity.certificate.extensions.get_extension_for_class(x509.KeyUsage).value, True)
            .sign(issuer.key if issuer else key, hashes.SHA256())
        )
        identity = type(identity)(certificate, key, identity.chain)
    return identity


@pytest.mark.parametrize("path_length", [None, 0, 1])
def test_an_own_root_signs_from_now_on(tmp_path, path_length):
    pki = Pki.open(tmp_path / "pki", HOSTS)
    own = ca(path_length)
    pki.import_ca(own.key_pem + own.pem.encode())
    assert pki.trust_anchor == own.certificate
    again = Pki.open(tmp_path / "pki", HOSTS)
    for identity in again.servers():
        assert trusts(again, identity)
        assert len(identity.chain) == (0 if path_length == 0 else 1)


def test_an_own_intermediate_comes_with_its_root(tmp_path):
    root = ca(common_name="Company Root")
    own = ca(0, issuer=root)
    pki = Pki.open(tmp_path / "pki", HOSTS)
    pki.import_ca(own.key_pem + own.pem.encode() + root.pem.encode())
    assert pki.trust_anchor == root.certificate
    assert trusts(pki, pki.server("rsa"))
    assert root.certificate not in pki.server("rsa").chain


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: b"garbage", "private key and certificate"),
        (lambda: ca().key_pem + ca().pem.encode(), "belongs to one of its certificates"),
        (lambda: (own := ca(usage="server")).key_pem + own.pem.encode(), "no certificate authority"),
        (lambda: (own := ca(days=(-9, -1))).key_pem + own.pem.encode(), "expired"),
    ],
)
def test_what_is_no_ca_is_not_imported(pki, make, message):
    before = pki.trust_anchor
    with pytest.raises(PkiError, match=message):
        pki.import_ca(make())
    assert pki.trust_anchor == before


# -- client certificates and CSRs ----------------------------------------------------------------------------


@pytest.mark.parametrize("key", [KEY, RSA_KEY], ids=["ecdsa", "rsa"])
def test_a_csr_becomes_a_chain_of_its_own_key_type(pki, key):
    identity = pki.sign_csr(csr(key))
    assert identity.certificate.public_key() == key.public_key()
    assert identity.certificate.subject.rfc4514_string() == "CN=SN-1,O=Lab"
    identity.certificate.verify_directly_issued_by(identity.chain[0])
    identity.chain[0].verify_directly_issued_by(pki.trust_anchor)
    assert type(identity.chain[0].public_key()) is type(key.public_key())
    assert len(identity.chain_pem) < 10000, "certificateChain is string[0..10000]"
    assert client_certificate_problems(identity.certificate, "SN-1", "Lab") == []


def test_a_station_that_takes_no_chain_gets_none(pki):
    identity = pki.sign_csr(csr(), direct=True)
    assert identity.chain == ()
    identity.certificate.verify_directly_issued_by(pki.trust_anchor)


def spoiled(pem):
    der = bytearray(x509.load_pem_x509_csr(pem.encode()).public_bytes(serialization.Encoding.DER))
    der[-1] ^= 1
    return x509.load_der_x509_csr(bytes(der)).public_bytes(serialization.Encoding.PEM).decode()


def test_a_csr_with_a_wrong_signature_is_seen_and_never_signed(pki):
    wrong = spoiled(csr())
    assert any("signature" in problem for problem in csr_problems(wrong))
    with pytest.raises(PkiError, match="own key"):
        pki.sign_csr(wrong)


@pytest.mark.parametrize(
    ("pem", "words"),
    [
        (csr(), []),
        (csr(common_name="xx-SN-1-yy"), []),
        (csr(RSA_KEY), []),
        (csr(ec.generate_private_key(ec.SECP224R1())), []),
        (csr(ed25519.Ed25519PrivateKey.generate()), []),
        (csr(dsa.generate_private_key(2048)), []),
        (csr(rsa.generate_private_key(65537, 1024)), ["A00.FR.502"]),
        (csr(dsa.generate_private_key(1024)), ["A00.FR.502"]),
        (csr(common_name="other"), ["commonName 'other'"]),
        (csr(common_name=None), ["no commonName"]),
        (csr(organization="Else"), ["A00.FR.404"]),
        (csr(organization=None), ["no organizationName"]),
        (csr(common_name="wss://SN-1/"), ["URL"]),
        (csr(common_name="10.0.0.1"), ["is not the serial number", "IP address"]),
        (csr(organization="Else", common_name="x"), ["A00.FR.511", "A00.FR.404"]),
    ],
)
def test_csr_problems(pem, words):
    problems = csr_problems(pem, "SN-1", "Lab")
    assert len(problems) == len(words), problems
    for problem, word in zip(problems, words, strict=True):
        assert word in problem


def test_names_that_were_not_given_are_not_compared():
    assert csr_problems(csr(common_name="anything", organization="anyone")) == []


@pytest.mark.parametrize("serial", ["4711", "1234567890", "EV.CP.0042", "ABC/DEF"])
def test_serial_numbers_that_only_look_odd_are_right(serial):
    assert csr_problems(csr(common_name=serial), serial, "Lab") == []


@given(st.binary(max_size=300) | st.text().map(lambda text: text.encode("utf-8", "replace")))
def test_csr_problems_never_raises(data):
    wrapped = "-----BEGIN CERTIFICATE REQUEST-----\n" + base64.encodebytes(data).decode()
    for pem in (data.decode("utf-8", "replace"), wrapped + "-----END CERTIFICATE REQUEST-----\n"):
        assert csr_problems(pem)
        with pytest.raises(PkiError):
            Pki.sign_csr(None, pem)


_DER = x509.load_pem_x509_csr(csr().encode()).public_bytes(serialization.Encoding.DER)

_SIGNED = x509.load_der_x509_csr(_DER).tbs_certrequest_bytes


@settings(max_examples=300)
@given(st.integers(0, len(_DER) - 1), st.integers(1, 255))
def test_a_csr_with_any_signed_byte_changed_is_never_right(position, change):
    der = bytearray(_DER)
    der[position] ^= change
    body = base64.encodebytes(der).decode()
    pem = f"-----BEGIN CERTIFICATE REQUEST-----\n{body}-----END CERTIFICATE REQUEST-----\n"
    problems = csr_problems(pem, "SN-1", "Lab")
    if _DER.index(_SIGNED) <= position < _DER.index(_SIGNED) + len(_SIGNED):
        assert problems, "what the key signed is no longer what stands there"


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_subject_is_judged_without_an_error(common_name, organization):
    try:
        pem = csr(common_name=common_name, organization=organization)
    except ValueError:
        return  # What cryptography cannot even write.
    problems = csr_problems(pem, "SN-1", "Lab")
    right = "SN-1" in common_name and "Lab" in organization and "://" not in common_name
    assert (problems == []) == right or "www." in common_name.lower()


def test_client_certificate_problems(pki):
    now = datetime.datetime.now(datetime.UTC)

    def words(identity, *expected, when=now):
        problems = client_certificate_problems(identity.certificate, "SN-1", "Lab", when)
        assert len(problems) == len(expected), problems
        assert all(word in problem for word, problem in zip(expected, problems, strict=True))

    words(pki.client("SN-1", "Lab"))
    words(pki.client("SN-1", "Lab"), "expired", when=now + datetime.timedelta(days=800))
    words(pki.client("SN-1", "Lab"), "not valid before", when=now - datetime.timedelta(days=8))
    words(broken(pki, "small_key", "client", common_name="SN-1"), "A00.FR.502")
    words(broken(pki, "wrong_common_name", "client", common_name="SN-1"), "A00.FR.511")
    words(broken(pki, "wrong_organization", "client", common_name="SN-1"), "A00.FR.404")
    assert "cannot be read" in client_certificate_problems("rubbish")[0]


# -- wrong certificates --------------------------------------------------------------------------------------

LATER = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=60)


@pytest.mark.parametrize("key_type", ["rsa", "ecdsa"])
@pytest.mark.parametrize("kind", BROKEN["server"])
def test_no_careful_station_trusts_a_broken_server(pki, kind, key_type):
    identity = broken(pki, kind, "server", key_type=key_type)
    assert identity.key.public_key() == identity.certificate.public_key()
    if kind == "small_key":  # The verifier used here does not look at the size of the last key.
        assert identity.certificate.public_key().key_size == 1024
        return
    assert not trusts(pki, identity)
    if kind == "wrong_host":
        assert trusts(pki, identity, "wrong-host.invalid"), "nothing else is wrong"
    if kind == "not_yet_valid":
        assert trusts(pki, identity, when=LATER), "nothing else is wrong"
    if kind == "broken_chain":
        whole = type(identity)(identity.certificate, None, (pki.intermediate(key_type).certificate,))
        assert trusts(pki, whole), "nothing else is wrong"


@pytest.mark.parametrize("kind", BROKEN["client"])
def test_broken_clients_are_for_the_stations_key(pki, kind):
    identity = broken(pki, kind, "client", csr=csr())
    own = identity.certificate.public_key() == KEY.public_key()
    assert own is (kind not in ("wrong_key", "small_key"))
    issuer = pki.intermediate("rsa" if kind in ("small_key", "wrong_key") else "ecdsa").certificate
    signed = True
    try:
        identity.certificate.verify_directly_issued_by(issuer)
    except (ValueError, InvalidSignature):
        signed = False
    assert signed is (kind not in ("untrusted_root", "wrong_signature"))


@pytest.mark.parametrize("kind", BROKEN["root"])
def test_broken_roots(pki, kind):
    certificate = broken(pki, kind, "root").certificate
    now = datetime.datetime.now(datetime.UTC)
    assert (certificate.not_valid_after_utc < now) is (kind == "expired")
    assert (certificate.not_valid_before_utc > now) is (kind == "not_yet_valid")
    constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert constraints.ca is (kind != "wrong_key_usage")
    assert (certificate.public_key().key_size < 2048) is (kind == "small_key")
    try:
        certificate.verify_directly_issued_by(certificate)
        verified = True
    except InvalidSignature:
        verified = False
    assert verified is (kind != "wrong_signature")


def test_only_what_makes_sense_can_be_broken(pki):
    with pytest.raises(PkiError, match="cannot be 'wrong_host'; it can be"):
        broken(pki, "wrong_host", "root")


def test_every_extra_root_is_another(pki):
    assert pki.extra_root().certificate.subject != pki.extra_root().certificate.subject


# -- firmware ------------------------------------------------------------------------------------------------


def verify(signed, data):
    certificate = load_certificate(signed.signingCertificate)
    key, signature = certificate.public_key(), base64.b64decode(signed.signature)
    if signed.algorithm == "ECDSA":
        key.verify(signature, data, ec.ECDSA(hashes.SHA256()))
    elif signed.algorithm == "RSA-PSS":
        key.verify(signature, data, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
    else:
        key.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
    return certificate


@pytest.mark.parametrize("algorithm", ["RSA-PSS", "ECDSA", "SHA256withRSA"])
def test_firmware_signatures_verify(pki, tmp_path, algorithm):
    image = tmp_path / "image.bin"
    image.write_bytes(b"firmware" * 1000)
    signed = pki.sign_firmware(image, algorithm)
    certificate = verify(signed, b"firmware" * 1000)
    certificate.verify_directly_issued_by(pki.manufacturer.certificate)
    assert len(signed.signature) <= 800
    assert len(signed.signingCertificate) <= 5500
    with pytest.raises(InvalidSignature):
        verify(signed, b"other firmware")


@pytest.mark.parametrize("kind", BROKEN["firmware"])
def test_broken_firmware_certificates_sign(pki, kind):
    identity = broken(pki, kind, "firmware")
    signed = pki.sign_firmware(b"image", signer=identity)
    if kind == "wrong_key":
        with pytest.raises(InvalidSignature):
            verify(signed, b"image")
    else:
        verify(signed, b"image")


def test_an_algorithm_that_does_not_fit_the_key_is_said(pki):
    with pytest.raises(PkiError, match="ECDSA does not fit"):
        pki.sign_firmware(b"image", "ECDSA", signer=pki.firmware("rsa"))


# -- hash data -----------------------------------------------------------------------------------------------


def bit_string(certificate):
    """The subjectPublicKey of a certificate without tag, length and unused bits, found by hand."""
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)
    return key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


@pytest.mark.parametrize("algorithm", ["SHA256", "SHA384", "SHA512"])
@pytest.mark.parametrize("kind", ["rsa", "ecdsa"])
def test_hash_data_is_that_of_rfc_6960(pki, algorithm, kind):
    certificate, issuer = pki.server(kind).certificate, pki.intermediate(kind).certificate
    data = hash_data(certificate, issuer, algorithm)
    digest = getattr(hashlib, algorithm.lower())
    assert data["issuerNameHash"] == digest(certificate.issuer.public_bytes()).hexdigest()
    assert data["issuerKeyHash"] == digest(bit_string(issuer)).hexdigest()
    assert int(data["serialNumber"], 16) == certificate.serial_number
    assert data["hashAlgorithm"] == algorithm


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=30)
@given(st.integers(1, 2**159 - 1))
def test_serial_numbers_have_no_leading_zeros(number):
    subject = name("x", "y")
    now = datetime.datetime.now(datetime.UTC)
    certificate = x509.CertificateBuilder(
        subject, subject, KEY.public_key(), number, now, now + datetime.timedelta(days=1)
    ).sign(KEY, hashes.SHA256())
    text = hash_data(certificate)["serialNumber"]
    assert int(text, 16) == number
    assert not text.startswith("0")


def test_the_example_of_the_whitepaper():
    subject = name("x", "y")
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder(subject, subject, KEY.public_key(), 4095, now, now)
    data = hash_data(builder.sign(KEY, hashes.SHA256()))
    assert data["serialNumber"].upper() == "FFF"


def test_an_unknown_hash_algorithm_is_refused(pki):
    with pytest.raises(PkiError, match="SHA1"):
        hash_data(pki.trust_anchor, None, "SHA1")
