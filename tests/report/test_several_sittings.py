"""A record of several sittings: every reader of it sees one run, and says what lies between."""

from __future__ import annotations

import json

import pytest

from octt.history.reading import read as history_of
from octt.measure import Meter
from octt.monitors import Monitors
from octt.pics.declaration import declaration_of
from octt.pics.evidence import gather
from octt.pics.examine import examine
from octt.record.clock import RunClock
from octt.report.evidence.sign import ReadRecord
from octt.report.html.page import render
from octt.report.json_out import as_dict
from octt.report.model.result import build, load
from octt.report.pdf.annex import annexes
from octt.suite.leftover import left_by
from tests.report.synthetic import BOOT, PICS, START, Synthetic

NIGHT = 14 * 3600
PLAN = [
    {"case": case, "name": case, "profile": "Core", "applicable": True, "reason": ""} for case in ("A", "B")
]


def first_sitting():
    """A passed, B was cut off while the network was cut and a reply was owed; the machine then starts anew."""
    run = Synthetic()
    run.start("A", "B", signer="aa:bb")
    run.connect()
    with run.case("A"):
        run.step("all of it")
    run.case_id = "B"
    run.add("case.start", attempt=1, name="B")
    run.add("undo.open", what="configuration", name="HeartbeatInterval", given={"value": "300"})
    run.action("plug_in", connector=1)
    run.add("action", phase="asked", action="present_id_tag", params={"connector": 1}, driver="manual")
    run.frame("out", [2, "x", "Reset", {"type": "Hard"}], "Reset")
    run.add("network", event="cut")
    run.case_id = None
    return run


def night(run, *, gap=NIGHT, **fields):
    """The machine starts anew: its monotonic clock begins again."""
    run.now += gap * 1_000_000_000
    event = run.add(
        "run.resume", plan=PLAN, not_chosen=[], cases=PLAN[1:], ended="broken off", gap=gap, **fields
    )
    run.change(-1, m=7)
    return event


def two_sittings(firmware=BOOT["firmwareVersion"], **fields):
    run = first_sitting()
    night(run, **fields)
    run.connect(2)
    run.request("BootNotification", {**BOOT, "firmwareVersion": firmware}, {"status": "Accepted"})
    with run.case("B", attempt=2):
        run.step("all of it")
    run.end()
    return run


def test_one_result_of_both_with_what_lies_between():
    result = build(two_sittings(changed=["bench: files.ports.http = 8080, it was 0"]).events)
    assert [case.verdict for case in result.cases] == ["PASS", "PASS"]
    assert [attempt.number for attempt in result.cases[1].attempts] == [1, 2]
    assert (result.verdict, result.not_issuable) == ("PASS", [])
    (sitting,) = result.run.sittings
    assert sitting.gap == pytest.approx(NIGHT, abs=1)
    assert (sitting.ended, sitting.cases) == ("broken off", 1)
    assert sitting.changed == ["bench: files.ports.http = 8080, it was 0"]


def test_the_night_is_no_time_of_the_run():
    result = build(two_sittings().events)
    assert result.run.seconds < 10
    assert result.health.longest_outage is None
    assert as_dict(result)["run"]["seconds"] < 10


def test_other_firmware_in_a_later_sitting_is_told_and_stops_the_report():
    run = first_sitting()
    night(run)
    run.add("connect", connection=2, identity="CS001", remote="", path="", headers={}, security_profile=0)
    run.request("BootNotification", {**BOOT, "firmwareVersion": "2.0"}, {"status": "Accepted"})
    with run.case("B", attempt=2):
        run.step("all of it")
    run.end()
    result = build(run.events)
    assert result.run.sittings[0].changed == ["firmware 2.0, it was 1.2.0"]
    assert result.not_issuable == [
        "The station had other firmware in a later sitting: firmware 2.0, it was 1.2.0."
    ]


def test_new_firmware_within_a_sitting_is_a_matter_of_its_cases():
    assert build(two_sittings(firmware="2.0").events).not_issuable == []


def test_the_reports_tell_of_it(tmp_path):
    run = two_sittings(changed=["<b>other</b> driver"])
    result = load(run.write(tmp_path / "record.jsonl"))
    page = render(result)
    assert "in 2 sittings" in page
    assert "broken off" in page
    assert "&lt;b&gt;other&lt;/b&gt; driver" in page
    sections = {section.title: section for section in annexes(result, evidence=False)}
    assert "<b>other</b> driver" in sections["Sittings"].blocks[0].rows[0][-1]
    assert json.dumps(as_dict(result)["run"]["sittings"])


def test_a_run_of_one_sitting_says_nothing_of_sittings(tmp_path):
    run = Synthetic()
    run.start("A")
    run.connect()
    with run.case("A"):
        run.step("all of it")
    run.end()
    result = build(run.events)
    assert "sittings" not in render(result)
    assert "Sittings" not in [section.title for section in annexes(result, evidence=False)]


def test_no_time_is_measured_across_the_night():
    meter = Meter()
    for event in two_sittings().events:
        meter.feed(event)
    performance = meter.performance()
    assert all(one.maximum is None or 0 <= one.maximum < 10 for one in performance.all)


def test_the_declaration_is_held_against_both_sittings():
    run = two_sittings()
    found = gather(run.events, {})
    assert [message.connection for message in found.messages[True, "BootNotification"]] == [1, 1, 1]
    assert [done.action for done in found.done] == ["plug_in"]
    assert {done.case for done in found.done} == {2}
    assert [one.line for one in examine(declaration_of(PICS), run.events) if one.item == "HFS-8"] == [0]


def test_an_action_that_was_cut_off_is_not_the_beginning_of_a_later_one():
    run = first_sitting()
    line = night(run).n
    run.add("action", phase="done", action="present_id_tag", params={"connector": 1}, driver="manual")
    assert gather(run.events, {}).done[-1].asked > line


def test_the_rules_begin_anew_and_see_nothing_wrong_with_an_earlier_clock():
    monitors, found = Monitors(), []
    for event in two_sittings().events:
        found += monitors.see(event)
    assert [breach.told for breach in found if breach.severity == "violation"] == []


def test_history_has_one_run(tmp_path):
    (tmp_path / "r").mkdir()
    two_sittings().write(tmp_path / "r" / "record.jsonl")
    run = history_of(tmp_path, "r")
    assert (run.problem, run.verdict, run.started) == ("", "PASS", START + 1_000_000)
    assert run.seconds < 10


def test_the_key_of_the_last_sitting_is_the_announced_one(tmp_path):
    two_sittings(signer="cc:dd").write(tmp_path / "record.jsonl")
    assert ReadRecord(tmp_path).announced == "cc:dd"
    two_sittings().write(tmp_path / "record.jsonl")
    assert ReadRecord(tmp_path).announced == "aa:bb"


def test_what_was_put_back_in_a_later_sitting_is_not_left(tmp_path):
    run = first_sitting()
    owed = next(event.n for event in run.events if event.kind == "undo.open")
    night(run)
    run.write(tmp_path / "record.jsonl")
    assert [undo.line for undo in left_by(tmp_path).undos] == [owed]
    run.add("undo.done", undo=owed, outcome="restored")
    run.write(tmp_path / "record.jsonl")
    assert left_by(tmp_path).undos == []


def test_time_goes_on_where_the_record_ended():
    clock = RunClock()
    before = clock.wall()
    clock.go_on_from(before + 20_000_000_000)
    assert before + 20_000_000_000 <= clock.wall() < before + 60_000_000_000
    clock = RunClock()
    before = clock.wall()
    clock.go_on_from(before - 20_000_000_000)
    assert abs(clock.wall() - before) < 10_000_000_000
