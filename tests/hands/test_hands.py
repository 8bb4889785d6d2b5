"""A few people at a real terminal, with a real run. All of them, with all cases: `make hands`."""

from __future__ import annotations

import pytest

from tests.hands.behaviours import ENDING, RIGHT, WRONG
from tests.hands.person import Habits, Person
from tests.hands.stage import Stage

KNOWN = {behaviour.name: behaviour for behaviour in (*RIGHT, *WRONG, *ENDING)}


def played(folder, name, *cases, **options):
    """A run with a person; the person, the attempts and the exit code."""
    behaviour = KNOWN[name]
    stage = Stage(folder, cases, times=dict(behaviour.times), arguments=behaviour.station, **options)
    try:
        person = Person(stage, behaviour.habits)
        code = person.run(120)
        return person, stage.attempts(), code
    finally:
        stage.close()


def verdicts(attempts):
    return {case: [verdict for verdict, _reason in one] for case, one in attempts.items()}


def test_who_does_what_is_asked_passes_and_is_asked_no_more_than_needed(tmp_path):
    cases = ("TC_003_CS", "TC_030_CS")
    person, attempts, code = played(tmp_path, "does what is asked, Enter where it is asked for", *cases)
    assert (verdicts(attempts), code) == ({"TC_003_CS": ["PASS"], "TC_030_CS": ["PASS"]}, 0)
    assert person.doubts == person.questions == []
    plug, card, unplug = (request for request in person.requests if request[0] == "TC_003_CS")
    assert plug == ("TC_003_CS", "Plug the cable into connector 1 and into the EV.")
    assert card == ("TC_003_CS", "Present the card OCTTVALID1 for connector 1.")
    assert unplug[1].startswith("Unplug the cable of connector 1")


def test_a_wrong_card_is_told_and_costs_no_attempt(tmp_path):
    person, attempts, _ = played(tmp_path, "presents a wrong card first", "TC_003_CS")
    assert verdicts(attempts) == {"TC_003_CS": ["PASS"]}
    assert person.doubts == [("TC_003_CS", "the station read the card LIBRARYCARD; asked for was OCTTVALID1")]


def test_who_comes_too_late_is_offered_the_case_again(tmp_path):
    person, attempts, _ = played(tmp_path, "comes after ConnectionTimeOut", "TC_011_1_CS")
    assert verdicts(attempts) == {"TC_011_1_CS": ["INCONCLUSIVE", "PASS"]}
    assert "ConnectionTimeOut ran out" in attempts["TC_011_1_CS"][0][1]
    assert "ConnectionTimeOut ran out" in person.doubts[0][1]


@pytest.mark.parametrize(
    "name",
    ["presses Enter and does it when asked again", "presses Enter twice", "types while nothing is asked"],
)
def test_an_early_or_habitual_enter_does_no_harm(tmp_path, name):
    _, attempts, code = played(tmp_path, name, "TC_068_CS")
    assert (verdicts(attempts), code) == ({"TC_068_CS": ["PASS"]}, 0)


def test_a_failure_is_the_stations_when_the_person_says_that_all_was_done(tmp_path):
    person, attempts, code = played(
        tmp_path,
        "does what is asked, Enter where it is asked for",
        "TC_003_CS",
        faults=("status-missing:Charging",),
    )
    assert (verdicts(attempts), code) == ({"TC_003_CS": ["FAIL"]}, 1)
    assert person.questions == ["TC_003_CS"]


@pytest.mark.parametrize(("name", "ends"), [("aborts the run", 3), ("presses ctrl-C", 130)])
def test_who_ends_the_run_fails_nothing(tmp_path, name, ends):
    _, attempts, code = played(tmp_path, name, "TC_003_CS", "TC_004_1_CS")
    assert code == ends
    assert "FAIL" not in str(verdicts(attempts))


def test_a_case_that_has_just_failed_is_repeated(tmp_path):
    habits = Habits("asks for a case again at the end")
    stage = Stage(tmp_path, ("TC_003_CS", "TC_027_CS"), faults=("status-missing:Charging",))
    try:
        person = Person(stage, habits)
        person.at_the_end = "TC_003_CS"
        assert person.run(120) == 1
        assert verdicts(stage.attempts()) == {"TC_003_CS": ["FAIL", "FAIL"], "TC_027_CS": ["PASS"]}
    finally:
        stage.close()


def test_every_name_is_one_behaviour():
    assert len(KNOWN) == len((*RIGHT, *WRONG, *ENDING))
