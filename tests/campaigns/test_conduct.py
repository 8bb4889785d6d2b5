"""What may go on side by side, what is begun again, and what a campaign that is taken up again still has to do."""

from __future__ import annotations

import json

import pytest

from octt.bench import ConfigError
from octt.campaign import conduct
from octt.campaign.attempt import StationBusy
from octt.campaign.conduct import Conductor, Ended, Ending, ended_with
from octt.campaign.file import load
from octt.campaign.ledger import Ledger, worst


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(conduct, "EVERY", 0)


@pytest.fixture
def campaign(tmp_path):
    """A campaign of so many stations, one of them with two declarations."""

    def made(stations=2, more=""):
        (tmp_path / "bench.toml").write_text("# one\n")
        text = more
        for number in range(stations):
            text += f'[[station]]\nname = "s{number}"\nbench = "bench.toml"\n'
        (tmp_path / "c.toml").write_text(text)
        return load(tmp_path / "c.toml")

    return made


class Stage:
    """A way that goes nowhere: each run ends as it is told, the turn after it was begun."""

    def __init__(self, ends=None, most=99):
        self.ends = {name: list(ended) for name, ended in (ends or {}).items()}
        self.most, self.started, self.together, self.interrupted = most, [], 0, []
        self.busy = 0

    def admits(self, run, going):
        return len(going) < self.most

    def start(self, run, tried):
        if self.busy:
            self.busy -= 1
            raise StationBusy
        self.started.append((run.name, tried.folder))

    def look(self, run, tried):
        found = self.ends.get(run.name) or [Ended(0)]
        ended = found.pop(0)
        return ended() if callable(ended) else ended

    def interrupt(self, run, tried):
        self.interrupted.append(run.name)

    def close(self):
        pass


class Told:
    def __init__(self):
        self.lines, self.over = [], []

    def say(self, text):
        self.lines.append(text)

    def ended(self, run):
        self.over.append(run.name)


def carried_out(campaign, folder, stage, ending=None):
    """The ledger of a campaign that was carried out; each attempt that has a verdict has left a record."""
    ledger, told = Ledger(campaign, folder), Told()
    for notice in ledger.notices:
        told.say(notice)
    Conductor(ledger, stage, told, ending or Ending()).carry_out()
    for run in ledger.runs:
        if run.done:
            (folder / run.last.folder).mkdir(parents=True, exist_ok=True)
            (folder / run.last.folder / "record.jsonl").touch()
    ledger.save()
    ledger.close()
    return ledger, told


def test_stations_go_side_by_side_and_one_station_does_one_thing_at_a_time(campaign, tmp_path):
    seen = []

    class Watching(Stage):
        def look(self, run, tried):
            seen.append(tuple(sorted(one.name for one in conductor.going)))
            return super().look(run, tried)

    pics = f'pics = ["{tmp_path}/p.toml", "{tmp_path}/q.toml"]\n'
    ledger = Ledger(campaign(2, pics), tmp_path / "out")
    conductor = Conductor(ledger, Watching(), Told(), Ending())
    conductor.carry_out()
    ledger.close()
    assert ("s0/p", "s1/p") in seen
    assert not any({"s0/p", "s0/q"} <= set(together) for together in seen)
    folders = [run.last.folder for run in ledger.runs]
    assert folders == ["s0/p-1", "s0/q-1", "s1/p-1", "s1/q-1"]


def test_no_more_than_are_admitted(campaign, tmp_path):
    stage = Stage({f"s{n}": [None, None, Ended(0)] for n in range(4)}, most=1)
    carried_out(campaign(4), tmp_path / "out", stage)
    assert [name for name, _ in stage.started] == ["s0", "s1", "s2", "s3"]


def test_a_station_that_is_busy_with_something_else_is_waited_for(campaign, tmp_path):
    stage = Stage()
    stage.busy = 3
    ledger, _ = carried_out(campaign(1), tmp_path / "out", stage)
    assert stage.started == [("s0", "s0/1")]
    assert ledger.runs[0].done


def test_a_killed_run_is_begun_again_once_and_that_is_told(campaign, tmp_path):
    killed = ended_with(None, "", False)
    stage = Stage({"s0": [killed, killed]})
    ledger, told = carried_out(campaign(), tmp_path / "out", stage)
    assert stage.started == [("s0", "s0/1"), ("s1", "s1/1"), ("s0", "s0/2")]
    assert told.lines == ["s0 is begun again on the same station: it was killed before it came to its end"]
    assert [run.code for run in ledger.runs] == [4, 0]
    assert worst([run.code for run in ledger.runs]) == 4


def test_what_was_refused_or_found_no_station_is_not_begun_again(campaign, tmp_path):
    stage = Stage({"s0": [ended_with(4, "the station did not connect", False)]})
    ledger, _ = carried_out(campaign(), tmp_path / "out", stage)
    assert len(stage.started) == 2
    assert (ledger.runs[0].last.why, ledger.runs[0].code) == ("the station did not connect", 4)


def test_ctrl_c_ends_every_run_and_begins_no_other(campaign, tmp_path):
    ending = Ending()

    def press():
        ending._note(2, None)

    stage = Stage({"s0": [press, None, Ended(130)], "s1": [None, None, Ended(130)]}, most=2)
    _, told = carried_out(campaign(3), tmp_path / "out", stage, ending)
    assert stage.interrupted == ["s0", "s1"]
    assert [name for name, _ in stage.started] == ["s0", "s1"]
    assert told.lines == ["Every station is put back, then the campaign ends. ctrl-C: end at once."]
    again = Stage()
    carried_out(campaign(3), tmp_path / "out", again)
    assert again.started == [("s0", "s0/2"), ("s1", "s1/2"), ("s2", "s2/1")]


def test_a_second_ctrl_c_is_passed_on(campaign, tmp_path):
    ending = Ending()

    def press():
        ending._note(2, None)

    stage = Stage({"s0": [press, press, None, Ended(130)]})
    carried_out(campaign(1), tmp_path / "out", stage, ending)
    assert stage.interrupted == ["s0", "s0"]


def test_the_second_time_only_what_has_no_verdict_is_run_and_that_is_told(campaign, tmp_path):
    stage = Stage({"s0": [Ended(1)], "s1": [ended_with(4, "no station", False)], "s2": [Ended(3)]})
    carried_out(campaign(3), tmp_path / "out", stage)
    again = Stage()
    ledger, told = carried_out(campaign(3), tmp_path / "out", again)
    assert again.started == [("s1", "s1/2")]
    assert told.lines == ["2 of 3 runs have a verdict; the others are run now"]
    assert [run.code for run in ledger.runs] == [1, 0, 3]


def test_what_nobody_answered_for_is_asked_for_again_and_not_begun_anew(campaign, tmp_path):
    stage = Stage({"s0": [Ended(None, "rack s0 did not answer for 9 s")]})
    ledger, _ = carried_out(campaign(1), tmp_path / "out", stage)
    assert ledger.runs[0].code == 4
    again = Stage()
    carried_out(campaign(1), tmp_path / "out", again)
    assert again.started == [("s0", "s0/1")]


def test_a_run_with_another_bench_or_without_its_record_counts_no_more(campaign, tmp_path):
    carried_out(campaign(2), tmp_path / "out", Stage())
    (tmp_path / "out/s1/1/record.jsonl").unlink()
    asked = campaign(2)
    (tmp_path / "bench.toml").write_text("# two\n")
    again = Stage()
    _, told = carried_out(asked, tmp_path / "out", again)
    assert again.started == [("s0", "s0/2"), ("s1", "s1/2")]
    assert "s0 is run again: its bench, declaration or cases were changed" in told.lines
    (tmp_path / "out/s1/2/record.jsonl").unlink()
    third = Stage()
    _, told = carried_out(asked, tmp_path / "out", third)
    assert third.started == [("s1", "s1/3")]
    assert "s1 is run again: its record is gone" in told.lines


def test_runs_that_are_not_asked_for_any_more_stay_in_the_file(campaign, tmp_path):
    carried_out(campaign(2), tmp_path / "out", Stage())
    carried_out(campaign(1), tmp_path / "out", Stage())
    data = json.loads((tmp_path / "out/campaign.json").read_text())
    assert [one["run"] for one in data["runs"]] == ["s0", "s1"]


def test_a_folder_in_use_damaged_or_of_a_run_is_refused(campaign, tmp_path):
    ledger = Ledger(campaign(), tmp_path / "out")
    with pytest.raises(ConfigError, match="in use by a campaign that goes on"):
        Ledger(campaign(), tmp_path / "out")
    ledger.close()
    for text in (
        "no json",
        "[]",
        '{"runs": [{}]}',
        '{"id": 1, "runs": [{"run": "s0", "tried": [{"x": 1}]}]}',
    ):
        (tmp_path / "out/campaign.json").write_text(text)
        with pytest.raises(ConfigError, match="cannot be read; choose another folder"):
            Ledger(campaign(), tmp_path / "out")
    (tmp_path / "run").mkdir()
    (tmp_path / "run/record.jsonl").touch()
    with pytest.raises(ConfigError, match="is the folder of a run"):
        Ledger(campaign(), tmp_path / "run")


@pytest.mark.parametrize(
    ("codes", "code"), [([0, 0], 0), ([0, 3], 3), ([3, 1, 0], 1), ([1, 4, 3], 4), ([0, 4], 4)]
)
def test_the_worst_run_gives_the_exit_code(codes, code):
    assert worst(codes) == code


@pytest.mark.parametrize(
    ("code", "interrupted", "again"),
    [(0, False, False), (2, False, False), (137, False, True), (130, False, True), (130, True, False)],
)
def test_only_who_was_killed_by_somebody_else_is_begun_again(code, interrupted, again):
    assert ended_with(code, "", interrupted).again is again
