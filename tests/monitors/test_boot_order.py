"""Nothing before BootNotification after a restart that is known; a lost network is no restart (section 4.2)."""

import pytest
from monitor_wire import Wire


@pytest.fixture
def wire():
    wire = Wire()
    wire.boot()
    return wire.wait(5)


def power_cycle(wire):
    wire.act("power_cycle", end=None)
    wire.disconnect().wait(10)
    wire.event("action", action="power_cycle", params={}, driver="simulated", phase="done", who="simulated")


def power_off_and_on(wire):
    wire.act("power_off").disconnect().wait(60)
    wire.act("power_on", end=None)


def reset(wire, kind="Hard"):
    wire.reply(wire.ask("Reset", type=kind), {"status": "Accepted"})
    wire.wait(1).disconnect().wait(10)


def soft_reset(wire):
    reset(wire, "Soft")


RESTARTS = [power_cycle, power_off_and_on, reset, soft_reset]


@pytest.mark.parametrize("restart", RESTARTS)
def test_what_comes_before_the_boot_after_a_restart(wire, restart):
    wire.start()
    restart(wire)
    wire.connect()
    early = wire.n + 1
    wire.status("Available")
    wire.stop()
    assert wire.violations() == []  # it may have been no restart
    wire.boot()
    assert [breach.fault for breach in wire.violations()] == [
        "StatusNotification before BootNotification after a restart",
        "StopTransaction before BootNotification after a restart",
    ]
    assert wire.violations()[0].frame == early
    assert {breach.cite for breach in wire.violations()} == {"OCPP 1.6 section 4.2"}


@pytest.mark.parametrize("restart", RESTARTS)
def test_what_comes_before_the_answer_to_the_boot(wire, restart):
    restart(wire)
    wire.connect()
    wire.send("BootNotification", chargePointVendor="V", chargePointModel="M")
    wire.wait(10).send("Heartbeat")
    assert [breach.fault for breach in wire.violations()] == [
        "Heartbeat before BootNotification was answered"
    ]


@pytest.mark.parametrize("restart", RESTARTS)
def test_the_right_order(wire, restart):
    wire.start()
    restart(wire)
    wire.connect()
    wire.boot()
    wire.wait(1).status("Available")
    wire.stop()
    wire.reconnect().status("Preparing")  # a lost network needs no boot
    wire.wait(10).reconnect().boot()
    assert wire.violations() == []
    assert wire.remarks("boot order") == []


@pytest.mark.parametrize("restart", RESTARTS)
def test_the_boot_is_tried_again_until_it_is_accepted(wire, restart):
    restart(wire)
    wire.connect()
    boot = {"chargePointVendor": "V", "chargePointModel": "M"}
    wire.send("BootNotification", **boot)
    wire.wait(30).refuse(wire.send("BootNotification", **boot))
    wire.wait(30).boot("Pending", 10)
    wire.wait(10).boot()
    wire.status("Available")
    assert wire.violations() == []


def test_the_power_comes_back_before_the_rig_says_so(wire):
    wire.act("power_cycle", end=None)
    wire.disconnect().wait(5).connect()
    wire.status("Available")
    wire.boot()
    assert len(wire.violations()) == 1


@pytest.mark.parametrize("name", ["power_cycle", "power_off"])
def test_back_up_power(wire, name):
    wire.act(name, seconds=5)
    if name == "power_off":
        wire.act("power_on")
    wire.wait(10).status("Available")  # it has never been away
    wire.reconnect().status("Preparing")
    wire.boot()  # and now it reboots by itself: nobody knows
    assert wire.violations() == []
    assert wire.remarks("boot order")


def test_only_the_network_was_lost_with_the_power(wire):
    wire.act("power_cycle")
    wire.reconnect().status("Available")
    wire.wait(60).reconnect().status("Preparing")
    wire.boot()
    assert wire.violations() == []


def test_a_rig_that_could_not(wire):
    wire.act("power_cycle", end="cannot")
    wire.reconnect().status("Available")
    wire.boot()
    assert wire.violations() == []


def test_what_is_stopped_before_the_reset_may_come_over_a_new_connection(wire):
    wire.start()
    wire.reply(wire.ask("Reset", type="Hard"), {"status": "Accepted"})
    wire.reconnect().stop()
    wire.reconnect().boot()
    assert wire.violations() == []


def test_a_hard_reset_without_a_boot_is_a_remark(wire):
    reset(wire)
    wire.connect().status("Available")
    wire.wait(60).disconnect()
    (breach,) = wire.remarks("boot order")
    assert "without BootNotification after a hard reset" in breach.fault


def test_a_reset_that_restarts_nothing_but_the_application(wire):
    wire.start()
    wire.reply(wire.ask("Reset", type="Soft"), {"status": "Accepted"})
    wire.stop(reason="SoftReset")
    wire.boot()
    assert wire.findings == []


def test_what_we_asked_for_ourselves_may_come_first(wire):
    power_cycle(wire)
    wire.connect()
    wire.reply(wire.ask("TriggerMessage", requestedMessage="StatusNotification"), {"status": "Accepted"})
    wire.status("Available")
    wire.boot()
    assert wire.violations() == []


def test_security_events_before_the_boot_are_a_remark(wire):
    power_cycle(wire)
    wire.connect()
    wire.call("SecurityEventNotification", type="StartupOfTheDevice", timestamp=wire.time())
    wire.boot()
    assert wire.violations() == []
    assert wire.remarks("boot order")


def test_a_boot_that_was_asked_for_says_nothing_of_a_restart(wire):
    power_cycle(wire)
    wire.connect().status("Available")
    wire.reply(wire.ask("TriggerMessage", requestedMessage="BootNotification"), {"status": "Accepted"})
    wire.boot()
    assert wire.violations() == []


def test_a_boot_long_after_the_connection_is_another_restart(wire):
    power_cycle(wire)
    wire.connect().status("Available")
    wire.wait(3600).boot()
    assert wire.violations() == []


def test_rejected_and_back_with_something_else_first(wire):
    power_cycle(wire)
    wire.connect().boot("Rejected", 30)
    wire.disconnect().wait(40).connect()
    wire.status("Available")
    wire.boot()
    assert "StatusNotification before BootNotification after a restart" in [
        b.fault for b in wire.violations()
    ]
