"""Test-case document 2.24.1 and 2.24.2: certificates that are installed, deleted and refused.

None of these cases depends on the security profile of the connection.
"""

import pytest

from octt.script import case
from octt.script.security.certificates import CENTRAL_SYSTEM, MANUFACTURER


@pytest.fixture
def certificates(security):
    """Root certificates and the station's own."""
    return security.certificates


def _install(certificates, kind):
    root = certificates.extra_root(kind)
    certificates.installs(kind, root, step=1)
    certificates.lists(kind, root, step=3)


@case("TC_075_1_CS")
def test_install_manufacturer_root(certificates):
    """A manufacturer's root is installed and then listed, with hash data as we work it out."""
    _install(certificates, MANUFACTURER)


@case("TC_075_2_CS")
def test_install_central_system_root(certificates):
    """A Central System root is installed and then listed, with hash data as we work it out.

    Nothing depends on it, but where the station keeps one root only: then it is ours, renewed.
    """
    _install(certificates, CENTRAL_SYSTEM)


@case("TC_076_CS")
def test_delete_root(certificates, station, pics):
    """An installed root is deleted and listed no more.

    It is one that the case installed, so that the station keeps the root it connects by. Where it keeps one Central
    System root only, that one is in use and cannot be deleted (M04.FR.06): a manufacturer's root then.
    """
    kind = MANUFACTURER if certificates.only_one else CENTRAL_SYSTEM
    if pics.says("AQ-1", False) and not certificates.installed(kind):
        certificates.lends(
            kind, certificates.pki.trust_anchor
        )  # the last root of a type need not be deletable
    root = certificates.has_extra_root(kind)
    listed = certificates.installed(kind, step=1)
    entry = certificates.find(root, listed)
    with station.setup():
        station.check(entry is not None, "the installed root is listed", f"{len(listed)} others are", step=2)
    certificates.deletes(root, entry, step=3)
    certificates.lists_no_more(kind, root, step=5)


@case("TC_077_CS")
def test_invalid_own_certificate(security, certificates, station, bench):
    """A certificate that is not right is rejected, with a security event; it is not used.

    The document leaves open what is wrong: it has expired. Then others are tried, each for a new request.
    """
    certificates.named()
    security.expect_changes()
    for kind in ("expired", *(["untrusted_root"] if bench.security.probes else [])):
        csr = certificates.requested()
        label = "" if kind == "expired" else f"/{kind}"
        with station.independently():
            reply = certificates.gives(certificates.wrong(kind, "client", csr))
            reply.returns(status="Rejected", cite="whitepaper A02.FR.06")
            station.sends(
                "SecurityEventNotification",
                type="InvalidChargePointCertificate",
                step=f"7{label}",
                cite="whitepaper A02.FR.07",
            )
    if bench.security.foreign_key:
        foreign = certificates.wrong("wrong_key", "client", certificates.requested())
        if certificates.gives(foreign).payload.get("status") == "Accepted":
            station.remark("a certificate for a key that the station does not have was Accepted")


@case("TC_078_CS")
def test_invalid_central_system_root(certificates, station):
    """A root certificate that has expired is rejected, with a security event."""
    expired = certificates.wrong("expired", "root").certificate
    reply = certificates.offers(CENTRAL_SYSTEM, expired, step=1)
    reply.returns(status="Rejected", cite="whitepaper M05.FR.06")
    station.sends(
        "SecurityEventNotification",
        type="InvalidCentralSystemCertificate",
        step=3,
        cite="whitepaper 8",
    )
