"""What an attempt to connect shows, held against the security whitepaper: password, TLS version, suites, certificate.

Each function says what is wrong, a clause each; nothing for a right one. Sections 2.3 to 2.6 and 7.2.
"""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterable
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from octt.csms.admission import Attempt
from octt.pki.certificates import Identity
from octt.pki.problems import client_certificate_problems
from octt.tls.suites import MANDATORY_ECDSA, MANDATORY_RSA

KEY_BYTES = range(16, 21)
"""Bytes of an AuthorizationKey (whitepaper 7.2). The document's minimum of 20 hexadecimal digits is a slip for 32."""

_OLD = ("SSLv3", "TLSv1", "TLSv1.1")


def login_problems(attempt: Attempt, password: str) -> list[str]:
    """HTTP basic authentication: user, and a password that is the configured one (A00.FR.202 to 205, 301 to 304)."""
    if not attempt.path and not attempt.admitted:
        return []  # It did not get as far as HTTP.
    given = attempt.credentials
    if not given.given:
        return ["the upgrade request has no HTTP basic authentication (A00.FR.203)"]
    identity = urllib.parse.unquote(attempt.path.partition("?")[0].rpartition("/")[2])
    problems = []
    if given.user != identity:
        problems.append(f"the user is {given.user[:48]!r}, the URL ends in {identity[:48]!r} (A00.FR.204)")
    return problems + password_problems(attempt, password)


def password_problems(attempt: Attempt, password: str) -> list[str]:
    """Only the password of an attempt; its text is told nowhere."""
    given = attempt.credentials
    if (not attempt.path and not attempt.admitted) or given.password == password.encode():
        return []
    if not given.given:
        return ["the upgrade request has no HTTP basic authentication (A00.FR.203)"]
    if given.password.lower() == password.encode().hex().encode():
        return ["the password is the hexadecimal text of AuthorizationKey, not the bytes it stands for (7.2)"]
    length = len(given.password)
    if length not in KEY_BYTES:
        digits = f"{2 * length} hexadecimal digits"
        return [f"the password has {length} bytes ({digits}), not 16 to 20 as AuthorizationKey has (7.2)"]
    return ["the password is not the configured AuthorizationKey (A00.FR.205)"]


def same_key(one: str, other: str) -> bool:
    """Whether two PEM texts, each of a certificate or of a request for one, hold the same public key."""
    keys = [_public_key(pem) for pem in (one, other)]
    return keys[0] is not None and keys[0] == keys[1]


def _public_key(pem: str) -> bytes | None:
    for load in (x509.load_pem_x509_csr, x509.load_pem_x509_certificate):
        try:
            key = load(pem.encode()).public_key()
            return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        except Exception:  # a station's text: what a library cannot read is told elsewhere
            continue
    return None


def tls_problems(attempt: Attempt) -> list[str]:
    """TLS 1.2 or newer, with both ECDHE_ECDSA or both RSA suites among those offered (A00.FR.312, 318, 416, 422)."""
    tls = attempt.tls
    if tls is None:
        return ["the connection has no TLS (A00.FR.311)"]
    offered = tls.get("offered")
    if not offered:
        return [] if attempt.admitted else [f"it began no TLS handshake: {attempt.reason}"]
    problems = []
    version = tls.get("version")
    newest = max(offered["versions"], default="", key=lambda name: (name not in _OLD, name))
    if version in _OLD or (not version and newest in (*_OLD, "")):
        problems.append(
            f"it speaks {version or newest or 'no known version'}, not TLS 1.2 or newer (A00.FR.312)"
        )
    suites = set(offered["suites"])
    if not any(suites.issuperset(pair) for pair in (MANDATORY_ECDSA, MANDATORY_RSA)):
        shown = ", ".join(name for name in offered["suites"] if not name.endswith("SCSV"))
        problems.append(f"neither pair of mandatory suites is offered, but {shown} (A00.FR.318)")
    if set(offered.get("compression", [0])) - {0}:
        problems.append("TLS compression is offered (A00.FR.320)")
    return problems


def client_problems(attempt: Attempt, serial_numbers: Iterable[str]) -> list[str]:
    """The station's own certificate (A00.FR.401 to 407, 501 to 511); any of the serial numbers may be its name."""
    shown: dict[str, Any] | None = (attempt.tls or {}).get("client_cert")
    if not shown:
        if not attempt.admitted and not (attempt.tls or {}).get("offered"):
            return []
        return ["the station presented no certificate (A00.FR.402)"]
    if not shown.get("pem"):
        return [f"the certificate cannot be read: {'; '.join(shown['problems'])}"]
    found = [client_certificate_problems(shown["pem"], serial) for serial in (list(serial_numbers) or [""])]
    problems = min(found, key=len)
    return problems + [text for text in shown["problems"] if not problems]


def certificate_problems(attempt: Attempt, wanted: Identity) -> list[str]:
    """Whether the certificate of an attempt is the one that the station was given."""
    shown = (attempt.tls or {}).get("client_cert")
    if not shown:
        return ["no certificate was presented"]
    serial, found = format(wanted.certificate.serial_number, "x"), shown.get("serial")
    return [] if found == serial else [f"the certificate has serial number {found}, the new one has {serial}"]
