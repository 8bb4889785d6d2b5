"""Clocks that are behind, and times that cannot be true."""

import pytest
from monitor_wire import Wire

HOURS = 3600.0


@pytest.fixture
def wire():
    wire = Wire()
    wire.boot()
    return wire.wait(5)


def told(wire, rule):
    return [(breach.severity, breach.fault) for breach in wire.findings if breach.rule == rule]


def status(wire, name, ago=0.0, connector=1):
    wire.status(name, connector, timestamp=wire.time(ago))


def authorize(wire):
    wire.call("Authorize", idTag="TAG", result={"idTagInfo": {"status": "Accepted"}})


# -- behind -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("behind", [300, 5 * HOURS, 48 * HOURS])
def test_a_clock_that_is_behind_shows_in_statuses(wire, behind):
    for name in ("Available", "Preparing", "Charging"):
        status(wire.wait(20), name, behind)
    ((severity, fault),) = told(wire, "clock behind")
    assert severity == "remark"
    assert "a status change is dated before what it followed" in fault


def test_a_clock_that_is_behind_shows_after_a_remote_start(wire):
    wire.reply(wire.ask("RemoteStartTransaction", idTag="TAG"), {"status": "Accepted"})
    wire.wait(10).start(time=wire.time(ago=5 * HOURS))
    ((_, fault),) = told(wire, "clock behind")
    assert "a start is dated before" in fault


def test_times_that_are_old_for_a_good_reason(wire):
    status(wire, "Available", 5 * HOURS)  # since when it is so
    status(wire, "Available", 5 * HOURS)
    status(wire, "Available", 2 * HOURS, connector=2)
    wire.reconnect(600)
    status(wire, "Preparing", 300)  # changed while it was offline
    wire.wait(10)
    status(wire, "Charging", 50)  # told late
    wire.boot()
    status(wire, "Available", 5 * HOURS)
    wire.reply(wire.ask("RemoteStartTransaction", idTag="TAG"), {"status": "Accepted"})
    wire.start(tag="OTHER", time=wire.time(ago=5 * HOURS))  # queued, of another card
    wire.reply(wire.ask("RemoteStartTransaction", idTag="TAG"), {"status": "Rejected"})
    wire.start(1002, connector=2, time=wire.time(ago=5 * HOURS))
    assert told(wire, "clock behind") == []


def test_a_station_that_follows_the_time_we_gave():
    wire = Wire()
    wire.call("Heartbeat", result={"currentTime": wire.time(ago=5 * HOURS)})
    for name in ("Available", "Preparing", "Charging"):
        status(wire.wait(20), name, 5 * HOURS)
    assert told(wire, "clock behind") == []


# -- out of order -------------------------------------------------------------------------------------------------


def test_statuses_in_the_wrong_order_are_a_remark(wire):
    status(wire, "Preparing", 1)
    status(wire, "Available", 10)
    assert [severity for severity, _ in told(wire, "status order")] == ["remark"]


def test_statuses_in_their_order(wire):
    status(wire, "Available", 10)
    status(wire, "Preparing", 10)
    status(wire, "Charging", 11.5)  # rounded
    status(wire, "Available", 100, connector=2)  # another connector
    wire.reconnect()
    status(wire, "Finishing", 100)  # the clock was set back
    assert told(wire, "status order") == []


# -- false --------------------------------------------------------------------------------------------------------


def test_a_start_in_the_future_of_a_clock_that_is_right(wire):
    status(wire, "Preparing")
    authorize(wire.wait(1))
    line = wire.n + 1
    wire.wait(1).start(time=wire.time(ago=-24 * HOURS))
    assert wire.violations() == []  # the clock may have been set
    status(wire.wait(1), "Charging")
    (breach,) = wire.violations()
    assert breach.fault == "StartTransaction is dated in the future, though the station's clock is right"
    assert breach.frame == line
    assert "6.45" in breach.cite


def plugged_in(wire, **how):
    """The card first: the authorization and the clock's right time, then the cable begins the transaction."""
    authorize(wire)
    status(wire, "Preparing")
    wire.wait(1).act("plug_in", connector=1, **how)
    wire.wait(1).start(time=wire.time(ago=-24 * HOURS))
    status(wire.wait(1), "Charging")
    return [breach.fault for breach in wire.violations()]


def test_a_start_in_the_future_that_the_cable_brought_about(wire):
    assert plugged_in(wire) == [
        "StartTransaction is dated in the future, though the station's clock is right"
    ]


@pytest.mark.parametrize("how", [{"driver": "manual"}, {"who": "operator"}, {"end": None}])
def test_a_cable_that_a_person_may_have_put_in_before_leaves_a_doubt(wire, how):
    assert plugged_in(wire, **how) == []


def test_a_stop_in_the_future_of_a_clock_that_is_right(wire):
    status(wire, "Preparing")
    wire.start()
    status(wire.wait(60), "SuspendedEV")
    wire.wait(1).act("unplug_ev", connector=1)
    wire.stop(time=wire.time(ago=-900), reason="EVDisconnected")
    status(wire, "Finishing")
    (breach,) = wire.violations()
    assert "StopTransaction is dated in the future" in breach.fault


STOPS = {"RemoteStopTransaction": {"transactionId": 1001}, "Reset": {"type": "Soft"}}


def asked_to_stop(wire, action, status_of_reply, ahead):
    wire.start()
    status(wire.wait(60), "SuspendedEV")
    stop = wire.ask(action, **STOPS[action])
    wire.wait(1).reply(stop, {"status": status_of_reply})
    wire.stop(time=wire.time(ago=-ahead))
    status(wire, "Finishing")
    return [breach.fault for breach in wire.violations() if breach.rule == "false time"]


@pytest.mark.parametrize("action", STOPS)
def test_a_stop_in_the_future_that_we_had_asked_for(wire, action):
    assert asked_to_stop(wire, action, "Accepted", 86400) == [
        "StopTransaction is dated in the future, though the station's clock is right"
    ]


@pytest.mark.parametrize("action", STOPS)
@pytest.mark.parametrize(("reply", "ahead"), [("Rejected", 86400), ("Accepted", 300), ("Accepted", 0)])
def test_a_stop_that_may_have_been_queued_or_is_not_far_off(wire, action, reply, ahead):
    assert asked_to_stop(wire, action, reply, ahead) == []


def clock_set_ahead(wire):
    wire.start(time=wire.time(ago=-900))
    status(wire, "Charging", -900)


def clock_set_by_us_in_between(wire):
    wire.start(time=wire.time(ago=-900))
    wire.call("Heartbeat", result={"currentTime": wire.time()})
    status(wire, "Charging")


def a_little_ahead(wire):
    wire.start(time=wire.time(ago=-300))
    status(wire, "Charging")


def local_time_without_a_zone(wire):
    wire.start(time=wire.time(ago=-2 * HOURS).rstrip("Z"))
    status(wire, "Charging")


def another_connection(wire):
    wire.start(time=wire.time(ago=-900))
    wire.reconnect()
    status(wire, "Charging")


def much_later(wire):
    wire.start(time=wire.time(ago=-900))
    status(wire.wait(300), "Charging")


@pytest.mark.parametrize(
    "story",
    [
        *(clock_set_ahead, clock_set_by_us_in_between, a_little_ahead),
        *(local_time_without_a_zone, another_connection, much_later),
    ],
)
def test_starts_that_leave_a_doubt(wire, story):
    status(wire, "Preparing")
    authorize(wire)
    story(wire.wait(1))
    assert wire.violations() == []


def test_what_was_queued_while_the_clock_was_wrong(wire):
    ahead = wire.time(ago=-900)
    wire.reconnect(60)
    wire.boot()
    status(wire, "Preparing")
    wire.start(time=ahead)
    status(wire, "Charging")
    assert wire.violations() == []


# -- forms --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("time", "what"),
    [
        ("2026-03-01T12:00Z", "in a form of ISO 8601 that RFC 3339 does not have"),
        ("20260301T120005Z", "in a form of ISO 8601 that RFC 3339 does not have"),
        ("2026-03-01T12:00:05", "without a zone"),
    ],
)
def test_legal_times_that_others_may_not_read_are_one_remark_a_case(wire, time, what):
    for _ in range(100):
        wire.status("Available", timestamp=time)
    assert told(wire, "timestamp") == [("remark", f"StatusNotification has a time {what}")]
    assert wire.violations() == []
