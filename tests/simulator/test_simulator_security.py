"""The security extension seen from the Central System: profiles, passwords, certificates, events."""

import asyncio

import pytest
from cryptography import x509
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from secure_csms import KEY, secured
from simulator_pki import DAY, NOW, Authority, ec_key, key_pem, pem, rsa_key

from octt.simulator.faults.self_made import self_made
from octt.simulator.link.hash_data import hash_data
from octt.simulator.link.truststore import CENTRAL_SYSTEM, MANUFACTURER
from octt.simulator.options import Options
from octt.simulator.station import Station

NEW_KEY = "00112233445566778899AABBCCDDEEFF"


def scenario(**options):
    """Decorator: an async test of a Bench becomes a test of pytest, in a folder of its own."""

    def wrap(body):
        def test(tmp_path):
            async def main():
                async with secured(tmp_path, **options) as bench:
                    await body(bench, bench.csms)

            asyncio.run(main())

        test.__name__, test.__doc__ = body.__name__, body.__doc__
        return test

    return wrap


def credentials(key=KEY, user="S1"):
    return user.encode() + b":" + bytes.fromhex(key)


@pytest.mark.parametrize(("profile", "endpoint"), [(0, "plain"), (1, "plain"), (2, "tls"), (3, "mutual")])
def test_each_profile_authenticates_in_its_way(tmp_path, profile, endpoint):
    async def main():
        async with secured(tmp_path, profile=profile) as bench:
            place, given, certificate = bench.csms.seen[-1]
            assert place == endpoint
            assert given == (credentials() if profile in (1, 2) else None)
            assert (certificate is not None) == (profile == 3)
            if certificate:
                assert certificate.subject == bench.station.security.store.identity.certificate.subject
            shown = await bench.csms.call("GetConfiguration", key=["SecurityProfile", "AuthorizationKey"])
            assert shown["configurationKey"][0]["value"] == str(profile)
            assert "value" not in shown["configurationKey"][1]

    asyncio.run(main())


async def charging(bench):
    """A transaction, once the station knows that it is online again."""
    await bench.until(lambda: bench.station.ready)
    await bench.charging()


# passwords


@scenario(profile=2)
async def test_new_password(bench, csms):
    csms.password = credentials(NEW_KEY)
    assert await csms.change("AuthorizationKey", NEW_KEY) == "Accepted"
    assert (await csms.connected(2))[1] == credentials(NEW_KEY)
    await charging(bench)
    assert len(csms.sent("BootNotification")) == 1
    assert NEW_KEY not in bench.station.security.log.text()
    assert "AuthorizationKey changed" in bench.station.security.log.text()
    bench.do("power_cycle")
    assert (await csms.connected(3))[1] == credentials(NEW_KEY)


@scenario(profile=1)
async def test_unusable_passwords_change_nothing(bench, csms):
    for bad in ("short", "00" * 15, "00" * 21, "0" * 33, "zz" * 16):
        assert await csms.change("AuthorizationKey", bad) == "Rejected"
    assert bench.station.config.text("AuthorizationKey") == KEY
    assert csms.connections == 1


@scenario(profile=0)
async def test_a_password_for_later_does_not_disturb_the_connection(bench, csms):
    assert await csms.change("AuthorizationKey", NEW_KEY) == "Accepted"
    await charging(bench)
    assert csms.connections == 1


@scenario(profile=1)
async def test_a_refused_password_is_an_event_for_the_log_only(bench, csms):
    csms.password = b"S1:other"
    await csms.cut()
    await bench.until(lambda: "FailedToAuthenticateAtCentralSystem" in bench.station.security.log.text())
    csms.password = None
    await csms.connected(2)
    await charging(bench)
    assert not csms.sent("SecurityEventNotification", type="FailedToAuthenticateAtCentralSystem")


# profiles


@scenario(profile=1)
async def test_up_through_the_profiles(bench, csms):
    assert await csms.change("SecurityProfile", "3") == "Rejected"
    assert await csms.change("SecurityProfile", "2") == "Accepted"
    assert (await csms.connected(2))[:2] == ("tls", credentials())
    assert await csms.change("SecurityProfile", "3") == "Rejected"
    await renew(csms)
    assert csms.connections == 2, "profile 2 does not use the certificate"
    assert await csms.change("SecurityProfile", "3") == "Accepted"
    place, given, certificate = await csms.connected(3)
    assert (place, given) == ("mutual", None)
    assert certificate is not None
    for lower in ("0", "1", "2", "3"):
        assert await csms.change("SecurityProfile", lower) == "Rejected"
    for odd in ("4", "-1", "x", ""):
        assert await csms.change("SecurityProfile", odd) == "Rejected"
    assert csms.connections == 3
    assert len(csms.sent("BootNotification")) == 1
    bench.do("power_cycle")
    assert (await csms.connected(4))[0] == "mutual"


@scenario(profile=0, authorization_key="", trust=())
async def test_a_profile_needs_its_prerequisites(bench, csms):
    assert await csms.change("SecurityProfile", "1") == "Rejected"
    assert await csms.change("AuthorizationKey", KEY) == "Accepted"
    assert await csms.change("SecurityProfile", "2") == "Rejected"
    root = pem(csms.root.certificate)
    await csms.call("InstallCertificate", certificateType=CENTRAL_SYSTEM, certificate=root)
    assert await csms.change("SecurityProfile", "2") == "Accepted"
    assert (await csms.connected(2))[0] == "tls"


@scenario(profile=1, tls_csms={2: "wss://127.0.0.1:1"})
async def test_fall_back_to_the_profile_that_works(bench, csms):
    assert await csms.change("SecurityProfile", "2") == "Accepted"
    assert (await csms.connected(2))[0] == "plain"
    await charging(bench)
    shown = await csms.call("GetConfiguration", key=["SecurityProfile"])
    assert shown["configurationKey"][0]["value"] == "1"


@scenario(profile=1, profile_change_reboots=True)
async def test_a_profile_that_waits_for_a_reset(bench, csms):
    assert await csms.change("SecurityProfile", "2") == "RebootRequired"
    await charging(bench)
    assert csms.connections == 1
    assert await csms.call("Reset", type="Hard") == {"status": "Accepted"}
    assert (await csms.connected(2))[0] == "tls"
    await csms.status("Available", 0)


# the certificate of the Central System


@pytest.mark.parametrize(
    "changes",
    [{"root": Authority("Stranger")}, {"host": "127.0.0.2"}, {"end": NOW - DAY / 2}, {"start": NOW + DAY}],
)
def test_a_wrong_central_system_is_left_and_reported(tmp_path, changes):
    async def main():
        async def prepare(csms):
            await csms.listen("wrong", csms.context(**changes))
            return {"tls_csms": {2: csms.urls["wrong"]}}

        async with secured(tmp_path, profile=2, prepare=prepare, start=False) as bench:
            csms, station = bench.csms, bench.station
            station.start()
            log = station.memory.section("security_log", [])
            await bench.until(lambda: any(e["type"] == "InvalidCentralSystemCertificate" for e in log))
            assert csms.connections == 0
            station.options.tls_csms[2] = csms.urls["tls"]
            await csms.expect("BootNotification")
            await csms.expect("SecurityEventNotification", type="InvalidCentralSystemCertificate")

    asyncio.run(main())


@pytest.mark.parametrize(
    ("fault", "changes"),
    [("any-server-trusted", {"root": Authority("Stranger")}), ("host-name-ignored", {"host": "127.0.0.2"})],
)
def test_faults_trust_it_all_the_same(tmp_path, fault, changes):
    async def main():
        async def prepare(csms):
            await csms.listen("wrong", csms.context(**changes))
            return {"tls_csms": {2: csms.urls["wrong"]}}

        async with secured(tmp_path, profile=2, prepare=prepare, faults=(fault,)) as bench:
            assert bench.csms.seen[-1][0] == "wrong"

    asyncio.run(main())


# roots


async def installed(csms, kind=CENTRAL_SYSTEM):
    answer = await csms.call("GetInstalledCertificateIds", certificateType=kind)
    return answer["status"], answer.get("certificateHashData", [])


async def install(csms, certificate, kind=CENTRAL_SYSTEM):
    text = certificate if isinstance(certificate, str) else pem(certificate)
    return (await csms.call("InstallCertificate", certificateType=kind, certificate=text))["status"]


@scenario(profile=2)
async def test_roots_are_installed_listed_and_deleted(bench, csms):
    assert await installed(csms, MANUFACTURER) == ("NotFound", [])
    maker, other = Authority("Maker", key=rsa_key()).certificate, Authority("Other").certificate
    assert await install(csms, maker, MANUFACTURER) == "Accepted"
    assert await installed(csms, MANUFACTURER) == ("Accepted", [hash_data(maker, maker, "SHA256")])
    assert await install(csms, other) == "Accepted"
    own = csms.root.certificate
    assert (await installed(csms))[1] == [hash_data(c, c, "SHA256") for c in (own, other)]
    for certificate, status in [
        (own, "Failed"),
        (other, "Accepted"),
        (other, "NotFound"),
        (maker, "Accepted"),
    ]:
        data = hash_data(certificate, certificate, "SHA384")
        assert await csms.call("DeleteCertificate", certificateHashData=data) == {"status": status}
    assert len((await installed(csms))[1]) == 1
    bench.do("power_cycle")
    await csms.connected(2)
    await csms.expect("BootNotification")
    await csms.status("Available")
    assert await installed(csms) == ("Accepted", [hash_data(own, own, "SHA256")])


@scenario(profile=2)
async def test_bad_roots_are_rejected_with_an_event(bench, csms):
    bad = [Authority(end=NOW - DAY / 2).certificate, csms.root.issue("leaf", ec_key()), "garbage"]
    for certificate in bad:
        assert await install(csms, certificate) == "Rejected"
        await csms.expect("SecurityEventNotification", type="InvalidCentralSystemCertificate")
    assert len((await installed(csms))[1]) == 1


@scenario(profile=2, keys={"AdditionalRootCertificateCheck": "true"})
async def test_a_root_that_replaces_another(bench, csms):
    assert await install(csms, Authority("Stranger").certificate) == "Rejected"
    successor = Authority("Successor", csms.root)
    assert await install(csms, successor.certificate) == "Accepted"
    bench.do("power_cycle")
    await csms.connected(2)
    assert len(bench.station.security.store.trusted(CENTRAL_SYSTEM)) == 2, "the old root was needed"
    await csms.listen("new", csms.context(root=successor))
    bench.station.options.tls_csms[2] = csms.urls["new"]
    await csms.cut()
    await csms.connected(3)
    await bench.until(lambda: bench.station.security.store.trusted(CENTRAL_SYSTEM) == [successor.certificate])


# the station's own certificate


async def request(csms):
    trigger = await csms.call("ExtendedTriggerMessage", requestedMessage="SignChargePointCertificate")
    assert trigger == {"status": "Accepted"}
    return (await csms.expect("SignCertificate"))["csr"]


async def sign(csms, certificate):
    return (await csms.call("CertificateSigned", certificateChain=pem(certificate)))["status"]


async def renew(csms, **changes):
    certificate = csms.root.sign_request(await request(csms), **changes)
    assert await sign(csms, certificate) == "Accepted"
    return certificate


@scenario(profile=3)
async def test_a_new_certificate_is_used_at_once(bench, csms):
    certificate = await renew(csms)
    assert (await csms.connected(2))[2] == certificate
    await charging(bench)
    bench.do("power_cycle")
    assert (await csms.connected(3))[2] == certificate


@scenario(profile=3)
async def test_bad_certificates_are_rejected_with_an_event(bench, csms):
    former = bench.station.security.store.identity.certificate
    csr = await request(csms)
    for certificate in [
        csms.root.sign_request(csr, end=NOW - DAY / 2),
        Authority("Stranger").sign_request(csr),
        csms.root.issue("SIM-0001", ec_key()),
    ]:
        assert await sign(csms, certificate) == "Rejected"
        await csms.expect("SecurityEventNotification", type="InvalidChargePointCertificate")
    assert csms.connections == 1
    assert bench.station.security.store.identity.certificate == former
    assert await sign(csms, csms.root.sign_request(csr)) == "Accepted"
    await csms.connected(2)


@scenario(profile=3)
async def test_back_to_the_old_certificate_when_the_new_one_is_refused(bench, csms):
    """A root that the server does not trust but the station does makes a certificate that is right and useless."""
    former = csms.seen[-1][2]
    other = Authority("Other")
    assert await install(csms, other.certificate) == "Accepted"
    certificate = other.sign_request(await request(csms))
    assert await sign(csms, certificate) == "Accepted"
    assert (await csms.connected(2))[2] == former
    await charging(bench)


@scenario(profile=3, keys={})
async def test_no_request_without_cpo_name(bench, csms):
    trigger = await csms.call("ExtendedTriggerMessage", requestedMessage="SignChargePointCertificate")
    assert trigger == {"status": "Rejected"}
    assert await csms.change("CpoName", "Test CPO") == "Accepted"
    csr = x509.load_pem_x509_csr((await request(csms)).encode())
    assert csr.subject.rfc4514_string() == "CN=SIM-0001,O=Test CPO"


@scenario(profile=3)
async def test_a_refused_request_is_forgotten(bench, csms):
    csms.answers["SignCertificate"] = {"status": "Rejected"}
    csr = await request(csms)
    await bench.until(lambda: bench.station.security.store.pending_key is None)
    assert await sign(csms, csms.root.sign_request(csr)) == "Rejected"


def test_a_certificate_that_expires_soon_is_renewed(tmp_path):
    async def main():
        async def prepare(csms):
            key = rsa_key()
            (tmp_path / "station.key").write_text(key_pem(key))
            soon = csms.root.issue("SIM-0001", key, end=NOW + 5 * DAY)
            (tmp_path / "station.pem").write_text(pem(soon))

        async with secured(tmp_path, profile=3, prepare=prepare) as bench:
            csr = (await bench.csms.expect("SignCertificate"))["csr"]
            assert await sign(bench.csms, bench.csms.root.sign_request(csr)) == "Accepted"
            await bench.csms.connected(2)

    asyncio.run(main())


# events


@scenario(profile=1)
async def test_events_wait_for_the_central_system(bench, csms):
    await csms.expect("SecurityEventNotification", type="StartupOfTheDevice")
    bench.do("unreachable")
    await bench.until(lambda: not bench.station.link.is_open)
    bench.station.security.event("TamperDetectionActivated", "cover open")
    bench.station.security.event("InvalidMessages")
    bench.do("power_cycle")
    await asyncio.sleep(0.05)
    bench.do("reachable")
    await csms.expect("SecurityEventNotification", type="TamperDetectionActivated", techInfo="cover open")
    await csms.expect("SecurityEventNotification", type="StartupOfTheDevice")
    assert not csms.sent("SecurityEventNotification", type="InvalidMessages")
    assert "InvalidMessages" in bench.station.security.log.text()
    await csms.call("Reset", type="Soft")
    await csms.expect("SecurityEventNotification", type="ResetOrReboot", techInfo="SoftReset")


@scenario(profile=0)
async def test_no_news_of_boots_without_a_security_profile(bench, csms):
    await charging(bench)
    assert not csms.sent("SecurityEventNotification")
    assert "StartupOfTheDevice" in bench.station.security.log.text()


@scenario(profile=1)
async def test_a_central_system_that_knows_no_events(bench, csms):
    csms.answers["SecurityEventNotification"] = lambda payload: lambda id: [4, id, "NotImplemented", "", {}]
    bench.station.security.event("TamperDetectionActivated")
    bench.station.security.event("MemoryExhaustion")
    await csms.expect("SecurityEventNotification", type="MemoryExhaustion")
    await bench.until(lambda: bench.station.memory.section("security_events", []) == [])


# faults


@pytest.mark.parametrize(
    ("fault", "given"),
    [
        ("basic-auth-missing", None),
        ("basic-auth-user=OTHER", credentials(user="OTHER")),
        ("basic-auth-key=00112233", credentials("00112233")),
    ],
)
def test_faults_of_basic_authentication(tmp_path, fault, given):
    async def main():
        async with secured(tmp_path, profile=1, faults=(fault,)) as bench:
            assert bench.csms.seen[-1][1] == given

    asyncio.run(main())


@pytest.mark.parametrize(
    ("fault", "reconnects"),
    [("change-forgotten:AuthorizationKey", True), ("ignore:ChangeConfiguration", False)],
)
def test_faults_of_a_new_password(tmp_path, fault, reconnects):
    async def main():
        async with secured(tmp_path, profile=1, faults=(fault,)) as bench:
            assert await bench.csms.change("AuthorizationKey", NEW_KEY) == "Accepted"
            if reconnects:
                assert (await bench.csms.connected(2))[1] == credentials()
            else:
                await asyncio.sleep(0.2)
                assert bench.csms.connections == 1

    asyncio.run(main())


@scenario(profile=2, faults=("profile-lowered",))
async def test_profile_lowered(bench, csms):
    assert await csms.change("SecurityProfile", "1") == "Accepted"
    assert (await csms.connected(2))[0] == "plain"


@scenario(profile=1, faults=("profile-kept",))
async def test_profile_kept(bench, csms):
    assert await csms.change("SecurityProfile", "2") == "Accepted"
    assert (await csms.connected(2))[0] == "plain"


@pytest.mark.parametrize(
    ("fault", "check"),
    [
        ("csr-common-name=X", lambda csr: csr.subject.rfc4514_string() == "CN=X,O=Test CPO"),
        ("csr-organization=X", lambda csr: csr.subject.rfc4514_string() == "CN=SIM-0001,O=X"),
        ("csr-key-weak", lambda csr: csr.public_key().key_size == 1024),
        ("csr-signature-wrong", lambda csr: not csr.is_signature_valid),
    ],
)
def test_faults_of_requests(tmp_path, fault, check):
    async def main():
        async with secured(tmp_path, profile=3, faults=(fault,)) as bench:
            assert check(x509.load_pem_x509_csr((await request(bench.csms)).encode()))

    asyncio.run(main())


@pytest.mark.parametrize(
    "fault", ["old-certificate-kept", "ignore:CertificateSigned", "any-certificate-accepted"]
)
def test_faults_of_a_new_certificate(tmp_path, fault):
    async def main():
        async with secured(tmp_path, profile=3, faults=(fault,)) as bench:
            csms, former = bench.csms, bench.csms.seen[-1][2]
            csr = await request(csms)
            if fault == "any-certificate-accepted":
                for bad in (pem(csms.root.issue("SIM-0001", ec_key())), "garbage"):
                    answer = await csms.call("CertificateSigned", certificateChain=bad)
                    assert answer == {"status": "Accepted"}
                assert not csms.sent("SecurityEventNotification", type="InvalidChargePointCertificate")
                return
            assert await sign(csms, csms.root.sign_request(csr)) == "Accepted"
            if fault == "old-certificate-kept":
                assert (await csms.connected(2))[2] == former
            else:
                await asyncio.sleep(0.2)
                assert csms.connections == 1

    asyncio.run(main())


@pytest.mark.parametrize(
    ("fault", "check"),
    [
        ("weak-rsa", lambda c, own: c.public_key().key_size == 1024),
        ("no-name", lambda c, own: c.subject.rfc4514_string() == "O=Test CPO"),
        ("other-name", lambda c, own: c.subject != own.subject),
        ("self-signed", lambda c, own: c.subject == own.subject and c.issuer == c.subject),
    ],
)
def test_faults_of_the_client_certificate(tmp_path, fault, check):
    """What is presented is looked at in the station: a Python server accepts no such certificate."""

    async def main():
        async with secured(
            tmp_path, profile=3, start=False, faults=(f"client-certificate={fault}",)
        ) as bench:
            bench.station.start()
            security = bench.station.security
            own = security.store.identity
            assert check(self_made(fault, own, security.now()).certificate, own.certificate)
            assert security.dial().ssl is not None
            await asyncio.sleep(0.1)
            assert bench.csms.connections == 0

    asyncio.run(main())


@scenario(profile=2, faults=("any-root-accepted", "event-missing:InvalidCentralSystemCertificate"))
async def test_any_root_accepted(bench, csms):
    assert await install(csms, "garbage") == "Accepted"
    assert not csms.sent("SecurityEventNotification", type="InvalidCentralSystemCertificate")


@scenario(profile=2, faults=("root-forgotten", "deletion-forgotten"))
async def test_root_and_deletion_forgotten(bench, csms):
    assert await install(csms, Authority("Other").certificate) == "Accepted"
    status, (data,) = await installed(csms)
    assert status == "Accepted"
    bench.station.security.in_use = None
    assert await csms.call("DeleteCertificate", certificateHashData=data) == {"status": "Accepted"}
    assert await installed(csms) == ("Accepted", [data])


@pytest.mark.parametrize(
    ("fault", "field"), [("hash-of-whole-key", "issuerKeyHash"), ("serial-number-decimal", "serialNumber")]
)
def test_faults_of_hash_data(tmp_path, fault, field):
    async def main():
        async with secured(tmp_path, profile=2, faults=(fault,)) as bench:
            _, (data,) = await installed(bench.csms)
            right = hash_data(bench.csms.root.certificate, bench.csms.root.certificate, "SHA256")
            assert {name for name in right if right[name] != data[name]} == {field}

    asyncio.run(main())


@scenario(profile=1, faults=("event-lost-offline",))
async def test_event_lost_offline(bench, csms):
    bench.do("unreachable")
    await bench.until(lambda: not bench.station.link.is_open)
    bench.station.security.event("TamperDetectionActivated")
    bench.do("reachable")
    await csms.connected(2)
    await charging(bench)
    assert not csms.sent("SecurityEventNotification", type="TamperDetectionActivated")


# options


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"authorization_key": "short"}, "32 to 40"),
        ({"trust": ("missing.pem",)}, "missing.pem"),
        ({"serial": "10.0.0.1"}, "IP address"),
        ({"certificate": "x.pem"}, "private key"),
    ],
)
def test_unusable_options_are_one_sentence(options, words):
    async def main():
        station = Station(Options("ws://127.0.0.1:1", "S1", **options))
        try:
            station.start()
        finally:
            await station.stop()

    with pytest.raises(ValueError, match=words):
        asyncio.run(main())


@scenario(profile=0, security_extension=False)
async def test_a_station_without_the_extension(bench, csms):
    names = [e["key"] for e in (await csms.call("GetConfiguration"))["configurationKey"]]
    assert "SecurityProfile" not in names
    answer = await csms.call("GetInstalledCertificateIds", certificateType=CENTRAL_SYSTEM)
    assert answer == ("error", "NotSupported")


# nonsense

TEXT = st.text(max_size=60) | st.sampled_from(
    ["-----BEGIN CERTIFICATE-----", pem(Authority().certificate)[:200]]
)


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(TEXT, min_size=3, max_size=8))
def test_nonsense_is_rejected_and_the_station_goes_on(tmp_path, texts):
    async def main():
        async with secured(tmp_path, profile=2) as bench:
            csms = bench.csms
            for text in texts:
                assert await install(csms, text) == "Rejected"
                assert await csms.call("CertificateSigned", certificateChain=text) == {"status": "Rejected"}
                firmware = {
                    "location": text,
                    "retrieveDateTime": text,
                    "signingCertificate": text,
                    "signature": text,
                }
                answer = await csms.call("SignedUpdateFirmware", requestId=1, firmware=firmware)
                assert answer in (
                    {"status": "InvalidCertificate"},
                    ("error", "TypeConstraintViolation"),
                    ("error", "PropertyConstraintViolation"),  # no date and time
                )
                data = dict.fromkeys(("issuerNameHash", "issuerKeyHash"), text[:128]) | {
                    "serialNumber": text[:40]
                }
                answer = await csms.call(
                    "DeleteCertificate", certificateHashData=data | {"hashAlgorithm": "SHA256"}
                )
                assert answer == {"status": "NotFound"}
                await csms.call("GetDiagnostics", location=text, retries=0)
                assert await csms.change("AuthorizationKey", text) == "Rejected"
                assert await csms.change("SecurityProfile", text) == "Rejected"
            assert csms.connections == 1

    asyncio.run(main())


async def challenged(csms):
    csms.challenge = 'Basic realm="ocpp"'


def test_a_password_that_is_sent_only_when_asked_for(tmp_path):
    """Whitepaper figures 1 and 2: each connection begins without, and goes on with it after HTTP 401."""

    async def main():
        given = {"profile": 1, "prepare": challenged, "authenticate_when_asked": True}
        async with secured(tmp_path, **given) as bench:
            password = b"S1:" + bytes.fromhex(KEY)
            assert [seen[1] for seen in bench.csms.seen] == [None, password]
            assert "FailedToAuthenticateAtCentralSystem" not in bench.station.security.log.text()
            await bench.csms.cut()
            await bench.csms.connected(2)
            assert [seen[1] for seen in bench.csms.seen] == [None, password] * 2

    asyncio.run(main())


def test_a_password_that_nobody_asks_for_is_never_sent(tmp_path):
    async def main():
        async with secured(tmp_path, profile=1, authenticate_when_asked=True) as bench:
            assert [seen[1] for seen in bench.csms.seen] == [None]

    asyncio.run(main())


def test_a_wrong_password_fails_after_it_was_asked_for(tmp_path):
    async def refusing(csms):
        await challenged(csms)
        csms.password = b"S1:another"

    async def main():
        given = {"profile": 1, "prepare": refusing, "authenticate_when_asked": True, "start": False}
        async with secured(tmp_path, **given) as bench:
            bench.station.start()
            await bench.until(lambda: len(bench.csms.seen) >= 4)
            assert [seen[1] is None for seen in bench.csms.seen[:4]] == [True, False, True, False]
            assert "FailedToAuthenticateAtCentralSystem" in bench.station.security.log.text()

    asyncio.run(main())
