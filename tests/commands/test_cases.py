"""`octt list` and `octt show`."""

from __future__ import annotations

import json

import pytest

from octt.suite.catalogue import CatalogueError, find, load_catalogue
from tests.commands.calling import invoke, octt


def test_list_and_show():
    listed = json.loads(octt("list", "--json").stdout)
    assert len(listed) == 102
    assert {"id", "name", "profile", "section", "applicable_if", "checks"} <= set(listed[0])
    shown = octt("show", "TC_003_CS").stdout
    for words in ("Regular Charging Session", "C-07", "step 1", 'station.reports("Preparing", step=1)'):
        assert words in shown
    missing = octt("show", "TC_003_C")
    assert missing.returncode == 2
    assert "TC_003_CS" in missing.stderr


def test_a_case_that_every_station_must_pass_says_so_in_words():
    assert "applies      to every station" in invoke("show", "TC_001_CS").output
    assert "applies      if C-07" in invoke("show", "TC_003_CS").output


@pytest.mark.parametrize("spelling", ["TC_001_CS", "tc_001_cs", "TC-001-CS", "TC_001", "tc1"])
def test_a_case_is_found_in_any_spelling(spelling):
    assert find(spelling, load_catalogue()) == "TC_001_CS"


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("TC_004", "did you mean TC_004_1_CS or TC_004_2_CS?"),
        ("tc_050", "did you mean TC_050_1_CS"),
        ("TC_005_CSS", "did you mean TC_005_"),
        ("core", "`octt list` shows all of them"),
        ("TC", "`octt list` shows all of them"),
        ("", "`octt list` shows all of them"),
    ],
)
def test_a_case_that_does_not_exist_is_refused_with_the_nearest(name, remedy):
    with pytest.raises(CatalogueError) as error:
        find(name, load_catalogue())
    assert remedy in str(error.value)


def test_every_id_is_its_own_spelling():
    catalogue = load_catalogue()
    assert [find(case_id.lower(), catalogue) for case_id in catalogue] == list(catalogue)
