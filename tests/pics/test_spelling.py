"""A declaration means the same in any spelling; what cannot be understood is refused with what is allowed."""

import pytest
from declarations import SHIPPED, declare, raw, shipped
from hypothesis import given, settings
from hypothesis import strategies as st

from octt.ocpp.keys import KEYS
from octt.pics.problems import problems
from octt.pics.questionnaire import load_questionnaire
from octt.pics.spelling import plain
from octt.suite.catalogue import load_catalogue, plan

QUESTIONS = load_questionnaire().questions

in_case = st.sampled_from([str.lower, str.upper, str.title, str])
blanks = st.sampled_from(["", " ", "  "])
yes_no = {True: ["yes", "Y", " YES ", "true", "True", True], False: ["no", "N", "false", " No", False]}


@st.composite
def respelt(draw, name):
    """A name in another case, with blanks around it, its hyphens as underscores or blanks."""
    joint = draw(st.sampled_from(["-", "_", " "]))
    before, after = draw(blanks), draw(blanks)
    return before + draw(in_case)(name).replace("-", joint) + after


@st.composite
def answers_respelt(draw, table):
    found = {}
    for item, value in table.items():
        question = QUESTIONS[item]
        if isinstance(value, bool):
            value = draw(st.sampled_from(yes_no[value]))
        elif isinstance(value, int) and question.type in ("int", "number"):
            value = draw(st.sampled_from([value, str(value), f" {value} "]))
        elif isinstance(value, list):
            value = [draw(in_case)(text) + draw(blanks) for text in value]
            value = draw(st.sampled_from([value, ", ".join(value)]))
        elif question.type == "choice":
            value = draw(respelt(value))
        found[draw(respelt(item))] = value
    return found


@st.composite
def declarations_respelt(draw):
    name = draw(st.sampled_from(SHIPPED))
    data = raw(name)
    data["answers"] = draw(answers_respelt(data["answers"]))
    data["profiles"] = [draw(respelt(profile)) for profile in data["profiles"]]
    data["guessed"] = [draw(respelt(item)) for item in data.get("guessed", [])]
    data["configuration_keys"] = {
        (draw(in_case)(key) if key in KEYS else key): value
        for key, value in data.get("configuration_keys", {}).items()
    }
    for row in data.get("connectors", []):
        row["cable"] = draw(st.sampled_from([row["cable"].upper(), row["cable"].partition(" ")[0].lower()]))
        row["current"] = row["current"].lower()
    tables = {draw(respelt("answers")): data.pop("answers")}
    return name, {**data, **tables}


@settings(max_examples=40, deadline=None)
@given(declarations_respelt())
def test_a_declaration_means_the_same_in_any_spelling(example):
    name, data = example
    declared, original = declare(data), shipped(name)
    assert declared.unreadable == []
    assert declared.as_dict() == original.as_dict()
    assert plan(load_catalogue(), declared) == plan(load_catalogue(), original)


def test_no_two_items_are_told_apart_by_what_is_forgiven():
    assert len({plain(item) for item in QUESTIONS}) == len(QUESTIONS)
    assert len({key.casefold() for key in KEYS}) == len(KEYS)


def declared_with(table="answers", **values):
    data = raw()
    for item, value in values.items():
        data.setdefault(table, {})[item] = value
    return declare(data)


@pytest.mark.parametrize("spelling", ["single", "SINGLE", " Single "])
def test_one_reader_is_one_reader(spelling):
    assert declared_with(**{"HFS-10": spelling}).answer("HFS-10") == "Single"


@pytest.mark.parametrize(
    ("item", "value", "allowed"),
    [
        ("HFS-10", "one", "None, Single, Multiple"),
        ("C-07", "perhaps", "true or false"),
        ("C-07", 1, "true or false"),
        ("HFS-8", "2 or 3", "a whole number"),
        ("ORS-16", ["http", "scp"], "ftp, ftps, http, https, sftp"),
    ],
)
def test_what_cannot_be_understood_is_refused_with_what_is_allowed(item, value, allowed):
    found = [p for p in problems(declared_with(**{item: value})) if p.id == item and p.severity == "error"]
    assert found
    assert any(allowed in f"{p.what}; {p.remedy}" for p in found), found


@pytest.mark.parametrize("item", ["ORS-5", "ORS-7", "ors-15"])
def test_an_item_that_is_on_no_form_is_told_so(item):
    [problem] = declared_with(**{item: 3}).unreadable
    assert "on no form" in problem.remedy
    assert "other_limits" in problem.remedy


def test_two_spellings_of_one_name_are_refused():
    for table, one, other in (
        ("answers", "HFS-10", "hfs_10"),
        ("configuration_keys", "LocalAuthListEnabled", "localauthlistenabled"),
    ):
        problems_found = declared_with(table, **{one: "Single", other: "Multiple"}).unreadable
        assert any(
            "are the same" in problem.what and problem.remedy == "keep one" for problem in problems_found
        )


@pytest.mark.parametrize(
    ("spelling", "access"),
    [("rw", "RW"), ("R/W", "RW"), ("ReadWrite", "RW"), ("read-only", "R"), ("ro", "R")],
)
def test_access_in_words(spelling, access):
    entry = {"value": True, "access": spelling}
    declared = declare({**raw(), "configuration_keys": {"localauthlistenabled": entry}})
    assert "localauthlistenabled" not in declared.configuration_keys
    assert declared.configuration_keys["LocalAuthListEnabled"].access == access


@pytest.mark.parametrize(
    ("case", "key"),
    [
        ("TC_005_1_CS", "StopTransactionOnEVSideDisconnect"),
        ("TC_005_2_CS", "StopTransactionOnEVSideDisconnect"),
        ("TC_005_3_CS", "StopTransactionOnEVSideDisconnect"),
        ("TC_042_1_CS", "LocalAuthListEnabled"),
    ],
)
@pytest.mark.parametrize("where", ["declared", "told by the station"])
def test_a_key_in_another_case_decides(case, key, where):
    """Keys are compared without regard to case (OCPP 1.6 7.29), in a declaration and in the station's own answer."""
    data = raw()
    del data["configuration_keys"]
    data["answers"]["C-06.2"] = False
    data["answers"]["C-06.1"] = True
    keys = None
    if where == "declared":
        data["configuration_keys"] = {key.upper(): {"value": "false", "access": "R"}}
    else:
        keys = [{"key": key.lower(), "value": "false", "readonly": True}]
    [planned] = plan(load_catalogue(), declare(data), keys, [case], connector=1)
    off_for_good = (
        case == "TC_042_1_CS"
    )  # LocalAuthListEnabled = false is all that the document asks for there
    assert planned.applies is off_for_good, planned
    assert key in dict(planned.because)


@pytest.mark.parametrize("spell", [str.lower, str.upper, str])
def test_a_writable_key_that_the_station_tells_in_another_case_is_writable(spell):
    data = raw()
    del data["configuration_keys"]
    data["answers"] |= {"C-06.1": True, "C-06.2": False}
    keys = [{"key": spell("StopTransactionOnEVSideDisconnect"), "value": "false", "readonly": False}]
    [planned] = plan(load_catalogue(), declare(data), keys, ["TC_005_3_CS"])
    assert planned.applies is True
