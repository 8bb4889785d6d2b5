"""A few legal stations, and that the proof can fail; `make legal` draws hundreds."""

from __future__ import annotations

import re
from dataclasses import fields, replace

import pytest

from octt import paths
from octt.pics.problems import problems
from octt.simulator.freedom import Freedom
from octt.simulator.options import DELAYS
from octt.suite.catalogue import load_catalogue
from tests.campaign import Outcome
from tests.legal.drawing import ASPECTS, drawn, option, shared_out
from tests.legal.page import freedoms
from tests.legal.permitted import PERMITTED
from tests.legal.running import Observed, keep, kept, run
from tests.legal.words import legal, read

PAGE = paths.TESTCASES / "legal-stations.md"


@pytest.fixture(scope="module")
def many():
    """Enough to have every aspect among them."""
    return drawn(150, 1)


def test_every_freedom_and_every_delay_is_drawn(many):
    assert min(freedoms((station, None) for station in many).values()) > 0
    words = {word.partition("=")[0] for station in many for word in station.words}
    assert {f"--delay {kind}" for kind in DELAYS} <= words
    assert {"without Security", "connectors 1", "security 0", "security 1", "security 2"} <= words
    assert {choice.name for choice in fields(Freedom)} <= set(ASPECTS)


def test_what_is_drawn_is_declared_without_contradiction(many):
    found = {
        problem.what for station in many for problem in problems(station.pics) if problem.severity == "error"
    }
    assert found == set()


def test_the_same_seed_draws_the_same_stations_and_shares_the_cases_out(many):
    one, other = (shared_out(drawn(30, 5), 5) for _ in range(2))
    assert [(station.words, cases) for station, cases in one] == [
        (station.words, cases) for station, cases in other
    ]
    assert len({station.words for station in many}) == 150
    assert {case for _, cases in shared_out(many, 1) for case in cases} == set(load_catalogue())


def test_a_station_is_named_by_its_words():
    station = legal(("--card-first", "--delay reply=0.3", "security 0"))
    assert station.command == "--station '--card-first; --delay reply=0.3; security 0'"
    assert read(station.command.split("'")[1]) == station.words


def test_what_a_station_is_asked_about_is_declared():
    pics = legal(
        ("connectors 1", "--readonly AuthorizeRemoteTxRequests", "--absent MaxEnergyOnInvalidId")
    ).pics
    assert (pics.answer("HFS-8"), len(pics.connectors)) == (1, 1)
    assert pics.configuration_keys["AuthorizeRemoteTxRequests"].access == "R"
    assert pics.answer("C-03") is False
    slow = legal(("--delay start=1.5", "--delay function=0.5"))
    plain = legal(())
    assert slow.pics.answer("remote_start_time") - plain.pics.answer("remote_start_time") == 2
    assert "--delay" in slow.options()


STATIONS = (
    (
        ("--cable-first", "--timestamps offset", "--bare", "--kilo-units", "security 0"),
        ("TC_003_CS", "TC_055_CS"),
    ),
    (
        ("--delay reply=0.2", "--delay function=0.4", "--spaced-json", "security 1"),
        ("TC_012_CS", "TC_040_1_CS"),
    ),
    (
        ("without FirmwareManagement", "--all-fields", "--counted-ids", "security 0"),
        ("TC_054_CS", "TC_011_2_CS"),
    ),
)


def test_legal_stations_pass():
    result = run([(legal(words), cases) for words, cases in STATIONS], 3, 60)
    assert [(one.case, one.verdict, one.reason) for _, one in result.false] == []
    assert len(result.runs) == len(STATIONS)


def test_a_station_that_breaks_a_rule_is_reported(tmp_path, capsys):
    """And kept, with the command that repeats it."""
    station = legal(("--counted-ids", "security 0"))
    result = run([(station, ("TC_055_CS",))], 1, 60, ("reply:TriggerMessage=Accepted",))
    assert [(one.case, one.verdict) for _, one in result.false] == [("TC_055_CS", "FAIL")]
    assert "--station '--counted-ids; security 0'" in capsys.readouterr().out
    file = tmp_path / "kept.toml"
    for _ in range(2):
        keep(result.false, file)
    assert [(one.words, cases) for one, cases in kept(file)] == [(station.words, ("TC_055_CS",))]


def test_only_what_the_declaration_explains_may_be_undecided():
    words = ("--absent CpoName", "security 2")
    explained = Outcome(
        "TC_074_CS", "INCONCLUSIVE", "precondition CpoName = X cannot be set: it does not exist", ()
    )
    other = replace(explained, reason="the station did not connect")
    assert Observed([explained]).wrong(legal(words)) == []
    assert Observed([explained]).wrong(legal(words[1:])) == [explained]
    assert Observed([other]).wrong(legal(words)) == [other]
    assert Observed([replace(explained, verdict="FAIL")]).wrong(legal(words)) != []


def test_what_is_kept_and_what_is_permitted_is_about_cases_that_exist():
    catalogue = load_catalogue()
    assert {case for _, cases in kept() for case in cases} <= set(catalogue)
    assert all(any(re.fullmatch(pattern, case) for case in catalogue) for pattern, *_ in PERMITTED)


def test_the_page_is_of_hundreds_of_stations_without_a_false_verdict_and_of_every_freedom():
    text = PAGE.read_text(encoding="utf-8")
    assert int(re.search(r"(\d+) stations drawn with seed", text)[1]) >= 250
    assert "- 0 false verdicts" in text
    counts = {name: int(count) for name, count in re.findall(r"^\| `(\S+)` \| (\d+) \|$", text, re.MULTILINE)}
    assert all(counts[option(choice.name)] > 0 for choice in fields(Freedom))
