"""Certificates that are wrong in one thing, for what a station must refuse.

OCPP 1.6 security whitepaper edition 3, A00.FR.307 to 310 (servers), A02.FR.06 (the station's own), M05.FR.06 (roots),
L01 (firmware).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from octt.pki.certificates import (
    Identity,
    KeyType,
    PkiError,
    Usage,
    issue,
    key_type_of,
    load_csr,
    name,
    new_key,
)
from octt.pki.pki import Pki, common_name_for

Purpose = Literal["server", "client", "root", "firmware"]

_ANY = ("expired", "not_yet_valid", "wrong_key_usage", "wrong_signature", "small_key")
BROKEN: dict[Purpose, tuple[str, ...]] = {
    "server": (*_ANY, "untrusted_root", "broken_chain", "wrong_host"),
    "client": (
        *_ANY,
        "untrusted_root",
        "broken_chain",
        "wrong_organization",
        "wrong_common_name",
        "wrong_key",
    ),
    "root": _ANY,
    "firmware": (*_ANY, "untrusted_root", "wrong_key"),
}
"""What `broken` can make: for each purpose the one thing that is wrong with an otherwise right certificate."""

_USAGES: dict[Purpose, tuple[Usage, Usage]] = {
    "server": ("server", "client"),
    "client": ("client", "server"),
    "root": ("ca", "client"),
    "firmware": ("firmware", "server"),
}
"""The right usage of each purpose, and a wrong one."""


def broken(
    pki: Pki,
    kind: str,
    purpose: Purpose = "server",
    *,
    key_type: KeyType = "rsa",
    csr: str = "",
    common_name: str = "",
    organization: str = "",
) -> Identity:
    """A certificate of this laboratory that is right but for one thing; `BROKEN[purpose]` lists what. Each is new.

    For a client, `csr` gives the station's key and subject ("wrong_key" and "small_key" put another key in);
    `common_name` and `organization` complete or replace the subject. Raises PkiError for an unknown kind.
    """
    if kind not in BROKEN[purpose]:
        raise PkiError(f"a {purpose} certificate cannot be {kind!r}; it can be {', '.join(BROKEN[purpose])}")
    request = load_csr(csr) if csr and purpose == "client" else None
    key: Any = new_key("rsa", 1024) if kind == "small_key" else new_key(key_type)
    public = request.public_key() if request and kind not in ("wrong_key", "small_key") else key.public_key()
    days = {"expired": (-60.0, -30.0), "not_yet_valid": (30.0, 120.0)}.get(kind, (-1.0, 90.0))
    right, wrong = _USAGES[purpose]
    hosts: Sequence[str] = ()
    subject = name(common_name or f"Octt {purpose}", organization or pki.organization)
    if purpose == "server":
        hosts = ("wrong-host.invalid",) if kind == "wrong_host" else pki.hosts
        subject = name(common_name_for(hosts), pki.organization)
    elif request and not common_name:
        subject = request.subject
    made = issue(
        _misnamed(subject, kind),
        public,
        key if purpose == "root" else _issuer(pki, purpose, key_type_of(public), kind == "untrusted_root"),
        wrong if kind == "wrong_key_usage" else right,
        key=None if request else key,
        hosts=hosts,
        days=days,
        pss=pki.pss,
    )
    if kind == "wrong_key" and purpose == "firmware":
        return replace(made, key=new_key(key_type))
    if kind == "broken_chain":
        return replace(made, chain=())
    return replace(made, certificate=_tampered(made.certificate)) if kind == "wrong_signature" else made


def _issuer(pki: Pki, purpose: Purpose, kind: KeyType, untrusted: bool) -> Identity:
    if untrusted:
        return pki.extra_root()
    return pki.manufacturer if purpose == "firmware" else pki.intermediate(kind)


def _misnamed(subject: x509.Name, kind: str) -> x509.Name:
    """The subject with another O or CN, where that is the one thing that is wrong."""
    wrong = {
        "wrong_organization": (x509.NameOID.ORGANIZATION_NAME, "Another Operator"),
        "wrong_common_name": (x509.NameOID.COMMON_NAME, "another-station"),
    }
    if kind not in wrong:
        return subject
    oid, value = wrong[kind]
    kept = [attribute for attribute in subject if attribute.oid != oid]
    return x509.Name([*kept, x509.NameAttribute(oid, value)])


def _tampered(certificate: x509.Certificate) -> x509.Certificate:
    der = bytearray(certificate.public_bytes(serialization.Encoding.DER))
    der[-1] ^= 1  # The signature is the last field.
    return x509.load_der_x509_certificate(bytes(der))
