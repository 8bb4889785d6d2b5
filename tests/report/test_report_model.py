"""The result model: what a record says, whole, cut off, resumed, damaged or hostile."""

from pathlib import Path

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from synthetic import BOOT, HOSTILE, Synthetic, failing_run, passing_run

from octt.ocpp.values import payload
from octt.record import Record
from octt.record.events import (
    AnswerExamined,
    CaseEnded,
    CaseStarted,
    FrameSeen,
    RunEnded,
    RunStarted,
    StepDecided,
)
from octt.report import json_out, junit
from octt.report.model.frames import SUMMARY_LENGTH, summary_of
from octt.report.model.result import build, load


def test_a_passing_run_is_read_whole(tmp_path):
    result = load(passing_run().write(tmp_path / "record.jsonl"))
    assert (result.verdict, result.issuable, result.not_issuable) == ("PASS", True, [])
    assert (result.run.complete, result.run.why_incomplete, result.run.damages) == (True, "", [])
    assert result.run.tool["version"] == "0.1.0"
    assert result.run.started_text == "2026-01-01T10:00:00Z"
    assert (result.station.identity, result.station.vendor, result.station.model) == (
        "CS001",
        "Vendor",
        "Model-1",
    )
    assert result.station.boot == BOOT
    assert result.laboratory.report_number == "R-2026-001"
    assert result.declaration["profiles"] == ["Core", "Reservation"]
    assert [case.verdict for case in result.cases] == ["PASS", "PASS", "NOT APPLICABLE"]
    assert result.cases[2].reason == "no"
    assert [(profile.name, profile.verdict) for profile in result.profiles] == [
        ("Core", "PASS"),
        ("Reservation", "NOT APPLICABLE"),
    ]
    case = result.case("TC_010_CS")
    assert case is not None
    assert case.forced == 0.4
    assert [(action.action, action.phase, action.seconds) for action in case.last.actions] == [
        ("plug_in", "done", 0.3)
    ]
    [step] = case.steps
    assert (step.number, step.seconds, step.limit) == (1, 1.2, 10.0)
    assert step.margin == pytest.approx(8.8)
    assert result.frames.by_line(step.frame).action == "StartTransaction"
    assert [frame.action for frame in case.frames][:2] == ["StatusNotification", "StatusNotification"]
    assert summary_of(case.frames[0]) == "connectorId=1 status=Preparing errorCode=NoError"
    assert payload(case.frames[0].raw)["status"] == "Preparing"
    assert len(case.frames[2:5]) == 3
    assert result.configuration.differences == []
    assert result.frames.by_line(1) is None


def test_in_memory_and_from_the_file_are_the_same(tmp_path):
    run = failing_run()
    one, other = build(run.events), load(run.write(tmp_path / "record.jsonl"))
    assert other.run.last_hash
    one.run.last_hash = other.run.last_hash
    assert json_out.render(one) == json_out.render(other)
    assert [frame.raw for frame in one.frames] == [frame.raw for frame in other.frames]


def test_a_failing_run_says_what_happened(tmp_path):
    result = load(failing_run().write(tmp_path / "record.jsonl"))
    assert result.verdict == "FAIL"
    retried, failed, operator, overruled, not_run, _ = result.cases
    assert [attempt.verdict for attempt in retried.attempts] == ["FAIL", "PASS"]
    assert retried.attempts[0].steps[0].margin == -2.5
    assert (retried.verdict, retried.steps[0].outcome) == ("PASS", "ok")
    assert [(remark.text, remark.count, remark.by) for remark in failed.remarks] == [
        (HOSTILE, 1, "monitor"),
        ("MeterValues came unasked", 3, "script"),
    ]
    assert [(change.name, change.restored) for change in failed.changes] == [("HeartbeatInterval", False)]
    assert (operator.verdict, operator.blame, operator.last.prompts[0].answer) == (
        "INCONCLUSIVE",
        "operator",
        "cannot",
    )
    assert operator.last.actions[0].phase == "cannot"
    assert (overruled.verdict, overruled.measured_verdict, overruled.reason) == (
        "PASS",
        "FAIL",
        "overruled by operator: the cable was loose",
    )
    assert (not_run.verdict, not_run.reason) == ("NOT RUN", "not run")
    assert [key.key for key in result.configuration.differences] == ["Gone", "HeartbeatInterval"]
    assert [connection.ended is not None for connection in result.connections] == [True, False]
    assert result.connections[0].tls["version"] == "TLSv1.2"
    assert (result.problem_count, len(result.problem_frames)) == (1, 1)
    assert [event.event for event in result.network] == ["cut", "restored"]
    assert result.refusals[0].status == 401
    assert result.transfers[0].bytes == 10


def test_findings_come_in_the_order_in_which_to_fix_them(tmp_path):
    result = load(failing_run().write(tmp_path / "record.jsonl"))
    kinds = [finding.kind for finding in result.findings]
    ours = ["inconclusive", "not run", "override", "tool", "tool"]
    assert kinds == ["fail", "pics", "time", *ours, "remark", "remark", "remark"]
    groups = [finding.group for finding in result.findings]
    assert groups == ["station"] * 3 + ["ours"] * 5 + ["remark"] * 3
    first = result.findings[0]
    assert first.title.endswith("; expected: the station reports Preparing")
    assert (first.cite, first.step, first.cases) == ("4.9", "3", ("TC_003_CS",))
    assert result.frames.by_line(first.frame).action == "StatusNotification"


def test_a_remark_outside_any_case_is_kept():
    run = Synthetic()
    run.start("A")
    run.add("remark", text="the station connected twice", by="monitor")
    run.end()
    result = build(run.events)
    assert [remark.text for remark in result.remarks] == ["the station connected twice"]
    assert any(finding.title == "the station connected twice" for finding in result.findings)


def test_a_verdict_revised_after_its_case_counts_and_so_does_its_remark():
    """A monitor may see something a moment after its case, when the next one has begun already."""
    run = Synthetic()
    run.start("A", "B")
    with run.case("A"):
        run.step("it works")
    run.case_id = "B"
    run.add("case.start", attempt=1, name="second")
    late = {"text": "a second reply", "by": "monitor", "severity": "violation", "case": "A"}
    run.add("remark", **late)
    run.add("case.revised", case="A", verdict="FAIL", blame="station", reason="a second reply")
    run.add("case.end", attempt=1, verdict="PASS", blame="", reason="", seconds=1.0, forced=0.0)
    run.case_id = None
    run.add("remark", text="between the cases", by="monitor")
    run.end()
    result = build(run.events)
    assert [(case.verdict, case.blame, case.reason) for case in result.cases] == [
        ("FAIL", "station", "a second reply"),
        ("PASS", "", ""),
    ]
    assert [[remark.text for remark in case.remarks] for case in result.cases] == [["a second reply"], []]
    assert [remark.text for remark in result.remarks] == ["between the cases"]


def test_a_contradiction_names_the_question_its_frame_and_the_reason():
    run = Synthetic()
    run.start("A")
    run.add("pics", item="C-08", answer="Yes", result="contradicted", why="no local stop", line=7)
    run.add(
        "pics", item="configuration_keys.Mine", answer="1 (R)", result="contradicted", why="it is 2", line=8
    )
    run.end()
    found = [finding for finding in build(run.events).findings if finding.kind == "pics"]
    assert [(finding.title, finding.detail, finding.frame) for finding in found] == [
        ("The declaration is contradicted: C-08 (Support for local stop) = Yes", "no local stop", 7),
        ("The declaration is contradicted: Mine = 1 (R)", "it is 2", 8),
    ]


def crashed() -> Synthetic:
    run = Synthetic()
    run.start("TC_001_CS", "TC_003_CS")
    run.connect()
    with run.case("TC_001_CS"):
        run.step("it works")
    run.case_id = "TC_003_CS"
    run.add("case.start", attempt=1, name="second")
    run.step("half of it")
    run.request("Heartbeat", {}, {})
    return run


def test_a_crashed_run_is_incomplete_but_reported(tmp_path):
    path = crashed().write(tmp_path / "record.jsonl")
    with path.open("ab") as file:
        file.write(b'{"n": 99, "kind": "fra')
    result = load(path)
    assert (result.run.complete, result.run.why_incomplete) == (
        False,
        "the record ends in the middle of a line",
    )
    assert result.run.damages == []
    assert [case.verdict for case in result.cases] == ["PASS", "INCONCLUSIVE"]
    assert result.cases[1].last.ended is None
    assert len(result.cases[1].frames) == 2
    assert result.verdict == "INCONCLUSIVE"
    assert not result.issuable


def test_a_resumed_run_has_both_attempts(tmp_path):
    run = crashed()
    run.case_id = None
    run.add("run.resume", plan=[{"case": "TC_003_CS", "name": "n", "profile": "Core", "applicable": True}])
    run.connect(2)
    with run.case("TC_003_CS", attempt=2):
        run.step("all of it")
    run.end()
    result = load(run.write(tmp_path / "record.jsonl"))
    assert result.run.complete
    assert len(result.run.sittings) == 1
    assert [case.id for case in result.cases] == ["TC_001_CS", "TC_003_CS"]
    assert [attempt.verdict for attempt in result.cases[1].attempts] == ["INCONCLUSIVE", "PASS"]
    assert result.connections[0].reason == "the run was interrupted"
    assert (result.verdict, result.issuable) == ("PASS", True)


def test_a_damaged_record_names_its_line_and_is_not_issuable(tmp_path):
    path = passing_run().write(tmp_path / "record.jsonl")
    lines = path.read_bytes().splitlines(keepends=True)
    lines[9] = lines[9].replace(b'"t":1', b'"t":2')
    path.write_bytes(b"".join(lines))
    result = load(path)
    assert [damage.line for damage in result.run.damages] == [10]
    assert result.verdict == "INCONCLUSIVE"
    assert any("line 10" in reason for reason in result.not_issuable)
    assert result.findings[0].kind == "evidence"


def test_the_real_writer_is_understood(tmp_path):
    record = Record(tmp_path / "record.jsonl")
    plan = [{"case": "A", "name": "a", "profile": "Core", "applicable": True, "reason": ""}]
    start = {"tool": {"name": "octt"}, "bench": {}, "pics": {"answers": {"C-04": True}}, "plan": plan}
    record.write(RunStarted(**start, started=""))
    record.case = "A"
    record.write(CaseStarted(attempt=1, name="a"))
    record.write(StepDecided(step="", what="w", outcome="ok", phase="test"))
    record.write(CaseEnded(attempt=1, verdict="PASS", blame="", reason="", seconds=1.5, forced=0.5))
    record.case = None
    record.write(AnswerExamined(item="C-04", answer="Yes", result="confirmed", why="it did", line=2))
    record.write(RunEnded(reason="finished"))
    record.close()
    result = load(record.path)
    assert (result.run.damages, result.run.last_hash) == ([], record.last_hash)
    assert (result.verdict, result.cases[0].seconds) == ("PASS", 1.5)


KINDS = """
    run.start run.resume listen connect refused disconnect frame arm network action prompt case.start step remark
    case.end config changed override transfer pics run.end nonsense
"""
FIELDS = """
    tool bench pics plan started url connection identity tls dir raw type id action problems params phase seconds case
    attempt name step what outcome frame closest actual limit cite text by verdict blame reason forced when keys
    unknown restored before after why item answer result line bytes complete event t m
"""
kinds, names = st.sampled_from(KINDS.split()), st.sampled_from(FIELDS.split())
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4),
    max_leaves=8,
)
events = st.fixed_dictionaries({"kind": kinds}).flatmap(
    lambda kind: st.dictionaries(names, json_values, max_size=8).map(lambda more: {**more, **kind})
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(random_events=st.lists(events, max_size=12))
def test_no_event_whatever_its_fields_stops_the_reading(tmp_path, random_events):
    path = tmp_path / "record.jsonl"
    start = {"t": 1, "m": 1, "kind": "run.start", "plan": [{"case": "A", "profile": "Core"}]}
    lines = [{"n": n, "t": n, "m": n, **event} for n, event in enumerate([start, *random_events], 1)]
    path.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
    result = load(path)
    assert not result.issuable
    assert orjson.loads(json_out.render(result))["verdict"] in ("FAIL", "INCONCLUSIVE")
    assert junit.render(result).startswith(b"<?xml")
    assert len(list(result.frames)) == len(result.frames)
    Path(path).unlink()


def frame(raw):
    known = {"connection": 1, "dir": "in", "type": "CALL", "id": "", "action": "", "problems": []}
    return FrameSeen(raw=raw, **known)


@given(st.text() | json_values.map(lambda value: orjson.dumps([2, "id", "Action", value]).decode()))
def test_a_summary_is_short_whatever_the_frame(raw):
    assert len(summary_of(frame(raw))) <= SUMMARY_LENGTH


def test_a_deeply_nested_frame_does_no_harm():
    raw = '[2,"1","BootNotification",' + '{"chargePointModel":' * 1000 + "1" + "}" * 1000 + "]"
    run = Synthetic()
    run.start("A")
    run.add("frame", connection=1, dir="in", raw=raw, type="CALL", id="1", action="BootNotification")
    result = build(run.events)
    assert summary_of(result.frames[0]).startswith("chargePointModel={chargePointModel=")
    assert result.station.model == "(too large to show)"
