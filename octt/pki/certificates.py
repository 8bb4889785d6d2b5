"""Certificates as such: making one, naming what is wrong with one, and the hash data OCPP identifies one by.

Nothing here is kept on disk; `octt.pki.pki` is the laboratory's store. OCPP 1.6 security whitepaper edition 3,
section 2.6.1 (certificate properties) and 6.1 (CertificateHashDataType).
"""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, padding, rsa
from cryptography.x509.ocsp import OCSPRequestBuilder
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
Usage = Literal["ca", "server", "client", "firmware"]
KeyType = Literal["rsa", "ecdsa"]
HASHES: dict[str, hashes.HashAlgorithm] = {
    "SHA256": hashes.SHA256(),
    "SHA384": hashes.SHA384(),
    "SHA512": hashes.SHA512(),
}
"""HashAlgorithmEnumType, whitepaper section 6.11."""

_MIN_RSA, _MIN_EC = 2048, 224
_URL = re.compile(r"(?i)^([a-z][a-z0-9+.-]*://|www\.)")


class PkiError(Exception):
    """A key or certificate cannot be made, read or used; the message says which, why and what helps."""


@dataclass(frozen=True)
class Identity:
    """A certificate with its private key, if it is ours, and the certificates between it and its root."""

    certificate: x509.Certificate
    key: PrivateKey | None = None
    chain: tuple[x509.Certificate, ...] = ()

    @property
    def pem(self) -> str:
        """The certificate alone."""
        return to_pem(self.certificate)

    @property
    def chain_pem(self) -> str:
        """The certificate and those above it without the root: `certificateChain` of CertificateSigned.req."""
        return "".join(to_pem(certificate) for certificate in (self.certificate, *self.chain))

    def as_chain(self) -> tuple[x509.Certificate, ...]:
        """What a certificate that this one signs is sent with: itself and those above it, without the root."""
        return tuple(other for other in (self.certificate, *self.chain) if other.issuer != other.subject)

    @property
    def key_pem(self) -> bytes:
        """The private key in PKCS#8 without encryption. Raises PkiError when the key is not here."""
        if self.key is None:
            raise PkiError(f"the private key of {describe(self.certificate)} is not in this laboratory")
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    @contextlib.contextmanager
    def chain_file(self) -> Iterator[Path]:
        """The chain as a file, for libraries that only read files; without the key, gone afterwards."""
        handle, name = tempfile.mkstemp(suffix=".pem")
        try:
            with os.fdopen(handle, "w") as file:
                file.write(self.chain_pem)
            yield Path(name)
        finally:
            os.unlink(name)


def to_pem(certificate: x509.Certificate) -> str:
    """One certificate in PEM (A00.FR.507)."""
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def describe(certificate: x509.Certificate) -> str:
    """The common name in quotes, else the whole subject; safe for any certificate."""
    with contextlib.suppress(Exception):  # It may be a station's, and damaged.
        names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return repr(str(names[0].value if names else certificate.subject.rfc4514_string())[:80])
    return "with an unreadable subject"


def utc_now() -> datetime.datetime:
    """The present with its time zone."""
    return datetime.datetime.now(datetime.UTC)


def new_key(kind: KeyType, bits: int = 0) -> PrivateKey:
    """A fresh key: RSA of 2048 bits, or of `bits`, or ECDSA on P-256."""
    if kind == "rsa":
        return rsa.generate_private_key(65537, bits or _MIN_RSA)
    return ec.generate_private_key(ec.SECP256R1())


def issue(
    subject: x509.Name,
    public_key: Any,
    issuer: Identity | PrivateKey,
    usage: Usage,
    *,
    key: PrivateKey | None = None,
    hosts: Sequence[str] = (),
    days: tuple[float, float] = (-1, 90),
    pss: bool = False,
    now: datetime.datetime | None = None,
) -> Identity:
    """A new certificate for `public_key`, signed by `issuer`, or by itself when `issuer` is a private key.

    `days` is the validity from and until, counted from now. `pss` signs with RSA-PSS instead of PKCS#1 v1.5
    (A00.FR.505 recommends it, not every TLS library of a station can read it). `hosts` become subjectAltNames.
    """
    now = now or utc_now()
    signer, above = (issuer.key, issuer.certificate) if isinstance(issuer, Identity) else (issuer, None)
    if signer is None:
        raise PkiError("the issuer's private key is not in this laboratory, so it cannot sign")
    from_, until = (now + datetime.timedelta(days=count) for count in days)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(above.subject if above else subject)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(from_)
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca=usage == "ca", path_length=None), critical=True)
        .add_extension(_key_usage(usage, public_key), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
    )
    extended = {
        "server": ExtendedKeyUsageOID.SERVER_AUTH,
        "client": ExtendedKeyUsageOID.CLIENT_AUTH,
        "firmware": ExtendedKeyUsageOID.CODE_SIGNING,
    }
    if usage in extended:
        builder = builder.add_extension(x509.ExtendedKeyUsage([extended[usage]]), critical=False)
    if hosts:
        builder = builder.add_extension(x509.SubjectAlternativeName(list(map(_alternative, hosts))), False)
    rsa_padding = (
        padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
        if pss and isinstance(signer, rsa.RSAPrivateKey)
        else None
    )
    certificate = builder.sign(signer, hashes.SHA256(), rsa_padding=rsa_padding)
    return Identity(certificate, key, issuer.as_chain() if isinstance(issuer, Identity) else ())


def _key_usage(usage: Usage, public_key: Any) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=usage == "firmware",
        # TLS_RSA suites encrypt the premaster secret with the server's key.
        key_encipherment=usage in ("server", "client") and isinstance(public_key, rsa.RSAPublicKey),
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=usage == "ca",
        crl_sign=usage == "ca",
        encipher_only=False,
        decipher_only=False,
    )


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host.strip("[]")))
    except ValueError:
        return x509.DNSName(host)


def name(common_name: str, organization: str) -> x509.Name:
    """A subject with O and CN (A00.FR.509 to 511). Raises PkiError when one does not fit X.509."""
    try:
        return x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
                x509.NameAttribute(NameOID.COMMON_NAME, common_name),
            ]
        )
    except ValueError as error:
        raise PkiError(f"{organization!r} and {common_name!r} cannot be O and CN: {error}") from None


def load_certificate(pem: str | bytes) -> x509.Certificate:
    """One PEM certificate. Raises PkiError."""
    try:
        return x509.load_pem_x509_certificate(pem.encode() if isinstance(pem, str) else pem)
    except Exception as error:  # A station's bytes: the library raises what it likes for damaged ones.
        raise PkiError(f"this is no readable PEM certificate: {error}") from None


def load_csr(pem: str) -> x509.CertificateSigningRequest:
    """A PEM certificate signing request (RFC 2986). Raises PkiError when it is unreadable."""
    try:
        request = x509.load_pem_x509_csr(pem.encode())
        _ = request.subject, request.public_key(), request.is_signature_valid
    except Exception as error:  # A station's bytes: the library raises what it likes for damaged ones.
        raise PkiError(f"the CSR cannot be read: {str(error) or type(error).__name__}") from None
    return request


def hash_data(
    certificate: x509.Certificate, issuer: x509.Certificate | None = None, algorithm: str = "SHA256"
) -> dict[str, str]:
    """CertificateHashDataType of a certificate; `issuer` is needed unless it is self-signed (RFC 6960 CertID).

    Hexadecimal in lower case and serialNumber without leading zeros; the type is case-insensitive, compare so.
    """
    if algorithm not in HASHES:
        raise PkiError(f"hash algorithm {algorithm!r} is none of {', '.join(HASHES)}")
    builder = OCSPRequestBuilder().add_certificate(certificate, issuer or certificate, HASHES[algorithm])
    request = builder.build()
    return {
        "hashAlgorithm": algorithm,
        "issuerNameHash": request.issuer_name_hash.hex(),
        "issuerKeyHash": request.issuer_key_hash.hex(),
        "serialNumber": format(certificate.serial_number, "x"),
    }


def key_name(holder: x509.Certificate | x509.CertificateSigningRequest) -> str:
    """Type and size of a public key, "RSA 2048" or "EC secp256r1" for example."""
    try:
        key = holder.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return "unknown"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"EC {key.curve.name}"
    if isinstance(key, (rsa.RSAPublicKey, dsa.DSAPublicKey)):
        return f"{'RSA' if isinstance(key, rsa.RSAPublicKey) else 'DSA'} {key.key_size}"
    return type(key).__name__.removesuffix("PublicKey").lstrip("_")


def _key_problems(holder: x509.Certificate | x509.CertificateSigningRequest) -> list[str]:
    try:
        key = holder.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return ["its key is of an unknown type or damaged (A00.FR.501)"]
    if isinstance(key, (rsa.RSAPublicKey, dsa.DSAPublicKey)) and key.key_size < _MIN_RSA:
        return [f"its key, {key_name(holder)}, is smaller than {_MIN_RSA} bits (A00.FR.502)"]
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.key_size < _MIN_EC:
        return [f"its key, {key_name(holder)}, is smaller than {_MIN_EC} bits (A00.FR.503)"]
    return []


def _subject_problems(subject: x509.Name, serial_number: str, organization: str) -> list[str]:
    problems = []
    common = _values(subject, NameOID.COMMON_NAME)
    if not common:
        problems.append("its subject has no commonName (A00.FR.511)")
    elif serial_number and not any(serial_number in value for value in common):
        problems.append(
            f"its commonName {common[0][:64]!r} is not the serial number {serial_number!r} (A00.FR.511)"
        )
    problems += [
        f"its commonName {value[:64]!r} has the form of a URL or an IP address (A00.FR.511)"
        for value in common
        if _URL.search(value) or _is_address(value)
    ]
    owners = _values(subject, NameOID.ORGANIZATION_NAME)
    if not owners:
        problems.append("its subject has no organizationName (A00.FR.509)")
    elif organization and not any(organization in value for value in owners):
        problems.append(f"its organizationName {owners[0][:64]!r} is not {organization!r} (A00.FR.404)")
    return problems


def _values(subject: x509.Name, oid: x509.ObjectIdentifier) -> list[str]:
    values = (attribute.value for attribute in subject.get_attributes_for_oid(oid))
    return [value if isinstance(value, str) else value.decode("utf-8", "replace") for value in values]


def _is_address(value: str) -> bool:
    try:
        ipaddress.ip_address(value.strip("[]"))
    except ValueError:
        return False
    return True


def csr_problems(pem: str, serial_number: str = "", organization: str = "") -> list[str]:
    """What is wrong with a station's CSR by the whitepaper, a sentence each; nothing for a right one.

    `serial_number` has to stand in CN and `organization` (CpoName) in O; empty ones are not compared. Never raises.
    """
    try:
        request = load_csr(pem)
    except PkiError as error:
        return [str(error)]
    problems = [] if request.is_signature_valid else ["its signature does not fit its own key (RFC 2986)"]
    hashed = _signature_hash(request)
    if hashed in ("md5", "sha1"):
        problems.append(f"it is signed with {hashed}, which is no longer suitable (A00.FR.504)")
    return problems + _key_problems(request) + _subject_problems(request.subject, serial_number, organization)


def _signature_hash(holder: x509.CertificateSigningRequest) -> str:
    try:
        algorithm = holder.signature_hash_algorithm
    except UnsupportedAlgorithm:
        return "unknown"
    return algorithm.name if algorithm else ""


def client_certificate_problems(
    certificate: x509.Certificate | str,
    serial_number: str = "",
    organization: str = "",
    now: datetime.datetime | None = None,
) -> list[str]:
    """What is wrong with a station's certificate by TC_087 and section 2.6.1 of the whitepaper; never raises.

    Key size, serial number, O, CN and validity. Whether its chain is trusted is a fact of the connection.
    """
    try:
        if isinstance(certificate, str):
            certificate = load_certificate(certificate)
        subject, number = certificate.subject, certificate.serial_number
        from_, until = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    except Exception as error:  # A station's bytes: the library raises what it likes for damaged ones.
        return [f"it cannot be read: {error}"]
    problems = _key_problems(certificate)
    if number <= 0:
        problems.append(f"its serial number is {number}, not a positive number (A00.FR.508, RFC 5280)")
    problems += _subject_problems(subject, serial_number, organization)
    now = now or utc_now()
    if now < from_:
        problems.append(f"it is not valid before {from_:%Y-%m-%d %H:%M} UTC (A00.FR.407)")
    if now > until:
        problems.append(f"it expired at {until:%Y-%m-%d %H:%M} UTC (A00.FR.407)")
    return problems
