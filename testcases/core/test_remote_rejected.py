"""Test-case document 2.10.2 and 2.11: remote requests that lead nowhere."""

from octt.script import case
from octt.script.states import authorize_remote, did_not_ask, may_authorize, start_charging


@case("TC_024_CS")
def test_lock_failure(station, driver, bench):
    """A plug that cannot be locked is a fault and starts no transaction."""
    tag, connector = bench.id_tags.valid, bench.connector
    asks = authorize_remote(station, step=1)
    reply = station.call("RemoteStartTransaction", connectorId=connector, idTag=tag, step=3)
    reply.returns(status="Accepted")
    may_authorize(station, tag, asks, step=5)
    station.reports("Preparing", step=7)
    driver.plug_in_halfway(connector, why="the lock must fail")
    station.reports("Faulted", errorCode="ConnectorLockFailure", step=9, cite="OCPP 1.6 7.6")
    station.stays_silent("StartTransaction", since=reply.request, step="result")
    did_not_ask(station, tag, asks, step=5)


@case("TC_026_CS")
def test_remote_start_on_busy_connector(station, driver, bench):
    """A connector that charges cannot be started again."""
    with station.setup():
        station.configure(LocalPreAuthorize=False)
        start_charging(station, driver)
    reply = station.call(
        "RemoteStartTransaction", connectorId=bench.connector, idTag=bench.id_tags.valid_2, step=1
    )
    reply.returns(status="Rejected", cite="OCPP 1.6 5.11")
    station.stays_silent("StartTransaction", "StopTransaction", step="result", cite="OCPP 1.6 5.11")


@case("TC_027_CS")
def test_remote_start_on_connector_zero(station, bench):
    """Connector 0 is no place for a transaction."""
    reply = station.call("RemoteStartTransaction", connectorId=0, idTag=bench.id_tags.valid, step=1)
    reply.returns(status="Rejected", error=["any"], cite="OCPP 1.6 5.11")
    station.stays_silent("StartTransaction", step="result", cite="OCPP 1.6 5.11")


@case("TC_028_CS")
def test_remote_stop_of_unknown_transaction(station, charging):
    """A transaction the station does not know cannot be stopped."""
    reply = station.call("RemoteStopTransaction", transactionId=charging.id + 1000, step=1)
    reply.returns(status="Rejected", cite="OCPP 1.6 5.12")
    station.stays_silent("StopTransaction", step="result", cite="OCPP 1.6 5.12")
