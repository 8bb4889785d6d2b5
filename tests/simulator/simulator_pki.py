"""A small certificate authority for the tests: right certificates, and wrong ones of every kind."""

from __future__ import annotations

import base64
import datetime
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

NOW = datetime.datetime.now(datetime.UTC)
DAY = datetime.timedelta(days=1)
_RSA: dict[int, rsa.RSAPrivateKey] = {}


def rsa_key(size=2048):
    """One RSA key per size for all tests, since making them takes long."""
    if size not in _RSA:
        _RSA[size] = rsa.generate_private_key(public_exponent=65537, key_size=size)
    return _RSA[size]


def ec_key(curve=None):
    return ec.generate_private_key(curve or ec.SECP256R1())


def name(cn, organization="Test CPO"):
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, cn)]
    if organization:
        attributes.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
    return x509.Name(attributes)


def pem(*certificates):
    return "".join(c.public_bytes(serialization.Encoding.PEM).decode() for c in certificates)


def key_pem(key):
    plain = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain).decode()


class Authority:
    """A root, or an authority below another one."""

    def __init__(self, cn="Test Root", parent=None, key=None, **changes):
        self.key = key or ec_key()
        self.subject = name(cn)
        issuer = parent or self
        self.certificate = build(self.subject, self.key.public_key(), issuer, ca=True, **changes)

    def issue(self, cn, key, **changes):
        return build(name(cn, changes.pop("organization", "Test CPO")), key.public_key(), self, **changes)

    def sign_request(self, csr, **changes):
        request = x509.load_pem_x509_csr(csr.encode())
        assert request.is_signature_valid
        return build(request.subject, request.public_key(), self, **changes)


def build(
    subject,
    public_key,
    issuer,
    *,
    ca=False,
    path_length=None,
    start=NOW - DAY,
    end=NOW + 365 * DAY,
    serial=None,
    hosts=(),
    usage=None,
    basic=True,
    purpose=None,
):
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject)
        .public_key(public_key)
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
    )
    if basic:
        builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=path_length), critical=True)
    if hosts:
        builder = builder.add_extension(
            x509.SubjectAlternativeName([_host(h) for h in hosts]), critical=False
        )
    if usage:
        names = (
            "digital_signature content_commitment key_encipherment data_encipherment key_agreement "
            "key_cert_sign crl_sign encipher_only decipher_only"
        )
        flags = {n: n in usage for n in names.split()}
        builder = builder.add_extension(x509.KeyUsage(**flags), critical=True)
    if purpose:
        builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
    return builder.sign(issuer.key, hashes.SHA256())


def _host(text):
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def sign_firmware(key, firmware, scheme="pss"):
    """The base64 signature over a firmware image."""
    sha256 = hashes.SHA256()
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return base64.b64encode(key.sign(firmware, ec.ECDSA(sha256))).decode()
    pad = padding.PKCS1v15()
    if scheme == "pss":
        pad = padding.PSS(padding.MGF1(sha256), padding.PSS.DIGEST_LENGTH)
    return base64.b64encode(key.sign(firmware, pad, sha256)).decode()
