"""Which cases a run is about when not all of them: quick ones, what did not pass, what a time has room for."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from octt.bench import SIMULATED, Bench, ConfigError
from octt.record.words import Blame, Verdict
from octt.suite.allowed import Allowed
from octt.suite.attempt import _worth_a_retry
from octt.suite.catalogue import load_catalogue
from octt.suite.choosing.choice import (
    OVERHEAD,
    QUICK,
    affordable,
    check_words,
    is_quick,
    measured,
    named,
    value,
)
from octt.suite.choosing.earlier import Earlier, earlier, runs_before
from tests.report.synthetic import BENCH, Synthetic

CATALOGUE = load_catalogue()


def test_every_case_was_measured_and_nothing_else():
    assert set(measured()) == set(CATALOGUE)
    assert all(seconds >= 0 for seconds in measured().values())


def test_quick_cases_need_no_hand_no_wait_and_leave_nothing_behind():
    quick = [case for case in CATALOGUE.values() if is_quick(case)]
    assert len(quick) > 20
    assert sum(measured()[case.id] for case in quick) < 50
    assert not [case.id for case in quick if case.needs or measured()[case.id] > QUICK]
    # Installed firmware and a raised security profile cannot be put back.
    assert not {case.id for case in quick} & {"TC_044_1_CS", "TC_080_CS", "TC_083_CS"}


def test_value_is_checks_for_each_second():
    case = CATALOGUE["TC_012_CS"]
    assert value(case, 2) == len(case.checks) / 2
    assert value(case, 0) == len(case.checks) / 0.1


def test_the_most_valuable_cases_come_first_and_a_tenth_of_the_time_stays_free():
    cases = [CATALOGUE[name] for name in ("TC_003_CS", "TC_012_CS", "TC_067_CS")]
    seconds = {"TC_003_CS": 30, "TC_012_CS": 30, "TC_067_CS": 30}
    chosen, takes = affordable(cases, (60 + OVERHEAD) / 60 / 0.9, seconds)
    assert [case.id for case in chosen] == ["TC_067_CS", "TC_012_CS"]
    assert takes == 60
    assert affordable(cases, (59 + OVERHEAD) / 60 / 0.9, seconds)[1] == 30
    assert affordable(cases, 0.01, seconds) == ([], 0)


def test_a_case_that_was_never_measured_is_no_bargain():
    case = CATALOGUE["TC_003_CS"]
    assert affordable([case], 1, {}) == ([], 0)
    assert affordable([case], 2, {})[0] == [case]


def test_without_a_choice_every_case_is_meant():
    assert named(CATALOGUE, (), ()) == ((), [])
    assert named(CATALOGUE, ("TC_003_CS",), ("Core",)) == (("TC_003_CS",), [])
    assert named(CATALOGUE, CATALOGUE, ())[0] == ()


def test_case_and_profile_that_leave_nothing_are_said():
    with pytest.raises(ConfigError, match="TC_003_CS is a case of Core, and --profile asks for Reservation"):
        named(CATALOGUE, ("TC_003_CS",), ("Reservation",))


def test_quick_says_how_many_and_refuses_nothing():
    ids, [notice] = named(CATALOGUE, (), ("SmartCharging",), quick=True)
    assert all(CATALOGUE[name].profile == "SmartCharging" for name in ids)
    assert notice.startswith(f"--quick: {len(ids)} cases that need no hand")
    with pytest.raises(ConfigError, match="none of those asked for is quick"):
        named(CATALOGUE, ("TC_003_CS",), (), quick=True)


@pytest.mark.parametrize("words", ["", "reset and not (soft or hard)", "TC_012_CS"])
def test_words_that_pytest_understands(words):
    check_words(words)


@pytest.mark.parametrize("words", ["a and", "(", "reset ==", "not"])
def test_words_that_it_does_not(words):
    with pytest.raises(ConfigError, match="-k "):
        check_words(words)


# -- earlier runs ---------------------------------------------------------------------------------------------------


@pytest.fixture
def runs(tmp_path):
    """Writes runs, each an hour after the one before; a bench of the same station."""

    def write(name, verdicts, *, whole=True, bench=None, seconds=1):
        (tmp_path / name).mkdir()
        made = Synthetic(tmp_path / name / "record.jsonl")
        made.now = len(list(tmp_path.iterdir())) * 3_600_000_000_000
        left = (
            [] if whole else [{"case": "Z", "name": "", "profile": "Core", "applicable": True, "reason": ""}]
        )
        made.start(*verdicts, bench=BENCH | (bench or {}), not_chosen=left)
        for case, verdict in verdicts.items():
            with made.case(case, verdict, seconds=seconds):
                pass
        made._file.close()
        return made

    write.folder = tmp_path
    return write


REAL = Bench.model_validate({"driver": {"kind": "manual"}})


def test_the_last_verdict_of_each_case_back_to_the_last_whole_run(runs):
    runs("a", {"W": "FAIL"})
    runs("b", {"A": "FAIL", "B": "INCONCLUSIVE", "C": "PASS", "D": "NOT APPLICABLE", "E": "ERROR"}, seconds=7)
    runs("c", {"B": "PASS", "C": "FAIL"}, whole=False)
    found = earlier(REAL, runs.folder)
    assert sorted(found.not_passed) == ["A", "C", "E"]
    assert [folder.name for folder in found.runs] == ["c", "b"]
    assert found.seconds["A"] == 7
    assert found.seconds["C"] == 1


def test_runs_of_another_station_count_for_nothing(runs):
    runs("a", {"A": "FAIL"}, bench={"station": {"identity": "OTHER"}})
    runs("b", {"A": "FAIL"}, bench={"driver": {"kind": "simulated"}})
    assert earlier(REAL, runs.folder) == Earlier()
    assert earlier(SIMULATED, runs.folder).not_passed == ["A"]


def test_an_overruled_case_is_not_repeated(runs):
    (runs.folder / "a").mkdir()
    made = Synthetic(runs.folder / "a" / "record.jsonl")
    made.start("A", "B")
    for case in ("A", "B"):
        with made.case(case, "FAIL"):
            pass
    made.add("override", case="A", verdict="PASS", by="N", why="w")
    made._file.close()
    assert earlier(REAL, runs.folder).not_passed == ["B"]


def test_folders_that_hold_no_record_do_no_harm(runs):
    for name, text in (("x", ""), ("y", "{}\n"), ("z", json.dumps({"kind": "run.start"}) + "\n")):
        (runs.folder / name).mkdir()
        (runs.folder / name / "record.jsonl").write_text(text)
    assert earlier(REAL, runs.folder).not_passed == []
    assert runs_before(REAL, runs.folder / "none" / "new").runs == []


def test_nothing_to_repeat_is_said(runs):
    with pytest.raises(ConfigError, match="no earlier run of this station"):
        named(CATALOGUE, (), (), last=Earlier())
    runs("a", {"TC_003_CS": "PASS"})
    with pytest.raises(ConfigError, match="nothing is left to repeat"):
        named(CATALOGUE, (), (), last=earlier(REAL, runs.folder))


def test_what_did_not_pass_is_what_is_left(runs):
    runs("a", {"TC_003_CS": "PASS", "TC_012_CS": "FAIL", "TC_013_CS": "ERROR"})
    last = earlier(REAL, runs.folder)
    assert named(CATALOGUE, (), (), last=last) == (
        ("TC_012_CS", "TC_013_CS"),
        ["--lf: 2 cases that did not pass in a"],
    )
    assert named(CATALOGUE, ("TC_012_CS",), (), last=last)[0] == ("TC_012_CS",)


# -- attempts and time ----------------------------------------------------------------------------------------------


def test_retries_are_counted_for_each_case():
    allowed = Allowed(SimpleNamespace(retries=2, minutes=None))
    assert allowed.retry("A")
    assert allowed.retried("A") == "tried again, 1 of at most 2 times (--retry)"
    assert allowed.retry("A")
    allowed.retried("A")
    assert not allowed.retry("A")
    assert allowed.retry("B")
    assert not Allowed(SimpleNamespace(retries=0, minutes=None)).retry("A")


def test_no_case_is_begun_that_the_time_has_no_room_for():
    allowed = Allowed(SimpleNamespace(retries=0, minutes=1, seconds={"A": 30, "B": 61}))
    assert (allowed.time_for("A"), allowed.time_for("B")) == (True, False)
    allowed._began -= 40
    assert not allowed.time_for("A")
    assert allowed.time_for("never measured")
    allowed.begin()
    assert allowed.time_for("A")


@pytest.mark.parametrize(
    ("verdict", "blame", "gone", "again"),
    [
        ("INCONCLUSIVE", "station", "", True),
        ("INCONCLUSIVE", "network", "", True),
        ("ERROR", "tool", "", True),
        ("FAIL", "station", "", False),
        ("PASS", "", "", False),
        ("NOT APPLICABLE", "", "", False),
        ("INCONCLUSIVE", "operator", "", False),
        ("INCONCLUSIVE", "configuration", "", False),
        ("INCONCLUSIVE", "tool", "the rig is gone", False),
    ],
)
def test_what_is_tried_again(verdict, blame, gone, again):
    driver = SimpleNamespace(driver=SimpleNamespace(gone=gone))
    scene = SimpleNamespace(may_retry=True, driver=driver)
    assert bool(_worth_a_retry(scene, Verdict(verdict), Blame(blame))) is again
    scene.may_retry = False
    assert not _worth_a_retry(scene, Verdict(verdict), Blame(blame))
