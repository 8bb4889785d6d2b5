"""What fails a case, what does not, with whose blame and which words; in virtual time."""

from __future__ import annotations

import pytest

from octt.bench import Bench as BenchFile
from octt.bench import Times
from octt.record.words import Blame, Verdict
from octt.script import but
from octt.script.case_run import CaseRun
from octt.script.clocks import clock_offset, on_our_clock
from octt.script.readings import readings
from octt.script.security.facts import same_key
from octt.script.states import start_charging, transaction
from octt.script.station import Station
from octt.script.unexpected import fail_unexpected
from octt.script.verdicts import Failed, Inconclusive
from octt.suite.attempt import decide
from tests.timeline.virtual import NoRecord, Stage, System, declared, status

LIMITS = declared(2.0, response_timeout=1.0)
START = {"connectorId": 1, "idTag": "A", "meterStart": 0, "timestamp": "2024-01-01T00:00:00Z"}
STOP = {"transactionId": 7, "meterStop": 1, "timestamp": "2024-01-01T00:01:00Z"}


class Scene(Stage):
    """A station in virtual time, connected, and the words to judge it."""

    def __init__(self):
        super().__init__()
        self.link("connect")
        self.record = NoRecord()
        self.case = CaseRun("TC_TEST", self.record, self.timeline)
        self.system = System(self)
        bench = BenchFile(times=Times(observation=1))
        self.station = Station(self.case, self.system, bench, LIMITS, 2)
        self.case.begin_test()

    def begins(self, ident=7, **more):
        request = self.call("StartTransaction", **{**START, **more})
        answer = {"transactionId": ident, "idTagInfo": {"status": "Accepted"}}
        self.frame([3, request.frame.id, answer], incoming=False)
        return request

    def verdict(self, error=None, breaches=()):
        return decide(error, self.case, list(breaches))


@pytest.fixture
def scene():
    return Scene()


# -- what a call causes comes after it ----------------------------------------------------------------------------


def test_what_came_before_our_request_is_not_its_effect(scene):
    scene.later(0.1, "MeterValues", connectorId=1, meterValue=[])
    scene.clock.sleep(0.5)
    scene.station.call("TriggerMessage", requestedMessage="MeterValues")
    with pytest.raises(Failed, match="it came before its turn: MeterValues"):
        scene.station.sends("MeterValues")


def test_what_comes_after_our_request_is(scene):
    scene.station.call("TriggerMessage", requestedMessage="MeterValues")
    scene.later(0.5, "MeterValues", connectorId=1, meterValue=[])
    assert scene.station.sends("MeterValues").action == "MeterValues"


# -- replies ------------------------------------------------------------------------------------------------------


def test_a_reply_that_its_schema_refuses_fails_its_step(scene):
    request = scene.frame([2, "c", "Reset", {"type": "Hard"}], incoming=False)
    reply = scene._append("frame", 1, frame=scene.frame([3, "c", {}]).frame, problems=("status: required",))
    from octt.script.calling import Reply

    with pytest.raises(Failed, match="status: required"):
        Reply(scene.case, request, reply, "2").returns()


@pytest.mark.parametrize(
    ("action", "payload", "by", "blame"),
    [
        ("GetConfiguration", {}, "network", Blame.NETWORK),
        ("GetConfiguration", {}, "station", Blame.STATION),
        ("Reset", {"type": "Hard"}, "network", Blame.STATION),
        ("ChangeConfiguration", {"key": "AuthorizationKey", "value": "x"}, "network", Blame.STATION),
    ],
)
def test_whose_fault_it_is_when_the_connection_ends_before_the_reply(scene, action, payload, by, blame):
    scene.system.replies[action] = None
    scene.clock.plan(0.013, lambda: scene._append("disconnect", 1, by=by))
    with pytest.raises((Failed, Inconclusive)) as ended:
        scene.station.call(action, **payload)
    assert ended.value.blame is blame
    assert "the connection ended 0.013 s after the request, before a reply" in ended.value.reason


def test_no_reply_names_the_reply_that_came_with_another_id(scene):
    scene.system.replies["ClearCache"] = None
    scene.clock.plan(
        0.2,
        lambda: scene._append(
            "frame",
            1,
            frame=scene.frame([3, "other", {}]).frame,
            problems=("reply to a call we never made",),
        ),
    )
    with pytest.raises(Failed, match=r"no reply within 1 s .*; .* came, but reply to a call we never made"):
        scene.station.call("ClearCache")


# -- what did not come --------------------------------------------------------------------------------------------


def test_a_malformed_frame_is_named_instead_of_nothing(scene):
    scene.clock.plan(0.2, lambda: scene.frame("{not json"))
    with pytest.raises(Failed, match="instead came a malformed frame"):
        scene.station.sends("Heartbeat")


def test_a_connection_lost_by_nobody_is_the_networks(scene):
    scene.clock.plan(0.2, lambda: scene._append("disconnect", 1, by="network"))
    scene.clock.plan(0.4, lambda: scene.link("connect", 2))
    with pytest.raises(Inconclusive, match="the connection was lost once meanwhile") as ended:
        scene.station.sends("Heartbeat")
    assert ended.value.blame is Blame.NETWORK


def test_a_station_that_closes_or_reboots_answers_for_what_is_missing(scene):
    scene.clock.plan(0.2, lambda: scene._append("disconnect", 1, by="network"))
    scene.clock.plan(0.4, lambda: scene.link("connect", 2))
    scene.later(0.5, "BootNotification", chargePointVendor="V", chargePointModel="M")
    with pytest.raises(Failed, match="the station booted once"):
        scene.station.sends("Heartbeat")


def test_the_wrong_order_is_said(scene):
    scene.later(0.1, "StatusNotification", **status(1, "Preparing"))
    scene.later(0.2, "Authorize", idTag="A")
    scene.station.sends("Authorize", idTag="A")
    with pytest.raises(Failed, match="it came before its turn: StatusNotification"):
        scene.station.reports("Preparing")


# -- what nothing asked for ---------------------------------------------------------------------------------------


def test_a_transaction_that_the_scenario_does_not_have_fails_the_case(scene):
    scene.begins()
    with pytest.raises(Failed, match=r"no StartTransaction that the scenario does not bring about.*1\.2"):
        fail_unexpected(scene.case, 1)


def test_a_stop_that_the_scenario_does_not_have_fails_the_case(scene):
    scene.begins()
    scene.station.sends("StartTransaction")
    scene.call("StopTransaction", **STOP)
    with pytest.raises(Failed, match="no StopTransaction"):
        fail_unexpected(scene.case, 1)


def test_what_is_legal_fails_nothing(scene):
    """Repetitions, another connector's car, the end of an earlier case's transaction, and talk."""
    scene.begins()
    scene.station.sends("StartTransaction")
    scene.begins()  # the same message again: its answer was lost
    scene.begins(8, connectorId=2)
    scene.call("StopTransaction", **{**STOP, "transactionId": 8})
    scene.call("StopTransaction", **{**STOP, "transactionId": 3})
    for action, payload in (
        ("Heartbeat", {}),
        ("StatusNotification", status(1, "Charging")),
        ("Authorize", {"idTag": "B"}),
        ("DataTransfer", {"vendorId": "v"}),
    ):
        scene.call(action, **payload)
    fail_unexpected(scene.case, 1)
    assert scene.verdict() == (Verdict.PASS, Blame.NOBODY, "")


def test_an_equal_start_of_an_ended_transaction_is_another(scene):
    """A station that tells time in whole seconds may begin two transactions with the same message."""
    scene.begins(7)
    scene.call("StopTransaction", **STOP)
    second = scene.begins(8)
    assert transaction(scene.station, second).id == 8
    again = scene.begins(8)
    assert transaction(scene.station, again).id == 8


# -- verdicts -----------------------------------------------------------------------------------------------------


def test_independent_steps_all_tell_and_fail_the_case_at_its_end(scene):
    for step in (1, 2):
        with scene.station.independently():
            scene.station.check(False, f"thing {step}", "is not", step=step)
    verdict, blame, reason = scene.verdict()
    assert (verdict, blame) == (Verdict.FAIL, Blame.STATION)
    assert "step 1: expected thing 1" in reason
    assert "step 2: expected thing 2" in reason


def test_a_failed_step_cannot_pass(scene):
    with pytest.raises(Failed):
        scene.station.check(False, "a thing", "is not", step=1)
    assert scene.verdict()[0] is Verdict.ERROR


def test_a_breach_fails_whatever_else_happened(scene):
    assert scene.verdict(breaches=["bad frame [4.2]"])[0] is Verdict.FAIL
    verdict, _, reason = scene.verdict(KeyError("x"), ["bad frame [4.2]"])
    assert verdict is Verdict.FAIL
    assert reason == "bad frame [4.2]. Besides, its steps could not be judged to the end"
    assert scene.verdict(Inconclusive("setup", "network"), ["bad frame"])[0] is Verdict.FAIL
    assert scene.verdict(KeyError("x"))[0] is Verdict.ERROR


def test_silence_is_broken_by_what_came_before_it_was_watched(scene):
    reset = scene.frame([2, "c", "Reset", {"type": "Hard"}], incoming=False)
    scene.later(0.1, "StatusNotification", **status(1, "Available"))
    scene.later(0.2, "StatusNotification", **status(1, "Unavailable"))
    scene.station.reports("Unavailable")
    with pytest.raises(Failed, match=r"no StatusNotification with .* status = anything but Unavailable"):
        scene.station.stays_silent(
            "StatusNotification", since=reset, connectorId=1, status=but("Unavailable")
        )


# -- clocks and readings ------------------------------------------------------------------------------------------


def test_a_start_is_dated_on_our_clock(scene):
    begin = scene.clock.now() // 10**9
    scene.call("StatusNotification", **status(1, "Preparing"), timestamp=_iso(begin - 100))
    offset = clock_offset(scene.station)
    assert offset == pytest.approx(100, abs=1)
    scene.clock.sleep(10)
    back = scene.link("connect", 2)
    late = scene.begins(timestamp=_iso(begin - 100 + 13))
    assert on_our_clock(late, offset, back) == pytest.approx(3, abs=1)
    early = scene.begins(timestamp=_iso(begin - 100 + 5))
    assert on_our_clock(early, offset, back) < 0
    assert on_our_clock(scene.call("Heartbeat"), offset, back) is None


def _iso(seconds):
    from datetime import UTC, datetime

    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def test_elements_of_one_time_are_one_reading_and_phases_are_suffixes(scene):
    def element(measurand, **more):
        sample = {"value": "1", "measurand": measurand, **more}
        return {"timestamp": "2024-01-01T00:00:00Z", "sampledValue": [sample]}

    values = [element("Voltage", phase="L1-N"), element("Current.Import"), {"timestamp": 3}, None, "x"]
    (reading,) = readings(scene.call("MeterValues", connectorId=1, meterValue=values))
    assert reading.measurands == {"Voltage", "Voltage.L1-N", "Current.Import"}


@pytest.mark.parametrize("broken", [{}, None, ["x"], [{"sampledValue": None}], [{"timestamp": []}]])
def test_broken_meter_values_are_no_readings(scene, broken):
    assert readings(scene.call("MeterValues", connectorId=1, meterValue=broken)) == []


def test_what_is_no_certificate_has_no_key():
    assert same_key("", "") is False
    assert (
        same_key("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----", "x") is False
    )


# -- what a station may do otherwise ------------------------------------------------------------------------------


def test_a_status_of_an_upload_told_again_is_not_that_of_the_next(scene):
    progress = "DiagnosticsStatusNotification"
    for at, told in ((0.1, "Uploading"), (0.2, "Uploaded"), (0.3, "Uploaded"), (0.4, "Uploading")):
        scene.later(at, progress, status=told)
    for wanted in ("Uploading", "Uploaded", "Uploading"):
        assert scene.station.sends(progress, status=wanted).payload["status"] == wanted


def test_a_wrong_status_of_an_upload_still_decides(scene):
    progress = "DiagnosticsStatusNotification"
    scene.later(0.1, progress, status="UploadFailed")
    with pytest.raises(Failed, match="status is 'UploadFailed'"):
        scene.station.sends(progress, status="Uploaded")


class Hands:
    """Notes what was done, and lets the station do what it does then."""

    def __init__(self, scene):
        self.scene, self.done = scene, []

    def plug_in(self, connector, why=""):
        self.done.append("plug_in")
        self.scene.begins()
        self.scene.call("StatusNotification", **status(1, "Charging"))


def test_a_socket_that_is_locked_gets_its_cable_after_the_remote_start(scene):
    scene.station.locks_first = True
    scene.system.replies["GetConfiguration"] = {"configurationKey": [], "unknownKey": ["x"]}
    scene.system.replies["RemoteStartTransaction"] = {"status": "Accepted"}
    scene.later(0.1, "StatusNotification", **status(1, "Preparing"))
    scene.station.bench.id_tags.valid = "A"
    hands = Hands(scene)
    started = start_charging(scene.station, hands)
    assert (started.id, hands.done) == (7, ["plug_in"])
    calls = [e.action for e in scene.timeline.since(0) if not e.incoming and e.frame.type == "CALL"]
    assert calls[-1] == "RemoteStartTransaction"
