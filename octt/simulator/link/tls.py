"""Transport security of the station's connection: security profiles 1 to 3 of the security whitepaper.

Profile 1 and 2 send a basic auth header (A00.FR.202 to 205, 301 to 304), profile 2 and 3 use TLS 1.2 or above with
the Central System's certificate verified (A00.FR.307 to 320), profile 3 adds the station's own certificate.
"""

from __future__ import annotations

import base64
import contextlib
import os
import ssl
import tempfile
from collections.abc import Iterable, Sequence
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from octt.simulator.link import certificates
from octt.simulator.link.truststore import Identity

# Names of the whitepaper (A00.FR.318) and a few others that stations declare in SEC-4, as OpenSSL calls them.
CIPHER_SUITES = {
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256": "ECDHE-ECDSA-AES128-GCM-SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": "ECDHE-ECDSA-AES256-GCM-SHA384",
    "TLS_RSA_WITH_AES_128_GCM_SHA256": "AES128-GCM-SHA256",
    "TLS_RSA_WITH_AES_256_GCM_SHA384": "AES256-GCM-SHA384",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256": "ECDHE-RSA-AES128-GCM-SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": "ECDHE-RSA-AES256-GCM-SHA384",
    "TLS_RSA_WITH_AES_128_CBC_SHA": "AES128-SHA",
}
_OLD_VERSIONS = ("UNSUPPORTED_PROTOCOL", "PROTOCOL_VERSION", "WRONG_SSL_VERSION")
_NO_SUITE = ("HANDSHAKE_FAILURE", "INSUFFICIENT_SECURITY", "NO_CIPHERS", "NO_SHARED_CIPHER", "WRONG_CIPHER")


def client_context(
    roots: Iterable[x509.Certificate],
    *,
    identity: Identity | None = None,
    suites: Sequence[str] = (),
    maximum: ssl.TLSVersion | None = None,
    minimum: ssl.TLSVersion | None = None,
    verify: bool = True,
    check_hostname: bool = True,
) -> ssl.SSLContext:
    """The TLS client settings of a station.

    `roots` are trusted; each may end a chain even when it is not self-signed (a replacing root, whitepaper 7.1).
    `suites` are names of the whitepaper; with them only TLS 1.2 and below is spoken, for TLS 1.3 has suites
    of its own that cannot be left out. Without them OpenSSL's secure ones and the four of the whitepaper are used.
    `minimum` and `maximum` below TLS 1.2, and verification switched off, exist for the faults. The host name is
    compared with the subjectAltName or, if there is none, with the commonName (A00.FR.308).
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = verify and check_hostname
    context.verify_mode = ssl.CERT_REQUIRED if verify else ssl.CERT_NONE
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    names = ":".join(CIPHER_SUITES[name] for name in suites) or "ECDHE+AESGCM:ECDHE+CHACHA20:RSA+AESGCM"
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if maximum is not None:
        context.minimum_version = min(maximum, ssl.TLSVersion.TLSv1_2)
        context.maximum_version = maximum
        names += ":ECDHE+AES:RSA+AES:@SECLEVEL=0"
    elif suites:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    if minimum is not None:
        context.minimum_version = minimum
        names += ":ECDHE+AES:RSA+AES:@SECLEVEL=0"
    if identity and _small(identity):
        names += ":@SECLEVEL=0"
    context.set_ciphers(names)
    for root in roots:
        context.load_verify_locations(cadata=certificates.to_pem([root]))
    if identity:
        _load_identity(context, identity)
    return context


def _small(identity: Identity) -> bool:
    """Whether the key is one that OpenSSL refuses to use at its usual security level."""
    key = identity.key
    return key.key_size < (224 if isinstance(key, ec.EllipticCurvePrivateKey) else 2048)


def _load_identity(context: ssl.SSLContext, identity: Identity) -> None:
    """OpenSSL's Python face reads key and certificate from a file only; this one lives for a moment, mode 0600."""
    handle, path = tempfile.mkstemp(suffix=".pem")
    try:
        with os.fdopen(handle, "w") as file:
            file.write(certificates.key_to_pem(identity.key) + certificates.to_pem(identity.chain))
        context.load_cert_chain(path)
    finally:
        with contextlib.suppress(OSError):
            os.unlink(path)


def basic_auth(identity: str, authorization_key: str) -> str:
    """The Authorization header: the charge point identity and the bytes that AuthorizationKey writes in hex.

    A key that is no hexadecimal, which only a faulty station takes, stands for its own text.
    """
    try:
        password = bytes.fromhex(authorization_key)
    except ValueError:
        password = authorization_key.encode()
    credentials = identity.encode() + b":" + password
    return "Basic " + base64.b64encode(credentials).decode()


def valid_authorization_key(value: str) -> bool:
    """Whether a value can be AuthorizationKey: 16 to 20 bytes, as 32 to 40 hexadecimal digits (whitepaper 7.2)."""
    digits = all(c in "0123456789abcdefABCDEF" for c in value)
    return digits and len(value) % 2 == 0 and 32 <= len(value) <= 40


def security_event(error: BaseException) -> str | None:
    """The security event that a failed connection means (whitepaper section 8), None when it means none."""
    found: BaseException | None = error
    while found is not None and not isinstance(found, ssl.SSLError):
        found = found.__cause__ or found.__context__
    if found is None:
        return None
    if isinstance(found, ssl.SSLCertVerificationError):
        return "InvalidCentralSystemCertificate"
    reason = found.reason or ""
    if any(part in reason for part in _OLD_VERSIONS):
        return "InvalidTLSVersion"
    if any(part in reason for part in _NO_SUITE):
        return "InvalidTLSCipherSuite"
    return None


def verifying_root(connection: Any) -> x509.Certificate | None:
    """The root by which the server of an `ssl.SSLObject` or `ssl.SSLSocket` was verified, if it was."""
    # Public only from Python 3.13 on; before, the same method sits one level down.
    holder = connection if hasattr(connection, "get_verified_chain") else getattr(connection, "_sslobj", None)
    chain = (holder.get_verified_chain() or []) if holder else []
    if len(chain) < 2 or connection.context.verify_mode == ssl.CERT_NONE:
        return None
    last = chain[-1]
    der = last if isinstance(last, bytes) else ssl.PEM_cert_to_DER_cert(last.public_bytes())
    return x509.load_der_x509_certificate(der)
