"""The two certified stations: what was tested on them, by their certificates, is what applies to their declarations."""

import pytest
from declarations import shipped

from octt.ocpp.keys import KEYS
from octt.suite.catalogue import load_catalogue, plan

FIXED_CABLES_ONLY = {"TC_005_1_CS", "TC_017_1_CS", "TC_018_1_CS", "TC_024_CS", "TC_030_CS"}
NO_BACKUP_POWER = {"TC_032_1_CS"}
NO_RESERVATION_OF_THE_STATION = {"TC_049_CS", "TC_050_1_CS", "TC_050_2_CS", "TC_050_3_CS"}
PROFILES_ARE_THERE = {"TC_043_1_CS", "TC_048_4_CS", "TC_050_4_CS"}
TWO_PERIODS = {"TC_066_CS"}
SECURITY = {case.id for case in load_catalogue().values() if case.profile == "Security"}

EXCLUDED = {
    "xcharge-c6": {
        *FIXED_CABLES_ONLY,
        *NO_BACKUP_POWER,
        *NO_RESERVATION_OF_THE_STATION,
        *PROFILES_ARE_THERE,
    },
    # "All profile types, including stacking" were tested although the station has two periods only.
    "xj-power-ievqc33": {
        *FIXED_CABLES_ONLY,
        *NO_BACKUP_POWER,
        *NO_RESERVATION_OF_THE_STATION,
        *PROFILES_ARE_THERE,
        *TWO_PERIODS,
        *SECURITY,
    },
}


def planned(name, connector=1):
    """The plan once such a station has told its keys: each standard key as writable as the specification has it."""
    declared = shipped(name)
    keys = [
        {"key": key.name, "readonly": key.access == "R", "value": "true" if key.type == "bool" else "1000"}
        for key in KEYS.values()
        if key.profile in declared.profiles
    ]
    return plan(load_catalogue(), declared, keys, connector=connector)


@pytest.mark.parametrize("name", EXCLUDED)
@pytest.mark.parametrize("connector", [1, 2])
def test_what_applies_is_what_the_certificate_says_was_tested(name, connector):
    found = planned(name, connector)
    assert {one.case.id for one in found if one.applies is None} == set()
    assert {one.case.id for one in found if one.applies is False} == EXCLUDED[name]


@pytest.mark.parametrize("name", EXCLUDED)
def test_every_certified_profile_is_tested_and_no_other(name):
    passed = {profile for profile, result in shipped(name).certified["results"].items() if result == "Pass"}
    assert passed == set(shipped(name).profiles)
    assert {one.case.profile for one in planned(name) if one.applies} == passed
