"""TLS of the Central System: contexts for security profiles 2 and 3, and the facts of a connection.

The contexts are pyOpenSSL's, wrapped so that asyncio servers take them as `ssl=`. It brings its own OpenSSL, so
suites and versions do not depend on the policy of the computer, and it shows what Python's ssl does not: the whole
chain that a station sent, why it was refused, and a certificate that is accepted although it is wrong.
OCPP 1.6 security whitepaper edition 3, sections 2.4 and 2.5.
"""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import SSL
from OpenSSL.crypto import X509, X509StoreFlags

from octt.pki.certificates import Identity, PkiError, describe, key_name
from octt.tls.clienthello import Opening, current_opening
from octt.tls.suites import iana_name, openssl_name

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
# Sentences for the X509_V_ERR codes of OpenSSL.
_VERIFY_TEXTS = {
    2: "the issuer's certificate is missing",
    7: "the signature is wrong",
    9: "it is not valid yet",
    10: "it has expired",
    13: "its notBefore is no date",
    14: "its notAfter is no date",
    18: "it is self-signed and not trusted",
    19: "the chain ends in a root that is not trusted",
    20: "the issuer's certificate is missing or not trusted",
    21: "the chain cannot be completed to a trusted root",
    24: "the issuer is no certificate authority",
    25: "the path is longer than its certificates allow",
    26: "its key usage does not allow client authentication",
    32: "the issuer's key usage does not allow signing certificates",
    34: "it has a critical extension that is unknown",
    66: "its key is too small",
    67: "the issuer's key is too small",
    68: "it is signed with a weak hash",
}


class LabContext(ssl.SSLContext):
    """A pyOpenSSL context in the shape that asyncio servers expect; `openssl` is for pyftpdlib."""

    def __new__(cls, openssl: SSL.Context) -> LabContext:
        return super().__new__(cls, ssl.PROTOCOL_TLS_SERVER)

    def __init__(self, openssl: SSL.Context) -> None:
        self.openssl = openssl

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> Tls:
        """Begins the server's side of one connection."""
        return Tls(self, incoming, outgoing)


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
            f"OpenSSL refuses this combination of certificates and suites: {_reason(error)}"
        ) from None
    if clients != "none":
        context.set_verify_depth(5)
        if store := context.get_cert_store():
            # A laboratory may trust an issuing CA without its root being here.
            store.set_flags(X509StoreFlags.PARTIAL_CHAIN)
            for certificate in trusted:
                store.add_cert(X509.from_cryptography(certificate))
        mode = SSL.VERIFY_PEER | (SSL.VERIFY_FAIL_IF_NO_PEER_CERT if clients == "required" else 0)
        context.set_verify(mode, _verifier(lenient=clients == "any"))
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


def _verifier(lenient: bool) -> Callable[[SSL.Connection, X509, int, int, int], bool]:
    def verify(connection: SSL.Connection, certificate: X509, error: int, depth: int, ok: int) -> bool:
        notes = connection.get_app_data()
        if not isinstance(notes, _Notes):
            connection.set_app_data(notes := _Notes())
        try:
            notes.chain[depth] = certificate.to_cryptography()
        except Exception:  # A station's bytes: OpenSSL reads certificates that cryptography does not.
            notes.problems.append(f"certificate {depth} of its chain is malformed")
        if not ok:
            notes.problems.append(_verify_text(error, depth))
        # OpenSSL ends with the station's own certificate, depth 0: going on until then keeps it as evidence.
        return lenient or depth > 0 or not notes.problems

    return verify


class _Notes:
    """What verification said about the station's chain, by depth from its own certificate."""

    def __init__(self) -> None:
        self.chain: dict[int, x509.Certificate] = {}
        self.problems: list[str] = []


def _verify_text(error: int, depth: int) -> str:
    text = _VERIFY_TEXTS.get(error, f"OpenSSL's verification error {error}")
    return text if depth == 0 else f"{text} (certificate {depth} above the station's)"


class Tls(ssl.SSLObject):
    """One connection over memory buffers, in the shape of ssl.SSLObject as far as asyncio uses it."""

    def __init__(self, context: LabContext, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO) -> None:
        self.lab_context = context
        self.connection = SSL.Connection(context.openssl, None)
        self.connection.set_accept_state()
        self.connection.set_app_data(_Notes())
        self.opening = current_opening() or Opening()
        self.opening.tls = self
        self._incoming, self._outgoing = incoming, outgoing

    @contextlib.contextmanager
    def _moving(self) -> Iterator[None]:
        """Bytes go in before and come out after; pyOpenSSL's errors become those of ssl."""
        data = self._incoming.read()
        if data:
            if self.opening.socket is None and not self.opening.established:
                self.opening.feed(data)
            self.connection.bio_write(data)
        try:
            yield
        except (SSL.WantReadError, SSL.WantWriteError):
            raise ssl.SSLWantReadError(ssl.SSL_ERROR_WANT_READ, "more bytes are needed") from None
        except SSL.ZeroReturnError:
            raise ssl.SSLZeroReturnError(ssl.SSL_ERROR_ZERO_RETURN, "TLS was closed") from None
        except SSL.SysCallError as error:
            raise ssl.SSLEOFError(ssl.SSL_ERROR_EOF, str(error)) from None
        except SSL.Error as error:
            raise ssl.SSLError(ssl.SSL_ERROR_SSL, _reason(error)) from None
        except Exception as error:  # asyncio ends the connection quietly for nothing else.
            raise ssl.SSLError(ssl.SSL_ERROR_SSL, f"{type(error).__name__}: {error}") from error
        finally:
            with contextlib.suppress(SSL.WantReadError):
                while True:
                    self._outgoing.write(self.connection.bio_read(1 << 16))

    def do_handshake(self) -> None:
        """One more step of the handshake; the reason of a failure is kept in `opening.failure`."""
        try:
            with self._moving():
                self.connection.do_handshake()
        except ssl.SSLWantReadError:
            raise
        except ssl.SSLError as error:
            self.opening.failure = self._why(str(error.args[-1]))
            if self.opening.socket is not None:
                # asyncio drops the connection without sending the alert that tells the station why.
                with contextlib.suppress(OSError):
                    self.opening.socket.send(self._outgoing.read())
            raise
        self.opening.established = True

    def _why(self, reason: str) -> str:
        notes = self.connection.get_app_data()
        if self.opening.hello is None and self.opening.first:
            return self.opening.why_no_hello
        if notes.problems and "alert" not in reason:
            whose = f" ({describe(notes.chain[0])})" if 0 in notes.chain else ""
            return f"the station's client certificate{whose} is refused: {'; '.join(notes.problems)}"
        if "peer did not return a certificate" in reason:
            return "the station sent no client certificate, which security profile 3 requires"
        if "alert" in reason:
            return f"the station refused the handshake: {reason}"
        return f"the TLS handshake failed: {reason}"

    def read(self, len: int = 1024, buffer: Any = None) -> Any:
        """As ssl.SSLObject.read: bytes, or their number when a buffer is given; nothing at the end."""
        try:
            with self._moving():
                if buffer is None:
                    return self.connection.recv(len)
                return self.connection.recv_into(buffer, len)
        except ssl.SSLZeroReturnError:
            return b"" if buffer is None else 0

    def write(self, data: Any) -> int:
        """As ssl.SSLObject.write."""
        if not data:
            return 0
        with self._moving():
            return self.connection.send(data)

    def unwrap(self) -> None:
        """Says goodbye, and waits (by SSLWantReadError) for the other side to say so too."""
        with self._moving():
            if not self.connection.shutdown():
                self.connection.shutdown()

    def pending(self) -> int:
        """Decrypted bytes that can be read at once."""
        return self.connection.pending()

    def getpeercert(self, binary_form: bool = False) -> Any:
        """The client certificate in DER when `binary_form`; the parsed form is in `tls_facts`."""
        certificate = self.connection.get_peer_certificate(as_cryptography=True) if binary_form else None
        return certificate.public_bytes(Encoding.DER) if certificate else None

    def cipher(self) -> tuple[str, str, int] | None:
        """OpenSSL's name of the suite, its version and secret bits."""
        name = self.connection.get_cipher_name()
        return (
            (name, self.connection.get_cipher_version() or "", self.connection.get_cipher_bits() or 0)
            if name
            else None
        )

    def version(self) -> str | None:
        """The negotiated version, "TLSv1.2" for example; None before the handshake."""
        return self.connection.get_protocol_version_name() if self.opening.established else None

    def compression(self) -> None:
        """Always None: compression is not offered (A00.FR.320)."""

    def selected_alpn_protocol(self) -> None:
        """Always None: OCPP-J negotiates no protocol in TLS."""

    @property
    def context(self) -> LabContext:
        """The context this connection began with."""
        return self.lab_context

    @context.setter
    def context(self, _context: ssl.SSLContext) -> None:
        raise AttributeError("the context of a running connection stays what it is")

    @property
    def server_side(self) -> bool:
        """Always the server."""
        return True

    @property
    def server_hostname(self) -> None:
        """Not known to a server; `tls_facts` has what the station asked for."""


def _reason(error: SSL.Error) -> str:
    entries = error.args[0] if error.args and isinstance(error.args[0], (list, tuple)) else []
    texts = [entry[-1] for entry in entries if isinstance(entry, tuple) and entry and entry[-1]]
    return "; ".join(texts) or "the connection ended"


def tls_facts(tls: ssl.SSLObject | SSL.Connection | Opening) -> dict[str, Any]:
    """What is known of a connection: version, cipher (IANA), cipher_openssl, sni, client_cert, offered.

    `client_cert` is None or {subject, issuer, serial, key, not_before, not_after, pem, chain (the subjects above it),
    chain_ok, problems}; of a malformed certificate only the last three.
    Takes an `Opening` too: the facts of a handshake that failed, with `error`.
    """
    if isinstance(tls, Opening):
        facts: dict[str, Any] = (
            tls_facts(tls.tls) if tls.tls else {"version": None, "cipher": None, "client_cert": None}
        )
        facts["offered"] = tls.hello.facts() if tls.hello else None
        return {**facts, "error": tls.failure} if tls.failure else facts
    if isinstance(tls, SSL.Connection):
        return _connection_facts(tls)
    if not isinstance(tls, Tls):
        cipher = tls.cipher()
        return {
            "version": tls.version(),
            "cipher": iana_name(cipher[0]) if cipher else None,
            "client_cert": None,
        }
    facts = _connection_facts(tls.connection) if tls.opening.established else _unfinished(tls.connection)
    hello = tls.opening.hello
    facts["sni"] = facts["sni"] or (hello.sni if hello else "")
    facts["offered"] = hello.facts() if hello else None
    return facts


def _unfinished(connection: SSL.Connection) -> dict[str, Any]:
    facts: dict[str, Any] = {"version": None, "cipher": None, "cipher_openssl": None, "sni": ""}
    return {**facts, "client_cert": _client_facts(connection)}


def _connection_facts(connection: SSL.Connection) -> dict[str, Any]:
    name = connection.get_cipher_name()
    return {
        "version": connection.get_protocol_version_name(),
        "cipher": iana_name(name) if name else None,
        "cipher_openssl": name,
        "sni": (connection.get_servername() or b"").decode("ascii", "backslashreplace"),
        "client_cert": _client_facts(connection),
    }


def _client_facts(connection: SSL.Connection) -> dict[str, Any] | None:
    notes = connection.get_app_data()
    if not isinstance(notes, _Notes) or not (notes.chain or notes.problems):
        return None  # OpenSSL calls the verifier for every certificate that is sent.
    problems = list(dict.fromkeys(notes.problems))
    facts: dict[str, Any] = {"chain_ok": not problems, "problems": problems}
    own = notes.chain.get(0)
    try:
        above = (certificate for depth, certificate in sorted(notes.chain.items()) if depth > 0)
        facts["chain"] = [certificate.subject.rfc4514_string() for certificate in above]
        return {**_certificate_facts(own), **facts} if own else facts
    except Exception as error:  # A station's bytes: names and dates are only read here.
        problems.append(f"it cannot be read: {error}")
        return {**facts, "chain": [], "chain_ok": False}


def _certificate_facts(certificate: x509.Certificate) -> dict[str, Any]:
    return {
        "subject": certificate.subject.rfc4514_string(),
        "issuer": certificate.issuer.rfc4514_string(),
        "serial": format(certificate.serial_number, "x"),
        "key": key_name(certificate),
        "not_before": certificate.not_valid_before_utc.isoformat(),
        "not_after": certificate.not_valid_after_utc.isoformat(),
        "pem": certificate.public_bytes(Encoding.PEM).decode(),
    }
