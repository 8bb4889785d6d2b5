"""Test-case document 2.5: a charging session started and stopped by the Central System."""

from octt.script import case
from octt.script.states import authorize_remote, did_not_ask, may_authorize, start_charging


def _remote_start(station, bench):
    asks = authorize_remote(station, step=1)
    tag = bench.id_tags.valid
    reply = station.call("RemoteStartTransaction", connectorId=bench.connector, idTag=tag, step=3)
    reply.returns(status="Accepted")
    may_authorize(station, tag, asks, step=5)
    return tag, asks, station.reports("Preparing", step=7)


@case("TC_010_CS")
def test_remote_start_cable_first(station, driver):
    """With the cable in, a remote start begins a transaction: state Charging as a case of its own."""
    start_charging(station, driver)


@case("TC_011_1_CS")
def test_remote_start_first(station, driver, bench):
    """A remote start waits for the cable and then begins the transaction."""
    tag, asks, _ = _remote_start(station, bench)
    driver.plug_in(bench.connector, why="the remotely started session needs a car")
    start = station.sends("StartTransaction", connectorId=bench.connector, idTag=tag, step=9)
    did_not_ask(station, tag, asks, until=start, step=5)
    station.reports("Charging", step=11)


@case("TC_011_2_CS")
def test_remote_start_times_out(station, bench):
    """A remote start without a cable ends after ConnectionTimeOut."""
    timeout = bench.times.connection_timeout
    station.configure(ConnectionTimeOut=timeout)
    tag, asks, preparing = _remote_start(station, bench)
    station.reports("Available", step=9, after=timeout, since=preparing, cite="OCPP 1.6 5.11, 9.1.6")
    did_not_ask(station, tag, asks, step=5)


@case("TC_012_CS")
def test_remote_stop(station, charging, bench):
    """A remotely stopped transaction ends with reason Remote."""
    reply = station.call("RemoteStopTransaction", transactionId=charging.id, step=1)
    reply.returns(status="Accepted")
    station.sends(
        "StopTransaction",
        transactionId=charging.id,
        reason="Remote",
        step=3,
        cite="OCPP 1.6 5.12",
    )
    station.reports("Finishing", step=5)
