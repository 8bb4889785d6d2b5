"""What is owed to a station: on the record from before a change until the station has said that it is as it was."""

from __future__ import annotations

import pytest

from octt.record import Record, read
from octt.record.events import UndoDone, UndoOpened
from octt.script.states import make_operative, make_unavailable, reserve, send_local_list
from octt.script.undo import Journal, Kind, still_open
from octt.script.verdicts import Inconclusive, Judgement
from tests.script.answering import Stage, key


@pytest.fixture
def stage(live):
    return Stage(live)


def open_names(stage):
    return [undo.name for undo in stage.journal.open]


def on_record(stage):
    """What another process would find open."""
    return [undo.name for undo in still_open(read(stage.live.path))]


def test_an_undo_is_on_the_record_before_the_request_leaves(stage):
    seen = []
    stage.it.replies["GetConfiguration"] = key("HeartbeatInterval", "300")
    stage.it.replies["ChangeConfiguration"] = lambda _: (
        seen.extend(on_record(stage)) or {"status": "Accepted"}
    )
    stage.station.configure(HeartbeatInterval=5)
    assert seen == ["HeartbeatInterval"]
    assert stage.changes() == [("HeartbeatInterval", False)]


@pytest.mark.parametrize("reply", [{"status": "Rejected"}, {"status": "NotSupported"}, "InternalError"])
def test_what_the_station_refused_is_not_owed(stage, reply):
    stage.it.replies["GetConfiguration"] = key("HeartbeatInterval", "300")
    stage.it.replies["ChangeConfiguration"] = reply
    with pytest.raises(Inconclusive):
        stage.station.configure(HeartbeatInterval=5)
    assert open_names(stage) == on_record(stage) == []
    assert stage.changes() == []


@pytest.mark.parametrize("reply", [None, {}, {"status": 7}])
def test_what_the_station_did_not_refuse_is_owed(stage, reply):
    stage.it.replies["ReserveNow"] = lambda _: reply
    with pytest.raises(Judgement):
        reserve(stage.station, 1, id_tag="OCTTVALID1", step=1)
    assert len(open_names(stage)) == 1
    assert stage.changes() == []
    assert stage.restore() == []
    assert stage.it.requests("CancelReservation")


def test_a_key_that_changed_though_the_change_was_refused_is_owed(stage):
    values = iter(["300", "5", "5", "300"])
    stage.it.replies["GetConfiguration"] = lambda _: key("HeartbeatInterval", next(values))
    stage.it.replies["ChangeConfiguration"] = {"status": "Rejected"}
    with pytest.raises(Inconclusive):
        stage.station.configure(HeartbeatInterval=5)
    assert open_names(stage) == ["HeartbeatInterval"]
    assert stage.remarks() == ["ChangeConfiguration of HeartbeatInterval gave Rejected, and it is '5' now"]
    assert len(stage.restore()) == 1  # it refuses, and the key is not as it was
    assert stage.restore() == []  # it refuses still, and the key is as it was


def test_a_second_change_owes_no_more_than_the_first(stage):
    values = ["300", "5"]
    stage.it.replies["GetConfiguration"] = lambda _: key("HeartbeatInterval", values[0])
    stage.station.configure(HeartbeatInterval=5)
    values.pop(0)
    stage.station.configures("HeartbeatInterval", "7", step=1)
    assert stage.restore() == []
    assert stage.it.requests("ChangeConfiguration")[-1] == {"key": "HeartbeatInterval", "value": "300"}
    assert len(stage.it.requests("ChangeConfiguration")) == 3


def test_a_refusal_does_not_take_back_what_was_owed_before(stage):
    answers = iter([{"status": "Accepted"}, {"status": "Failed"}, {"status": "Accepted"}])
    stage.it.replies["SendLocalList"] = lambda _: next(answers)
    send_local_list(stage.station, 1, "Full", [], step=1)
    with pytest.raises(Judgement):
        send_local_list(stage.station, 2, "Full", [], step=3)
    assert open_names(stage) == ["local authorization list"]
    assert stage.restore() == []


def test_a_scenario_that_takes_its_change_back_owes_nothing_more(stage):
    make_unavailable(stage.station, 1)
    make_operative(stage.station, 1, step=11)
    assert open_names(stage) == on_record(stage) == []
    assert stage.changes() == [("connector 1", False), ("connector 1", True)]


def test_what_holds_for_the_whole_run_stays_when_a_case_ends(stage):
    stage.it.replies["GetConfiguration"] = key("MinimumStatusDuration", "10")
    stage.case("")
    stage.station.configure(MinimumStatusDuration=0)
    stage.case("TC_TEST")
    assert stage.restore() == []
    assert open_names(stage) == ["MinimumStatusDuration"]
    stage.case("")
    assert stage.restore() == []
    assert open_names(stage) == []
    assert stage.it.requests("ChangeConfiguration")[-1]["value"] == "10"


def test_a_line_of_a_later_version_is_passed_over(tmp_path):
    record = Record(tmp_path / "record.jsonl")
    journal = Journal(record)
    journal.owe(Kind.LIST, "local authorization list", case="A")
    record.write(UndoOpened(what="tariff", name="of a later version", given={}))
    record.write(UndoDone(undo=99, outcome="restored"))
    record.close()
    assert [(undo.kind, undo.case) for undo in still_open(read(record.path))] == [(Kind.LIST, "A")]


def test_a_physical_act_that_nobody_did_is_not_owed(stage):
    stage.rig.unable.add("plug_in")
    with pytest.raises(Inconclusive):
        stage.driver.plug_in(1)
    assert open_names(stage) == on_record(stage) == []
    stage.driver.fault(0)
    stage.driver.power_off()
    assert open_names(stage) == ["fault of connector 0", "power"]
    stage.driver.clear_fault(0)
    stage.driver.power_on()
    assert open_names(stage) == []
