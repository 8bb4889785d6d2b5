"""The measurements: the certificate's definitions, what counts and what does not."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic import PICS, Synthetic, passing_run

from octt.measure import Meter, Statistic, declared_maxima, percentile
from octt.report.model.result import load

ACCEPTED = {"status": "Accepted"}
START = {"idTag": "tag", "connectorId": 1}


def measured(run):
    meter = Meter()
    for event in run.events:
        meter.feed(event)
    return meter.performance(declared_maxima(PICS))


@pytest.fixture
def run():
    run = Synthetic()
    run.start("A")
    run.connect()
    return run


def status(run, connector, name):
    run.request("StatusNotification", {"connectorId": connector, "status": name, "errorCode": "NoError"}, {})


def test_response_times_are_those_of_our_calls(run):
    run.call("GetConfiguration", {}, {}, seconds=0.25)
    run.call("ClearCache", {}, ACCEPTED, seconds=0.75)
    run.request("Heartbeat", {}, {}, seconds=9)
    response = measured(run).response
    assert (response.minimum, response.maximum, response.average, response.count) == (0.25, 0.75, 0.5, 2)
    assert (response.declared, response.exceeded) == (2, False)
    assert list(measured(run).by_action) == ["ClearCache", "GetConfiguration"]
    assert response.worst_line == run.events[-3].n


def test_an_error_is_a_response_and_a_reply_to_nothing_is_none(run):
    run.frame("out", [2, "x", "Reset", {"type": "Hard"}], "Reset")
    run.frame("in", [3, "y", {}], "Reset", wait=0.1)
    run.frame("in", [4, "x", "NotSupported", "", {}], "Reset", wait=0.4)
    run.frame("in", [4, "x", "NotSupported", "", {}], "Reset", wait=0.4)
    response = measured(run).response
    assert response.count == 1
    assert response.maximum == pytest.approx(0.5)


def test_a_call_without_a_reply_shows_in_the_maximum_and_nowhere_else(run):
    """M3: its time would have been longer than we waited, and that is said."""
    run.call("ClearCache", {}, ACCEPTED, seconds=0.5)
    asked = run.frame("out", [2, "x", "Reset", {"type": "Hard"}], "Reset")
    run.add("case.end", verdict="FAIL", wait=30)
    run.call("ClearCache", {}, ACCEPTED, seconds=0.5)
    run.add("disconnect", connection=1, code=1006, reason="", by="network", wait=500)
    performance = measured(run)
    response = performance.response
    assert (response.count, response.minimum, response.average) == (2, 0.5, 0.5)
    assert (response.unanswered, response.maximum, response.at_least) == (1, 30.0, True)
    assert (response.exceeded, response.worst_line) == (True, asked.n)
    assert response.found == "nothing came within 30.000 s"
    assert performance.by_action["Reset"].unanswered == 1
    assert performance.by_action["ClearCache"].at_least is False


def test_we_wait_for_a_reply_until_our_next_call(run):
    run.frame("out", [2, "x", "Reset", {"type": "Hard"}], "Reset")
    run.now += 15_000_000_000
    run.call("ClearCache", {}, ACCEPTED)
    run.add("run.end", reason="finished", wait=100)
    assert measured(run).response.maximum == pytest.approx(15, abs=0.1)


def test_a_late_reply_is_measured_whole(run):
    run.frame("out", [2, "x", "Reset", {"type": "Hard"}], "Reset")
    run.add("case.end", verdict="FAIL", wait=15)
    run.frame("in", [3, "x", ACCEPTED], "Reset", wait=5)
    run.end()
    response = measured(run).response
    assert (response.maximum, response.at_least, response.unanswered) == (20.0, False, 0)


def test_a_short_wait_for_what_never_came_says_nothing(run):
    """A connection that was lost just after a call: the longest sample is longer."""
    run.call("ClearCache", {}, ACCEPTED, seconds=0.5)
    run.frame("out", [2, "x", "Reset", {"type": "Hard"}], "Reset")
    run.add("disconnect", connection=1, code=1006, reason="", by="network", wait=0.1)
    response = measured(run).response
    assert (response.maximum, response.at_least, response.unanswered) == (0.5, False, 1)


def test_a_call_that_did_not_leave_is_none(run):
    call = run.frame("out", [2, "x", "Reset", {"type": "Hard"}], "Reset")
    run.add("unsent", frame=call.n)
    run.end()
    assert measured(run).response.unanswered == 0


def test_a_text_sent_to_test_bad_frames_is_no_call(run):
    run.frame("out", [2, "x", "Reset", {"type": "Hard"}], "")
    run.end()
    assert measured(run).response.unanswered == 0


def test_the_clock_of_another_machine_start_makes_no_wait_negative(run):
    run.frame("out", [2, "x", "Reset", {"type": "Hard"}], "Reset")
    run.now -= 10_000_000_000
    run.add("run.resume")
    assert measured(run).response.maximum == 0


def test_a_reply_on_another_connection_is_none(run):
    run.frame("out", [2, "x", "Reset", {"type": "Hard"}], "Reset")
    run.add("disconnect", connection=1, code=1006, reason="", by="network")
    run.connect(2)
    run.frame("in", [3, "x", {}], "Reset", connection=2)
    performance = measured(run)
    assert (performance.response.count, performance.response.unanswered) == (0, 1)


def test_every_measure_says_what_it_counts_from(run):
    """M4: the certificates count from the request, the limits of steps from its answer."""
    performance = measured(run)
    run.call("ClearCache", {}, ACCEPTED)
    for one in performance.certified:
        assert ".req" in one.counts
    assert "acknowledged action" in performance.local_start.counts
    assert measured(run).by_action["ClearCache"].counts == "from ClearCache.req to its answer"


@pytest.mark.parametrize(
    ("requested", "action", "count"),
    [
        ("Heartbeat", "Heartbeat", 1),
        ("Heartbeat", "StatusNotification", 0),
        ("SignChargePointCertificate", "SignCertificate", 1),
        ("DiagnosticsStatusNotification", "DiagnosticsStatusNotification", 0),
        ("FirmwareStatusNotification", "FirmwareStatusNotification", 0),
    ],
)
def test_a_triggered_message_is_timed_from_the_call_except_firmware_and_diagnostics(
    run, requested, action, count
):
    name = "ExtendedTriggerMessage" if requested.startswith("Sign") else "TriggerMessage"
    run.call(name, {"requestedMessage": requested}, ACCEPTED, seconds=0.1)
    run.now += 400_000_000
    run.request(action, {}, {})
    triggered = measured(run).triggered
    assert triggered.count == count
    if count:
        assert triggered.maximum == pytest.approx(0.501)


def test_a_trigger_is_for_its_connector_and_counts_once(run):
    trigger = {"requestedMessage": "StatusNotification", "connectorId": 2}
    run.call("TriggerMessage", trigger, ACCEPTED, seconds=0.1)
    status(run, 1, "Available")
    status(run, 2, "Available")
    status(run, 2, "Preparing")
    assert measured(run).triggered.count == 1


@pytest.mark.parametrize("reply", ["Rejected", "NotImplemented"])
def test_a_refused_trigger_has_no_time(run, reply):
    run.call("TriggerMessage", {"requestedMessage": "Heartbeat"}, {"status": reply})
    run.request("Heartbeat", {}, {})
    assert measured(run).triggered.count == 0


def test_a_message_before_the_reply_is_not_the_triggered_one(run):
    run.frame("out", [2, "t", "TriggerMessage", {"requestedMessage": "Heartbeat"}], "TriggerMessage")
    run.request("Heartbeat", {}, {})
    run.frame("in", [3, "t", ACCEPTED], "TriggerMessage", wait=0.1)
    run.request("Heartbeat", {}, {}, seconds=0.1)
    triggered = measured(run).triggered
    assert triggered.count == 1
    assert triggered.minimum > 0.1


@pytest.mark.parametrize(
    ("kind", "new", "count"),
    [("Inoperative", "Unavailable", 1), ("Inoperative", "Charging", 0), ("Operative", "Available", 1)],
)
def test_change_availability_is_timed_until_the_status(run, kind, new, count):
    run.call("ChangeAvailability", {"connectorId": 1, "type": kind}, ACCEPTED)
    status(run, 1, new)
    assert measured(run).triggered.count == count


def test_a_reservation_is_timed_until_reserved(run):
    run.call("ReserveNow", {"connectorId": 1, "idTag": "T", "reservationId": 1}, ACCEPTED)
    status(run, 1, "Available")
    status(run, 1, "Reserved")
    assert measured(run).triggered.count == 1


@pytest.mark.parametrize(
    ("action", "params", "caused"),
    [
        ("plug_in", {"connector": 1}, lambda run: status(run, 1, "Preparing")),
        ("present_id_tag", {"connector": 1, "id_tag": "TAG"}, lambda run: authorized(run)),
        ("plug_in", {"connector": 1}, lambda run: started(run)),
        ("present_id_tag", {"connector": 1, "id_tag": "TAG"}, lambda run: stopped(run, "Local")),
        ("fault", {"connector": 1}, lambda run: status(run, 1, "Faulted")),
    ],
)
def test_what_a_hand_at_the_station_causes_is_not_what_we_triggered(run, action, params, caused):
    """M1: all limits hold, yet a transaction by the card may take longer than a triggered message may."""
    run.action(action, **params)
    run.now += 42_000_000_000
    caused(run)
    performance = measured(run)
    assert performance.triggered.count == 0
    assert performance.exceeded == []


@pytest.mark.parametrize(
    ("action", "params", "tag"),
    [
        ("plug_in", {"connector": 1}, "TAG"),
        ("present_id_tag", {"connector": 1, "id_tag": "tag"}, "TAG"),
    ],
)
def test_a_transaction_begun_at_the_station_is_timed_from_the_acknowledged_action(run, action, params, tag):
    """How long the EV takes until it charges is not the station's time."""
    run.action(action, seconds=30, **params)
    run.now += 700_000_000
    authorized(run)
    status(run, 1, "Preparing")
    started(run, tag)
    run.now += 30_000_000_000
    status(run, 1, "Charging")
    performance = measured(run)
    assert performance.local_start.count == 1
    assert performance.local_start.maximum == pytest.approx(0.711, abs=0.01)
    assert performance.local_stop.count == performance.triggered.count == 0


@pytest.mark.parametrize(
    ("action", "params", "reason", "count"),
    [
        ("present_id_tag", {"connector": 1, "id_tag": "TAG"}, "Local", 1),
        ("present_id_tag", {"connector": 1, "id_tag": "TAG"}, None, 1),
        ("present_id_tag", {"connector": 1, "id_tag": "TAG"}, "Other", 0),
        ("present_id_tag", {"connector": 1, "id_tag": "OTHER"}, "Local", 0),
        ("press_stop", {"connector": 1}, "Local", 1),
        ("unplug_ev", {"connector": 1}, "EVDisconnected", 1),
        ("unplug", {"connector": 1}, "PowerLoss", 0),
        ("plug_in", {"connector": 1}, "Local", 0),
    ],
)
def test_a_transaction_ended_at_the_station_is_timed_when_its_reason_is_that_action(
    run, action, params, reason, count
):
    run.action(action, **params)
    status(run, 1, "Finishing")
    stopped(run, reason)
    assert measured(run).local_stop.count == count


@pytest.mark.parametrize(
    "between",
    [
        lambda run: run.action("unplug", connector=1),
        lambda run: run.call("ChangeConfiguration", {"key": "AuthorizationKey", "value": "x"}, ACCEPTED),
        lambda run: run.call("Reset", {"type": "Soft"}, ACCEPTED),
        lambda run: run.add("network", event="cut"),
        lambda run: run.add("case.end", verdict="PASS"),
        lambda run: run.connect(2),
    ],
)
def test_an_action_without_immediate_effect_makes_no_sample(run, between):
    """M2: what comes at last was caused by something else."""
    run.action("plug_in", connector=1)
    status(run, 1, "Preparing")
    run.now += 58_000_000_000
    between(run)
    started(run)
    assert measured(run).local_start.count == 0


@pytest.mark.parametrize("password", ["one", "two"])
def test_a_triggered_message_that_waits_for_our_password_changes_is_no_sample(run, password):
    """M2: the delay is that of our changes."""
    run.call("TriggerMessage", {"requestedMessage": "BootNotification"}, ACCEPTED)
    run.call("ChangeConfiguration", {"key": "AuthorizationKey", "value": password}, ACCEPTED)
    run.now += 39_000_000_000
    run.request("BootNotification", {}, {})
    assert measured(run).triggered.count == 0


@pytest.mark.parametrize(
    ("action", "asked", "before"),
    [
        ("ChangeAvailability", {"connectorId": 1, "type": "Operative"}, "Available"),
        ("ChangeAvailability", {"connectorId": 0, "type": "Inoperative"}, "Unavailable"),
        ("ReserveNow", {"connectorId": 1, "idTag": "T", "reservationId": 1}, "Reserved"),
    ],
)
def test_what_is_so_already_need_not_be_told(run, action, asked, before):
    """M2: nothing follows, and the next status has another cause."""
    status(run, 1, before)
    run.call(action, asked, ACCEPTED)
    run.now += 50_000_000_000
    status(run, 1, before)
    assert measured(run).triggered.count == 0


def test_a_message_before_the_acknowledgement_is_no_sample(run):
    common = {"action": "plug_in", "params": {"connector": 1}, "driver": "manual", "who": "operator"}
    run.add("action", phase="asked", **common)
    started(run)
    run.add("action", phase="done", wait=5, seconds=5, **common)
    run.now += 3_000_000_000
    started(run)
    assert measured(run).local_start.count == 0


def test_an_action_without_a_connection_has_no_time(run):
    run.add("disconnect", connection=1, code=1001, reason="", by="csms")
    run.action("plug_in", connector=1)
    started(run)
    assert measured(run).local_start.count == 0


def authorized(run):
    run.request("Authorize", {"idTag": "TAG"}, {})


def stopped(run, reason):
    payload = {"transactionId": 7, "idTag": "TAG", "meterStop": 1, "timestamp": "2026-01-01T10:00:00Z"}
    run.request("StopTransaction", {**payload, **({"reason": reason} if reason else {})}, {})


def started(run, tag="TAG", connector=1):
    payload = {"connectorId": connector, "idTag": tag, "meterStart": 0, "timestamp": "2026-01-01T10:00:00Z"}
    run.request("StartTransaction", payload, {"transactionId": 7})


def test_remote_start_is_timed_until_its_own_transaction(run):
    run.call("RemoteStartTransaction", START, ACCEPTED, seconds=0.2)
    started(run, tag="OTHER")
    started(run, connector=2)
    run.request("Authorize", {"idTag": "tag"}, {})
    run.now += 1_000_000_000
    started(run)
    started(run)
    remote = measured(run).remote_start
    assert remote.count == 1
    assert remote.maximum == pytest.approx(1.21)


@pytest.mark.parametrize(
    "between",
    [
        lambda run: run.action("plug_in", connector=1),
        lambda run: run.add("prompt", text="Plug in", answer="done", seconds=3),
        lambda run: run.add("disconnect", connection=1, code=1006, reason="", by="network"),
        lambda run: run.add("network", event="cut"),
        lambda run: run.add("case.end", verdict="PASS"),
    ],
)
def test_a_transaction_that_does_not_follow_at_once_is_no_sample(run, between):
    run.call("RemoteStartTransaction", START, ACCEPTED)
    between(run)
    started(run)
    run.call("RemoteStopTransaction", {"transactionId": 7}, ACCEPTED)
    between(run)
    run.request("StopTransaction", {"transactionId": 7}, {})
    performance = measured(run)
    assert (performance.remote_start.count, performance.remote_stop.count) == (0, 0)


def test_remote_stop_is_timed_until_its_own_transaction(run):
    run.call("RemoteStopTransaction", {"transactionId": 7}, ACCEPTED, seconds=0.2)
    run.request("StopTransaction", {"transactionId": 8}, {})
    run.request("StopTransaction", {"transactionId": 7}, {})
    assert measured(run).remote_stop.count == 1


def test_what_we_call_for_is_not_the_late_effect_of_a_card(run):
    run.action("present_id_tag", connector=1, id_tag="tag")  # without effect: a failed step
    run.call("RemoteStopTransaction", {"transactionId": 7}, ACCEPTED, seconds=6)  # puts things back
    run.request("StopTransaction", {"transactionId": 7}, {})
    performance = measured(run)
    assert performance.local_stop.count == 0
    assert performance.remote_stop.count == 1


def test_a_question_between_a_card_and_its_effect_changes_nothing(run):
    run.action("present_id_tag", connector=1, id_tag="tag")
    run.call("GetConfiguration", {}, {})
    started(run)
    assert measured(run).local_start.count == 1


def test_a_rejected_remote_start_is_no_sample(run):
    run.call("RemoteStartTransaction", START, {"status": "Rejected"})
    started(run)
    assert measured(run).remote_start.count == 0


def test_live_and_from_the_record_are_the_same_numbers(tmp_path):
    run = passing_run()
    live = measured(run)
    recorded = load(run.write(tmp_path / "record.jsonl")).performance
    for one, other in zip(
        [*live.all, *live.by_action.values()], [*recorded.all, *recorded.by_action.values()], strict=True
    ):
        assert (one.key, one.measured, one.waited) == (other.key, other.measured, other.waited)
    assert [statistic.count for statistic in live.all] == [3, 1, 1, 1, 0, 0]


def test_numbers_can_be_asked_for_in_the_middle(run):
    meter = Meter()
    run.call("GetConfiguration", {}, {}, seconds=0.25)
    for event in run.events:
        meter.feed(event)
    early = meter.performance()
    run.call("GetConfiguration", {}, {}, seconds=0.5)
    for event in run.events[-2:]:
        meter.feed(event)
    assert (early.response.count, meter.performance().response.count) == (1, 2)


@given(st.lists(st.floats(0, 1e6), min_size=1))
def test_percentiles_are_measured_values_and_grow(values):
    ordered = sorted(values)
    shares = [percentile(ordered, percent) for percent in (0, 1, 50, 90, 95, 99, 100)]
    assert all(one <= other for one, other in pairwise(shares))
    assert set(shares) <= set(values)
    assert (shares[0], shares[-1]) == (ordered[0], ordered[-1])
    assert sum(value <= shares[2] for value in values) >= len(values) / 2


def test_a_declared_value_that_is_no_number_is_not_declared():
    assert declared_maxima(
        {"performance": {"response_timeout": "2", "triggered_timeout": True, "remote_stop_time": 3}}
    ) == {"remote_stop": 3.0}
    assert declared_maxima({"performance": [1]}) == {}
    assert not Statistic("response", "x").exceeded
