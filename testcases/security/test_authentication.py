"""Test-case document 2.24.1 and 2.24.3: who connects, and with which security profile.

A case that needs a certain profile moves the station up to it; there is no way down by OCPP. See docs/security.md.
"""

import pytest

from octt.script import case
from octt.script.security.facts import (
    certificate_problems,
    client_problems,
    login_problems,
    password_problems,
    tls_problems,
)
from octt.script.security.words import Check


def _login(bench, step):
    """Basic authentication with the bench's password; the document counts 20 digits where 7.2 has 16 bytes."""
    what = "HTTP basic authentication with the station's identity and its AuthorizationKey of 16 to 20 bytes"
    password = bench.central_system.password
    return Check(step, what, lambda attempt: login_problems(attempt, password), "whitepaper A00.FR.203, 7.2")


def _tls(step):
    what = "TLS 1.2 or newer, offering both ECDHE_ECDSA or both RSA suites with AES GCM"
    return Check(step, what, tls_problems, "whitepaper A00.FR.312, 318")


@case("TC_073_CS")
def test_change_password(security, bench):
    """With a new AuthorizationKey the station connects again; the old password counts no more."""
    security.on(1, 2)
    started = security.now()
    security.changes_password(step=1)
    new = bench.security.new_password
    what = "the station disconnects and connects with the new password"
    check = Check(3, what, lambda attempt: password_problems(attempt, new), "whitepaper A01.FR.03")
    security.connects(started, check)


@case("TC_083_CS")
def test_raise_profile(security, station, bench):
    """The station moves up to the next security profile, by itself or after a reset, and really uses it.

    Which step brought it there is left to the station (A05); steps 3 to 8 are taken when it asks for a reboot or keeps
    its connection. The upgrade cannot be put back by OCPP.
    """
    if security.profile not in (1, 2):
        raise station.impossible(
            f"the case begins on security profile 1 or 2, the station is on {security.profile}; "
            "run it with central_system.security_profile = 1 or 2 in the bench"
        )
    profile = security.profile + 1
    if not security.supports(profile):
        raise station.impossible(
            f"the station is on its highest profile, {profile - 1}; "
            f"run the case with central_system.security_profile = {profile - 2} in the bench"
        )
    security.may_raise("set it to true for this case")
    security.prepares(profile)
    security.moves_up(profile, step=1)


@case("TC_084_CS")
def test_lower_profile(security, station):
    """A lower security profile is rejected, and the connection stays as it is."""
    profile = security.on(2, 3)
    security.expect_changes()
    reply = station.call("ChangeConfiguration", key="SecurityProfile", value=str(profile - 1), step=1)
    reply.returns(status="Rejected", cite="whitepaper A05.FR.01")
    station.still_works(step="result")


@case("TC_085_CS")
def test_basic_authentication(security, bench):
    """After a reset every upgrade request has the right user and password."""
    security.on(1, 2)
    security.resets(_login(bench, 1), boot=3, status=5)


@case("TC_086_CS")
def test_server_certificate(security, bench):
    """The station opens TLS as it must, and on profile 2 authenticates inside it; servers that are wrong it refuses.

    With profile 3 there is no password to check (the document's step 5 forgets to say so).
    """
    profile = security.on(2, 3)
    checks = [_tls(2), *([_login(bench, 5)] if profile == 2 else [])]
    attempt = security.resets(*checks, boot=7, status=9)
    if profile == 3 and attempt.credentials.given:
        security.station.remark("a password is sent although the certificate authenticates (profile 3)")
    security.probes.all(attempt, step=2)


@case("TC_087_CS")
def test_client_certificate(security):
    """The station presents a certificate of its own, for a key that is long enough, named by its serial number.

    TLS carries certificates in DER; that this one can be written as PEM is all the document's format check can mean.
    """
    security.on(3)
    serials = security.certificates.serial_numbers
    what = "a client certificate as the whitepaper has it, for a key of 2048 bits (RSA) or 224 bits (EC) at least"
    mine = Check(4, what, lambda attempt: client_problems(attempt, serials), "whitepaper A00.FR.402, 2.6.1")
    if not serials:
        security.station.remark(
            "the station's serial number is not known (BootNotification, station.serial_number)"
        )
    security.resets(_tls(4), mine, boot=7, status=9)


@pytest.fixture
def named(security):
    """CpoName is the configured vendor name."""
    security.certificates.named()
    return security.certificates


@case("TC_074_CS")
def test_renew_certificate(security, named):
    """A certificate is requested, signed by us, taken and used for the next connection."""
    security.on(3)
    security.expect_changes()
    signed = named.sign(named.requested())
    started = security.now()
    named.gives(signed).returns(status="Accepted", cite="whitepaper A02.FR.06")
    security.station.expect_disconnect()
    what = "the station disconnects and connects with the new certificate"
    check = Check(7, what, lambda attempt: certificate_problems(attempt, signed), "whitepaper A02.FR.08")
    security.connects(started, check)
