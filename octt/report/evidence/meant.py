"""Whose signature counts: what a certificate is meant for, and whether it leads to who was expected."""

from __future__ import annotations

from typing import TypeVar

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

DOCUMENTS = frozenset(
    {
        ObjectIdentifier("1.3.6.1.5.5.7.3.36"),  # documentSigning, RFC 9336
        ObjectIdentifier("1.3.6.1.4.1.311.10.3.12"),  # Microsoft's
        ObjectIdentifier("1.2.840.113583.1.1.5"),  # Adobe's
        ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
    }
)
"""Extended key usages of a certificate that is meant for signing documents."""

Kind = TypeVar("Kind", bound=x509.ExtensionType)


def not_for_documents(certificate: x509.Certificate) -> str:
    """Why a signature under a report by this certificate does not count, a sentence; "" when it does.

    The laboratory's own authority issues certificates to stations, servers and firmware too, and whoever holds one of
    those must not be able to sign a report. What counts is an extended key usage for documents, or, where there is
    none but perhaps for mail, the key usage contentCommitment (nonRepudiation, RFC 5280 section 4.2.1.3).
    """
    try:
        usages = set(_extension(certificate, x509.ExtendedKeyUsage) or ())
        key = _extension(certificate, x509.KeyUsage)
    except ValueError:
        return "its extensions cannot be read"
    if key is not None and not (key.digital_signature or key.content_commitment):
        return "its key usage allows no signatures"
    if usages & DOCUMENTS:
        return ""
    if usages <= {ExtendedKeyUsageOID.EMAIL_PROTECTION} and key is not None and key.content_commitment:
        return ""
    return (
        "it is not meant for signing documents: it needs extended key usage documentSigning (RFC 9336), "
        "or key usage contentCommitment and no other purpose"
    )


def chain_problem(wanted: x509.Certificate, certificates: list[x509.Certificate]) -> str:
    """Why the first of these certificates was not issued, each by the next, by `wanted`, or not for this; else ""."""
    if not certificates:
        return "the signature carries no certificate"
    if why := not_for_documents(certificates[0]):
        return f"the certificate of {certificates[0].subject.rfc4514_string()}: {why}"
    for index, certificate in enumerate(certificates):
        if _issued(certificate, wanted):
            return ""
        if index + 1 == len(certificates) or not _issued(certificate, certificates[index + 1]):
            break
    return "its certificate was not issued there"


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
        constraints = _extension(issuer, x509.BasicConstraints)
        key = _extension(issuer, x509.KeyUsage)
    except (
        Exception
    ):  # names, signature, kind of key or extensions: whatever does not fit, it did not issue it
        return False
    return constraints is not None and constraints.ca and (key is None or key.key_cert_sign)


def _extension(certificate: x509.Certificate, kind: type[Kind]) -> Kind | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
