"""What the Central System does from afar (specification 5.2, 5.6, 5.11, 5.12, 5.14, 5.17, 5.18)."""

import asyncio

import pytest
from fake_csms import run


@pytest.mark.parametrize("authorize", ["true", "false"])
@pytest.mark.parametrize("plug_first", [True, False])
def test_remote_start(authorize, plug_first):
    async def scenario(bench):
        csms = bench.csms
        if plug_first:
            bench.do("plug_in")
            await csms.status("Preparing")
        assert await csms.call("RemoteStartTransaction", connectorId=1, idTag="A") == {"status": "Accepted"}
        if authorize == "true":
            await csms.expect("Authorize", idTag="A")
        if not plug_first:
            await csms.status("Preparing")
            bench.do("plug_in")
        await csms.expect("StartTransaction", idTag="A", connectorId=1)
        await csms.status("Charging")
        assert len(csms.sent("Authorize")) == (authorize == "true")
        for bad in ({"connectorId": 1}, {"connectorId": 0}, {"connectorId": 9}):
            assert await csms.call("RemoteStartTransaction", idTag="B", **bad) == {"status": "Rejected"}
        assert await csms.call("RemoteStopTransaction", transactionId=77) == {"status": "Rejected"}
        assert await csms.call("RemoteStopTransaction", transactionId=1) == {"status": "Accepted"}
        await csms.expect("StopTransaction", reason="Remote", transactionId=1)
        await csms.status("Finishing")

    run(scenario, keys={"AuthorizeRemoteTxRequests": authorize})


def test_remote_start_without_connector_takes_the_occupied_one():
    async def scenario(bench):
        csms = bench.csms
        bench.do("plug_in", 2)
        await csms.status("Preparing", 2)
        assert await csms.call("RemoteStartTransaction", idTag="A") == {"status": "Accepted"}
        await csms.expect("StartTransaction", connectorId=2)

    run(scenario, connectors=3)


@pytest.mark.parametrize("kind", ["Hard", "Soft"])
def test_reset_in_a_transaction(kind):
    async def scenario(bench):
        csms = bench.csms
        await bench.charging()
        assert await csms.call("Reset", type=kind) == {"status": "Accepted"}
        await csms.expect("StopTransaction", reason=f"{kind}Reset", transactionId=1)
        await csms.status("Finishing")
        await csms.expect("BootNotification")
        await csms.status("Available", 0)
        await csms.status("Preparing", 1)
        await csms.status("Available", 2)
        assert csms.connections == 2

    run(scenario, connectors=2)


def test_soft_reset_without_reboot():
    async def scenario(bench):
        csms = bench.csms
        await bench.charging()
        assert await csms.call("Reset", type="Soft") == {"status": "Accepted"}
        await csms.expect("StopTransaction", reason="SoftReset")
        await asyncio.sleep(0.1)
        assert csms.connections == 1

    run(scenario, soft_reset_reboots=False)


def test_availability_of_a_connector_survives_a_reset():
    async def scenario(bench):
        csms = bench.csms
        change = {"connectorId": 1, "type": "Inoperative"}
        assert await csms.call("ChangeAvailability", **change) == {"status": "Accepted"}
        await csms.status("Unavailable", 1)
        assert await csms.call("ChangeAvailability", **change) == {"status": "Accepted"}
        assert await csms.call("RemoteStartTransaction", connectorId=1, idTag="A") == {"status": "Rejected"}
        await csms.call("Reset", type="Hard")
        await csms.expect("BootNotification")
        await csms.status("Available", 0)
        await csms.status("Unavailable", 1)
        await csms.status("Available", 2)
        assert await csms.call("ChangeAvailability", connectorId=1, type="Operative") == {
            "status": "Accepted"
        }
        await csms.status("Available", 1)
        assert await csms.call("ChangeAvailability", connectorId=7, type="Operative") == {
            "status": "Rejected"
        }

    run(scenario, connectors=2)


def test_availability_of_the_station_waits_for_transactions():
    async def scenario(bench):
        csms = bench.csms
        await bench.charging(1)
        change = {"connectorId": 0, "type": "Inoperative"}
        assert await csms.call("ChangeAvailability", **change) == {"status": "Scheduled"}
        await csms.status("Unavailable", 0)
        await csms.status("Unavailable", 2)
        bench.do("present_id_tag", id_tag="TAG1")
        await csms.status("Finishing", 1)
        bench.do("unplug")
        await csms.status("Unavailable", 1)
        await csms.call("ChangeAvailability", connectorId=0, type="Operative")
        for number in (0, 1, 2):
            await csms.status("Available", number)

    run(scenario, connectors=2)


def test_inoperative_while_occupied_goes_by_way_of_available():
    async def scenario(bench):
        bench.do("plug_in")
        await bench.csms.status("Preparing")
        await bench.csms.call("ChangeAvailability", connectorId=1, type="Inoperative")
        await bench.csms.status("Unavailable")
        assert bench.csms.statuses() == ["Available", "Preparing", "Available", "Unavailable"]

    run(scenario)


def test_unlock():
    async def scenario(bench):
        csms = bench.csms
        assert await csms.call("UnlockConnector", connectorId=1) == {"status": "Unlocked"}
        bench.do("jam_lock")
        assert await csms.call("UnlockConnector", connectorId=1) == {"status": "UnlockFailed"}
        bench.do("free_lock")
        for unknown in (0, 2, -1):
            assert await csms.call("UnlockConnector", connectorId=unknown) == {"status": "NotSupported"}
        await bench.charging()
        assert await csms.call("UnlockConnector", connectorId=1) == {"status": "Unlocked"}
        await csms.expect("StopTransaction", reason="UnlockCommand")
        await csms.status("Finishing")

    run(scenario)


def test_unlock_of_a_fixed_cable():
    async def scenario(bench):
        await bench.charging()
        assert await bench.csms.call("UnlockConnector", connectorId=1) == {"status": "NotSupported"}
        assert bench.station.connectors[1].transaction is not None

    run(scenario, fixed_cable=True)


@pytest.mark.parametrize("message", ["BootNotification", "Heartbeat", "StatusNotification", "MeterValues"])
def test_trigger(message):
    async def scenario(bench):
        csms = bench.csms
        csms.cursor = len(csms.frames)
        assert await csms.call("TriggerMessage", requestedMessage=message) == {"status": "Accepted"}
        await csms.expect(message)
        if message in ("StatusNotification", "MeterValues"):
            await csms.expect(message, connectorId=2)
            call = {"requestedMessage": message, "connectorId": 1}
            assert await csms.call("TriggerMessage", **call) == {"status": "Accepted"}
            answer = await csms.expect(message, connectorId=1)
            if message == "MeterValues":
                assert answer["meterValue"][0]["sampledValue"][0]["context"] == "Trigger"
            call["connectorId"] = 3
            assert await csms.call("TriggerMessage", **call) == {"status": "Rejected"}

    run(scenario, connectors=2)


def test_data_transfer_is_not_for_us():
    async def scenario(bench):
        call = bench.csms.call
        assert await call("DataTransfer", vendorId="org.example") == {"status": "UnknownVendorId"}
        assert await call("DataTransfer", vendorId="Simulated vendor", messageId="x") == {
            "status": "UnknownMessageId"
        }

    run(scenario)


@pytest.mark.parametrize("refuse", [False, True])
def test_absent_profiles(refuse):
    async def scenario(bench):
        call = bench.csms.call
        error = ("error", "NotSupported")
        assert await call("GetLocalListVersion") == (error if refuse else {"listVersion": -1})
        update = {"listVersion": 1, "updateType": "Full"}
        assert await call("SendLocalList", **update) == (error if refuse else {"status": "NotSupported"})
        reservation = {
            "connectorId": 1,
            "expiryDate": "2040-01-01T00:00:00Z",
            "idTag": "A",
            "reservationId": 1,
        }
        assert await call("ReserveNow", **reservation) == {"status": "Rejected"}
        assert await call("TriggerMessage", requestedMessage="Heartbeat") == error
        for action in ("CancelReservation", "ClearChargingProfile", "GetDiagnostics"):
            assert await call(action) == error
        keys = {entry["key"] for entry in (await call("GetConfiguration"))["configurationKey"]}
        assert not keys & {
            "LocalAuthListEnabled",
            "ChargeProfileMaxStackLevel",
            "ReserveConnectorZeroSupported",
        }

    run(scenario, profiles=("Core",), refuse_unsupported=refuse)
