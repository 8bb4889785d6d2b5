"""What the page shows, as messages: from the events of a record, hostile ones too."""

from __future__ import annotations

import pytest

from octt.console import tail as module
from octt.console.feed import REMEMBERED, Feed
from octt.console.tail import Tail
from octt.console.view import RAW, View
from octt.record import decode
from tests.report.synthetic import HOSTILE, Synthetic


def seen(run):
    """The view after the events of a run, and all messages."""
    view, messages = View(), []
    for event in run.events:
        messages += view.see(event)
    return view, messages


def last(messages, kind):
    return [data for name, data in messages if name == kind][-1]


@pytest.fixture
def run():
    run = Synthetic()
    run.start(
        "TC_001_CS", "TC_003_CS", {"case": "TC_004_1_CS", "name": "", "profile": "Core", "applicable": False}
    )
    run.connect()
    return run


def test_the_plan_fills_with_verdicts(run):
    with run.case("TC_001_CS", "FAIL", reason="it did not come"):
        run.step("it comes", "fail", actual="it did not", seconds=1.5, limit=2.0)
        run.add("prompt", text="Plug in.", answer="seen", seconds=3.0)
    view, messages = seen(run)
    rows = {row["case"]: row for row in last(view.snapshot(), "plan")}
    assert list(rows) == ["TC_001_CS", "TC_003_CS", "TC_004_1_CS"]
    one = rows["TC_001_CS"]
    assert (one["verdict"], one["why"], one["asked"], one["profile"]) == (
        "FAIL",
        "it did not come",
        1,
        "Core",
    )
    assert (rows["TC_003_CS"]["verdict"], rows["TC_004_1_CS"]["applicable"]) == ("", False)
    assert last(messages, "row") == one
    assert last(messages, "case") == {}
    step = next(item for item in view.items("TC_001_CS") if item["is"] == "step")
    assert (step["mark"], step["more"], step["took"]) == ("fail", "it did not", "1.50 s of 2 s")
    assert view.items("TC_999_CS") == []


def test_a_second_attempt_begins_anew(run):
    with run.case("TC_001_CS", "INCONCLUSIVE"):
        run.step("first")
    with run.case("TC_001_CS", "PASS", attempt=2):
        run.step("second")
    view, _ = seen(run)
    row = view.rows["TC_001_CS"]
    assert (row.attempts, row.verdict, [item["text"] for item in row.items]) == (2, "PASS", ["second"])


def test_a_verdict_that_is_revised_counts(run):
    with run.case("TC_001_CS"):
        run.step("it comes")
    run.case_id = "TC_001_CS"
    run.add("case.revised", verdict="FAIL", blame="station", reason="a late violation")
    view, messages = seen(run)
    assert last(messages, "row")["verdict"] == view.rows["TC_001_CS"].verdict == "FAIL"


def test_the_station_is_told_from_its_frames(run):
    run.request(
        "StatusNotification",
        {"connectorId": 1, "status": "Charging", "timestamp": "2026-01-01T10:00:05Z"},
        {},
    )
    run.request(
        "StartTransaction",
        {"connectorId": 1, "idTag": "CARD", "meterStart": 100, "timestamp": "2026-01-01T10:00:00Z"},
        {"transactionId": 7, "idTagInfo": {"status": "Accepted"}},
    )
    view, messages = seen(run)
    station = last(messages, "station")
    assert (station["connected"], station["registration"], station["model"]) == (True, "Accepted", "Model-1")
    assert station["connectors"] == [
        {"number": 1, "status": "Charging", "transaction": 7, "card": "CARD", "meter": "100 Wh"}
    ]
    assert 4 < station["offset"] < 5.1
    meter = [
        {"value": "123", "measurand": "Energy.Active.Import.Register", "unit": "Wh"},
        {"value": "9", "measurand": "Voltage"},
    ]
    run.request(
        "MeterValues", {"connectorId": 1, "meterValue": [{"timestamp": 3, "sampledValue": meter}]}, {}
    )
    run.request("StopTransaction", {"transactionId": 7, "meterStop": 1, "timestamp": ""}, {})
    run.add("disconnect", connection=1, code=None, reason="", by="network")
    view, messages = seen(run)
    station = last(messages, "station")
    assert station == view.station.as_data()
    assert (station["connected"], station["connectors"][0]["transaction"]) == (False, None)
    assert station["connectors"][0]["meter"] == "123 Wh"


def test_a_frame_of_the_next_line_changes_the_station_only_when_something_changed(run):
    _, before = seen(run)
    run.request("Heartbeat", {}, {"currentTime": ""})
    _, after = seen(run)
    assert [kind for kind, _ in after[len(before) :]] == ["frame", "frame"]


def test_nothing_that_comes_from_outside_is_invisible_or_without_end(run):
    with run.case("TC_001_CS", "FAIL", reason=HOSTILE):
        run.frame("in", HOSTILE + "x" * 2 * RAW, problems=[HOSTILE])
        run.step(HOSTILE, "fail", actual=HOSTILE)
        run.request("StatusNotification", {"connectorId": 1, "status": HOSTILE}, {})
        run.request(
            "MeterValues", {"connectorId": [], "meterValue": [{"sampledValue": [HOSTILE, {"value": {}}]}]}, {}
        )
    view, messages = seen(run)
    told = repr([messages, view.snapshot()])
    assert not set(told) & set("\x00\x1b\u202e")
    frames = [data for kind, data in messages if kind == "frame" and data["type"] == "MALFORMED"]
    assert (len(frames[0]["raw"]) <= RAW + 100, frames[0]["cut"]) == (True, True)


def test_a_record_is_followed_line_by_line(tmp_path, run):
    lines = run.write(tmp_path / "whole.jsonl").read_bytes().splitlines(keepends=True)
    events, tail = [decode(line) for line in lines], Tail(tmp_path / "record.jsonl")
    assert (tail.read(), tail.behind) == ([], False)
    tail.path.write_bytes(lines[0] + lines[1][:30])
    assert (tail.read(), tail.read(), tail.behind) == (events[:1], [], False)
    # A run that was cut off and is resumed writes the last line anew.
    tail.path.write_bytes(lines[0] + b"no event\n" + b"".join(lines[1:]))
    assert tail.read() == events[1:]
    assert tail.read() == []


def test_a_long_record_is_read_some_at_a_time(tmp_path, run, monkeypatch):
    """A line may be longer than what is read at a time."""
    monkeypatch.setattr(module, "CHUNK", 300)
    tail, found, times = Tail(run.write(tmp_path / "record.jsonl")), [], 0
    while tail.behind or not times:
        found += tail.read()
        times += 1
    assert found == run.events
    assert 1 < times <= len(run.events) + 1


def test_who_was_away_for_a_while_gets_what_was_missed_and_who_was_away_for_long_the_page_anew(tmp_path):
    tail = Tail(tmp_path / "record.jsonl")
    run, feed = Synthetic(tail.path), Feed(tail)
    run.start("TC_001_CS")
    feed.read()
    data, place = feed.after(None)
    assert data.startswith(b"id: ")
    assert b"event: reset" in data
    had = data.rpartition(b"id: ")[2].partition(b"\n")[0].decode()
    assert feed.place(had) == place == feed.end
    run.connect()
    run.close()
    feed.read()
    missed, place = feed.after(feed.place(had))
    assert b"event: reset" not in missed
    assert missed.count(b"event: frame") == 2
    assert feed.after(place) == (b"", place)
    for strange in (
        "",
        "x",
        "1",
        f"other-{place}",
        had + "9",
        f"{had[:8]}-{'9' * 30}",
        f"{had[:8]}--1",
        f"{had[:8]}-²",
    ):
        assert feed.place(strange) is None
    feed._add([("frame", {})] * (REMEMBERED + 1))
    assert feed.place(had) is None
    assert b"event: reset" in feed.after(place)[0]


def test_a_run_that_goes_on_keeps_what_it_had_and_the_cut_off_case_runs_no_more(run):
    with run.case("TC_001_CS"):
        run.step("it comes")
    run.case_id = "TC_003_CS"
    run.add("case.start", attempt=1, name="")
    run.case_id = None
    before, _ = seen(run)
    assert before.case["case"] == "TC_003_CS"
    run.add("run.end", reason="interrupted")
    run.add("run.resume", plan=[{"case": "TC_003_CS"}, {"case": "TC_010_CS", "profile": "Core"}], started="")
    view, messages = seen(run)
    assert [(case, row.verdict) for case, row in view.rows.items()] == [
        ("TC_001_CS", "PASS"),
        ("TC_003_CS", ""),
        ("TC_004_1_CS", ""),
        ("TC_010_CS", ""),
    ]
    assert (view.case, view.run["ended"], last(messages, "case")) == ({}, "", {})
