"""The catalogue, and which cases apply to the shipped declarations: compared with lists that a person approved."""

import re
from pathlib import Path

import pytest
from declarations import declare, raw, shipped

from octt.paths import PICS
from octt.pics.declaration import Declaration
from octt.pics.expression import names, parse
from octt.pics.questionnaire import PROFILES, load_questionnaire
from octt.suite.catalogue import CatalogueError, load_catalogue, load_states, plan

APPROVED = Path(__file__).parent / "approved"
CONTRACT = PICS.parent / "docs" / "driver-contract.md"
CATALOGUE = load_catalogue()


def decisions(declaration, connector=1, **options):
    return {
        planned.case.id: planned for planned in plan(CATALOGUE, declaration, connector=connector, **options)
    }


@pytest.mark.parametrize("name", ["simulated", "xcharge-c6", "xj-power-ievqc33"])
def test_every_case_is_decided_as_approved(name):
    """To approve a change, replace the file by what this test says it should be."""
    words = {True: "applies", False: "excluded", None: "undecided"}
    lines = [
        f"{planned.case.id:<12} {words[planned.applies]:<9} {planned.reason}"
        for planned in sorted(decisions(shipped(name)).values(), key=lambda planned: planned.case.id)
    ]
    assert len(lines) == 102
    approved = (APPROVED / f"{name}.txt").read_text(encoding="utf-8")
    assert "\n".join(lines) + "\n" == approved


def test_the_catalogue_is_whole():
    assert len(CATALOGUE) == 102
    assert len(load_states()) == 14
    assert len({case.order for case in CATALOGUE.values()}) == 102
    per_profile = {
        profile: sum(case.profile == profile for case in CATALOGUE.values()) for profile in PROFILES
    }
    assert per_profile == {
        "Core": 52,
        "FirmwareManagement": 5,
        "LocalAuthListManagement": 5,
        "SmartCharging": 10,
        "RemoteTrigger": 2,
        "Reservation": 13,
        "Security": 15,
    }


def test_checks_name_their_step():
    for case in [*CATALOGUE.values(), *load_states().values()]:
        for check in case.checks:
            assert re.match(r"((Charging\.)?\d+|result|implied): \S", check), (case.id, check)
    assert all(case.checks for case in CATALOGUE.values())


def test_needs_are_actions_of_the_driver_contract():
    known = set(re.findall(r"`/(\w+)`", CONTRACT.read_text(encoding="utf-8")))
    for case in [*CATALOGUE.values(), *load_states().values()]:
        assert set(case.needs) <= known, case.id
        for done, undone in (("plug_in", "unplug"), ("fault", "clear_fault"), ("power_off", "power_on")):
            assert done not in case.needs or undone in case.needs, case.id


def test_questions_that_decide_are_marked():
    leaves = [leaf for case in CATALOGUE.values() for leaf in names(parse(case.applicable_if))]
    used = {leaf.name for leaf in leaves if leaf.kind == "answer"}
    cables = {"HFS-1", "HFS-2"}  # what decides where the table does not describe the tested connector
    used |= cables if any(leaf.kind == "connector" for leaf in leaves) else set()
    steer = {"AQ-1", "ORS-16"}  # not on whether a case applies but on what it does
    questions = load_questionnaire().questions.values()
    assert {question.id for question in questions if question.decides} == (used | steer) - set(PROFILES)


def test_what_disturbs_the_station_comes_last():
    """After TC_083 the station is on a higher security profile for good; what needs the highest one follows.

    The servers that TC_086 has a station refuse may make it wait ever longer.
    """
    assert list(CATALOGUE)[-9:] == [
        "TC_044_1_CS",
        "TC_044_3_CS",
        "TC_080_CS",
        "TC_081_CS",
        "TC_073_CS",
        "TC_086_CS",
        "TC_083_CS",
        "TC_087_CS",
        "TC_074_CS",
    ]
    assert next(iter(CATALOGUE)) == "TC_001_CS"


def test_without_answers_nothing_is_decided_silently():
    for planned in decisions(Declaration()).values():
        always = planned.case.applicable_if == "true"
        assert planned.applies is (True if always else None), planned
        assert planned.reason


@pytest.mark.parametrize(
    ("keys", "applies"),
    [
        ([{"key": "AuthorizeRemoteTxRequests", "value": "false", "readonly": False}], True),
        ([{"key": "AuthorizeRemoteTxRequests", "value": "true", "readonly": True}], True),
        ([{"key": "AuthorizeRemoteTxRequests", "value": "false", "readonly": True}], False),
        ([{"key": "Other"}], True),
        (None, None),
    ],
)
def test_the_stations_keys_decide_what_the_declaration_leaves_open(keys, applies):
    assert decisions(shipped("xcharge-c6"), keys=keys)["TC_007_CS"].applies is applies


def test_a_declared_access_decides_before_the_station_is_asked():
    keys = [{"key": "StopTransactionOnEVSideDisconnect", "value": "true", "readonly": True}]
    planned = decisions(shipped("simulated"), keys=keys)["TC_005_3_CS"]
    assert planned.applies is True
    assert planned.reason == "applies: StopTransactionOnEVSideDisconnect is writable"


@pytest.mark.parametrize(("value", "applies"), [("2", False), ("3", True), ("many", True)])
def test_a_key_value_too_small_excludes_a_case(value, applies):
    data = raw()
    data["configuration_keys"] = {"MaxChargingProfilesInstalled": value}
    planned = decisions(declare(data))["TC_067_CS"]
    assert planned.applies is applies
    assert applies or planned.because == (("MaxChargingProfilesInstalled", "2"),)


def test_what_is_asked_for_is_planned_and_nothing_else():
    only = plan(CATALOGUE, shipped("simulated"), only_cases=["TC_083_CS", "TC_001_CS"])
    assert [planned.case.id for planned in only] == ["TC_001_CS", "TC_083_CS"]
    trigger = plan(CATALOGUE, shipped("simulated"), profiles=["RemoteTrigger"])
    assert [planned.case.id for planned in trigger] == ["TC_054_CS", "TC_055_CS"]


def test_unknown_names_are_answered_with_the_nearest():
    with pytest.raises(CatalogueError, match="did you mean TC_001_CS"):
        plan(CATALOGUE, Declaration(), only_cases=["TC_001_C"])
    with pytest.raises(CatalogueError, match="did you mean Reservation"):
        plan(CATALOGUE, Declaration(), profiles=["Reservations"])


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('applicable_if = "C-99"', "no question or profile 'C-99'"),
        ('applicable_if = "HFS-8"', "must be compared"),
        ('applicable_if = "C-04 and"', "found the end"),
        ('applicable_if = "true"\nstates = ["Charging"]', "unknown state Charging"),
        ('applicable_if = "true"\nsteps = []', "steps"),
    ],
)
def test_a_wrong_catalogue_is_refused(tmp_path, line, complaint):
    path = tmp_path / "catalogue.toml"
    head = 'state = []\n[[case]]\nid = "TC_X"\nprofile = "Core"\nchecks = []\nneeds = []\n'
    head += "document = { table = 1, page = 1 }\n"
    path.write_text(head + line, encoding="utf-8")
    with pytest.raises(CatalogueError, match=complaint):
        load_catalogue(path)
