"""The timeline: entries with the state that follows, requests that are held until they are answered, waiting."""

from __future__ import annotations

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octt.timeline.entry import NOTHING
from octt.timeline.timeline import Timeline
from tests.timeline.virtual import Stage, at, status

START = {"connectorId": 1, "idTag": "A", "meterStart": 0, "timestamp": "2024-01-01T00:00:00Z"}


def begin(stage, ident=7, **more):
    request = stage.call("StartTransaction", **{**START, **more})
    stage.frame(
        [3, request.frame.id, {"transactionId": ident, "idTagInfo": {"status": "Accepted"}}], incoming=False
    )
    return request


# -- state --------------------------------------------------------------------------------------------------------


def test_an_entry_has_the_state_that_follows_from_it():
    stage = Stage()
    first = stage.call("StatusNotification", **status(1, "Preparing"))
    second = stage.call("StatusNotification", **status(1, "Charging"))
    assert first.state.statuses == {1: "Preparing"}
    assert second.state.statuses == {1: "Charging"} == stage.timeline.state.statuses


def test_a_transaction_exists_from_our_answer_until_its_stop():
    stage = Stage()
    request = begin(stage, 7)
    assert request.state.transactions == {}
    (running,) = stage.timeline.state.open_transactions
    assert (running.id, running.connector, running.id_tag, running.line) == (7, 1, "A", request.n)
    stage.call("StopTransaction", transactionId=7, meterStop=1, timestamp="2024-01-01T00:00:00Z")
    assert stage.timeline.state.open_transactions == []
    assert stage.timeline.state.transactions[7].stop["meterStop"] == 1


def test_a_stop_that_its_schema_refuses_ends_the_transaction_all_the_same():
    stage = Stage()
    begin(stage, 7)
    entry = stage.call("StopTransaction", transactionId=7, meterStop="many")
    assert entry.problems
    assert stage.timeline.state.open_transactions == []


def test_the_registration_is_what_the_last_boot_was_answered():
    stage = Stage()
    assert stage.timeline.state.registration == ""
    for answer in ({"status": "Rejected"}, {"status": "Pending"}, {"status": "Accepted"}):
        boot = stage.call("BootNotification", chargePointVendor="V", chargePointModel="M")
        stage.frame([3, boot.frame.id, answer], incoming=False)
        assert stage.timeline.state.registration == answer["status"]
    assert stage.timeline.state.boot["chargePointVendor"] == "V"
    boot = stage.call("BootNotification", chargePointVendor="V", chargePointModel="M")
    stage.frame([4, boot.frame.id, "InternalError", "", {}], incoming=False)
    assert stage.timeline.state.registration == ""


def test_the_configuration_is_what_was_read_or_accepted():
    stage = Stage()
    stage.frame([2, "a", "GetConfiguration", {}], incoming=False)
    stage.frame(
        [3, "a", {"configurationKey": [{"key": "HeartbeatInterval", "readonly": False, "value": "60"}, 3]}]
    )
    stage.frame([2, "b", "ChangeConfiguration", {"key": "heartbeatInterval", "value": "90"}], incoming=False)
    stage.frame([3, "b", {"status": "Rejected"}])
    assert stage.timeline.state.configuration == {"heartbeatinterval": "60"}
    stage.frame([2, "c", "ChangeConfiguration", {"key": "heartbeatInterval", "value": "90"}], incoming=False)
    stage.frame([3, "c", {"status": "Accepted"}])
    assert stage.timeline.state.configuration == {"heartbeatinterval": "90"}


def test_only_the_end_of_the_open_connection_disconnects():
    stage = Stage()
    stage.link("connect", 1)
    stage.link("connect", 2)
    stage.link("disconnect", 1)
    assert stage.timeline.state.connected
    stage.link("disconnect", 2)
    assert not stage.timeline.state.connected


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["StatusNotification", "StopTransaction", "BootNotification"]),
            st.dictionaries(
                st.sampled_from(["connectorId", "status", "transactionId"]),
                st.none() | st.integers() | st.text() | st.lists(st.integers()),
            ),
        )
    )
)
def test_no_payload_breaks_the_state(frames):
    stage = Stage()
    for action, payload in frames:
        entry = stage.call(action, **payload)
        assert all(isinstance(n, int) and isinstance(s, str) for n, s in entry.state.statuses.items())


def test_the_state_of_a_station_that_never_ends_stays_bounded():
    stage = Stage()
    for number in range(1500):
        begin(stage, number, idTag=str(number))
        stage.call("StopTransaction", transactionId=number, meterStop=1, timestamp="2024-01-01T00:00:00Z")
        stage.call("StatusNotification", **status(number, "Available"))
    state = stage.timeline.state
    assert len(state.transactions) <= 202
    assert len(state.statuses) == 1000
    assert 1499 in state.transactions


# -- replies ------------------------------------------------------------------------------------------------------


def test_a_reply_knows_its_call():
    stage = Stage()
    call = stage.frame([2, "a", "Reset", {"type": "Hard"}], incoming=False)
    reply = stage.frame([3, "a", {"status": "Accepted"}])
    assert reply.call == call
    assert reply.action == "Reset"
    assert stage.frame([3, "s", {}]).call is None  # a message id of the station is not one of ours


# -- held requests ------------------------------------------------------------------------------------------------


def test_a_request_is_not_seen_before_its_answer_has_left():
    stage = Stage()
    stage.call("Heartbeat")
    held = stage.call("StatusNotification", held=True, **status(1, "Charging"))
    after = stage.frame([3, "x", {}])
    assert [e.index for e in stage.timeline.since(0)] == [0]
    assert stage.timeline.state.statuses == {}
    assert stage.timeline.latest.statuses == {1: "Charging"}
    stage.timeline.release(held)
    assert stage.timeline.newest == after
    assert stage.timeline.state.statuses == {1: "Charging"}


def test_nobody_is_late_while_the_answer_is_on_its_way():
    """A request in time that we answer late is in time."""
    stage = Stage()

    def comes():
        held = stage.call("Heartbeat", held=True)
        stage.clock.plan(5, lambda: stage.timeline.release(held))

    stage.clock.plan(0.9, comes)
    found = stage.timeline.wait(lambda: next(iter(stage.timeline.since(0)), None), at(1))
    assert found is not None
    assert found.m == at(0.9)
    assert stage.clock.now() >= at(5)


# -- waiting ------------------------------------------------------------------------------------------------------


def test_waiting_ends_with_the_deadline_and_not_before():
    stage = Stage()
    assert stage.timeline.wait(lambda: None, at(3)) is None
    assert stage.clock.now() == at(3)


def test_what_arrived_in_time_but_was_not_appended_yet_is_waited_for():
    stage, timeline = Stage(), None
    timeline = stage.timeline
    timeline.settle = lambda: stage.call("Heartbeat") and stage.clock.now()
    assert timeline.wait(lambda: timeline.newest is not NOTHING, at(1)) is True


def test_threads_see_whole_entries_in_one_order():
    """While one thread appends, others always see a prefix, each entry with its own state."""
    stage = Stage()
    stage.timeline = Timeline()
    wrong, done = [], threading.Event()

    def read():
        while not done.is_set():
            entries = stage.timeline.since(0)
            if [e.index for e in entries] != list(range(len(entries))):
                wrong.append("order")
            wrong.extend("state" for e in entries[-3:] if e.state.statuses != {1: e.payload["status"]})

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for number in range(300):
        stage.call("StatusNotification", **status(1, ("Charging", "SuspendedEV")[number % 2]))
    done.set()
    for reader in readers:
        reader.join()
    assert wrong == []


def test_forgotten_entries_are_gone_and_the_rest_keep_their_places():
    stage = Stage()
    for _ in range(5):
        stage.call("Heartbeat")
    last = stage.call("StatusNotification", **status(1, "Charging"))
    stage.timeline.forget(4)
    assert [e.index for e in stage.timeline.since(0)] == [4, 5]
    stage.timeline.forget(99)
    assert stage.timeline.newest == last
    assert stage.timeline.end == 6
    assert stage.timeline.state.statuses == {1: "Charging"}
    assert stage.timeline.since(2, 5) == []


def test_waking_looks_again():
    timeline, there = Timeline(), threading.Event()

    def wakes():
        there.set()
        timeline.wake()

    threading.Timer(0.05, wakes).start()
    assert timeline.wait(there.is_set, time.monotonic_ns() + int(5e9), tick=5) is True


@pytest.mark.parametrize("incoming", [True, False])
def test_ids_of_both_sides_are_apart(incoming):
    stage = Stage()
    stage.frame([2, "1", "Heartbeat", {}], incoming=True)
    stage.frame([2, "1", "Reset", {"type": "Soft"}], incoming=False)
    reply = stage.frame([3, "1", {}], incoming=incoming)
    assert reply.action == ("Reset" if incoming else "Heartbeat")


def test_who_waits_can_be_called_off_once():
    stage = Stage()
    errors = [KeyError("enough")]
    stage.timeline.interrupted = lambda: errors.pop() if errors else None
    with pytest.raises(KeyError, match="enough"):
        stage.timeline.wait(lambda: None, at(100))
    assert stage.timeline.wait(lambda: "found", at(100)) == "found"
