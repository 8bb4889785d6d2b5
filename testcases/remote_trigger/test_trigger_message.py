"""Test-case document 2.21: TriggerMessage."""

from octt.script import case


def _trigger(station, requested, *, step, status="Accepted", **more):
    reply = station.call("TriggerMessage", requestedMessage=requested, step=step, **more)
    return reply.returns(status=status, cite="OCPP 1.6 5.17")


@case("TC_054_CS")
def test_trigger_message(station, bench, pics):
    """Every message that can be triggered is sent on request; what one of them lacks hides no other.

    Heartbeats and clock-aligned values are put far away, so that what comes was triggered. The document wants no
    such thing: a station that cannot be configured so is tested all the same. DiagnosticsStatusNotification belongs to
    the profile FirmwareManagement (3.3), so that without it NotImplemented is the answer (7.43).
    """
    connector = bench.connector
    station.prefer(HeartbeatInterval=86400, ClockAlignedDataInterval=0)
    for requested, step, fields in (
        ("MeterValues", 1, {"connectorId": connector}),
        ("Heartbeat", 5, {}),
        ("StatusNotification", 9, {"connectorId": connector}),
    ):
        with station.independently():
            _trigger(station, requested, step=step, **fields)
            station.sends(requested, step=step + 2, cite="OCPP 1.6 5.17", **fields)
    either = {"Accepted", "NotImplemented"}
    for requested, step, allowed in (
        ("DiagnosticsStatusNotification", 13, {"Accepted"} if pics.has("FirmwareManagement") else either),
        ("FirmwareStatusNotification", 17, either),
    ):
        with station.independently():
            reply = _trigger(station, requested, step=step, status=allowed)
            if reply.payload.get("status") == "Accepted":
                station.sends(requested, status="Idle", step=step + 2, cite="OCPP 1.6 5.17")


@case("TC_055_CS")
def test_trigger_for_unknown_connector(station):
    """A message about a connector that is not there cannot be triggered."""
    unknown = len(station.connectors) + 1
    reply = station.call("TriggerMessage", requestedMessage="MeterValues", connectorId=unknown, step=1)
    reply.returns(status="Rejected", error=["any"], cite="OCPP 1.6 5.17")
    station.stays_silent("MeterValues", connectorId=unknown, step="result")
