"""What became of a mutant, what is declared legal, and the tables: from values, without a run."""

from __future__ import annotations

import pytest

from octt import paths
from octt.audit.equivalent import FILE, declared, load, unused
from octt.audit.mutants.frames import Baseline, Target
from octt.audit.mutants.mutant import Kind, Mutant
from octt.audit.outcome import Attempt, Fate, Result, fate_of, result_of
from octt.audit.tables import page, tallied, undeclared
from octt.bench import ConfigError
from octt.record.events import CaseEnded, CaseRevised, FrameSeen, Remarked, StepDecided, ToolTroubled
from octt.record.words import Blame, Outcome, Phase, Severity, Verdict
from octt.suite.catalogue import load_catalogue

FRAME, NEXT = "StatusNotification.req 1 Preparing", "Authorize.req T"
TARGET = Target(FRAME, "CALL", "StatusNotification", {}, labels=("1",))
FOLLOWING = Target(NEXT, "CALL", "Authorize", {}, labels=("2",))
DROPPED = Mutant("TC_003_CS", Kind.DROPPED, FRAME)


def ended(verdict, blame=Blame.STATION):
    return CaseEnded(attempt=1, verdict=verdict, blame=blame, reason="why", seconds=1.0, forced=0.0)


def failed(label, **more):
    return StepDecided(step=label, what="x", outcome=Outcome.FAIL, phase=Phase.TEST, **more)


def fate(*events, mutant=DROPPED, ids=("a",)):
    return fate_of(mutant, Attempt().take(events), TARGET, FOLLOWING, ids)


def seen(line, ident="a"):
    return FrameSeen(connection=1, dir="in", type="CALL", id=ident, action="X", problems=[], raw="", n=line)


FAIL = ended(Verdict.FAIL)


def test_a_case_that_passes_lets_it_survive():
    assert fate(ended(Verdict.PASS, Blame.NOBODY)) is Fate.SURVIVED


def test_it_is_killed_by_the_step_that_the_frame_satisfied():
    assert fate(failed("1"), FAIL) is Fate.KILLED
    assert fate(failed("1/second"), FAIL) is Fate.KILLED


def test_it_is_killed_by_a_step_that_blames_the_frame():
    assert fate(seen(8), failed("9", frame=8), FAIL) is Fate.KILLED
    assert fate(seen(8), failed("9", closest=8), FAIL) is Fate.KILLED


def test_it_is_killed_by_a_monitor_that_blames_the_frame():
    broken = Remarked(text="x", by="monitor", cite="4.2", frame=8, severity=Severity.VIOLATION)
    assert fate(seen(8), broken, FAIL) is Fate.KILLED
    assert fate(seen(9), broken, FAIL) is Fate.ELSEWHERE
    assert fate(seen(8), broken, ended(Verdict.PASS, Blame.NOBODY), revised()) is Fate.KILLED


def revised():
    return CaseRevised(verdict=Verdict.FAIL, blame=Blame.STATION, reason="why")


@pytest.mark.parametrize(
    "events",
    [
        [failed("11"), FAIL],
        [failed("2"), FAIL],
        [failed("1"), ended(Verdict.FAIL, Blame.NETWORK)],
        [failed("1"), ended(Verdict.INCONCLUSIVE, Blame.CONFIGURATION)],
    ],
    ids=["another step", "the next step", "another blame", "inconclusive"],
)
def test_it_is_killed_elsewhere(events):
    assert fate(*events) is Fate.ELSEWHERE


def test_an_exchanged_frame_may_be_noticed_at_its_neighbour():
    assert fate(failed("2"), FAIL, mutant=Mutant("TC_003_CS", Kind.EXCHANGED, FRAME)) is Fate.KILLED


def test_a_message_that_follows_is_not_noticed_by_the_step_before_it():
    extra = Mutant("TC_003_CS", Kind.EXTRA, FRAME, value="Authorize")
    assert fate(failed("1"), FAIL, mutant=extra) is Fate.ELSEWHERE
    assert fate(seen(8), failed("5", frame=8), FAIL, mutant=extra) is Fate.KILLED


def test_an_error_of_ours_is_nobodys_merit():
    assert fate(ended(Verdict.ERROR, Blame.TOOL)) is Fate.ERROR


def test_standing_still_says_nothing():
    still = ToolTroubled(what="loop", text="x", seconds=1.0, began=0)
    assert Attempt().take([still, FAIL]).disturbed
    assert not Attempt().take([FAIL]).disturbed


def result(fate, case="TC_003_CS", frame=FRAME, kind=Kind.DROPPED):
    return Result(Mutant(case, kind, frame), fate, "FAIL", "station", "why", "1", 0.5)


def test_a_result_is_written_and_read():
    assert result_of(result(Fate.KILLED).as_dict()) == result(Fate.KILLED)


# -- equivalents ----------------------------------------------------------------------------------------------------

GOOD = """
[[equivalent]]
cases = ["TC_003_CS", "TC_01*"]
frames = ["StatusNotification.req *"]
mutations = ["dropped", "removed timestamp"]
section = "4.9"
reason = "the time is optional"
"""


def written(folder, text):
    path = folder / "equivalent.toml"
    path.write_text(text, encoding="utf-8")
    return path


def read(folder, text):
    return load(written(folder, text), load_catalogue())


def test_an_entry_fits_by_case_frame_and_what_is_done(tmp_path):
    entries = read(tmp_path, GOOD)
    assert declared(DROPPED, entries) is entries[0]
    assert declared(Mutant("TC_003_CS", Kind.REMOVED, FRAME, ("timestamp",)), entries)
    assert not declared(Mutant("TC_003_CS", Kind.TWICE, FRAME), entries)
    assert not declared(Mutant("TC_003_CS", Kind.DROPPED, NEXT), entries)
    assert not declared(Mutant("TC_020_CS", Kind.DROPPED, FRAME), entries)


def test_without_patterns_an_entry_fits_everything(tmp_path):
    (entry,) = read(tmp_path, '[[equivalent]]\nmutations = ["dropped"]\nsection = "1"\nreason = "x"')
    assert entry.fits(DROPPED)


def test_an_entry_that_nothing_survives_with_is_told(tmp_path):
    entries = read(tmp_path, GOOD)
    assert unused(entries, [DROPPED]) == []
    assert unused(entries, [Mutant("TC_003_CS", Kind.TWICE, FRAME)]) == entries


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (GOOD.replace("TC_01*", "TC_999*"), "entry 1: there is no test case TC_999*"),
        (GOOD.replace("reason", "because"), "entry 1: there is no key 'because'; cases, frames, mutations"),
        (GOOD.replace('reason = "the time is optional"', ""), "entry 1 says no reason: what allows it"),
        (GOOD.replace('"4.9"', '" "'), "entry 1 says no section"),
        (GOOD.replace('["StatusNotification.req *"]', '"x"'), "entry 1: frames is a list of patterns"),
        (GOOD.replace('["StatusNotification.req *"]', "[]"), "entry 1: frames is a list of patterns"),
        ("equivalent = 5", "it consists of [[equivalent]] entries"),
        ("equivalent = [5]", "entry 1 is no table"),
        ("legal = []", "it consists of [[equivalent]] entries"),
        ("[[equivalent", "Expected ']]'"),
    ],
)
def test_what_is_wrong_with_the_file_is_said(tmp_path, text, sentence):
    with pytest.raises(ConfigError) as error:
        read(tmp_path, text)
    assert sentence in str(error.value)
    assert "equivalent.toml" in str(error.value)


def test_a_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(ConfigError, match=r"none\.toml: No such file"):
        load(tmp_path / "none.toml", load_catalogue())


def test_the_file_that_ships_can_be_read():
    assert FILE.parent == paths.TESTCASES
    assert load(FILE, load_catalogue())


# -- tables ---------------------------------------------------------------------------------------------------------

RESULTS = [
    result(Fate.KILLED),
    result(Fate.SURVIVED),
    result(Fate.SURVIVED, kind=Kind.TWICE),
    result(Fate.ELSEWHERE, frame=NEXT),
    result(Fate.NOT_MADE, frame=NEXT),
]


def test_the_score_leaves_out_what_is_legal_and_what_could_not_be_told(tmp_path):
    tally = tallied(RESULTS, read(tmp_path, GOOD), lambda one: one.mutant.case)["TC_003_CS"]
    assert tally.cells() == ("5", "1", "1", "1", "1", "1", "66.7 %")
    assert tallied([RESULTS[-1]], [], str).popitem()[1].score == "-"


def test_a_survivor_that_nobody_declared_is_found(tmp_path):
    assert undeclared(RESULTS, read(tmp_path, GOOD)) == [RESULTS[2]]
    assert undeclared(RESULTS, []) == RESULTS[1:3]


def test_the_page_names_every_frame_and_whatever_was_not_killed_there(tmp_path):
    baselines = [
        Baseline("TC_003_CS", "PASS", "", (TARGET, FOLLOWING)),
        Baseline("TC_010_CS", "INCONCLUSIVE", "no card", ()),
    ]
    text = page(baselines, RESULTS, read(tmp_path, GOOD), load_catalogue())
    assert "| Core | 5 | 1 | 1 | 1 | 1 | 1 | 66.7 % |" in text
    assert f"| {FRAME} | 3 | 1 | 0 | 1 | 1 | 0 | 50.0 % |" in text
    assert f"| {FRAME} | twice | survived | step 1 | FAIL, station: why |" in text
    assert f"| {FRAME} | dropped | equivalent (4.9) | step 1 |" in text
    assert f"| {NEXT} | dropped | killed elsewhere | step 1 |" in text
    assert "INCONCLUSIVE as it is, so that it cannot be audited: no card" in text
