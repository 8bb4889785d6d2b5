"""Which cases apply to which station: by the tested connector, by the whole declaration, and always with a reason."""

import pytest
from declarations import SHIPPED, declare, raw, shipped
from hypothesis import given, settings
from hypothesis import strategies as st

from octt.ocpp.keys import KEYS
from octt.pics.declaration import Connector, Declaration
from octt.pics.expression import names, parse
from octt.pics.problems import problems
from octt.pics.questionnaire import PROFILES, load_questionnaire
from octt.suite.catalogue import load_catalogue, plan

CATALOGUE = load_catalogue()
QUESTIONS = load_questionnaire().questions
DETACHABLE = {"TC_005_1_CS", "TC_017_1_CS", "TC_018_1_CS", "TC_024_CS", "TC_030_CS"}
FIXED = {"TC_017_2_CS", "TC_018_2_CS"}


def varied(name="simulated", profiles=None, rows=None, keys=None, **answers):
    """A shipped declaration with other answers; None takes one out."""
    data = raw(name)
    for item, value in answers.items():
        item = item.replace("_", "-").replace("--", ".")
        data["answers"].pop(item, None)
        if value is not None:
            data["answers"][item] = value
    if profiles is not None:
        data["profiles"] = profiles
    if rows is not None:
        data["connectors"] = rows
    if keys is not None:
        data["configuration_keys"] = keys
    return declare(data)


def decisions(declaration, connector=1, keys=None):
    return {one.case.id: one for one in plan(CATALOGUE, declaration, keys, connector=connector)}


def excluded(declaration, connector=1):
    return {case for case, one in decisions(declaration, connector).items() if one.applies is False}


def rows(*cables):
    row = {"current": "AC", "phases": 3, "type": "sType2"}
    return [{**row, "connector": number, "cable": cable} for number, cable in enumerate(cables, 1)]


# -- the tested connector -----------------------------------------------------------------------------------------


def test_a_station_with_both_cables_is_tested_by_the_connector_under_test():
    both = varied(HFS_1=True, HFS_2=True, rows=rows("Detachable Cable", "Fixed Cable"))
    assert [problem for problem in problems(both) if problem.severity == "error"] == []
    socket, tethered = excluded(both, 1), excluded(both, 2)
    assert socket - tethered == FIXED
    assert tethered - socket == DETACHABLE
    assert decisions(both, 2)["TC_017_1_CS"].reason == "does not apply: the cable of connector 2 is fixed"
    assert decisions(both, 2)["TC_017_2_CS"].because == (("the cable of connector 2", "fixed"),)


def test_without_a_line_for_the_tested_connector_nothing_is_decided_silently():
    both = varied(HFS_1=True, HFS_2=True, rows=[])
    for connector, said in (
        (1, "the cable of connector 1 is not known"),
        (None, "connector under test is not known"),
    ):
        found = decisions(both, connector)
        for case in (DETACHABLE | FIXED) - {"TC_005_1_CS"}:
            assert found[case].applies is None
            assert said in found[case].reason
            assert "HFS-1 is Yes, HFS-2 is Yes" in found[case].reason


@pytest.mark.parametrize(
    ("answers", "cable"),
    [
        ({"HFS-1": True, "HFS-2": False}, "detachable"),
        ({"HFS-1": False, "HFS-2": True}, "fixed"),
        ({"HFS-1": False}, "fixed"),
        ({"HFS-2": False}, "detachable"),
        ({"HFS-1": True, "HFS-8": 1}, "detachable"),
        ({"HFS-2": True, "HFS-8": 1}, "fixed"),
        ({"HFS-2": True, "HFS-8": 2}, ""),
        ({"HFS-1": True, "HFS-2": True}, ""),
        ({"HFS-1": False, "HFS-2": False}, ""),
        ({}, ""),
    ],
)
def test_without_a_table_the_two_answers_tell_the_cable_where_they_leave_one(answers, cable):
    assert Declaration(answers=answers).cable(1) == cable
    assert Declaration(answers=answers).cable(None) == cable


def test_the_table_of_connectors_is_more_exact_than_the_answers():
    declared = Declaration(
        answers={"HFS-1": True, "HFS-2": True},
        connectors=(Connector(1, cable="Fixed Cable"), Connector(2, cable="Detachable Cable"), Connector(3)),
    )
    assert [declared.cable(number) for number in (1, 2, 3, 4, None)] == ["fixed", "detachable", "", "", ""]


# -- the whole declaration ----------------------------------------------------------------------------------------

SEVERAL_TAGS = {
    *("TC_023_CS", "TC_037_2_CS", "TC_037_3_CS", "TC_046_1_CS", "TC_053_CS", "TC_068_CS", "TC_069_CS"),
}
LOCAL_START = {
    *("TC_003_CS", "TC_004_1_CS", "TC_004_2_CS", "TC_023_CS", "TC_061_CS", "TC_046_1_CS", "TC_053_CS"),
    *("TC_037_1_CS", "TC_037_2_CS", "TC_037_3_CS", "TC_039_CS"),
}


@pytest.mark.parametrize(
    ("answers", "more"),
    [
        # Without a reader a button gives one idTag only.
        ({"HFS_10": "None"}, SEVERAL_TAGS),
        ({"C_07": False, "C_01": False}, LOCAL_START),
        # TC_041 is for every station, TC_007 and TC_037 put an idTag into the cache without a local stop too.
        ({"C_08": False}, {"TC_038_CS", "TC_039_CS", "TC_068_CS", "TC_069_CS"}),
        ({"AQ_2": True}, {"TC_003_CS", "TC_010_CS", "TC_023_CS", "TC_048_2_CS", "TC_050_2_CS"}),
        ({"AQ_7__2": False}, {"TC_032_2_CS"}),
        ({"C_04": False}, {"TC_007_CS", "TC_061_CS"}),
        ({"R_1": False}, {"TC_049_CS", "TC_050_1_CS", "TC_050_2_CS", "TC_050_3_CS"}),
        ({"F_1": False}, {"TC_080_CS", "TC_081_CS"}),
        ({"SEC_3": False}, {"TC_074_CS", "TC_077_CS", "TC_087_CS"}),
        # These decide on no case: what follows from them is done in the case.
        ({"AQ_1": False}, set()),
        ({"AQ_4": False}, set()),
        ({"AQ_5": True}, set()),
        ({"ORS_16": None}, set()),
    ],
)
def test_one_answer_excludes_these_and_no_others(answers, more):
    assert excluded(varied(**answers)) - excluded(shipped("simulated")) == more


@pytest.mark.parametrize(("periods", "left_out"), [("1", {"TC_066_CS"}), ("4", {"TC_066_CS"}), ("5", set())])
def test_few_periods_exclude_the_one_case_that_the_document_limits(periods, left_out):
    keys = {"ChargingScheduleMaxPeriods": {"value": periods, "access": "R"}}
    assert excluded(varied(keys=keys)) & {"TC_066_CS", "TC_067_CS", "TC_072_CS"} == left_out


def test_two_contradicting_answers_are_named():
    for answers, item, severity in (
        ({"C_01": True, "C_07": False}, "C-01", "error"),
        ({"AQ_3": True}, "AQ-3", "warning"),
        ({"AQ_7__1": True}, "AQ-7.1", "error"),
    ):
        found = {(problem.id, problem.severity) for problem in problems(varied(**answers))}
        assert (item, severity) in found


# -- any declaration ----------------------------------------------------------------------------------------------

answer = st.one_of(
    st.booleans(),
    st.integers(-1, 3),
    st.sampled_from(["yes", "No", "Single", "none", "", "perhaps"]),
    st.lists(st.sampled_from(["http", "Voltage"]), max_size=2),
)
key_names = st.sampled_from([name.upper() for name in KEYS] + list(KEYS) + ["Vendor.Key"])
station_keys = st.lists(
    st.fixed_dictionaries(
        {"key": st.one_of(key_names, st.integers())},
        optional={
            "value": st.sampled_from([None, 3, True, "true", "FALSE", "2", "many", {"a": 1}]),
            "readonly": st.sampled_from([None, True, False, "true"]),
        },
    ),
    max_size=4,
)


@st.composite
def declarations(draw):
    """Declarations as somebody may really write them: some answers right, some wrong, some missing."""
    fits = {
        "bool": st.booleans(),
        "int": st.integers(0, 9),
        "choice": st.sampled_from(["None", "Single", "Multiple"]),
    }
    answers = {}
    for item in draw(st.lists(st.sampled_from(sorted(QUESTIONS)), unique=True)):
        answers[item] = draw(st.one_of(fits.get(QUESTIONS[item].type, answer), answer))
    data = {
        "profiles": draw(st.lists(st.sampled_from([*PROFILES, "core", "Unheard"]), unique=True)),
        "answers": answers,
        "configuration_keys": draw(
            st.dictionaries(
                key_names,
                st.fixed_dictionaries(
                    {},
                    optional={
                        "value": st.sampled_from(["true", "false", "1", "x"]),
                        "access": st.sampled_from(["R", "rw", "odd"]),
                    },
                ),
                max_size=4,
            )
        ),
        "connectors": draw(
            st.lists(
                st.fixed_dictionaries(
                    {"connector": st.integers(0, 3)},
                    optional={"cable": st.sampled_from(["fixed", "Detachable cable", "rope", ""])},
                ),
                max_size=3,
            )
        ),
    }
    return declare(data)


@settings(max_examples=150, deadline=None)
@given(declarations(), st.one_of(st.none(), station_keys), st.one_of(st.none(), st.integers(0, 4)))
def test_any_declaration_is_planned_with_a_reason_for_every_case(declared, keys, connector):
    for one in plan(CATALOGUE, declared, keys, connector=connector):
        assert one.applies in (True, False, None)
        always = one.case.applicable_if == "true"
        assert one.because or always, one
        assert all(
            f"{name} is {shown}" in one.reason or name in one.case.key_min for name, shown in one.because
        )
        known = {leaf.name for leaf in names(parse(one.case.applicable_if)) if leaf.kind != "connector"}
        for name, _ in one.because:
            spared_by = set(PROFILES) | {"SEC-2", "SEC-3"}
            of_connector = name.startswith("the c") or name in ("HFS-1", "HFS-2", "HFS-8")
            assert name in known | spared_by | one.case.key_min.keys() or of_connector, (name, one)


@settings(max_examples=150, deadline=None)
@given(declarations(), st.one_of(st.none(), station_keys), st.one_of(st.none(), st.integers(1, 3)))
def test_the_reasons_alone_decide_whatever_else_is_answered(declared, keys, connector):
    for one in plan(CATALOGUE, declared, keys, connector=connector):
        if one.applies is None:
            continue
        named = {name for name, _ in one.because}
        kept = Declaration(
            answers={item: value for item, value in declared.answers.items() if item in named},
            profiles=declared.profiles,
            connectors=declared.connectors,
            configuration_keys=declared.configuration_keys,
        )
        [again] = plan(CATALOGUE, kept, keys, [one.case.id], connector=connector)
        assert again.applies is one.applies, (one, again)


@pytest.mark.parametrize("name", SHIPPED)
def test_every_exclusion_of_a_shipped_declaration_names_the_answer_that_excludes(name):
    for one in decisions(shipped(name)).values():
        if one.applies is False:
            assert one.reason.startswith("does not apply: ")
            assert one.because
