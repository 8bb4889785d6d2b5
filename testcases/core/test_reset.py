"""Test-case document 2.6: hard and soft reset."""

from octt.suite import case
from octt.suite.states import make_unavailable


def _inoperative_then(station, bench, reset):
    """Steps 1 to 6: the connector under test is made inoperative, then the station is reset."""
    make_unavailable(station, bench.connector, step=1)
    station.call("Reset", type=reset, step=5).returns(status="Accepted")


def _availability_kept(station, bench):
    station.reports_all("Available", other={bench.connector: "Unavailable"}, step=9, cite="OCPP 1.6 5.2")


def _operative_again(station, bench):
    reply = station.call("ChangeAvailability", connectorId=bench.connector, type="Operative", step=11)
    reply.returns(status="Accepted")
    station.reports("Available", step=13)


@case("TC_013_CS")
def test_hard_reset_without_transaction(station, bench):
    """A hard reset reboots the station; a connector made inoperative stays so."""
    _inoperative_then(station, bench, "Hard")
    station.sends("BootNotification", step=7, within=bench.times.boot_timeout, cite="OCPP 1.6 5.14")
    _availability_kept(station, bench)
    _operative_again(station, bench)


@case("TC_014_CS")
def test_soft_reset_without_transaction(station, bench):
    """A soft reset restarts the station, with or without a BootNotification; availability is kept."""
    _inoperative_then(station, bench, "Soft")
    if station.may_send("BootNotification", step=7, within=bench.times.boot_timeout):
        _availability_kept(station, bench)
    _operative_again(station, bench)
