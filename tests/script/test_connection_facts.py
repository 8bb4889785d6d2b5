"""What an attempt to connect shows is judged rightly, whatever a station sends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octt.csms.admission import Attempt, Credentials
from octt.pki.certificates import issue, name, new_key
from octt.script.security.certificates import differences, hash_data
from octt.script.security.facts import client_problems, login_problems, tls_problems
from octt.suite.catalogue import load_catalogue
from octt.tls.suites import MANDATORY_ECDSA, MANDATORY_RSA

PASSWORD = "0123456789abcdef"


def attempt(**more):
    given = more.pop("credentials", Credentials("CS/1", PASSWORD.encode(), True))
    return Attempt(
        1, 2, 2, more.pop("reason", ""), more.pop("path", "/ocpp/CS%2F1"), given, more.pop("tls", None)
    )


def offering(suites, versions=("TLSv1.2",), **more):
    return {"version": "TLSv1.2", "offered": {"suites": list(suites), "versions": list(versions), **more}}


def test_the_right_login_is_right():
    assert login_problems(attempt(), PASSWORD) == []


@pytest.mark.parametrize(
    ("credentials", "word"),
    [
        (Credentials(), "no HTTP basic"),
        (Credentials("other", PASSWORD.encode(), True), "URL ends in"),
        (Credentials("CS/1", PASSWORD.encode().hex().encode(), True), "hexadecimal text"),
        (Credentials("CS/1", b"short", True), "5 bytes"),
        (Credentials("CS/1", b"x" * 21, True), "21 bytes"),
        (Credentials("CS/1", b"x" * 16, True), "not the configured"),
    ],
)
def test_every_wrong_login_is_told_apart(credentials, word):
    (problem,) = login_problems(attempt(credentials=credentials, reason="wrong user or password"), PASSWORD)
    assert word in problem


@given(st.text(max_size=30), st.binary(max_size=60), st.text(max_size=60))
def test_no_password_is_told(user, password, path):
    seen = attempt(credentials=Credentials(user, password, True), path=f"/{path}")
    told = "; ".join(login_problems(seen, PASSWORD)).replace(repr(user[:48]), "").replace(repr(path[:48]), "")
    assert PASSWORD not in told
    if len(password) > 6 and password.isascii() and password.isalnum():
        assert password.decode() not in told


def test_what_never_reached_http_is_no_wrong_login():
    failed = attempt(credentials=Credentials(), reason="the TLS handshake failed", path="")
    assert login_problems(failed, PASSWORD) == []


@pytest.mark.parametrize("pair", [MANDATORY_ECDSA, MANDATORY_RSA])
def test_one_pair_of_suites_is_enough(pair):
    assert tls_problems(attempt(tls=offering(pair))) == []
    (problem,) = tls_problems(attempt(tls=offering(pair[:1])))
    assert "neither pair" in problem


def test_half_of_each_pair_is_no_pair():
    assert tls_problems(attempt(tls=offering([MANDATORY_ECDSA[0], MANDATORY_RSA[1]])))


def test_old_versions_and_no_tls_at_all():
    old = {"version": None, "offered": {"suites": list(MANDATORY_RSA), "versions": ["TLSv1.1", "TLSv1"]}}
    assert "TLSv1.1" in tls_problems(attempt(tls=old, reason="unsupported protocol"))[0]
    assert "no TLS" in tls_problems(attempt())[0]
    squeezed = offering(MANDATORY_RSA, compression=[1, 0])
    assert "compression" in tls_problems(attempt(tls=squeezed))[0]


def _shown(key, serial="SIM-1"):
    made = issue(name(serial, "Lab"), key.public_key(), key, "client")
    return {"client_cert": {"pem": made.pem, "problems": []}, "offered": {"suites": [], "versions": []}}


def test_client_certificates():
    good = _shown(new_key("ecdsa"))
    assert client_problems(attempt(tls=good), ["other", "SIM-1"]) == [], "any of the serial numbers may be it"
    assert client_problems(attempt(tls=good), []) == [], "an unknown serial number is not compared"
    assert "serial number" in client_problems(attempt(tls=good), ["other"])[0]
    assert "smaller" in client_problems(attempt(tls=_shown(new_key("rsa", 1024))), ["SIM-1"])[0]
    nothing = {"client_cert": None, "offered": {"suites": [], "versions": []}}
    assert "no certificate" in client_problems(attempt(tls=nothing), [])[0]
    untrusted = {**good, "client_cert": {**good["client_cert"], "problems": ["not trusted"]}}
    assert client_problems(attempt(tls=untrusted), ["SIM-1"]) == ["not trusted"]
    unreadable = {**good, "client_cert": {"problems": ["malformed"]}}
    assert "cannot be read" in client_problems(attempt(tls=unreadable), [])[0]


@pytest.fixture(scope="module")
def root():
    key = new_key("ecdsa")
    return issue(name("Root", "Lab"), key.public_key(), key, "ca").certificate


@pytest.mark.parametrize("algorithm", ["SHA256", "SHA384", "SHA512"])
def test_hash_data_knows_no_case(root, algorithm):
    entry = {field: value.upper() for field, value in hash_data(root, algorithm=algorithm).items()}
    assert differences(root, entry) == []


@given(
    field=st.sampled_from(["hashAlgorithm", "issuerNameHash", "issuerKeyHash", "serialNumber"]),
    value=st.text(),
)
def test_any_other_value_is_a_difference(root, field, value):
    right = hash_data(root)
    if value.lower() != right[field].lower():
        assert field in differences(root, {**right, field: value})


def test_a_leading_zero_is_a_difference(root):
    right = hash_data(root)
    assert differences(root, {**right, "serialNumber": "0" + right["serialNumber"]}) == ["serialNumber"]


def test_a_lower_profile_is_tested_before_a_higher_one():
    """TC_083 moves the station up for good."""
    cases = load_catalogue()
    for profile, before in (
        (1, {"TC_073_CS", "TC_085_CS"}),
        (2, {"TC_073_CS", "TC_084_CS", "TC_085_CS", "TC_086_CS"}),
    ):
        upgrade = cases["TC_083_CS"].place(profile)
        assert all(cases[case].place(profile) < upgrade for case in before)
        assert all(cases[case].place(profile) > upgrade for case in ("TC_087_CS", "TC_074_CS"))
    assert all(cases[case].place(1) > cases["TC_083_CS"].place(1) for case in ("TC_084_CS", "TC_086_CS"))
