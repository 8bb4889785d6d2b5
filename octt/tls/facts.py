"""The facts of a TLS connection as the record keeps them, of one that came up or of a handshake that failed."""

from __future__ import annotations

import ssl
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import SSL

from octt.pki.certificates import key_name
from octt.tls.connection import Tls
from octt.tls.listener import Opening
from octt.tls.suites import iana_name
from octt.tls.verification import Notes

_KEPT = 256
"""Bytes of what was no ClientHello that stay as evidence."""


def tls_facts(tls: ssl.SSLObject | SSL.Connection | Opening) -> dict[str, Any]:
    """What is known of a connection: version, cipher (IANA), cipher_openssl, sni, client_cert, offered.

    `client_cert` is None or {subject, issuer, serial, key, not_before, not_after, pem, chain (the subjects above it),
    chain_ok, problems}; of a malformed certificate only the last three.
    Takes an `Opening` too: the facts of a handshake that failed, with `error`, and with the beginning of what was
    `received`, in hexadecimal, where that was no ClientHello.
    """
    if isinstance(tls, Opening):
        facts: dict[str, Any] = (
            tls_facts(tls.tls) if tls.tls else {"version": None, "cipher": None, "client_cert": None}
        )
        facts["offered"] = tls.hello.facts() if tls.hello else None
        if tls.hello is None:
            facts["received"] = _beginning(bytes(tls.first)).hex()
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


def _beginning(received: bytes) -> bytes:
    """What to keep of bytes that were no ClientHello; of plain HTTP the first line, as a password may follow it."""
    line, _, _ = received.partition(b"\n")
    return (line if b"HTTP/" in line else received)[:_KEPT]


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
    if not isinstance(notes, Notes) or not (notes.chain or notes.problems):
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
