"""The server's side of one TLS connection by pyOpenSSL, in the shape that asyncio servers take as `ssl=`.

pyOpenSSL brings its own OpenSSL, so suites and versions do not depend on the policy of the computer, and it shows
what Python's ssl does not: the whole chain that a station sent, why it was refused, and a certificate that is
accepted although it is wrong.
"""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterator
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import SSL

from octt.pki.certificates import describe, names_of
from octt.tls.listener import Opening, current_opening
from octt.tls.verification import Notes


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


class Tls(ssl.SSLObject):
    """One connection over memory buffers, in the shape of ssl.SSLObject as far as asyncio uses it."""

    def __init__(self, context: LabContext, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO) -> None:
        self.lab_context = context
        self.connection = SSL.Connection(context.openssl, None)
        self.connection.set_accept_state()
        self.connection.set_app_data(Notes())
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
            raise ssl.SSLError(ssl.SSL_ERROR_SSL, reason_of(error)) from None
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
            return f"the station refused the handshake: {reason}{self._shown(reason)}"
        return f"the TLS handshake failed: {reason}"

    def _shown(self, reason: str) -> str:
        """Where the station did not like our certificate: whom it is for, and by whom it was issued."""
        certificate = self.connection.get_certificate(as_cryptography=True)
        if certificate is None or not any(word in reason for word in ("certificate", "unknown ca")):
            return ""
        issuer = certificate.issuer.rfc4514_string()
        return f"; it was shown a certificate for {', '.join(names_of(certificate))}, issued by {issuer}"

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


def reason_of(error: SSL.Error) -> str:
    """What OpenSSL says, its entries joined."""
    entries = error.args[0] if error.args and isinstance(error.args[0], (list, tuple)) else []
    texts = [entry[-1] for entry in entries if isinstance(entry, tuple) and entry and entry[-1]]
    return "; ".join(texts) or "the connection ended"
