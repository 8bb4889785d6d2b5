"""What OpenSSL says about the certificate chain of a station, kept as evidence while a handshake goes on."""

from __future__ import annotations

from collections.abc import Callable

from cryptography import x509
from OpenSSL import SSL
from OpenSSL.crypto import X509

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
"""Sentences for the X509_V_ERR codes of OpenSSL."""


class Notes:
    """What verification said about the station's chain, by depth from its own certificate."""

    def __init__(self) -> None:
        self.chain: dict[int, x509.Certificate] = {}
        self.problems: list[str] = []


def verifier(lenient: bool) -> Callable[[SSL.Connection, X509, int, int, int], bool]:
    """The callback for SSL.Context.set_verify; `lenient` accepts whatever is wrong, which is noted all the same."""

    def verify(connection: SSL.Connection, certificate: X509, error: int, depth: int, ok: int) -> bool:
        notes = connection.get_app_data()
        if not isinstance(notes, Notes):
            connection.set_app_data(notes := Notes())
        try:
            notes.chain[depth] = certificate.to_cryptography()
        except Exception:  # A station's bytes: OpenSSL reads certificates that cryptography does not.
            notes.problems.append(f"certificate {depth} of its chain is malformed")
        if not ok:
            notes.problems.append(_verify_text(error, depth))
        # OpenSSL ends with the station's own certificate, depth 0: going on until then keeps it as evidence.
        return lenient or depth > 0 or not notes.problems

    return verify


def _verify_text(error: int, depth: int) -> str:
    text = _VERIFY_TEXTS.get(error, f"OpenSSL's verification error {error}")
    return text if depth == 0 else f"{text} (certificate {depth} above the station's)"
