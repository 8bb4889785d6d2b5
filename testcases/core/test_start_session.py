"""Test-case document 2.2: a charging session started at the station."""

from octt.script import case
from octt.script.states import start_authorized, waiting_connector


@case("TC_003_CS")
def test_plug_in_first(station, csms, driver, bench):
    """The cable goes in, then a card is presented: the transaction starts."""
    driver.plug_in(bench.connector)
    station.reports("Preparing", step=1)
    driver.present_id_tag(bench.connector, bench.id_tags.valid)
    station.sends("Authorize", idTag=bench.id_tags.valid, step=3)
    station.sends("StartTransaction", connectorId=bench.connector, idTag=bench.id_tags.valid, step=5)
    station.reports("Charging", step=7)


@case("TC_004_1_CS")
def test_identification_first(station, driver, bench):
    """A card is presented, then the cable goes in: the transaction starts."""
    station.configure(MeterValueSampleInterval=bench.times.meter_value_interval)
    tag = start_authorized(station, driver, step=1)
    driver.plug_in(bench.connector)
    station.sends("StartTransaction", connectorId=bench.connector, idTag=tag, step=3)
    station.reports("Charging", step=5)


@case("TC_004_2_CS")
def test_identification_first_times_out(station, driver, bench):
    """A card is presented but no cable follows: after ConnectionTimeOut the connector is available again."""
    timeout = bench.times.connection_timeout
    station.configure(ConnectionTimeOut=timeout)
    before = station.newest()
    start_authorized(station, driver, step=1, why="no cable follows: do not plug in")
    connector = waiting_connector(station)
    begun = station.sent("StatusNotification", since=before, connectorId=connector, status="Preparing")
    available = {"after": timeout, "since": begun[-1] if begun else None}
    station.reports("Available", connector=connector, step=2, cite="OCPP 1.6 9.1.6", **available)
