"""What is wrong with a declaration is found, all at once, with its place, and never as a traceback."""

import pytest
from declarations import SHIPPED, declare, raw, shipped
from hypothesis import given, settings
from hypothesis import strategies as st

from octt.pics.declaration import DeclarationError, read_declaration
from octt.pics.problems import problems
from octt.pics.questionnaire import load_questionnaire
from octt.pics.writing import toml_key, toml_value


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_declarations_have_no_errors(name):
    assert [problem for problem in problems(shipped(name)) if problem.severity == "error"] == []


def test_guesses_are_pointed_out():
    found = {problem.id for problem in problems(shipped("xj-power-ievqc33")) if problem.place == "guessed"}
    assert found == set(shipped("xj-power-ievqc33").guessed)


def changed(name="simulated", **tables):
    """A shipped declaration with some answers changed; None takes one out."""
    data = raw(name)
    for table, values in tables.items():
        if not isinstance(values, dict):
            data[table] = values
            continue
        for item, value in values.items():
            data.setdefault(table, {}).pop(item, None)
            if value is not None:
                data[table][item] = value
    return declare(data)


WRONG = [
    # types and ranges
    ("answers", {"HFS-1": "Perhaps"}, "answers.HFS-1", "is not true or false"),
    ("answers", {"HFS-8": "two"}, "answers.HFS-8", "whole number"),
    ("answers", {"HFS-8": 0}, "answers.HFS-8", "less than 1"),
    ("answers", {"HFS-8": True}, "answers.HFS-8", "whole number"),
    ("answers", {"HFS-10": "Some"}, "answers.HFS-10", "not one of None, Single, Multiple"),
    ("answers", {"C-09.1": 7}, "answers.C-09.1", "list of texts"),
    ("answers", {"C-09.1": ["Voltag"]}, "answers.C-09.1", "did you mean Voltage"),
    ("answers", {"ORS-16": ["http", "http"]}, "answers.ORS-16", "stands twice"),
    ("performance", {"response_timeout": -1}, "performance.response_timeout", "less than 0"),
    # missing and misspelt
    ("answers", {"C-04": None}, "answers.C-04", "not answered"),
    ("product", {"vendor": None}, "product.vendor", "not answered"),
    ("answers", {"HSF-1": True}, "answers.HSF-1", "there is no question"),
    ("answers", {"vendor": "Acme"}, "answers.vendor", "there is no question"),
    ("profiles", ["Core", "SmartChargin"], "profiles", "did you mean SmartCharging"),
    ("profiles", ["SmartCharging"], "profiles", "Core is not declared"),
    ("profiles", "Core", "profiles", "not a list"),
    ("form", "2026", "form", "no form"),
    ("guessed", ["AQ-22"], "guessed", "is no question"),
    ("answer", {"HFS-1": True}, "answer", "no such table"),
    # contradictions
    ("answers", {"C-06.1": True}, "answers.C-06.1", "cannot both go on"),
    ("answers", {"C-06.2": False}, "answers.C-06.1", "either goes on"),
    ("answers", {"AQ-7.1": True}, "answers.AQ-7.1", "not both"),
    ("answers", {"AQ-7.2": False}, "answers.AQ-7.1", "neither before nor after"),
    ("answers", {"HFS-1": False}, "answers.HFS-1", "neither a detachable"),
    ("answers", {"HFS-2": True, "HFS-8": 1}, "answers.HFS-1", "only connector has both"),
    ("answers", {"HFS-2": True}, "answers.HFS-2", "table of connectors says otherwise"),
    ("answers", {"HFS-4": True}, "answers.HFS-4", "table of connectors says otherwise"),
    ("answers", {"HFS-7": False}, "connectors[1]", "3 phases, but HFS-7 is No"),
    ("answers", {"HFS-3": False}, "answers.HFS-3", "neither AC"),
    ("answers", {"HFS-8": 3}, "connectors", "2 connectors are described, HFS-8 says 3"),
    ("answers", {"C-07": False}, "answers.C-01", "started at the station"),
    ("answers", {"SC-1.1": False, "SC-1.2": False}, "answers.SC-1.1", "amperes (SC-1.1) or watts"),
    ("answers", {"SEC-1": False, "SEC-2": False, "SEC-3": False}, "answers.SEC-1", "no security profile"),
    ("answers", {"SEC-4": ["TLS_RSA_WITH_AES_128_GCM_SHA256"]}, "answers.SEC-4", "neither both"),
    ("answers", {"SEC-4": None}, "answers.SEC-4", "not answered"),
    ("answers", {"AQ-3": None}, "answers.AQ-3", "not answered"),
    (
        "profiles",
        ["Core"],
        "answers.R-1",
        "R-1 is Yes, but that cannot be while Reservation is not supported",
    ),
    ("profiles", ["Core"], "answers.SEC-3", "Security is not supported"),
    ("performance", {"communication": "WiFi"}, "performance.communication", "HFS-9 does not have"),
    ("configuration_keys", {"CertificateStoreMaxLength": "0"}, "answers.SEC-3", "needs certificates"),
    ("configuration_keys", {"NumberOfConnectors": "3"}, "answers.HFS-8", "NumberOfConnectors is '3'"),
    (
        "configuration_keys",
        {"SupportedFeatureProfiles": "Core"},
        "profiles",
        "SupportedFeatureProfiles is 'Core'",
    ),
    (
        "configuration_keys",
        {"HartbeatInterval": "3"},
        "configuration_keys.HartbeatInterval",
        "no standard key",
    ),
    (
        "configuration_keys",
        {"HeartbeatInterval": "x"},
        "configuration_keys.HeartbeatInterval",
        "whole number",
    ),
    (
        "configuration_keys",
        {"HeartbeatInterval": {"access": "W"}},
        "configuration_keys.HeartbeatInterval.access",
        "W",
    ),
    (
        "configuration_keys",
        {"HeartbeatInterval": {"access": "R"}},
        "configuration_keys.HeartbeatInterval.access",
        "R,",
    ),
    ("connectors", [], "connectors", "no table of connectors"),
    ("connectors", [{"current": "AC"}], "connectors[1]", "has no number"),
    (
        "connectors",
        [
            {"connector": 1, "current": "AC", "phases": 3, "cable": "Fixed Cable"},
            {"connector": 1, "current": "AC", "phases": 3, "cable": "Detachable Cable"},
        ],
        "connectors[2]",
        "described twice, with Fixed Cable and with Detachable Cable",
    ),
]


@pytest.mark.parametrize(("table", "values", "place", "what"), WRONG)
def test_finds(table, values, place, what):
    found = problems(changed(**{table: values}))
    assert any(problem.place == place and what in f"{problem.what}; {problem.remedy}" for problem in found), (
        found
    )
    assert all(problem.what and problem.remedy for problem in found)


@pytest.mark.parametrize("key", ["LocalAuthListEnabled", "ChargeProfileMaxStackLevel", "HeartbeatInterval"])
def test_a_profile_needs_its_keys_in_a_full_table(key):
    found = problems(changed("xj-power-ievqc33", configuration_keys={key: None}))
    [problem] = [problem for problem in found if problem.place == f"configuration_keys.{key}"]
    assert problem.severity == "warning"  # it may be true of the station, and nobody should be led to lie
    assert "fails TC_019_CS" in problem.remedy


def test_an_optional_key_and_its_answer_go_together():
    found = problems(changed("xj-power-ievqc33", configuration_keys={"MaxEnergyOnInvalidId": None}))
    assert any(problem.id == "C-03" and "not in the table" in problem.what for problem in found)


def test_a_question_that_is_not_asked_is_not_missed():
    found = problems(changed(profiles=["Core"], answers={"SC-1.1": None, "SEC-1": None, "ORS-12": None}))
    assert not {"SC-1.1", "SEC-1", "ORS-12"} & {
        problem.id for problem in found if "not answered" in problem.what
    }


@pytest.mark.parametrize("text", ["form = ", "a = nan\n[a]", "\x00", "profiles = [" * 3000, "x = 1__0"])
def test_what_is_no_toml_is_one_sentence(text):
    with pytest.raises(DeclarationError) as caught:
        read_declaration(text, "pics.toml")
    assert str(caught.value).startswith("pics.toml: ")
    assert "\n" not in str(caught.value)


values = st.recursive(
    st.one_of(
        st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=5)
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=4,
)
ids = st.sampled_from([*load_questionnaire().questions, "form", "guessed", "certified", "other"])
tables = st.sampled_from(
    ["product", "answers", "performance", "other_limits", "connectors", "configuration_keys"]
)


@settings(deadline=None)
@given(
    st.dictionaries(ids, values, max_size=4),
    st.dictionaries(tables, st.one_of(values, st.dictionaries(ids, values, max_size=4)), max_size=4),
)
def test_any_toml_gives_problems_and_no_traceback(top, nested):
    data = {**top, **nested}
    text = "\n".join(f"{toml_key(name)} = {toml_value(value)}" for name, value in data.items())
    found = problems(read_declaration(text))
    assert any(problem.severity == "error" for problem in found)  # none of these can be complete


@settings(deadline=None)
@given(st.text())
def test_any_text_is_read_or_refused_in_one_sentence(text):
    try:
        declaration = read_declaration(text)
    except DeclarationError as error:
        message = str(error)
    else:
        message = problems(declaration)[0].what
    assert message
