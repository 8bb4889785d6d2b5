"""A restart is a critical security event (security whitepaper A04.FR.01)."""

import pytest
from monitor_wire import Wire


@pytest.fixture
def wire():
    wire = Wire()
    wire.boot()
    return wire.wait(5)


def told(wire, kind):
    wire.call("SecurityEventNotification", type=kind, timestamp=wire.time())


def reset(wire):
    wire.reply(wire.ask("Reset", type="Hard"), {"status": "Accepted"})


def power_cycle(wire):
    wire.act("power_cycle")


def refused(wire):
    wire.reply(wire.ask("Reset", type="Hard"), {"status": "Rejected"})


def only_the_network(wire):
    wire.wait(1)


def boots_again(wire, restart, *events):
    """What is said of a restart, after which these events come."""
    told(wire, "SettingSystemTime")
    restart(wire)
    wire.reconnect().boot()
    for kind in events:
        told(wire.wait(1), kind)
    wire.wait(50).status("Available")
    assert wire.remarks("boot event") == []  # there is time yet
    wire.wait(50).status("Available")
    wire.wait(50).status("Available")
    return [(breach.severity, breach.fault) for breach in wire.findings if breach.rule == "boot event"]


@pytest.mark.parametrize("restart", [reset, power_cycle])
def test_a_restart_without_its_event_is_a_remark(wire, restart):
    assert boots_again(wire, restart, "SecurityLogWasCleared") == [
        ("remark", "a restart of which no security event told, though others were")
    ]


@pytest.mark.parametrize("event", ["StartupOfTheDevice", "ResetOrReboot"])
def test_either_event_tells_of_a_restart(wire, event):
    assert boots_again(wire, reset, event) == []


@pytest.mark.parametrize("cause", [refused, only_the_network])
def test_a_boot_that_we_know_no_restart_of_needs_none(wire, cause):
    assert boots_again(wire, cause) == []


def test_a_station_that_tells_of_no_event_need_not_know_the_message(wire):
    reset(wire)
    wire.reconnect().boot()
    wire.wait(100).status("Available")
    assert wire.remarks("boot event") == []
