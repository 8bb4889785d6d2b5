"""Test-case document 2.1: cold boot."""

from octt.script import case


def _boots_and_beats(station, bench, boot, *, statuses, heartbeats):
    with station.in_any_order(after=boot):  # a slow station may be busy with our requests meanwhile
        station.reports_all("Available", step=statuses, cite="OCPP 1.6 4.2")
    station.repeats("Heartbeat", every=bench.times.heartbeat_interval, step=heartbeats, cite="OCPP 1.6 4.6")


@case("TC_001_CS")
def test_cold_boot(station, csms, driver, bench):
    """A station rejected at boot waits for the interval it was given before it asks again.

    The document leaves the interval of step 2 open; it is times.boot_retry_interval of the bench.
    """
    retry = bench.times.boot_retry_interval
    csms.answer("BootNotification", status="Accepted", interval=bench.times.heartbeat_interval)
    csms.answer("BootNotification", times=1, status="Rejected", interval=retry)

    driver.power_cycle(why="the station must boot cold")
    rejected = station.sends("BootNotification", step=1)
    station.expect_disconnect()  # while Rejected it may close its connection
    boot = station.sends("BootNotification", step=3, since=rejected, after=retry, cite="OCPP 1.6 4.2")
    _boots_and_beats(station, bench, boot, statuses=5, heartbeats=7)


@case("TC_002_CS")
def test_cold_boot_pending(station, csms, driver, bench):
    """While its registration is pending a station can be configured, and asks again after the interval."""
    retry = bench.times.boot_retry_interval
    csms.answer("BootNotification", status="Accepted", interval=bench.times.heartbeat_interval)
    csms.answer("BootNotification", times=1, status="Pending", interval=retry)

    driver.power_cycle(why="the station must boot cold")
    pending = station.sends("BootNotification", step=1)
    station.call("GetConfiguration", step=3).returns()
    interval = str(bench.times.meter_value_interval)
    station.configures("MeterValueSampleInterval", interval, step=5)
    with station.in_any_order(after=pending):
        boot = station.sends("BootNotification", step=7, since=pending, after=retry, cite="OCPP 1.6 4.2")
    _boots_and_beats(station, bench, boot, statuses=9, heartbeats=11)
