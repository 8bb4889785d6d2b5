"""Test-case document 2.21: TriggerMessage."""

from octt.script import case


def _trigger(station, requested, *, step, status="Accepted", **more):
    reply = station.call("TriggerMessage", requestedMessage=requested, step=step, **more)
    return reply.returns(status=status, cite="OCPP 1.6 5.17")


@case("TC_054_CS")
def test_trigger_message(station, bench):
    """Every message that can be triggered is sent on request.

    Heartbeats and clock-aligned values are put far away, so that what comes was triggered. The document wants no
    such thing: a station without ClockAlignedDataInterval is tested all the same.
    """
    connector = bench.connector
    station.configure(HeartbeatInterval=86400)
    station.configure(ClockAlignedDataInterval=0, optional=True)
    _trigger(station, "MeterValues", connectorId=connector, step=1)
    station.sends("MeterValues", connectorId=connector, step=3)
    _trigger(station, "Heartbeat", step=5)
    station.sends("Heartbeat", step=7)
    _trigger(station, "StatusNotification", connectorId=connector, step=9)
    station.sends("StatusNotification", connectorId=connector, step=11)
    _trigger(station, "DiagnosticsStatusNotification", step=13)
    station.sends("DiagnosticsStatusNotification", status="Idle", step=15, cite="OCPP 1.6 5.17")
    reply = _trigger(station, "FirmwareStatusNotification", step=17, status={"Accepted", "NotImplemented"})
    if reply.payload["status"] == "Accepted":
        station.sends("FirmwareStatusNotification", status="Idle", step=19, cite="OCPP 1.6 5.17")


@case("TC_055_CS")
def test_trigger_for_unknown_connector(station):
    """A message about a connector that is not there cannot be triggered."""
    unknown = len(station.connectors) + 1
    reply = station.call("TriggerMessage", requestedMessage="MeterValues", connectorId=unknown, step=1)
    reply.returns(status="Rejected", error=["any"], cite="OCPP 1.6 5.17")
    station.stays_silent("MeterValues", connectorId=unknown, step="result")
