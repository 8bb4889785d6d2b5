"""X.509 work of the station: reading and judging certificates, requests for new ones, signatures.

Pure functions, no state (that is `truststore`). The rules are those of the OCPP 1.6-J security whitepaper, edition 3:
certificate properties in section 2.6.1, the charge point's own certificate in A02 and A03, root certificates in
M03 to M05, firmware signatures in L01. Everything from outside may be garbage: each function that reads it raises
`CertificateError`, a sentence, and nothing else.
"""

from __future__ import annotations

import base64
import binascii
import datetime
import ipaddress
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Literal

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, padding, rsa
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
KeyType = Literal["rsa", "ec"]
_WEAK_HASHES = (hashes.MD5, hashes.SHA1)
_MAX_INTERMEDIATES = 4
# What cryptography raises on certificates that parse but carry nonsense inside.
_NONSENSE = (
    *(ValueError, TypeError, OverflowError, UnsupportedAlgorithm, InvalidSignature),
    *(x509.InvalidVersion, x509.DuplicateExtension, x509.UnsupportedGeneralNameType),
)


class CertificateError(ValueError):
    """A certificate, key or signature that is not acceptable; the message says why."""


def parse(pem: str) -> list[x509.Certificate]:
    """All certificates of a PEM text, in their order (at least one)."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CryptographyDeprecationWarning)
            found = x509.load_pem_x509_certificates(pem.encode())
            for certificate in found:
                _touch(certificate)
    except CertificateError:
        raise
    except _NONSENSE as error:
        raise CertificateError(f"not a PEM encoded X.509 certificate: {error}") from error
    return found


def parse_one(pem: str) -> x509.Certificate:
    """The certificate of a PEM text that must hold exactly one."""
    found = parse(pem)
    if len(found) != 1:
        raise CertificateError(f"one certificate expected, {len(found)} found")
    return found[0]


def to_pem(certificates: Iterable[x509.Certificate]) -> str:
    """The certificates as one PEM text."""
    return "".join(c.public_bytes(serialization.Encoding.PEM).decode() for c in certificates)


def _touch(certificate: x509.Certificate) -> None:
    """Read every part used later, so that lazily parsed nonsense shows here and not in the middle of work."""
    if certificate.serial_number <= 0 or certificate.serial_number.bit_length() > 160:
        raise CertificateError("the serial number is not a positive number of at most 20 bytes")
    certificate.public_key()
    _ = certificate.extensions, certificate.subject, certificate.issuer, certificate.signature_hash_algorithm
    _ = certificate.not_valid_before_utc, certificate.not_valid_after_utc, certificate.signature


# judging


def check_properties(certificate: x509.Certificate, now: datetime.datetime) -> None:
    """Validity period, key size and signature hash (whitepaper A00.FR.501 to 504, A02.FR.06)."""
    if now < certificate.not_valid_before_utc:
        raise CertificateError(f"not valid before {certificate.not_valid_before_utc.isoformat()}")
    if now > certificate.not_valid_after_utc:
        raise CertificateError(f"expired on {certificate.not_valid_after_utc.isoformat()}")
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey | dsa.DSAPublicKey):
        if key.key_size < 2048:
            raise CertificateError(f"a key of {key.key_size} bits, at least 2048 are needed")
    elif isinstance(key, ec.EllipticCurvePublicKey):
        if key.curve.key_size < 224:
            raise CertificateError(
                f"an elliptic curve key of {key.curve.key_size} bits, at least 224 are needed"
            )
    else:
        raise CertificateError("neither an RSA nor an elliptic curve key")
    if isinstance(certificate.signature_hash_algorithm, _WEAK_HASHES):
        raise CertificateError("signed with a hash that is not secure")


def check_ca(certificate: x509.Certificate, now: datetime.datetime, below: int = 0) -> None:
    """That the certificate may issue others, with `below` further CA certificates under it (RFC 5280, 4.2.1)."""
    check_properties(certificate, now)
    try:
        basic = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound as error:
        raise CertificateError("not the certificate of an authority (no basicConstraints)") from error
    if not basic.ca:
        raise CertificateError("not the certificate of an authority (CA is false)")
    if basic.path_length is not None and below > basic.path_length:
        raise CertificateError("the chain is longer than the authority's path length")
    if not _key_usage(certificate, "key_cert_sign"):
        raise CertificateError("its key usage does not allow signing certificates")


def issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether `issuer`'s name and key fit `certificate`'s issuer and signature."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except _NONSENSE:
        return False
    return True


def check_chain(
    leaf: x509.Certificate,
    intermediates: Sequence[x509.Certificate],
    roots: Sequence[x509.Certificate],
    now: datetime.datetime,
    below: int = 0,
) -> None:
    """That a path of valid certificates leads from `leaf` to one of `roots` (RFC 5280, section 6).

    `below` is the number of intermediate certificates already in the path.
    """
    if len(intermediates) > _MAX_INTERMEDIATES:
        raise CertificateError(f"more than {_MAX_INTERMEDIATES} intermediate certificates")
    reason = CertificateError("no path leads to an installed root certificate")
    for issuer in [*roots, *intermediates]:
        if not issued_by(leaf, issuer):
            continue
        try:
            check_ca(issuer, now, below)
            if issuer not in roots:
                others = [c for c in intermediates if c != issuer]
                check_chain(issuer, others, roots, now, below + 1)
        except CertificateError as error:
            reason = error
        else:
            return
    raise reason


def check_charge_point_chain(
    chain: Sequence[x509.Certificate],
    key: PrivateKey,
    roots: Sequence[x509.Certificate],
    *,
    organization: str,
    serial_number: str,
    now: datetime.datetime,
) -> None:
    """That a chain from CertificateSigned.req is this station's certificate (A02.FR.06, A00.FR.501 to 511)."""
    leaf, *intermediates = chain
    check_properties(leaf, now)
    if not is_for_key(leaf, key):
        raise CertificateError("not for the key of this station's last request")
    if serial_number not in _names(leaf, NameOID.COMMON_NAME):
        raise CertificateError("the subject's commonName is not the serial number of this station")
    if organization not in _names(leaf, NameOID.ORGANIZATION_NAME):
        raise CertificateError(f"the subject's organizationName is not {organization!r}")
    _check_usage(leaf, ExtendedKeyUsageOID.CLIENT_AUTH)
    check_chain(leaf, intermediates, roots, now)


def _check_usage(certificate: x509.Certificate, purpose: x509.ObjectIdentifier) -> None:
    """That the certificate may sign, and for this purpose if it names purposes (A00.FR.512)."""
    if not _key_usage(certificate, "digital_signature"):
        raise CertificateError("its key usage does not allow signatures")
    try:
        purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return
    if purpose not in purposes and ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE not in purposes:
        raise CertificateError("its extended key usage is for another purpose")


def _key_usage(certificate: x509.Certificate, usage: str) -> bool:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.KeyUsage)
    except x509.ExtensionNotFound:
        return True
    return bool(getattr(extension.value, usage))


def _names(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> list[str]:
    return [str(attribute.value) for attribute in certificate.subject.get_attributes_for_oid(oid)]


def is_for_key(certificate: x509.Certificate, key: PrivateKey) -> bool:
    """Whether the certificate holds the public half of `key`."""
    form = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return certificate.public_key().public_bytes(*form) == key.public_key().public_bytes(*form)


# the station's own key and request


def generate_key(kind: KeyType = "rsa", bits: int = 2048) -> PrivateKey:
    """A new private key: RSA of `bits` or P-256 (A00.FR.502 and 503). RSA takes up to a second."""
    if kind == "ec":
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def signing_request(key: PrivateKey, serial_number: str, organization: str) -> str:
    """A PEM encoded PKCS #10 request: CN is the station's serial number, O is CpoName (A02.FR.03 and 13)."""
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
            x509.NameAttribute(NameOID.COMMON_NAME, serial_number),
        ]
    )
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    return request.public_bytes(serialization.Encoding.PEM).decode()


def check_serial_number(serial_number: str) -> None:
    """That a serial number can be a commonName that is neither a URL nor an IP address (A00.FR.511)."""
    if not 0 < len(serial_number) <= 64 or "://" in serial_number:
        raise CertificateError("a serial number has 1 to 64 characters and is no URL")
    try:
        ipaddress.ip_address(serial_number)
    except ValueError:
        return
    raise CertificateError("a serial number is no IP address")


def key_to_pem(key: PrivateKey) -> str:
    """The private key as unencrypted PKCS #8."""
    plain = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain).decode()


def key_from_pem(pem: str) -> PrivateKey:
    """The RSA or elliptic curve private key of a PEM text."""
    try:
        key = serialization.load_pem_private_key(pem.encode(), None)
    except _NONSENSE as error:
        raise CertificateError(f"not an unencrypted PEM private key: {error}") from error
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise CertificateError("neither an RSA nor an elliptic curve key")
    return key


# signed firmware


def check_signing_certificate(
    certificate: x509.Certificate, roots: Sequence[x509.Certificate], now: datetime.datetime
) -> None:
    """That a firmware signing certificate is valid and issued by a manufacturer root (L01.FR.12 and 23).

    Intermediate certificates are not allowed between the two (whitepaper L01, remarks).
    """
    check_properties(certificate, now)
    _check_usage(certificate, ExtendedKeyUsageOID.CODE_SIGNING)
    check_chain(certificate, [], roots, now)


def check_firmware_signature(
    certificate: x509.Certificate, firmware: bytes, signature: str, *, legacy: bool = False
) -> None:
    """That the base64 `signature` over the firmware's SHA-256 hash fits the signing certificate (L01.FR.04).

    RSA keys sign with RSA-PSS. The whitepaper's ECSchnorr exists in no maintained library; ECDSA, which
    it names for certificates, takes its place. `legacy` also accepts RSA with PKCS #1 v1.5 padding.
    """
    try:
        value = base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError) as error:
        raise CertificateError("the signature is not base64") from error
    key = certificate.public_key()
    sha256 = hashes.SHA256()
    if isinstance(key, ec.EllipticCurvePublicKey):
        return _verify(lambda: key.verify(value, firmware, ec.ECDSA(sha256)))
    if not isinstance(key, rsa.RSAPublicKey):
        raise CertificateError("the signing key is neither an RSA nor an elliptic curve key")
    pss = padding.PSS(padding.MGF1(sha256), padding.PSS.AUTO)
    try:
        _verify(lambda: key.verify(value, firmware, pss, sha256))
    except CertificateError:
        if not legacy:
            raise
        _verify(lambda: key.verify(value, firmware, padding.PKCS1v15(), sha256))


def _verify(check: Callable[[], None]) -> None:
    try:
        check()
    except _NONSENSE as error:
        raise CertificateError("the signature does not fit the firmware and the certificate") from error
