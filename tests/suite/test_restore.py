"""Putting the station back when a case ends: no case may pay for the one before it."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from octt.bench import Bench as BenchFile
from octt.bench import Times
from octt.script.actions import Actions
from octt.script.case_run import CaseRun
from octt.script.csms import Csms
from octt.script.restore.ending import restore
from octt.script.restore.means import Means
from octt.script.station import Station
from octt.station.actions import CannotAct, Driver
from tests.timeline.virtual import declared

BENCH = BenchFile(times=Times(boot_retry_interval=1, reconnect_timeout=2, boot_timeout=3))
LIMITS = declared(0.3, BENCH.times, response_timeout=2.0, reconnect_timeout=2.0, boot_timeout=3.0)
BOOT = {"chargePointVendor": "V", "chargePointModel": "M"}
START = {"connectorId": 1, "idTag": "OCTTVALID1", "meterStart": 0, "timestamp": "2024-01-01T00:00:00Z"}


class Rig(Driver):
    """Remembers what it was asked for; `power_cycle` makes the bare station boot, when it can."""

    kind = "http"

    def __init__(self, bare, able=True):
        self.bare, self.able, self.asked = bare, able, []
        self.after = {}

    def act(self, name, params):
        self.asked.append(name)
        if not self.able:
            raise CannotAct("no hands")
        if name == "power_cycle":
            threading.Thread(target=lambda: self.bare.call("BootNotification", **BOOT)).start()
        if name == "press_stop":
            self.bare.status(1, "Available")
        self.after.get(name, lambda: None)()
        return "the test"


class Stage:
    """A station that a case leaves behind, and what puts it back."""

    def __init__(self, live, able=True):
        self.live, self.bare = live, live.station()
        self.rig = Rig(self.bare, able)
        case = CaseRun("TC_TEST", live.record, live.csms.timeline)
        self.station = Station(case, live.csms, BENCH, LIMITS, 1)
        self.csms = Csms(case, live.csms)
        self.actions = Actions(case, self.rig, None)
        self.means = Means(case, self.station, self.csms, self.actions)

    def restore(self):
        """What could not be restored."""
        return restore(self.means)

    def remarks(self):
        return [event.text for event in self.live.events("remark")]


@pytest.mark.parametrize("status", ["Rejected", "Pending"])
def test_a_station_left_unregistered_that_asks_again_is_accepted(live, status):
    stage = Stage(live)
    stage.csms.answer("BootNotification", status=status, interval=1)
    stage.bare.call("BootNotification", **BOOT)
    again = threading.Timer(0.3, lambda: stage.bare.call("BootNotification", **BOOT))
    again.start()
    assert stage.restore() == []
    again.join()
    assert live.csms.timeline.state.registration == "Accepted"
    assert stage.rig.asked == []


def test_a_station_left_unregistered_that_stays_silent_gets_its_power_cycled(live):
    stage = Stage(live)
    stage.csms.answer("BootNotification", status="Rejected", interval=1)
    stage.bare.call("BootNotification", **BOOT)
    assert stage.restore() == []
    assert stage.rig.asked == ["power_cycle"]
    assert live.csms.timeline.state.registration == "Accepted"


def test_a_registration_nobody_can_put_back_is_said(live):
    stage = Stage(live, able=False)
    stage.csms.answer("BootNotification", status="Pending", interval=1)
    stage.bare.call("BootNotification", **BOOT)
    problems = stage.restore()
    assert len(problems) == 1
    assert problems[0].startswith("the connection: nobody could do power_cycle")


def started(stage, status):
    """A transaction of the bare station, whose connector then has `status`; its id."""
    answer = stage.bare.call("StartTransaction", **START)
    stage.bare.status(1, status)
    return answer[2]["transactionId"]


def refusing(stage):
    """The station refuses the next call."""
    thread = threading.Thread(target=lambda: stage.bare.reply(status="Rejected"))
    thread.start()
    return thread


def test_a_transaction_the_station_has_lost_is_not_stopped_again_and_again(live):
    stage = Stage(live)
    number = started(stage, "Available")
    thread = refusing(stage)
    assert stage.restore() == []
    thread.join()
    assert stage.rig.asked == []
    assert stage.means.ground.lost == {number}
    assert stage.remarks() == [
        f"transaction {number} was never stopped, and the station knows it no longer "
        "(RemoteStopTransaction gave Rejected)"
    ]
    assert stage.restore() == []  # nothing is called: a bare station would not answer


def test_a_station_that_refuses_and_charges_on_is_stopped_by_its_button(live):
    stage = Stage(live)
    number = started(stage, "Charging")
    thread = refusing(stage)
    problems = stage.restore()
    thread.join()
    assert stage.rig.asked == ["press_stop"]
    what = "no StopTransaction came within 0.3 s (declared as remote_stop_time)"
    assert problems == [f"transaction {number}: {what}"]


def test_an_authorization_that_was_not_used_expires_after_the_stations_own_time(live):
    stage = Stage(live)
    stage.station.bench = BenchFile(times=Times(connection_timeout=1, reconnect_timeout=2))
    stage.bare.status(1, "Preparing")

    def station():
        asked = stage.bare.reply(
            configurationKey=[{"key": "ConnectionTimeOut", "readonly": False, "value": "4"}]
        )
        time.sleep(2)  # longer than the bench's time and the limit together
        stage.bare.status(1, "Available")
        return asked

    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(station)
        assert stage.restore() == []
    assert asked.result()[2:] == ["GetConfiguration", {"key": ["ConnectionTimeOut"]}]


def test_an_authorization_that_shows_only_when_a_fault_is_gone_is_waited_for_too(live):
    stage = Stage(live)
    stage.station.bench = BenchFile(times=Times(connection_timeout=1, reconnect_timeout=2))
    stage.bare.status(1, "Faulted")

    def station():
        time.sleep(0.2)
        stage.bare.status(1, "Preparing")
        stage.bare.reply(configurationKey=[{"key": "ConnectionTimeOut", "readonly": False, "value": "4"}])
        time.sleep(2)
        stage.bare.status(1, "Available")

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(station)
        assert stage.restore() == []
    done.result()
