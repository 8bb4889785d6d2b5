"""Whole sessions with the simulated station: it survives; a fragile one does not, and the finding is small."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from octt import paths
from octt.commands.main import main
from octt.fuzz import outputs
from octt.fuzz.fuzzing import Asked, Fuzzed, fuzz, replay
from octt.fuzz.story import Blow, Finding, Kind, Severity, Story, Trouble
from octt.record import check_chain, read
from octt.report.model.result import load
from octt.simulator.faults.catalogue import FAULTS, FUZZ
from tests.fragile import fragile_faults


def asked(folder, *faults, **more):
    arguments = tuple(word for name in faults for word in ("--fault", name))
    fields = {"seed": 1, "examples": 150, "database": folder / "database", **more}
    return Asked(out=folder / "run", arguments=arguments, **fields)


def session(folder, *faults, **more):
    return fuzz(asked(folder, *faults, **more), lambda _text: None)


@pytest.fixture(scope="module")
def survived(tmp_path_factory):
    """A session that finds nothing."""
    return session(tmp_path_factory.mktemp("survived"))


def test_the_simulated_station_survives(survived):
    assert [one.trouble for one in survived.findings] == []
    assert [one.trouble for one in survived.advice] == []
    assert (survived.gone, survived.left) == ("", [])
    assert survived.examples >= 150
    assert set(survived.by_part) == {"messages", "below the messages", "while charging", "in any order"}


def test_its_record_is_whole_and_says_what_it_is_of(survived):
    record = survived.out / "record.jsonl"
    events = list(read(record))
    assert check_chain(record)[1] == []
    assert events[0].purpose == "fuzz"
    assert "octt fuzz" in events[0].notices[0]
    assert events[-1].kind == "run.end"
    opened = [event.n for event in events if event.kind == "undo.open"]
    done = {event.undo for event in events if event.kind == "undo.done"}
    assert opened
    assert set(opened) <= done


def test_bytes_as_they_are_are_on_the_record(tmp_path):
    """Binary messages, bytes below the messages, and what a driver did; the station survives all of it."""
    script = tmp_path / "story.py"
    script.write_text(
        "def story(fuzz):\n"
        "    fuzz.frame('00ff00ff', binary=True, wrong='a binary message')\n"
        "    fuzz.socket('a ping between fragments')\n"
        "    fuzz.socket('a reset in mid-frame', wrong='a reset')\n"
        "    fuzz.act('plug_in', connector=1)\n"
        "    fuzz.act('unplug', connector=1)\n"
    )
    result, troubles = replay(asked(tmp_path), script, lambda _text: None)
    assert ([one.fault for one in troubles], result.gone) == ([], "")
    events = list(read(result.out / "record.jsonl"))
    sent = [event for event in events if event.kind == "frame" and event.dir == "out"]
    assert next(event.raw for event in sent if event.binary) == "00ff00ff"
    assert any(event.problems == ["a reset in mid-frame"] for event in sent)
    assert [e.action for e in events if e.kind == "action" and e.phase == "done"][:2] == ["plug_in", "unplug"]


def test_no_official_verdict_comes_of_it(survived):
    result = load(survived.out / "record.jsonl")
    assert result.cases == [] or all(case.verdict == "NOT RUN" for case in result.cases)
    assert not (survived.out / "result.json").exists()


def test_settings_are_as_they_were(survived):
    before, after = (
        {key["key"]: key.get("value") for key in event.keys}
        for event in read(survived.out / "record.jsonl")
        if event.kind == "config"
    )
    assert before == after


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
    """A session that finds something."""
    return session(tmp_path_factory.mktemp("broken"), "dies-of:no-payload=boots", examples=400, at_most=1)


def test_a_fragile_station_is_found_and_the_story_is_small(broken):
    (found,) = broken.findings
    assert found.trouble.severity is Severity.ROBUSTNESS
    assert found.trouble.fault.startswith("boots after")
    assert len(found.story.blows) == 1
    assert any(line.startswith("> [2,") for line in found.frames)


def test_its_script_shows_it_again_and_not_at_a_right_station(broken, tmp_path):
    file = broken.out / broken.findings[0].script
    again, _ = replay(asked(tmp_path / "again", "dies-of:no-payload=boots"), file, lambda _text: None)
    assert [one.trouble.fault for one in again.findings] == [broken.findings[0].trouble.fault]
    right, troubles = replay(asked(tmp_path / "right"), file, lambda _text: None)
    assert (right.findings, troubles) == ([], [])


def test_what_failed_is_tried_first_the_next_time(broken, tmp_path):
    database = broken.out.parent / "database"
    again = session(tmp_path, "dies-of:no-payload=boots", seed=99, database=database, at_most=1)
    assert again.findings[0].examples <= 5


def test_a_station_that_hangs_is_power_cycled_and_put_back(tmp_path):
    result = session(tmp_path, "dies-of:stray-error=hangs", examples=400, at_most=1)
    assert result.findings[0].trouble.fault.startswith("answers nothing any more after")
    assert result.left == []
    acted = [e.action for e in read(result.out / "record.jsonl") if e.kind == "action" and e.phase == "done"]
    assert "power_cycle" in acted


def test_every_fault_of_fuzzing_is_in_the_table():
    """`make fragile` was run after the last change of these faults."""
    text = (paths.TESTCASES / "fuzz.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(.*?)` \| (\d+) \| (\d+) \|", text, re.MULTILINE)
    assert [fault for fault, _, _ in rows] == fragile_faults()
    assert all(1 <= int(blows) <= 3 for _, _, blows in rows)
    assert len(rows) >= 20


def test_only_fuzzing_has_to_find_these_faults():
    assert all(FAULTS[name].breaks == FUZZ and not FAULTS[name].proofs for name in fragile_faults())


# -- outputs and the command --------------------------------------------------------------------------------------

HOSTILE = "<script>alert(1)</script>\x1b[2J‮"


def result_with(folder, **more):
    story = Story((Blow(Kind.CALL, HOSTILE, {"a": HOSTILE}, wrong=HOSTILE),), charging=True)
    trouble = Trouble(Severity.MUST, f"no answer to {HOSTILE}", HOSTILE, "OCPP-J 4.2", 7)
    found = Finding(trouble, story, frames=[f"< {HOSTILE}"], script="findings/x.py")
    advice = Finding(replace(trouble, severity=Severity.SHOULD), story)
    station = {"vendor": HOSTILE, "model": HOSTILE, "firmware": HOSTILE, "identity": "CS"}
    fields = {
        "findings": [found],
        "advice": [advice],
        "examples": 3,
        "by_part": {"messages": 3},
        "seconds": 1.0,
    }
    return Fuzzed(folder, 1, station, (), "2026-01-01T00:00:00+00:00", **{**fields, **more})


def test_the_outputs_say_what_was_found_and_nothing_of_a_station_escapes(tmp_path):
    result = result_with(tmp_path, gone="the station is gone")
    outputs.write(result)
    told = json.loads((tmp_path / "fuzz.json").read_text(encoding="utf-8"))
    assert told["kind"] == "fuzz"
    assert [one["severity"] for one in told["findings"]] == ["MUST"]
    assert "firmware" in told["left_alone"]
    page = (tmp_path / "fuzz.html").read_text(encoding="utf-8")
    assert "<script>" not in page
    assert "‹U+001B›" in page
    suite = ElementTree.parse(tmp_path / "junit-fuzz.xml").getroot()
    assert (suite.get("failures"), suite.get("errors"), suite.get("tests")) == ("1", "1", "3")
    assert all("\x1b" not in line and "\n" not in line for line in outputs.lines(result))


def octt(*arguments):
    return CliRunner().invoke(main, ["fuzz", *arguments], standalone_mode=True)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--allow", "everything"), "it can be firmware"),
        (("--profile", "Nonsense"), "there is no profile"),
        (("--replay", "/nonexistent/story.py"), "No such file"),
        (("--bench", "/nonexistent/bench.toml"), "nonexistent"),
        (("--bench", "x.toml", "--fault", "dies-of:null"), "takes the place of"),
        (("--examples", "0"), "examples"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_a_sentence(arguments, told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = octt(*arguments)
    assert done.exit_code == 2
    assert told in done.output
    assert "Traceback" not in done.output


def test_without_the_extra_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    done = octt("--examples", "1")
    assert done.exit_code == 2
    assert "pip install 'octt[fuzz]'" in done.output


def test_the_exit_code_and_the_last_line_say_how_it_ended(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    done = octt("--examples", "20", "--seed", "1", "--out", str(tmp_path / "run"))
    assert done.exit_code == 0, done.output
    assert done.output.splitlines()[-1].startswith("0 findings in ")
    fragile = ("--fault", "dies-of:null=boots", "--out", str(tmp_path / "fragile"))
    done = octt("--examples", "400", "--seed", "1", *fragile)
    assert done.exit_code == 1, done.output
    assert "octt fuzz --replay" in done.output
