"""Restoring a station: it asks, believes only the answers and what follows, waits, and tries again later."""

from __future__ import annotations

import threading
import time
from functools import partial

import pytest

from octt.script.restore.connectors import hindered
from octt.script.restore.means import AGAIN
from octt.script.states import make_unavailable, reserve
from octt.script.undo import Kind
from octt.script.verdicts import Inconclusive
from tests.script.answering import BOOT, STOP, Stage, key


@pytest.fixture
def stage(live):
    return Stage(live)


# -- asking, and believing only the answers ---------------------------------------------------------------------------


def test_operative_is_asked_for_whatever_status_was_heard_last(stage):
    make_unavailable(stage.station, 1)
    stage.it.status(1, "Available")
    assert stage.restore() == []
    assert stage.it.requests("ChangeAvailability")[-1] == {"connectorId": 1, "type": "Operative"}
    assert stage.changes()[-1] == ("connector 1", True)


def test_what_the_station_refused_is_not_called_restored_and_is_tried_again(stage):
    make_unavailable(stage.station, 1)
    stage.it.replies["ChangeAvailability"] = {"status": "Rejected"}
    assert stage.restore() == ["the availability of connector 1: ChangeAvailability gave Rejected"]
    assert stage.changes() == [("connector 1", False)]
    stage.it.replies["ChangeAvailability"] = {"status": "Accepted"}
    stage.case("")
    assert stage.make_ready() == []
    restored = stage.live.events("changed")[-1]
    assert (restored.name, restored.restored, restored.case) == ("connector 1", True, "TC_TEST")


@pytest.mark.parametrize(("value", "restored"), [(60, "60"), (True, "true"), (1.5, "1.5"), ("a, b", "a, b")])
def test_a_value_of_any_type_goes_back_as_text(stage, value, restored):
    stage.it.replies["GetConfiguration"] = key("ConnectionTimeOut", value)
    stage.station.configure(ConnectionTimeOut=2)
    assert stage.restore() == []
    assert stage.it.requests("ChangeConfiguration")[-1] == {"key": "ConnectionTimeOut", "value": restored}


def test_one_that_fails_ends_no_other(stage):
    for name in ("HeartbeatInterval", "MeterValueSampleInterval"):
        stage.it.replies["GetConfiguration"] = key(
            name, "x" * 501 if name == "MeterValueSampleInterval" else "9"
        )
        stage.station.configure(**{name: 5})
    problems = stage.restore()
    assert len(problems) == 1
    assert problems[0].startswith("MeterValueSampleInterval = x")
    assert [undo.name for undo in stage.journal.open] == ["MeterValueSampleInterval"]
    assert stage.it.requests("ChangeConfiguration")[-1]["key"] == "HeartbeatInterval"


def test_a_key_that_is_as_it_was_is_restored_though_the_change_was_refused(stage):
    stage.it.replies["GetConfiguration"] = key("HeartbeatInterval", "300")
    stage.station.configure(HeartbeatInterval=5)
    stage.it.replies["ChangeConfiguration"] = {"status": "Rejected"}
    assert stage.restore() == []


@pytest.mark.parametrize(
    ("reply", "status", "left"), [("Rejected", "Available", 0), ("Rejected", "Reserved", 1)]
)
def test_a_reservation_the_station_rejects_is_gone_unless_it_shows(stage, reply, status, left):
    reserve(stage.station, 1, id_tag="OCTTVALID1")
    stage.it.status(1, status)
    stage.it.replies["CancelReservation"] = {"status": reply}
    stage.restore()
    assert len(stage.journal.open) == left


@pytest.mark.parametrize("status", ["Reserved", "Available"])
def test_a_reservation_that_was_refused_and_made_all_the_same_is_cancelled_by_its_id(stage, status):
    """Else every later case would find the connector Reserved, for a fault that one of them has found."""
    stage.it.replies["ReserveNow"] = {"status": "Rejected"}
    with pytest.raises(Inconclusive):
        reserve(stage.station, 1, id_tag="OCTTVALID1")
    stage.it.status(1, status)

    def cancels(_request):
        stage.it.says("StatusNotification", connectorId=1, status="Available", errorCode="NoError")
        return {"status": "Accepted"}

    stage.it.replies["CancelReservation"] = cancels
    assert stage.restore() == []
    asked = [one["reservationId"] for one in stage.it.requests("ReserveNow")]
    assert [one["reservationId"] for one in stage.it.requests("CancelReservation")] == (
        asked if status == "Reserved" else []
    )


@pytest.mark.parametrize(("version", "left"), [(0, 0), (-1, 0), (3, 1)])
def test_a_list_that_cannot_be_emptied_counts_by_its_version(stage, version, left):
    stage.station.owes(Kind.LIST, "local authorization list", before="empty", after="version 1").call(
        "SendLocalList", listVersion=1, updateType="Full"
    )
    stage.it.replies |= {
        "SendLocalList": {"status": "Failed"},
        "GetLocalListVersion": {"listVersion": version},
    }
    assert len(stage.restore()) == len(stage.journal.open) == left


@pytest.mark.parametrize(
    ("kind", "given", "replies", "asked", "left"),
    [
        (Kind.LOCK, {"connector": 1}, {"UnlockConnector": {"status": "Unlocked"}}, "UnlockConnector", 0),
        (Kind.LOCK, {"connector": 1}, {"UnlockConnector": {"status": "UnlockFailed"}}, "UnlockConnector", 1),
        (Kind.PROFILE, {"id": 3}, {"ClearChargingProfile": {"status": "Unknown"}}, "ClearChargingProfile", 0),
        (Kind.PROFILE, {"id": 3}, {"ClearChargingProfile": "InternalError"}, "ClearChargingProfile", 1),
        (Kind.CABLE, {"connector": 1}, {}, "unplug", 0),
        (Kind.POWER, {}, {}, "power_on", 0),
        (Kind.ACTION, {"action": "free_lock", "connector": 1}, {}, "free_lock", 0),
    ],
)
def test_every_kind_is_asked_for_and_believed_by_its_answer(stage, kind, given, replies, asked, left):
    stage.journal.owe(kind, "a thing", case="TC_TEST", **given)
    stage.it.replies |= replies
    stage.rig.after["power_on"] = lambda: stage.it.says("BootNotification", **BOOT)
    assert len(stage.restore()) == len(stage.journal.open) == left
    assert asked in [*stage.rig.asked, *(action for action, _ in stage.it.asked)]


# -- waiting ----------------------------------------------------------------------------------------------------------


def test_a_station_that_is_booting_is_asked_for_nothing_before_it_is_accepted(stage):
    """What it refuses before would be blamed on it, while the StopTransaction was on its way."""
    stage.it.status(1, "Charging")
    number = stage.it.starts()
    stage.driver.power_cycle()
    stage.it.replies["RemoteStopTransaction"] = {"status": "Rejected"}

    def boots():
        stage.it.call("BootNotification", **BOOT)
        stage.it.status(1, "Finishing")
        time.sleep(0.1)  # it is on its way, and asking for it is in vain
        stage.it.call("StopTransaction", transactionId=number, reason="PowerLoss", **STOP)
        stage.it.status(1, "Available")

    booting = threading.Timer(0.5, boots)
    booting.start()
    assert stage.restore() == []
    booting.join()
    assert stage.remarks() == []
    assert stage.rig.asked == ["power_cycle"]


def test_a_soft_reset_need_not_boot(stage):
    stage.station.call("Reset", type="Soft")
    assert stage.restore() == []


def test_a_boot_that_must_come_and_does_not_is_said(stage):
    stage.station.call("Reset", type="Hard")
    assert stage.restore() == [
        "the connection: no BootNotification came after what must make the station boot"
    ]


def test_a_reset_that_was_refused_is_not_waited_for(stage):
    stage.it.replies["Reset"] = {"status": "Rejected"}
    stage.station.call("Reset", type="Hard")
    assert stage.restore() == []


def test_a_transaction_that_begins_when_the_case_is_over_is_ended_too(stage):
    """As a remote start that had to be Rejected: it is answered, and begins a moment later."""

    def starts(_request):
        threading.Timer(0.1, stage.it.starts).start()
        return {"status": "Accepted"}

    def stops(request):
        stage.it.says("StopTransaction", transactionId=request["transactionId"], **STOP)
        return {"status": "Accepted"}

    stage.it.replies |= {"RemoteStartTransaction": starts, "RemoteStopTransaction": stops}
    stage.station.call("RemoteStartTransaction", connectorId=1, idTag="OCTTVALID1")
    assert stage.restore() == []
    assert len(stage.it.requests("RemoteStopTransaction")) == 1
    assert stage.station.state.open_transactions == []


def test_a_station_that_goes_while_we_wait_for_what_it_may_begin_is_a_sentence(stage):
    """It used to end the whole run as an error of ours."""

    def goes(_request):
        stage.it.bare.socket.close()

    stage.station.call("RemoteStartTransaction", connectorId=1, idTag="OCTTVALID1")
    stage.it.replies["GetConfiguration"] = goes
    problems = stage.restore()
    assert problems[0].startswith("what may still begin: in restore: expected a reply to GetConfiguration")


def test_a_stop_that_its_schema_refuses_has_ended_the_transaction(stage):
    number = stage.it.starts()
    stage.it.call("StopTransaction", transactionId=number, meterStop="five", timestamp="yesterday")
    assert stage.restore() == []
    assert stage.it.asked == []
    assert stage.remarks() == []


# -- connectors -------------------------------------------------------------------------------------------------------


def freed_by(stage, way):
    """The connector becomes Available by one way only; after every boot the station tells how it is."""

    def says(status):
        stage.it.says("StatusNotification", connectorId=1, status=status, errorCode="NoError")

    def does(this):
        if this in ("Hard", "power_cycle"):
            stage.it.says("BootNotification", **BOOT)
        if this == way:
            says("Available")
        elif this in ("Hard", "power_cycle"):
            says("Finishing")
        return {"status": "Unlocked" if this == "unlock" else "Accepted"}

    stage.it.replies["Reset"] = lambda request: does(request["type"])
    stage.it.replies["UnlockConnector"] = lambda _: does("unlock")
    stage.rig.after = {name: partial(does, name) for name in ("unplug", "press_stop", "power_cycle")}


@pytest.mark.parametrize("way", ["unlock", "unplug", "press_stop", "Soft", "Hard", "power_cycle"])
def test_there_are_several_ways_to_free_a_connector(stage, way):
    stage.it.status(1, "Finishing")
    freed_by(stage, way)
    stage.case("")
    assert stage.make_ready() == []
    assert hindered(stage.means) == {}
    assert any("fresh start" in text for text in stage.remarks())


def test_a_fresh_start_that_did_not_help_is_tried_again_later_not_at_once(stage):
    stage.it.status(1, "Finishing")
    freed_by(stage, "nothing")
    stage.case("")
    assert "connector 1 is still Finishing" in stage.make_ready()[0]
    asked = len(stage.it.asked)
    assert stage.make_ready() == ["connector 1 is still Finishing"]
    assert len(stage.it.asked) == asked
    stage.means.ground.helpless_since -= int(AGAIN * 1e9)
    freed_by(stage, "Soft")
    assert stage.make_ready() == []


def test_only_a_case_that_uses_a_connector_pays_for_it(stage):
    stage.it.status(1, "Finishing")
    stage.means.case.blocked = hindered(stage.means)
    stage.station.call("GetConfiguration")
    stage.driver.plug_in(2)
    stage.station.call("UnlockConnector", connectorId=2)
    stage.driver.power_cycle()
    for use in (
        lambda: stage.driver.plug_in(1),
        lambda: stage.station.call("ReserveNow", **RESERVE),
        lambda: stage.station.call("ChangeAvailability", connectorId=0, type="Operative"),
        lambda: stage.station.reports("Available", connector=1),
        lambda: stage.station.reports_all("Available"),
    ):
        with pytest.raises(Inconclusive, match="connector 1 was Finishing already") as raised:
            use()
        assert raised.value.blame == "station"
    stage.journal.owe(Kind.CABLE, "connector 1", case="TC_BEFORE", connector=1)
    with pytest.raises(Inconclusive) as raised:
        stage.driver.plug_in(1)
    assert raised.value.blame == "tool"  # it is our cable that nobody took out


RESERVE = {"connectorId": 1, "expiryDate": "2030-01-01T00:00:00Z", "idTag": "A", "reservationId": 1}


def test_what_was_told_before_a_boot_holds_no_more(stage):
    """A station that never says Available after a session is not kept from all cases that follow."""
    stage.it.status(1, "Finishing")
    stage.case("")
    stage.it.replies["Reset"] = {"status": "Rejected"}
    stage.rig.after["power_cycle"] = lambda: stage.it.says("BootNotification", **BOOT)
    stage.means.case.position.expect_boot(stage.live.csms.timeline.end, certain=True)
    stage.it.call("BootNotification", **BOOT)
    assert stage.make_ready() == []
    assert hindered(stage.means) == {}


def test_a_station_that_is_faulted_as_a_whole_has_no_connector_to_use(stage):
    stage.it.status(0, "Faulted")
    stage.means.case.blocked = hindered(stage.means)
    with pytest.raises(Inconclusive, match="the station was Faulted already"):
        stage.driver.plug_in(2)


# -- before the first case --------------------------------------------------------------------------------------------


def test_a_cable_left_in_before_the_run_is_pulled_out(stage):
    for connector, status in ((0, "Available"), (1, "SuspendedEV"), (2, "Available")):
        stage.it.status(connector, status)
    freed_by(stage, "unplug")
    stage.case("")
    assert stage.begin() == []
    assert stage.rig.asked == ["unplug"]


def test_a_connector_that_is_unavailable_before_the_run_is_left_to_the_cases(stage):
    stage.it.status(1, "Unavailable")
    stage.case("")
    assert stage.begin() == ["connector 1 is still Unavailable"]
    assert stage.it.asked == [("ChangeAvailability", {"connectorId": 0, "type": "Operative"})]
    assert stage.rig.asked == []
    assert hindered(stage.means) == {}
    stage.it.status(2, "Unavailable")
    assert hindered(stage.means) == {2: "Unavailable"}  # that came with a case


def test_a_station_that_said_nothing_of_its_connector_is_asked(stage):
    def trigger(request):
        stage.it.says("StatusNotification", connectorId=1, status="Available", errorCode="NoError")
        return {"status": "Accepted"}

    stage.it.replies["TriggerMessage"] = trigger
    stage.case("")
    assert stage.begin() == []
    assert stage.it.asked == [
        ("TriggerMessage", {"requestedMessage": "StatusNotification", "connectorId": 1})
    ]


# -- a station that is away -------------------------------------------------------------------------------------------


def test_a_station_that_stays_away_gets_its_power_cycled_once_and_is_not_waited_for_at_length_again(stage):
    stage.it.bare.close()
    stage.it.live.eventually(lambda: not stage.station.state.connected)
    stage.case("")
    assert stage.make_ready() == ["the station is not connected"]
    assert stage.rig.asked == ["power_cycle"]
    assert stage.make_ready() == ["the station is not connected"]
    assert stage.rig.asked == ["power_cycle"]
    stage.it.connect()
    assert stage.make_ready() == []
    assert not stage.means.ground.away


def test_nothing_is_asked_of_a_station_that_is_gone_and_it_stays_owed(stage):
    make_unavailable(stage.station, 1)
    stage.it.bare.close()
    stage.it.live.eventually(lambda: not stage.station.state.connected)
    assert len(stage.restore()) == 1
    assert [undo.name for undo in stage.journal.open] == ["connector 1"]


# -- what we took out ourselves -------------------------------------------------------------------------------------


def test_a_failure_says_that_our_change_of_another_connector_took_this_one_out(stage):
    """What the station does to a connector that nobody named is its own mistake, but one has to know where to look."""
    stage.it.replies["ReserveNow"] = {"status": "Unavailable"}

    def refused():
        with pytest.raises(Inconclusive) as ended:
            reserve(stage.station, 1, id_tag="A")
        return ended.value.reason

    ours = "connector 1 is Unavailable since our ChangeAvailability of connector 2 only"
    assert ours not in refused()
    stage.station.case.owe(Kind.AVAILABILITY, "connector 2", connector=2)
    assert ours not in refused()
    stage.it.status(1, "Unavailable")
    assert ours in refused()
    stage.it.status(1, "Available")
    assert ours not in refused()
