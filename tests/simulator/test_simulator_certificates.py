"""The station's judgement of certificates, its requests, hash data, firmware signatures and its store."""

import base64
import hashlib
import json

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from simulator_pki import DAY, NOW, Authority, ec_key, key_pem, name, pem, rsa_key, sign_firmware

from octt.simulator.link import certificates, truststore
from octt.simulator.link.certificates import CertificateError
from octt.simulator.link.hash_data import HASHES, hash_data, same_hash_data
from octt.simulator.link.truststore import CENTRAL_SYSTEM, MANUFACTURER, TrustStore

SERIAL = "SIM-0001"
CPO = "Test CPO"


@pytest.fixture(scope="module")
def root():
    return Authority()


@pytest.fixture
def store(root):
    store = TrustStore(limit=3)
    store.install(CENTRAL_SYSTEM, pem(root.certificate), NOW)
    return store


def request(store, kind="ec"):
    store.pending_key = certificates.generate_key(kind)
    return certificates.signing_request(store.pending_key, serial_number=SERIAL, organization=CPO)


def accept(store, chain, max_size=10000, now=NOW):
    store.accept_chain(chain, serial_number=SERIAL, organization=CPO, max_size=max_size, now=now)


@pytest.mark.parametrize("kind", ["rsa", "ec"])
def test_request_is_what_the_whitepaper_asks_for(kind):
    csr = x509.load_pem_x509_csr(request(TrustStore(), kind).encode())
    assert csr.is_signature_valid
    assert csr.subject.rfc4514_string() == f"CN={SERIAL},O={CPO}"
    assert isinstance(csr.signature_hash_algorithm, hashes.SHA256)
    key = csr.public_key()
    assert key.key_size == (256 if kind == "ec" else 2048)


def test_signed_chain_becomes_the_identity(store, root):
    leaf = root.sign_request(request(store))
    accept(store, pem(leaf))
    assert store.identity.certificate == leaf
    assert store.valid_identity(NOW)
    with pytest.raises(CertificateError, match="requested no certificate"):
        accept(store, pem(leaf))


def test_chain_may_pass_over_intermediates(store, root):
    middle = Authority("Middle", root)
    leaf = middle.sign_request(request(store))
    accept(store, pem(leaf, middle.certificate, root.certificate))
    assert len(store.identity.chain) == 3


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"end": NOW - DAY / 2}, "expired"),
        ({"start": NOW + DAY}, "not valid before"),
        ({"usage": ["key_encipherment"]}, "key usage"),
        ({"purpose": ExtendedKeyUsageOID.SERVER_AUTH}, "another purpose"),
    ],
)
def test_wrong_charge_point_certificates_are_refused(store, root, changes, reason):
    leaf = root.sign_request(request(store), **changes)
    with pytest.raises(CertificateError, match=reason):
        accept(store, pem(leaf))
    assert store.identity is None


def test_subject_key_and_issuer_of_the_certificate_count(store, root):
    request(store)
    own = store.pending_key
    for leaf, reason in [
        (root.issue("other", own), "commonName"),
        (root.issue(SERIAL, own, organization="Somebody"), "organizationName"),
        (root.issue(SERIAL, ec_key()), "key of this station"),
        (Authority().issue(SERIAL, own), "no path"),
        (Authority("Expired", root, end=NOW - DAY / 2).issue(SERIAL, own), "no path"),
    ]:
        with pytest.raises(CertificateError, match=reason):
            accept(store, pem(leaf))
    good = root.issue(SERIAL, own)
    with pytest.raises(CertificateError, match="MaxChainSize"):
        accept(store, pem(good), max_size=len(pem(good)) - 1)
    accept(store, pem(good), max_size=len(pem(good)))


def test_broken_chains_are_refused(store, root):
    request(store)
    expired = Authority("Expired", root, end=NOW - DAY / 2)
    no_ca = Authority("Leaf", root)
    no_ca.certificate = root.issue("Leaf", no_ca.key)
    short = Authority("Short", root, path_length=0)
    below = Authority("Below", short)
    for chain, reason in [
        ([expired.issue(SERIAL, store.pending_key), expired.certificate], "expired"),
        ([no_ca.issue(SERIAL, store.pending_key), no_ca.certificate], "CA is false"),
        ([below.issue(SERIAL, store.pending_key), below.certificate, short.certificate], "path length"),
        (
            [root.issue(SERIAL, store.pending_key)] + [Authority(str(n)).certificate for n in range(5)],
            "more than",
        ),
    ]:
        with pytest.raises(CertificateError, match=reason):
            accept(store, pem(*chain))
    assert store.identity is None


def test_small_and_unusual_keys_are_refused(root):
    small = Authority(key=rsa_key(1024)).certificate
    with pytest.raises(CertificateError, match="1024 bits"):
        TrustStore().install(CENTRAL_SYSTEM, pem(small), NOW)
    curve = Authority(key=ec_key(ec.SECP192R1())).certificate
    with pytest.raises(CertificateError, match="192 bits"):
        TrustStore().install(CENTRAL_SYSTEM, pem(curve), NOW)


@pytest.mark.parametrize("algorithm", ["SHA256", "SHA384", "SHA512"])
@pytest.mark.parametrize("make_key", [ec_key, rsa_key])
def test_hash_data_is_the_cert_id_of_ocsp(algorithm, make_key):
    root = Authority(key=make_key())
    leaf = root.issue("x", ec_key(), serial=4095)
    data = hash_data(leaf, root.certificate, algorithm)
    method = HASHES[algorithm]()
    expected = ocsp.OCSPRequestBuilder().add_certificate(leaf, root.certificate, method).build()
    assert data["issuerNameHash"] == expected.issuer_name_hash.hex().upper()
    assert data["issuerKeyHash"] == expected.issuer_key_hash.hex().upper()
    assert data["serialNumber"] == "FFF"
    if make_key is rsa_key:
        bits = root.key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.PKCS1
        )
    else:
        point = serialization.PublicFormat.UncompressedPoint
        bits = root.key.public_key().public_bytes(serialization.Encoding.X962, point)
    assert data["issuerKeyHash"].lower() == hashlib.new(algorithm, bits).hexdigest()
    assert same_hash_data(data, {k: v.lower() for k, v in data.items()})
    assert not same_hash_data(data, data | {"serialNumber": "FFE"})


def test_root_installation(root, store):
    assert store.hash_data(MANUFACTURER) == []
    assert len(store.hash_data(CENTRAL_SYSTEM)) == 1
    store.install(CENTRAL_SYSTEM, pem(root.certificate), NOW)
    assert len(store.hash_data(CENTRAL_SYSTEM)) == 1, "the same certificate twice is one certificate"
    for wrong, reason in [
        (pem(Authority(end=NOW - DAY / 2).certificate), "expired"),
        (pem(Authority(start=NOW + DAY).certificate), "not valid before"),
        (pem(root.issue("leaf", ec_key())), "CA is false"),
        (pem(root.issue("leaf", ec_key(), basic=False)), "basicConstraints"),
        (pem(Authority(usage=["digital_signature"]).certificate), "key usage"),
        (pem(Authority("Orphan", Authority("Unknown")).certificate), "neither self-signed"),
        (pem(root.certificate, Authority().certificate), "one certificate expected"),
        ("garbage", "not a PEM"),
        ("", "not a PEM"),
        (key_pem(root.key), "not a PEM"),
    ]:
        with pytest.raises(CertificateError, match=reason):
            store.install(MANUFACTURER, wrong, NOW)
    store.install(MANUFACTURER, pem(Authority("A").certificate), NOW)
    store.install(MANUFACTURER, pem(Authority("B").certificate), NOW)
    with pytest.raises(CertificateError, match="already holds 3"):
        store.install(MANUFACTURER, pem(Authority("C").certificate), NOW)


def test_deletion(root, store):
    other = Authority("Other")
    store.install(CENTRAL_SYSTEM, pem(other.certificate), NOW)
    mine, others = store.hash_data(CENTRAL_SYSTEM, "SHA512")
    assert store.delete(mine, in_use=root.certificate) == "Failed"
    assert store.delete(mine | {"serialNumber": "1"}, None) == "NotFound"
    assert (
        store.delete({k: v.lower() if k != "hashAlgorithm" else v for k, v in others.items()}, None)
        == "Accepted"
    )
    assert store.delete(others, None) == "NotFound"
    leaf = root.sign_request(request(store))
    accept(store, pem(leaf))
    own = hash_data(leaf, root.certificate, "SHA256")
    assert store.delete(own, None) == "Failed", "the station's own certificate cannot be deleted (M04.FR.05)"
    assert store.delete(mine, in_use=None) == "Accepted"
    assert store.trusted(CENTRAL_SYSTEM) == []


def test_additional_root_certificate_check(root):
    store = TrustStore(replace=True)
    store.install(CENTRAL_SYSTEM, pem(root.certificate), NOW)
    with pytest.raises(CertificateError, match="not signed by the root"):
        store.install(CENTRAL_SYSTEM, pem(Authority("Stranger").certificate), NOW)
    successor = Authority("Successor", root)
    store.install(CENTRAL_SYSTEM, pem(successor.certificate), NOW)
    assert store.trusted(CENTRAL_SYSTEM) == [successor.certificate, root.certificate]
    expected = hash_data(successor.certificate, root.certificate, "SHA256")
    assert store.hash_data(CENTRAL_SYSTEM)[0] == expected
    store.proved(root.certificate)
    assert store.fallback is not None, "the old root is still needed"
    store.proved(successor.certificate)
    assert store.trusted(CENTRAL_SYSTEM) == [successor.certificate]


def test_store_survives_as_json(store, root):
    accept(store, pem(root.sign_request(request(store))))
    accept(store, pem(root.sign_request(request(store))))
    request(store)
    copy = TrustStore()
    copy.load(json.loads(json.dumps(store.dump())))
    assert copy.dump() == store.dump()
    assert copy.identity.chain == store.identity.chain
    newest = copy.identity
    assert copy.revert()
    assert copy.identity != newest
    assert not copy.revert()
    for damaged in ({}, {"roots": []}, store.dump() | {"identity": ["x"]}, store.dump() | {"fallback": 1}):
        with pytest.raises(CertificateError):
            TrustStore().load(damaged)


def test_identity_needs_its_own_key(root):
    with pytest.raises(CertificateError, match="not for this private key"):
        truststore.identity_from_pem(key_pem(ec_key()), pem(root.issue(SERIAL, ec_key())))


@pytest.mark.parametrize("make_key", [ec_key, rsa_key])
def test_firmware_signature(root, make_key):
    key, firmware = make_key(), b"image" * 1000
    signer = root.issue("signer", key)
    certificates.check_signing_certificate(signer, [root.certificate], NOW)
    good = sign_firmware(key, firmware)
    certificates.check_firmware_signature(signer, firmware, good)
    for image, signature in [
        (firmware + b"!", good),
        (firmware, good[:-8] + "AAAAAAA="),
        (firmware, "?"),
        (firmware, ""),
    ]:
        with pytest.raises(CertificateError):
            certificates.check_firmware_signature(signer, image, signature)


def test_legacy_padding_only_when_asked_for(root):
    firmware, signer = b"image", root.issue("signer", rsa_key())
    old = sign_firmware(rsa_key(), firmware, "pkcs1v15")
    with pytest.raises(CertificateError):
        certificates.check_firmware_signature(signer, firmware, old)
    certificates.check_firmware_signature(signer, firmware, old, legacy=True)


def test_wrong_signing_certificates_are_refused(root):
    middle = Authority("Middle", root)
    for signer, reason in [
        (root.issue("signer", ec_key(), end=NOW - DAY / 2), "expired"),
        (root.issue("signer", ec_key(), usage=["key_agreement"]), "key usage"),
        (root.issue("signer", ec_key(), purpose=ExtendedKeyUsageOID.CLIENT_AUTH), "another purpose"),
        (Authority().issue("signer", ec_key()), "no path"),
        (middle.issue("signer", ec_key()), "no path"),
        (root.issue("signer", rsa_key(1024)), "1024"),
    ]:
        with pytest.raises(CertificateError, match=reason):
            certificates.check_signing_certificate(signer, [root.certificate], NOW)


@pytest.mark.parametrize("serial", ["", "https://a.example", "10.0.0.1", "::1", "x" * 65])
def test_unusable_serial_numbers(serial):
    with pytest.raises(CertificateError):
        certificates.check_serial_number(serial)


BASE = Authority("Fuzzed")
DER = BASE.certificate.public_bytes(serialization.Encoding.DER)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.integers(0, len(DER) - 1), st.integers(0, 255)), min_size=1, max_size=6))
def test_damaged_certificates_never_crash_and_are_never_accepted(changes):
    der = bytearray(DER)
    for place, value in changes:
        der[place] = value
    if bytes(der) == DER:
        return
    text = "-----BEGIN CERTIFICATE-----\n"
    body = base64.b64encode(der).decode()
    text += "\n".join(body[i : i + 64] for i in range(0, len(body), 64)) + "\n-----END CERTIFICATE-----\n"
    store = TrustStore()
    store.pending_key = BASE.key
    with pytest.raises(CertificateError):
        store.install(CENTRAL_SYSTEM, text, NOW)
    with pytest.raises(CertificateError):
        store.accept_chain(text, serial_number="Fuzzed", organization=CPO, max_size=10000, now=NOW)


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.text(), st.binary().map(lambda b: b.decode("latin-1"))))
def test_garbage_is_a_certificate_error(text):
    for wrapped in (text, f"-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n"):
        with pytest.raises(CertificateError):
            certificates.parse(wrapped)
        with pytest.raises(CertificateError):
            certificates.key_from_pem(wrapped)
        with pytest.raises(CertificateError):
            certificates.check_firmware_signature(BASE.certificate, b"firmware", text)


def test_names_are_compared_not_substrings(root, store):
    request(store)
    leaf = root.issue(SERIAL + "0", store.pending_key)
    with pytest.raises(CertificateError, match="commonName"):
        accept(store, pem(leaf))
    assert name(SERIAL) != name(SERIAL + "0")
