"""Certificates as such: making one, reading one, and the hash data OCPP identifies one by.

Nothing here is kept on disk; `octt.pki.pki` is the laboratory's authority. OCPP 1.6 security whitepaper edition 3,
section 2.6.1 (certificate properties) and 6.1 (CertificateHashDataType).
"""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import os
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

SMALLEST_RSA = 2048
"""Bits of an RSA key (A00.FR.502)."""


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


def names_of(certificate: x509.Certificate) -> list[str]:
    """The names and addresses of a server that a certificate is for."""
    try:
        given = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return [str(one.value) for one in given]


def utc_now() -> datetime.datetime:
    """The present with its time zone."""
    return datetime.datetime.now(datetime.UTC)


def new_key(kind: KeyType, bits: int = 0) -> PrivateKey:
    """A fresh key: RSA of 2048 bits, or of `bits`, or ECDSA on P-256."""
    if kind == "rsa":
        return rsa.generate_private_key(65537, bits or SMALLEST_RSA)
    return ec.generate_private_key(ec.SECP256R1())


def key_type_of(public_key: Any) -> KeyType:
    """The type of a public key; anything that is not elliptic counts as RSA."""
    return "ecdsa" if isinstance(public_key, ec.EllipticCurvePublicKey) else "rsa"


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


def load_ca(pem: bytes, password: bytes | None = None) -> Identity:
    """A certificate authority from PEM: its private key, its certificate and, if it is no root, those above it.

    Raises PkiError when key and certificate do not belong together or it is no valid CA.
    """
    try:
        key: Any = serialization.load_pem_private_key(pem, password)
        certificates = x509.load_pem_x509_certificates(pem)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise PkiError(f"the CA to import needs its private key and certificate in PEM: {error}") from None
    own = [certificate for certificate in certificates if certificate.public_key() == key.public_key()]
    if not own or not isinstance(key, PrivateKey):
        raise PkiError("the CA to import has no RSA or ECDSA key that belongs to one of its certificates")
    certificate = own[0]
    try:
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound:
        constraints = x509.BasicConstraints(False, None)
    if not constraints.ca or certificate.not_valid_after_utc < utc_now():
        raise PkiError(f"{describe(certificate)} is no certificate authority, or it has expired")
    return Identity(certificate, key, tuple(other for other in certificates if other != certificate))


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
