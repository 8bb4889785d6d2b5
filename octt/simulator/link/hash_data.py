"""The hash data by which the Central System names a certificate: CertificateHashDataType (whitepaper 6.1)."""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives import hashes

HASHES: dict[str, type[hashes.HashAlgorithm]] = {
    "SHA256": hashes.SHA256,
    "SHA384": hashes.SHA384,
    "SHA512": hashes.SHA512,
}


def hash_data(certificate: x509.Certificate, issuer: x509.Certificate, algorithm: str) -> dict[str, str]:
    """CertificateHashDataType of `certificate` (whitepaper 6.1: the CertID of OCSP, RFC 6960).

    issuerKeyHash is over the bytes inside the BIT STRING of the issuer's public key, without tag, length and the
    octet that counts unused bits. serialNumber has no leading zeros. `algorithm` is SHA256, SHA384 or SHA512.
    """
    name, _ = _issuer_and_key(certificate)
    _, key = _issuer_and_key(issuer)
    return {
        "hashAlgorithm": algorithm,
        "issuerNameHash": _digest(name, algorithm),
        "issuerKeyHash": _digest(key, algorithm),
        "serialNumber": f"{certificate.serial_number:X}",
    }


def same_hash_data(one: dict[str, str], other: dict[str, str]) -> bool:
    """Whether two CertificateHashDataType mean the same certificate; their fields are case insensitive."""
    names = ("hashAlgorithm", "issuerNameHash", "issuerKeyHash", "serialNumber")
    return all(str(one.get(n)).lower().lstrip("0") == str(other.get(n)).lower().lstrip("0") for n in names)


def _digest(data: bytes, algorithm: str) -> str:
    digest = hashes.Hash(HASHES[algorithm]())
    digest.update(data)
    return digest.finalize().hex().upper()


def _issuer_and_key(certificate: x509.Certificate) -> tuple[bytes, bytes]:
    """The DER issuer name and the bytes of the subject's public key, exactly as the certificate has them."""
    fields = _elements(_elements(certificate.tbs_certificate_bytes)[0][2])
    if fields[0][0] == 0xA0:  # the version is there in all but version 1 certificates
        fields = fields[1:]
    _serial, _algorithm, issuer, _validity, _subject, spki, *_ = fields
    _, bits = _elements(spki[2])
    return issuer[1], bits[2][1:]


def _elements(data: bytes) -> list[tuple[int, bytes, bytes]]:
    """Tag, whole encoding and content of the DER elements that stand one after another in `data`."""
    found, start = [], 0
    while start < len(data):
        length, body = data[start + 1], start + 2
        if length & 0x80:
            size = length & 0x7F
            length, body = int.from_bytes(data[body : body + size], "big"), body + size
        end = body + length
        found.append((data[start], data[start:end], data[body:end]))
        start = end
    return found
