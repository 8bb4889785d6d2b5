"""What is wrong with a station's signing request or certificate, a sentence for each thing.

OCPP 1.6 security whitepaper edition 3, section 2.6.1 (certificate properties); test case TC_087.
"""

from __future__ import annotations

import datetime
import ipaddress
import re

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.x509.oid import NameOID

from octt.pki.certificates import SMALLEST_RSA, PkiError, key_name, load_certificate, load_csr, utc_now

_SMALLEST_EC = 224
_URL = re.compile(r"(?i)^([a-z][a-z0-9+.-]*://|www\.)")


def _key_problems(holder: x509.Certificate | x509.CertificateSigningRequest) -> list[str]:
    try:
        key = holder.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return ["its key is of an unknown type or damaged (A00.FR.501)"]
    if isinstance(key, (rsa.RSAPublicKey, dsa.DSAPublicKey)) and key.key_size < SMALLEST_RSA:
        return [f"its key, {key_name(holder)}, is smaller than {SMALLEST_RSA} bits (A00.FR.502)"]
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.key_size < _SMALLEST_EC:
        return [f"its key, {key_name(holder)}, is smaller than {_SMALLEST_EC} bits (A00.FR.503)"]
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
