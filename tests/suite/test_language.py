"""The words of the language against a bare station: what passes, what fails, with which words and whose blame."""

from __future__ import annotations

import json
import threading
import time

import pytest

from octt.bench import Bench as BenchFile
from octt.bench import Times
from octt.script import ABSENT
from octt.script.case_run import CaseRun
from octt.script.csms import Csms
from octt.script.readings import of_transaction
from octt.script.states import authorize_remote, becomes_preparing, waiting_connector
from octt.script.station import Station
from octt.script.verdicts import Failed, Inconclusive
from tests.timeline.virtual import declared

BENCH = BenchFile(times=Times(observation=0.2, max_deviation=0.3, reconnect_timeout=1, boot_timeout=1))
LIMITS = declared(0.4, BENCH.times, response_timeout=1.0, reconnect_timeout=1.0, boot_timeout=1.0)
START = {"connectorId": 1, "idTag": "OCTTVALID1", "meterStart": 0, "timestamp": "2024-01-01T00:00:00Z"}
STOP = {"meterStop": 5, "timestamp": "2024-01-01T00:01:00Z"}


class Stage:
    """A station under test and the words to judge it."""

    def __init__(self, live):
        self.live = live
        self.bare = live.station()
        self.case = CaseRun("TC_TEST", live.record, live.csms.timeline)
        self.case.begin_test()
        self.station = Station(self.case, live.csms, BENCH, LIMITS, 2)
        self.case.position.skip_to_end()

    def steps(self):
        """The decided steps: (label, outcome)."""
        return [(event.step, event.outcome) for event in self.live.events("step")]


@pytest.fixture
def stage(live):
    return Stage(live)


def answered(stage, **payload):
    """Lets the bare station answer the next call in the background."""
    thread = threading.Thread(target=lambda: stage.bare.reply(**payload))
    thread.start()
    return thread


def test_a_step_is_recorded_with_frame_limit_and_time(stage):
    stage.bare.status(1, "Preparing")
    seen = stage.station.reports("Preparing", step=3, cite="OCPP 1.6 4.9")
    assert seen.payload["status"] == "Preparing"
    step = stage.live.events("step")[0]
    assert (step.step, step.outcome, step.frame, step.limit) == ("3", "ok", seen.n, 0.4)
    assert step.cite == "OCPP 1.6 4.9"
    assert 0 <= step.seconds < 0.4


def test_a_failure_says_expected_actual_limit_and_section(stage):
    stage.bare.status(1, "SuspendedEV")
    with pytest.raises(Failed) as failure:
        stage.station.reports("Charging", step=7, cite="OCPP 1.6 4.9")
    assert failure.value.blame == "station"
    for words in ("step 7", "status = Charging", "status is 'SuspendedEV'", "[OCPP 1.6 4.9]"):
        assert words in failure.value.reason
    step = stage.live.events("step")[0]
    assert step.closest == stage.live.events("frame")[0].n


def test_what_never_came_is_said_beside_what_came_nearest(stage):
    stage.bare.status(1, "Available")
    with pytest.raises(
        Failed,
        match=r"within 0\.4 s \(declared as triggered_timeout\); nearest was: .*connectorId is 1, should be 0",
    ):
        stage.station.reports("Available", connector=0, step=9)


def test_a_failure_without_a_section_cites_the_case(stage):
    stage.case.section = "2.6.1"
    with pytest.raises(Failed, match=r"\[test-case document 2\.6\.1\]$"):
        stage.station.reports("Available", step=9)
    assert stage.live.events("step")[-1].cite == "test-case document 2.6.1"


@pytest.mark.parametrize(("value", "asks"), [("true", True), ("False", False)])
def test_a_key_is_found_among_keys_that_were_not_asked_for(stage, value, asks):
    """That is untidy of the station, but no reason to leave every case with a transaction undecided."""
    keys = [("HeartbeatInterval", "5"), ("authorizeRemoteTxRequests", value)]
    entries = [{"key": key, "readonly": False, "value": text} for key, text in keys]
    thread = answered(stage, configurationKey=entries)
    assert authorize_remote(stage.station) is asks
    thread.join()


def test_without_the_key_either_behaviour_is_right(stage):
    """That the key is missing is found by the case that is about keys, and by no other."""
    entry = {"key": "HeartbeatInterval", "readonly": False, "value": "5"}
    thread = answered(stage, configurationKey=[entry], unknownKey=[])
    assert authorize_remote(stage.station) is None
    thread.join()


def test_silence_fails_and_says_what_came_instead(stage):
    stage.bare.call("Authorize", idTag="X")
    with pytest.raises(
        Failed, match=r"did not come within 0.4 s \(.*\); instead came Authorize\.req\(idTag=X\)"
    ):
        stage.station.sends("StartTransaction", connectorId=1)


def test_a_wrong_stop_fails_at_once(stage):
    stage.bare.call("StopTransaction", transactionId=5, reason="Local", **STOP)
    began = time.monotonic()
    with pytest.raises(Failed, match="reason is 'Local', should be Remote"):
        stage.station.sends("StopTransaction", transactionId=5, reason="Remote")
    assert time.monotonic() - began < 10


def test_frames_come_in_order_but_for_the_documents_reversals(stage):
    stage.bare.status(1, "Charging")
    stage.bare.call("StartTransaction", **START)
    stage.station.sends("StartTransaction", connectorId=1)
    stage.station.reports("Charging")
    stage.bare.status(1, "Preparing")
    stage.bare.call("Authorize", idTag="A")
    stage.station.sends("Authorize", idTag="A")
    with pytest.raises(Failed):
        stage.station.reports("Preparing")


def test_in_any_order_takes_each_frame_once(stage):
    stage.bare.status(2, "Available")
    stage.bare.status(0, "Available")
    stage.bare.status(1, "Available")
    stage.station.reports_all("Available", step=5)
    assert stage.steps() == [("5", "ok")] * 3
    stage.bare.status(1, "Available")
    with pytest.raises(Failed, match="connectorId = 2"):
        _both_available(stage)


def test_what_may_be_reversed_may_be_so_around_a_block_too(stage):
    stage.bare.status(1, "Charging")
    stage.bare.call("StartTransaction", **START)
    stage.bare.call("StopTransaction", transactionId=1, meterStop=1, timestamp=START["timestamp"])
    stage.station.sends("StartTransaction", step=1)
    with stage.station.in_any_order():
        stage.station.reports("Charging", step=3)
        stage.station.sends("StopTransaction", step=5)
    assert stage.steps() == [("1", "ok"), ("3", "ok"), ("5", "ok")]


def _both_available(stage):
    with stage.station.in_any_order():
        stage.station.reports("Available", connector=1)
        stage.station.reports("Available", connector=2)


def test_optional_is_decided_by_what_follows(stage):
    stage.station.sends("Authorize", idTag="A", step=5, optional=True)
    stage.station.sends("BootNotification", step=6, optional=True)
    stage.bare.call("Authorize", idTag="A")
    stage.bare.status(1, "Preparing")
    stage.station.reports("Preparing", step=7)
    assert stage.steps() == [("5", "ok"), ("6", "skipped"), ("7", "ok")]


def test_too_early_fails(stage):
    stage.bare.call("Heartbeat")
    first = stage.station.sends("Heartbeat")
    stage.bare.status(1, "Available")
    with pytest.raises(Failed, match="10 s were due"):
        stage.station.reports("Available", since=first, after=10)


def test_too_late_is_not_taken(stage):
    threading.Timer(0.7, stage.bare.status, (1, "Charging")).start()
    with pytest.raises(Failed):
        stage.station.reports("Charging")
    stage.live.eventually(lambda: stage.live.csms.timeline.state.statuses)
    with pytest.raises(Failed, match="it came after"):
        stage.station.reports("Charging", since=stage.live.csms.timeline.since(0)[0])


def test_stays_silent(stage):
    stage.station.stays_silent("StartTransaction", step="result")
    stage.bare.call("StartTransaction", **START)
    with pytest.raises(Failed, match=r"the station sent StartTransaction\.req"):
        stage.station.stays_silent("StartTransaction", during=5)


def test_call_and_returns(stage):
    answered(stage, status="Accepted").join(0)
    reply = stage.station.call("ClearCache", step=5).returns(status="Accepted")
    assert reply.label == "6"
    answered(stage, status="Rejected").join(0)
    with pytest.raises(
        Failed, match=r"step 8: expected ClearCache.conf with status = Accepted; status is 'Rejected'"
    ):
        stage.station.call("ClearCache", step=7).returns(status="Accepted")


def test_the_central_system_answers_as_the_case_says(stage):
    csms = Csms(stage.case, stage.live.csms)
    csms.answer("Authorize", when={"idTag": "B"}, idTagInfo={"status": "Blocked"})
    csms.answer_error("Heartbeat", "InternalError", times=1)
    csms.keep_silent("DataTransfer", times=1)
    assert stage.bare.call("Authorize", idTag="B")[2]["idTagInfo"]["status"] == "Blocked"
    assert stage.bare.call("Heartbeat")[2] == "InternalError"
    stage.bare.send('[2,"silent","DataTransfer",{"vendorId":"v"}]')
    assert stage.bare.call("DataTransfer", vendorId="v")[1] != "silent"
    assert [(e.action, e.times) for e in stage.live.events("arm")][1:] == [
        ("Heartbeat", 1),
        ("DataTransfer", 1),
    ]


def test_callerror_is_a_reply_where_it_is_allowed(stage):
    def refuse():
        stage.bare.send(json.dumps([4, stage.bare.receive()[1], "NotSupported", "", {}]))

    for allowed in (["NotSupported"], ["any"]):
        threading.Thread(target=refuse).start()
        assert stage.station.call("ClearCache").returns(status="Accepted", error=allowed).is_error
    threading.Thread(target=refuse).start()
    with pytest.raises(Failed, match="answered CALLERROR NotSupported"):
        stage.station.call("ClearCache").returns(status="Accepted")


def test_no_reply_is_the_stations_fault_and_a_lost_connection_the_networks(stage):
    with pytest.raises(Failed, match=r"no reply within 1 s \(declared as response_timeout\)"):
        stage.station.call("ClearCache")
    stage.bare.close()
    stage.live.eventually(lambda: not stage.live.csms.connected)
    with pytest.raises(Inconclusive) as lost:
        stage.station.call("ClearCache")
    assert lost.value.blame == "network"
    with pytest.raises(Inconclusive, match="the connection was lost"):
        stage.station.reports("Charging")
    stage.station.expect_disconnect()
    with pytest.raises(Failed):
        stage.station.sends("BootNotification")


def test_in_setup_nothing_is_a_verdict(stage):
    with pytest.raises(Inconclusive, match="in setup"), stage.station.setup():
        stage.station.reports("Charging")


def test_absent_fields(stage):
    stage.bare.call("StopTransaction", transactionId=1, **STOP)
    stage.station.sends("StopTransaction", transactionId=1, reason={"Local", ABSENT})
    stage.bare.call("StopTransaction", transactionId=2, reason="Other", **STOP)
    with pytest.raises(Failed, match="reason is 'Other'"):
        stage.station.sends("StopTransaction", transactionId=2, reason={"Local", ABSENT})


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (lambda s: s.sends("StartTransaktion"), "did you mean 'StartTransaction'"),
        (lambda s: s.sends("StartTransaction", idtag="A"), "did you mean 'idTag'"),
        (lambda s: s.call("Reset", typ="Hard"), "did you mean 'type'"),
        (lambda s: s.call("Heartbeat"), "called by stations"),
        (lambda s: s.call("Reset", type="Harder"), "our own Reset.req is not valid"),
        (lambda s: s.call("ReserveNow", connectorId=1), "our own ReserveNow.req is not valid"),
        (lambda s: s.stays_silent("Boot"), "no action 'Boot'"),
    ],
)
def test_a_slip_of_the_pen_is_an_error_at_once(stage, words, message):
    with pytest.raises(ValueError, match=message):
        words(stage.station)


def test_either_takes_the_first(stage):
    stage.bare.status(1, "Charging")
    seen = stage.station.either(
        ("StopTransaction", {}), ("StatusNotification", {"status": "Charging"}), step=5
    )
    assert seen.action == "StatusNotification"
    with pytest.raises(Failed, match=r"StopTransaction\.req or StatusNotification\.req"):
        stage.station.either(("StopTransaction", {}), ("StatusNotification", {"status": "Finishing"}))


def test_repeats_measures_the_spacing(stage):
    def beat(spacing):
        for _ in range(3):
            stage.bare.call("Heartbeat")
            time.sleep(spacing)

    threading.Thread(target=beat, args=(0.5,)).start()
    stage.station.repeats("Heartbeat", every=0.5, step=7)
    time.sleep(0.6)
    stage.case.position.skip_to_end()
    quick = threading.Thread(target=beat, args=(0.05,))
    quick.start()
    with pytest.raises(Failed, match="the next came after"):
        stage.station.repeats("Heartbeat", every=1.0, step=7)
    quick.join()


def test_one_heartbeat_beside_the_interval_is_legal(stage):
    """4.6 says when a heartbeat is due, not that none comes for another reason."""

    def beat():
        for pause in (0.2, 0.6, 0.8, 0.0):
            stage.bare.call("Heartbeat")
            time.sleep(pause)

    thread = threading.Thread(target=beat)
    thread.start()
    stage.station.repeats("Heartbeat", every=0.8, step=7)
    thread.join()
    assert stage.steps() == [("7", "ok")] * 4


def test_connects_and_disconnects(stage):
    stage.bare.close()
    stage.station.disconnects(step=1)
    with pytest.raises(Failed, match=r"did not within 1 s \(declared as reconnect_timeout\)"):
        stage.station.connects()
    stage.case.position.count_from_now()
    again = stage.live.station()
    stage.station.connects(step=2)
    again.close()


def test_traffic_puts_a_heartbeat_off(stage):
    """The interval is one of inactivity (9.1.10): a message in between starts it anew."""

    def chat():
        stage.bare.call("Heartbeat")
        for _ in range(2):
            time.sleep(0.5)
            stage.bare.status(2, "Available")
            time.sleep(0.5)
            stage.bare.call("Heartbeat")

    thread = threading.Thread(target=chat)
    thread.start()
    stage.station.repeats("Heartbeat", every=0.6, step=7)
    thread.join()
    assert stage.steps() == [("7", "ok")] * 3


def test_silence_can_be_judged_from_an_earlier_frame(stage):
    stage.bare.status(1, "Preparing")
    early = stage.station.reports("Preparing")
    stage.bare.call("StartTransaction", **START)
    stage.bare.status(1, "Faulted")
    stage.station.reports("Faulted")
    stage.station.stays_silent("StartTransaction", during=0.1)
    with pytest.raises(Failed, match=r"no StartTransaction; the station sent StartTransaction\.req"):
        stage.station.stays_silent("StartTransaction", during=0.1, since=early, step="result")


def test_a_reading_of_the_beginning_belongs_to_no_interval(stage):
    def sends(context):
        value = {"timestamp": "2024-01-01T00:00:00Z", "sampledValue": [{"value": "1", "context": context}]}
        stage.bare.call("MeterValues", connectorId=1, transactionId=1, meterValue=[value])
        return stage.station.sends("MeterValues")

    found = of_transaction(sends("Transaction.Begin"), [])
    assert found == []
    found += of_transaction(sends("Sample.Periodic"), found)
    found += of_transaction(sends("Sample.Periodic"), found)  # sent again, since its answer was lost
    found += of_transaction(sends("Trigger"), found)
    assert [reading.context for reading in found] == ["Sample.Periodic"]


def test_a_card_may_prepare_any_connector_and_that_one_waits(stage):
    stage.bare.status(2, "Preparing")
    becomes_preparing(stage.station, step=3)
    assert waiting_connector(stage.station) == 2
    stage.bare.status(1, "Preparing")
    assert waiting_connector(stage.station) == 1
