"""What the official tool is reported to do otherwise: every entry has a case and a source, and none is a verdict."""

import re

import pytest

from octt.report.differences import KINDS, DifferencesError, load, of_case
from octt.suite.catalogue import load_catalogue
from tests.commands.calling import invoke


@pytest.mark.parametrize("one", load(), ids=lambda one: one.cases[0])
def test_every_entry_names_cases_that_there_are_and_where_to_read_it(one):
    assert set(one.cases) <= set(load_catalogue())
    assert re.fullmatch(r"https://github\.com/[\w-]+/[\w-]+/(issues|pull|blob)/\S+", one.source)
    assert 2017 <= one.year <= 2026
    assert one.kind in KINDS


def test_no_case_is_named_twice_for_the_same_thing():
    told = [(case, one.tool) for one in load() for case in one.cases]
    assert len(told) == len(set(told))


def test_a_case_tells_it_beside_its_verdict():
    (one,) = of_case("TC_066_CS")
    assert one.beside("PASS").startswith("Passes here; the official tool is reported to compare")
    assert one.beside("FAIL").startswith("The official tool is reported to compare")
    (laxer,) = of_case("TC_023_CS")
    assert laxer.beside("PASS").startswith("The official tool")
    assert of_case("TC_001_CS") == []


def test_show_tells_it_with_its_source():
    shown = " ".join(invoke("show", "TC_066_CS").output.split())
    assert "The official tool is reported to compare composite schedules by their number of periods" in shown
    assert "No verdict here rests on it." in shown
    assert "https://github.com/matth-x/MicroOcpp/issues/360" in shown
    assert "official tool" not in invoke("show", "TC_001_CS").output


ENTRY = {
    "cases": '["TC_001_CS"]',
    "kind": '"laxer"',
    "tool": '"pass"',
    "source": '"https://x"',
    "year": "2024",
}


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"source": '""'}, "says no source"),
        ({"source": '"somebody said so"'}, "says no source"),
        ({"cases": "[]"}, "no case"),
        ({"tool": '""'}, "not what the tool does"),
        ({"kind": '"odd"'}, "kind is one of"),
        ({"verdict": '"FAIL"'}, "nothing else"),
    ],
)
def test_an_entry_that_says_too_little_is_an_error(changed, told, tmp_path):
    file = tmp_path / "differences.toml"
    file.write_text("[[difference]]\n" + "\n".join(f"{k} = {v}" for k, v in (ENTRY | changed).items()))
    with pytest.raises(DifferencesError, match=told):
        load(file)
