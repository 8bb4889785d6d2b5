"""Wrong certificates, requests and hashes that a station makes itself: what the faults need."""

from __future__ import annotations

import base64
import datetime
import hashlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from octt.simulator.link import certificates
from octt.simulator.link.truststore import Identity


def self_made(kind: str, present: Identity, now: datetime.datetime) -> Identity:
    """A self-signed certificate with the subject of the present one, wrong as the fault `client-certificate` says."""
    key: certificates.PrivateKey = certificates.generate_key("ec")
    if kind == "weak-rsa":
        key = certificates.generate_key("rsa", 1024)
    subject = present.certificate.subject
    if kind == "other-name":
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "SOMEBODY")])
    elif kind == "no-name":
        subject = x509.Name(subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=365))
        .sign(key, hashes.SHA256())
    )
    return Identity(key, (certificate,))


def hash_of_whole_key(certificate: x509.Certificate, algorithm: str) -> str:
    """The usual misreading of issuerKeyHash: over the whole SubjectPublicKeyInfo."""
    form = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.new(algorithm, certificate.public_key().public_bytes(*form)).hexdigest().upper()


def damage_signature(csr: str) -> str:
    """The same request with a signature that does not fit."""
    request = x509.load_pem_x509_csr(csr.encode())
    der = bytearray(request.public_bytes(serialization.Encoding.DER))
    der[-1] ^= 1
    body = base64.encodebytes(bytes(der)).decode()
    return f"-----BEGIN CERTIFICATE REQUEST-----\n{body}-----END CERTIFICATE REQUEST-----\n"
