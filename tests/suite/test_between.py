"""Between cases: what a person at the terminal wished for while nothing was asked."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from octt.record.words import Phase
from octt.script.verdicts import SkipCase, Verdict
from octt.suite.between import ABORT, case_to_repeat
from octt.suite.run import Run
from tests.station.desk import Answering

ENDED = {"TC_001_CS": Verdict.PASS, "TC_003_CS": Verdict.FAIL, "TC_004_1_CS": Verdict.INCONCLUSIVE}


def wished(wish, *answers, ended=ENDED, last=False, attended=True, driver="manual"):
    """What is to be repeated, and the operator who was asked."""
    operator = Answering(*(answers or ("",)))
    operator.attended = attended
    operator._take(f"{wish}\n")
    bench = SimpleNamespace(driver=SimpleNamespace(kind=driver))
    run = SimpleNamespace(options=SimpleNamespace(operator=operator), ended=ended, bench=bench)
    return case_to_repeat(run, last=last), operator


def test_without_a_wish_the_run_goes_on():
    found, operator = wished("")
    assert (found, operator.asked) == ("", [])
    run = SimpleNamespace(options=SimpleNamespace(operator=None), ended=ENDED)
    assert case_to_repeat(run, last=True) == ""


def test_a_pause_waits_for_enter():
    case, operator = wished("p", "", "")
    assert case == ""
    assert operator.asked[0].startswith("paused since")


def test_an_abort_ends_the_run():
    assert wished("a")[0] == ABORT


@pytest.mark.parametrize(
    ("typed", "case"),
    [("", "TC_004_1_CS"), ("tc_001_cs", "TC_001_CS"), ("n", ""), (None, "")],
)
def test_any_case_that_was_run_can_be_repeated_and_enter_means_the_last(typed, case):
    found, operator = wished("r", typed)
    assert found == case
    assert operator.asked == ["Which case is to be repeated?"]
    assert "FAIL: TC_003_CS" in operator.console.file.getvalue()


def test_giving_up_a_wait_is_for_the_running_case_only():
    """What is put back is waited for all the same, and a wish between two cases is no wish for the next one."""

    def given_up(phase):
        operator = Answering("")
        operator.want("s")
        current = SimpleNamespace(case=SimpleNamespace(phase=phase)) if phase else None
        run = SimpleNamespace(options=SimpleNamespace(operator=operator), current=current)
        return [Run._given_up(run) for _ in range(2)]

    for phase in (Phase.SETUP, Phase.TEST):
        first, second = given_up(phase)
        assert (type(first), second) == (SkipCase, None)
    for phase in (Phase.RESTORE, None):
        assert given_up(phase) == [None, None]
    assert Run._given_up(SimpleNamespace(options=SimpleNamespace(operator=None), current=None)) is None


def test_the_case_may_stand_in_the_wish():
    operator = Answering("")
    operator.want("r", "TC_001_CS")
    run = SimpleNamespace(options=SimpleNamespace(operator=operator), ended=ENDED)
    assert case_to_repeat(run, last=False) == "TC_001_CS"
    assert operator.asked == []


def test_a_case_that_was_not_run_cannot_be_repeated():
    found, operator = wished("r", "tc_999_cs", "tc_003_cs")
    assert found == "TC_003_CS"
    assert "please type one of" in operator.console.file.getvalue()


def test_after_the_last_case_a_person_is_asked_when_something_did_not_pass():
    found, operator = wished("", "tc_003_cs", last=True)
    assert found == "TC_003_CS"
    assert operator.asked[0].startswith("All cases have been run; 2 did not pass.")
    assert wished("", "", last=True)[0] == ""


def test_after_the_last_case_nobody_is_asked_when_all_passed_or_nobody_is_there():
    assert wished("", last=True, ended={"TC_001_CS": Verdict.PASS})[1].asked == []
    assert wished("", last=True, attended=False)[1].asked == []
    assert wished("", last=True, driver="http")[1].asked == []


def test_before_the_first_case_there_is_nothing_to_repeat():
    found, operator = wished("r", ended={})
    assert (found, operator.asked) == ("", [])
