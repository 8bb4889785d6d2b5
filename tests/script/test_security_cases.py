"""Security cases that cannot get to their point say so, with the remedy, and never blame the station for it."""

from __future__ import annotations

import pytest

from tests.campaign import Station, parallel

PLAIN = Station("no profile at all", security=0)
FORBIDDEN = Station("not to be raised", security=1, bench={"security": {"raise_profile": False}})
HIGHEST = Station("highest profile", {"SEC-3": False}, security=2)
JOBS = {
    "no profile, no certificate": (PLAIN, ("TC_075_2_CS", "TC_085_CS", "TC_086_CS", "TC_087_CS"), ()),
    "must not be raised": (FORBIDDEN, ("TC_085_CS", "TC_083_CS", "TC_086_CS"), ()),
    "nothing higher": (HIGHEST, ("TC_086_CS", "TC_083_CS"), ()),
}


@pytest.fixture(scope="module")
def outcomes():
    """What became of the cases, by job and case."""
    return {(job, one.case): one for job, result in parallel(JOBS) for one in result}


def test_certificates_need_no_profile(outcomes):
    assert outcomes["no profile, no certificate", "TC_075_2_CS"].verdict == "PASS"


@pytest.mark.parametrize(
    ("job", "case", "remedy"),
    [
        ("no profile, no certificate", "TC_085_CS", "central_system.security_profile = 1 or 2"),
        ("no profile, no certificate", "TC_086_CS", "central_system.security_profile = 2 or 3"),
        ("no profile, no certificate", "TC_087_CS", "central_system.security_profile = 3"),
        ("must not be raised", "TC_083_CS", "security.raise_profile"),
        ("must not be raised", "TC_086_CS", "security.raise_profile"),
        ("nothing higher", "TC_083_CS", "central_system.security_profile = 1"),
    ],
)
def test_inconclusive_with_a_remedy(outcomes, job, case, remedy):
    outcome = outcomes[job, case]
    assert outcome.verdict == "INCONCLUSIVE", outcome.reason
    assert remedy in outcome.reason


def test_the_rest_still_passes(outcomes):
    assert outcomes["must not be raised", "TC_085_CS"].verdict == "PASS"
    assert outcomes["nothing higher", "TC_086_CS"].verdict == "PASS"
