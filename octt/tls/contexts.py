"""TLS contexts of the Central System and the file servers, for security profiles 2 and 3 and for what breaks them.

OCPP 1.6 security whitepaper edition 3, sections 2.4 and 2.5.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from cryptography import x509
from OpenSSL import SSL
from OpenSSL.crypto import X509, X509StoreFlags

from octt.pki.certificates import Identity, PkiError, describe
from octt.tls.connection import LabContext, reason_of
from octt.tls.suites import openssl_name
from octt.tls.verification import verifier

Clients = Literal["none", "required", "any"]
"""Client certificates: not asked for; verified against the trusted roots; asked for and accepted whatever they are."""

_VERSIONS = {
    "1.0": SSL.TLS1_VERSION,
    "1.1": SSL.TLS1_1_VERSION,
    "1.2": SSL.TLS1_2_VERSION,
    "1.3": SSL.TLS1_3_VERSION,
}
_TLS13 = ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256")
# Wider than the four mandatory suites: a station that offers others only has to be seen to be judged (A00.FR.318).
_ANY_SUITE = "ECDHE+AES:ECDHE+CHACHA20:DHE+AES:kRSA+AES:!aNULL:!eNULL:!PSK:!SRP:!aDSS"


def server_context(
    identities: Sequence[Identity],
    versions: Sequence[str] = ("1.2", "1.3"),
    suites: Sequence[str] | None = None,
    clients: Clients = "none",
    trusted: Sequence[x509.Certificate] = (),
) -> LabContext:
    """A context that shows `identities` (one of RSA and one of ECDSA, so that every mandatory suite is possible).

    `versions` are "1.0" to "1.3", adjacent; "1.0" and "1.1" alone make the server that a station has to refuse
    (A00.FR.315). `suites` are IANA names; when all are of TLS 1.2 or older, TLS 1.3 is off. Client certificates are
    verified against `trusted`. Raises PkiError for an unknown suite or version and unusable certificates.
    """
    if not versions or not set(versions) <= set(_VERSIONS):
        raise PkiError(
            f"TLS versions {list(versions)!r} are not among {', '.join(_VERSIONS)}; name at least one"
        )
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_options(SSL.OP_NO_COMPRESSION | SSL.OP_NO_RENEGOTIATION | SSL.OP_NO_TICKET)
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    modern = [name for name in (_TLS13 if suites is None else suites) if name in _TLS13]
    older = [_openssl(name) for name in suites or () if name not in _TLS13]
    try:
        highest = max(versions) if modern else min(max(versions), "1.2")
        context.set_min_proto_version(_VERSIONS[min(versions) if older or suites is None else "1.3"])
        context.set_max_proto_version(_VERSIONS[highest])
        # Security level 0: weak client keys and old versions have to be seen and judged, not dropped unseen.
        context.set_cipher_list((":".join(older) or _ANY_SUITE).encode() + b":@SECLEVEL=0")
        if modern:
            context.set_tls13_ciphersuites(":".join(modern).encode())
        for identity in identities:
            _use(context, identity)
    except SSL.Error as error:
        raise PkiError(
            f"OpenSSL refuses this combination of certificates and suites: {reason_of(error)}"
        ) from None
    if clients != "none":
        context.set_verify_depth(5)
        if store := context.get_cert_store():
            # A laboratory may trust an issuing CA without its root being here.
            store.set_flags(X509StoreFlags.PARTIAL_CHAIN)
            for certificate in trusted:
                store.add_cert(X509.from_cryptography(certificate))
        mode = SSL.VERIFY_PEER | (SSL.VERIFY_FAIL_IF_NO_PEER_CERT if clients == "required" else 0)
        context.set_verify(mode, verifier(lenient=clients == "any"))
    return LabContext(context)


def _openssl(suite: str) -> str:
    try:
        return openssl_name(suite)
    except KeyError:
        raise PkiError(f"cipher suite {suite!r} is unknown; use a name of the IANA registry") from None


def _use(context: SSL.Context, identity: Identity) -> None:
    if identity.key is None:
        raise PkiError(f"the server certificate {describe(identity.certificate)} has no private key here")
    # pyOpenSSL adds extra certificates to every identity; a file keeps each chain with its own certificate.
    with identity.chain_file() as path:
        context.use_certificate_chain_file(str(path))
    context.use_privatekey(identity.key)
