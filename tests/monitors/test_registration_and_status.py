"""Rules about acceptance, heartbeats, connectors and status: broken, and kept in every legal way."""

import itertools

import pytest
from monitor_wire import Wire

from octt.monitors.rules.status import TRANSITIONS


@pytest.fixture
def wire():
    return Wire()


# -- before acceptance -------------------------------------------------------------------------------------------


def test_request_while_pending(wire):
    wire.boot("Pending", 60)
    wire.wait(10).call("Heartbeat", result={"currentTime": wire.time()})
    assert [f.rule for f in wire.violations()] == ["not accepted"]
    assert "4.2" in wire.violations()[0].cite


def test_what_is_allowed_while_pending(wire):
    wire.boot("Pending", 60)
    wire.reply(wire.ask("GetConfiguration"), {"configurationKey": []})
    wire.wait(10).reply(
        wire.ask("TriggerMessage", requestedMessage="StatusNotification"), {"status": "Accepted"}
    )
    for connector in (0, 1, 2):
        wire.status("Available", connector)
    wire.wait(60).boot("Pending", 60)
    wire.reply(wire.ask("TriggerMessage", requestedMessage="BootNotification"), {"status": "Accepted"})
    wire.wait(7).boot("Accepted")
    wire.wait(1).status("Available", 0)
    assert wire.findings == []


def test_while_pending_what_a_request_of_ours_asks_for_is_a_remark(wire):
    wire.boot("Pending", 60)
    wire.reply(wire.ask("GetDiagnostics", location="ftp://x/"), {"fileName": "a"})
    wire.wait(10).call("DiagnosticsStatusNotification", status="Uploading")
    assert wire.violations() == []
    assert wire.remarks("not accepted")


@pytest.mark.parametrize("accepted_before", [False, True])
def test_request_that_crossed_the_answer_pending(wire, accepted_before):
    if accepted_before:
        wire.boot("Accepted", 60)
    wire.send("BootNotification", ident="b", chargePointVendor="V", chargePointModel="M")
    wire.answer("b", {"status": "Pending", "currentTime": wire.time(), "interval": 60})
    wire.wait(0.5).status("Available", 0)
    assert [f.rule for f in wire.violations()] == ([] if accepted_before else ["not accepted"])


def test_request_while_rejected(wire):
    wire.boot("Rejected", 60)
    wire.wait(20).status("Available")
    assert [f.rule for f in wire.violations()] == ["not accepted"]


def test_answer_while_rejected(wire):
    wire.boot("Rejected", 60)
    wire.wait(20)
    wire.reply(wire.ask("GetConfiguration"), {"configurationKey": []})
    assert [f.rule for f in wire.violations()] == ["not accepted"]


def test_boot_again_after_the_interval(wire):
    for _ in range(3):
        wire.boot("Rejected", 30)
        wire.wait(30)
    wire.boot()
    wire.wait(1).status("Available", 0)
    assert wire.findings == []


def test_boot_again_too_early_is_a_remark(wire):
    wire.boot("Rejected", 60)
    wire.wait(20).boot()
    assert wire.violations() == []
    assert wire.remarks("not accepted")


def test_rejected_doubts(wire):
    # the answer may not have arrived before the connection broke
    wire.boot("Rejected", 60)
    wire.reconnect(8).status("Available")
    # rejected without an interval: the station chooses one
    wire.boot("Rejected", 0)
    wire.wait(10).status("Available")
    assert wire.violations() == []


def test_rejected_on_a_boot_we_triggered_is_left_open_by_the_errata(wire):
    wire.boot()
    wire.reply(wire.ask("TriggerMessage", requestedMessage="BootNotification"), {"status": "Accepted"})
    wire.boot("Rejected", 60)
    wire.wait(10).status("Available")
    assert wire.violations() == []


def test_reconnect_without_boot(wire):
    wire.boot()
    wire.reconnect().status("Available")
    wire.meter(5)
    assert wire.violations() == []
    assert wire.remarks("not accepted") == []


def test_request_before_the_boot_was_answered_is_a_remark(wire):
    wire.send("BootNotification", chargePointVendor="V", chargePointModel="M")
    wire.wait(10).send("Heartbeat")
    assert wire.violations() == []
    assert wire.remarks("boot order")


# -- heartbeat ---------------------------------------------------------------------------------------------------


def heartbeat(wire):
    wire.call("Heartbeat", result={"currentTime": wire.time()})


def test_heartbeats_at_their_interval(wire):
    wire.boot(interval=60)
    for pause in (60, 61, 59, 60.5):
        wire.wait(pause)
        heartbeat(wire)
    wire.wait(30).status("Preparing")
    wire.wait(60)
    heartbeat(wire)
    wire.reply(wire.ask("TriggerMessage", requestedMessage="Heartbeat"), {"status": "Accepted"})
    heartbeat(wire)
    wire.reply(wire.ask("ChangeConfiguration", key="heartbeatInterval", value="10"), {"status": "Accepted"})
    for _ in range(3):
        wire.wait(10)
        heartbeat(wire)
    assert wire.findings == []


def test_heartbeats_by_a_fixed_clock_whatever_else_is_sent(wire):
    wire.boot(interval=60)
    for _ in range(3):
        wire.wait(45).status("Available")
        wire.wait(15)
        heartbeat(wire)
    assert wire.findings == []


@pytest.mark.parametrize("pause", [20, 120])
def test_heartbeats_off_their_interval_are_a_remark(wire, pause):
    wire.boot(interval=60)
    for _ in range(3):
        wire.wait(pause)
        heartbeat(wire)
    assert wire.remarks("heartbeat")
    assert wire.violations() == []


# -- connectors and status ---------------------------------------------------------------------------------------


def tell_connectors(wire, number):
    ident = wire.ask("GetConfiguration")
    key = {"key": "NumberOfConnectors", "readonly": True, "value": str(number)}
    wire.reply(ident, {"configurationKey": [key]})


def test_connector_numbers(wire):
    tell_connectors(wire, 2)
    for connector in (0, 1, 2):
        wire.status("Available", connector)
        wire.call(
            "MeterValues",
            connectorId=connector,
            meterValue=[{"timestamp": wire.time(), "sampledValue": [{"value": "1"}]}],
        )
    assert wire.findings == []
    wire.status("Available", 3)
    assert [f.rule for f in wire.violations()] == ["connector number"]


def test_connector_numbers_are_not_judged_before_they_are_known(wire):
    wire.status("Available", 7)
    assert wire.findings == []
    wire.event("config", when="before", keys=[{"key": "NumberOfConnectors", "value": "2", "readonly": True}])
    wire.status("Available", 7)
    assert wire.violations("connector number")


def test_transaction_on_connector_0(wire):
    wire.start(connector=0)
    assert [f.rule for f in wire.violations()] == ["connector number"]


def test_negative_connector(wire):
    wire.status("Available", -1)
    assert wire.violations("connector number")


@pytest.mark.parametrize("status", sorted(TRANSITIONS))
def test_status_of_connector_0(wire, status):
    wire.status(status, 0, error="OtherError")
    forbidden = status not in ("Available", "Unavailable", "Faulted", "Reserved")
    assert bool(wire.violations("status of connector 0")) is forbidden
    assert bool(wire.remarks("status of connector 0")) is (status == "Reserved")


def test_every_transition_is_either_in_the_table_or_a_remark():
    for before, after in itertools.product(TRANSITIONS, TRANSITIONS):
        wire = Wire()
        wire.status(before, error="OtherError")
        wire.status(after, error="OtherError")
        legal = before == after or after in TRANSITIONS[before].split()
        assert bool(wire.remarks("status transition")) is not legal, (before, after)
        assert wire.violations() == []


def test_the_table_is_that_of_the_specification():
    counts = {status: len(after.split()) for status, after in TRANSITIONS.items()}
    assert counts == {
        "Available": 7,
        "Preparing": 6,
        "Charging": 6,
        "SuspendedEV": 6,
        "SuspendedEVSE": 6,
        "Finishing": 4,
        "Reserved": 4,
        "Unavailable": 6,
        "Faulted": 8,
    }
    assert "Finishing" in TRANSITIONS["Preparing"].split()  # errata 3.20
    assert "Finishing" not in TRANSITIONS["Available"].split()


def test_after_a_boot_or_a_gap_any_status_may_follow(wire):
    wire.status("Available")
    wire.reconnect().status("Finishing")
    wire.boot()
    wire.status("Reserved")
    assert wire.remarks("status transition") == []


def test_statuses_that_were_history_when_the_station_was_back(wire):
    wire.boot()
    wire.reconnect(offline=10)
    preparing = wire.n + 1
    wire.status("Preparing", timestamp=wire.time(ago=8))
    wire.status("Preparing", 2, timestamp=wire.time(ago=8))
    assert wire.remarks("historical status") == []
    wire.status("Charging", timestamp=wire.time(ago=6))
    [told] = wire.remarks("historical status")
    assert "was Preparing while offline and Charging when it was back" in told.fault
    assert "connector 1" in told.detail
    assert told.frame == preparing
    wire.status("SuspendedEVSE")  # what happens online is no history
    assert wire.violations() == []
    assert len(wire.remarks("historical status")) == 1


def test_what_is_no_history(wire):
    wire.boot()
    wire.reconnect(offline=10)
    wire.status("Charging", timestamp=wire.time(ago=0.5))  # within what two clocks may differ
    wire.status("SuspendedEV", timestamp=wire.time(ago=0.2))
    wire.status("Faulted", 2, error="OtherError", timestamp=wire.time(ago=8))  # errors may be told
    wire.status("Available", 2, timestamp=wire.time(ago=5))
    wire.reconnect(offline=10)
    wire.boot()  # every status follows a boot
    wire.status("Preparing", timestamp=wire.time(ago=8))
    wire.status("Charging", timestamp=wire.time(ago=6))
    wire.status("Finishing", timestamp="soon")
    assert wire.remarks("historical status") == []


def test_connectors_have_a_status_each(wire):
    wire.status("Finishing", 1)
    wire.status("Reserved", 2)
    wire.status("Preparing", 1)
    wire.status("Available", 2)
    assert wire.findings == []


def test_error_codes_beside_the_status(wire):
    wire.status("Faulted", error="GroundFailure")
    wire.status("Available", error="WeakSignal")
    wire.status("SuspendedEVSE", error="EVCommunicationError")
    assert wire.findings == []
    wire.status("Faulted", error="NoError")
    assert [f.severity for f in wire.findings] == ["remark"]
    wire.status("Available", error="EVCommunicationError")
    assert [f.rule for f in wire.violations()] == ["status error code"]


IDLE = ["DiagnosticsStatusNotification", "FirmwareStatusNotification"]


@pytest.mark.parametrize("action", IDLE)
def test_idle_untold(wire, action):
    wire.call(action, status="Idle")
    assert [f.rule for f in wire.violations()] == ["status Idle"]


@pytest.mark.parametrize("trigger", ["TriggerMessage", "ExtendedTriggerMessage"])
@pytest.mark.parametrize("action", IDLE)
def test_idle_when_asked_for(wire, action, trigger):
    wire.reply(wire.ask(trigger, requestedMessage=action), {"status": "Accepted"})
    wire.call(action, status="Idle")
    wire.wait(60).call(action, status="Idle")
    assert wire.violations() == []
    assert wire.remarks("status Idle") == []


def test_idle_of_log_and_signed_firmware(wire):
    wire.call("LogStatusNotification", status="Idle", requestId=1)
    wire.call("SignedFirmwareStatusNotification", status="Idle")
    assert len(wire.violations("status Idle")) == 2
    for asked in ("LogStatusNotification", "FirmwareStatusNotification"):
        wire.ask("ExtendedTriggerMessage", requestedMessage=asked)
    wire.call("LogStatusNotification", status="Idle", requestId=1)
    wire.call("SignedFirmwareStatusNotification", status="Idle")
    assert len(wire.violations("status Idle")) == 2


# -- firmware -----------------------------------------------------------------------------------------------------


def firmware(wire, *statuses, action="FirmwareStatusNotification"):
    for status in statuses:
        wire.wait(1).call(action, status=status)


@pytest.mark.parametrize("action", ["FirmwareStatusNotification", "SignedFirmwareStatusNotification"])
@pytest.mark.parametrize("after", ["Installing", "Installed"])
def test_what_could_not_be_downloaded_is_installed(wire, after, action):
    firmware(wire, "Downloading", "DownloadFailed", after, action=action)
    assert [f"firmware is {after} after DownloadFailed, without another download"] == [
        breach.fault for breach in wire.remarks("firmware progress")
    ]
    assert wire.violations() == []


def test_firmware_that_is_downloaded_in_the_end(wire):
    firmware(wire, "Downloading", "DownloadFailed", "Downloading", "Downloaded", "Installing", "Installed")
    firmware(wire, "DownloadFailed", "Downloaded", "Installing")
    firmware(wire, "DownloadFailed")
    wire.ask("UpdateFirmware", location="http://x", retrieveDate=wire.time())
    firmware(wire, "Installed")
    firmware(wire, "DownloadFailed")
    wire.reconnect()
    firmware(wire, "Installed")
    assert wire.remarks("firmware progress") == []


# -- heartbeats without end ---------------------------------------------------------------------------------------


def test_heartbeats_by_the_hundred_are_a_remark_though_no_interval_is_known(wire):
    for _ in range(100):
        heartbeat(wire.wait(0.1))
    assert {breach.fault for breach in wire.remarks("heartbeat")} == {"Heartbeat earlier than its interval"}


def test_heartbeats_of_the_shortest_interval(wire):
    for _ in range(20):
        heartbeat(wire.wait(0.9))
    assert wire.remarks("heartbeat") == []


def test_the_interval_may_be_known_from_the_configuration(wire):
    key = {"key": "HeartbeatInterval", "readonly": False, "value": "60"}
    wire.reply(wire.ask("GetConfiguration"), {"configurationKey": [key]})
    for _ in range(3):
        heartbeat(wire.wait(10))
    assert wire.remarks("heartbeat")
