"""Charging sessions at the simulated station: cards, cables, the ways to an end (specification 3.6, 4.8 to 4.10)."""

import asyncio
from itertools import pairwise

import pytest
from fake_csms import run

PARENT = {"idTagInfo": {"status": "Accepted", "parentIdTag": "GROUP"}}


def test_plug_first():
    async def scenario(bench):
        csms = bench.csms
        bench.do("plug_in")
        await csms.status("Preparing")
        bench.do("present_id_tag", id_tag="TAG1")
        await csms.expect("Authorize", idTag="TAG1")
        start = await csms.expect("StartTransaction", connectorId=1, idTag="TAG1")
        assert start["meterStart"] == 1000
        await csms.status("Charging")
        bench.do("present_id_tag", id_tag="TAG1")
        stop = await csms.expect("StopTransaction", transactionId=1, idTag="TAG1", reason="Local")
        assert stop["meterStop"] >= 1000
        assert "transactionData" not in stop
        await csms.status("Finishing")
        assert len(csms.sent("Authorize")) == 1
        bench.do("unplug")
        await csms.status("Available")

    run(scenario)


def test_identification_first_and_connection_time_out():
    async def scenario(bench):
        csms = bench.csms
        await csms.call("ChangeConfiguration", key="ConnectionTimeOut", value="1")
        bench.do("present_id_tag", id_tag="TAG1")
        await csms.expect("Authorize")
        await csms.status("Preparing")
        await csms.status("Available")
        bench.do("plug_in")
        await csms.status("Preparing")
        await asyncio.sleep(0.05)
        assert not csms.sent("StartTransaction")

    run(scenario)


@pytest.mark.parametrize(("cancels", "status"), [(True, "Available"), (False, "Preparing")])
def test_second_swipe(cancels, status):
    async def scenario(bench):
        bench.do("present_id_tag", id_tag="TAG1")
        await bench.csms.status("Preparing")
        bench.do("present_id_tag", id_tag="tag1")
        if cancels:
            await bench.csms.status("Available")
        assert bench.station.connectors[1].status == status

    run(scenario, second_swipe_cancels=cancels)


def test_refused_id_starts_nothing():
    async def scenario(bench):
        bench.csms.answers["Authorize"] = {"idTagInfo": {"status": "Invalid"}}
        bench.do("plug_in")
        bench.do("present_id_tag", id_tag="BAD")
        await bench.csms.expect("Authorize")
        await asyncio.sleep(0.1)
        assert not bench.csms.sent("StartTransaction")
        assert bench.csms.statuses() == ["Available", "Preparing"]

    run(scenario)


def test_other_id_without_a_group_does_not_even_ask():
    async def scenario(bench):
        await bench.charging()
        bench.do("present_id_tag", id_tag="TAG2")
        await asyncio.sleep(0.1)
        assert len(bench.csms.sent("Authorize")) == 1
        assert not bench.csms.sent("StopTransaction")

    run(scenario)


@pytest.mark.parametrize(
    ("group", "stops"), [("GROUP", True), ("group", True), ("OTHER", False), (None, False)]
)
def test_other_id_of_the_same_group(group, stops):
    async def scenario(bench):
        csms = bench.csms
        csms.answers["StartTransaction"] = {**PARENT, "transactionId": 5}
        await bench.charging()
        await bench.until(lambda: bench.station.connectors[1].transaction.parent)
        info = {"status": "Accepted", **({"parentIdTag": group} if group else {})}
        csms.answers["Authorize"] = {"idTagInfo": info}
        bench.do("present_id_tag", id_tag="TAG2")
        await csms.expect("Authorize", idTag="TAG2")
        if stops:
            await csms.expect("StopTransaction", idTag="TAG2", transactionId=5)
        await asyncio.sleep(0.05)
        assert bool(csms.sent("StopTransaction")) is stops

    run(scenario)


def configured(**keys):
    return {"keys": keys}


@pytest.mark.parametrize("fixed", [False, True])
@pytest.mark.parametrize("unlock", ["true", "false"])
def test_ev_side_disconnect_stops(fixed, unlock):
    async def scenario(bench):
        csms = bench.csms
        await bench.charging()
        bench.do("unplug_ev")
        await csms.expect("StopTransaction", reason="EVDisconnected")
        if fixed:
            await csms.status("Available", info="EV side disconnected")
        else:
            await csms.status("Finishing", info="EV side disconnected")
            assert bench.station.world.outlet(1).locked is (unlock == "false")
            assert await csms.call("UnlockConnector", connectorId=1) == {"status": "Unlocked"}
            bench.do("unplug")
            await csms.status("Available")

    run(scenario, fixed_cable=fixed, keys={"UnlockConnectorOnEVSideDisconnect": unlock})


def test_ev_side_disconnect_suspends():
    async def scenario(bench):
        csms = bench.csms
        transaction = await bench.charging()
        bench.do("unplug_ev")
        await csms.status("SuspendedEV", info="EV side disconnected")
        with pytest.raises(Exception, match="locked"):
            bench.do("unplug")
        bench.do("plug_in")
        await csms.status("Charging")
        bench.do("unplug_ev")
        await csms.status("SuspendedEV")
        assert await csms.call("RemoteStopTransaction", transactionId=transaction) == {"status": "Accepted"}
        await csms.expect("StopTransaction", reason="Remote")
        await csms.status("Finishing")
        bench.do("unplug")
        await csms.status("Available")

    run(scenario, keys={"StopTransactionOnEVSideDisconnect": "false"})


@pytest.mark.parametrize("stop", ["true", "false"])
def test_invalid_id_in_start_transaction(stop):
    async def scenario(bench):
        csms = bench.csms
        csms.answers["StartTransaction"] = {"idTagInfo": {"status": "Blocked"}, "transactionId": 9}
        bench.do("plug_in")
        bench.do("present_id_tag", id_tag="TAG1")
        if stop == "true":
            await csms.expect("StopTransaction", transactionId=9, reason="DeAuthorized")
            await csms.status("Finishing")
        else:
            await csms.status("SuspendedEVSE")
            assert bench.station.world.outlet(1).power == 0
            assert not csms.sent("StopTransaction")

    run(scenario, keys={"StopTransactionOnInvalidId": stop})


def test_some_energy_for_an_invalid_id():
    async def scenario(bench):
        csms = bench.csms
        csms.answers["StartTransaction"] = {"idTagInfo": {"status": "Invalid"}, "transactionId": 9}
        bench.do("plug_in")
        bench.do("present_id_tag", id_tag="TAG1")
        await csms.status("Charging")
        outlet = bench.station.world.outlet(1)
        await csms.status("SuspendedEVSE")
        assert 1001 <= outlet.energy < 1010

    run(scenario, keys={"StopTransactionOnInvalidId": "false", "MaxEnergyOnInvalidId": "1"})


def test_cache_pre_authorizes_and_is_cleared():
    async def scenario(bench):
        csms = bench.csms
        await bench.charging()
        bench.do("present_id_tag", id_tag="TAG1")
        await csms.status("Finishing")
        bench.do("present_id_tag", id_tag="TAG1")
        await csms.status("Preparing")
        await csms.status("Charging")
        assert len(csms.sent("Authorize")) == 1
        bench.do("press_stop")
        await csms.expect("StopTransaction", reason="Local")
        bench.do("unplug")
        await csms.status("Available")
        assert await csms.call("ClearCache") == {"status": "Accepted"}
        bench.do("present_id_tag", id_tag="TAG1")
        await csms.expect("Authorize")

    run(scenario, keys={"LocalPreAuthorize": "true"})


def test_expired_cache_entry_is_asked_for():
    async def scenario(bench):
        info = {"status": "Accepted", "expiryDate": "2020-01-01T00:00:00Z"}
        bench.csms.answers["Authorize"] = {"idTagInfo": info}
        for _ in range(2):
            bench.do("present_id_tag", id_tag="TAG1")
            await bench.csms.expect("Authorize")
            await bench.until(lambda: bench.station.connectors[1].permit)
            bench.station.connectors[1].permit = None

    run(scenario, keys={"LocalPreAuthorize": "true"})


def test_lock_failure():
    async def scenario(bench):
        csms = bench.csms
        assert await csms.call("RemoteStartTransaction", connectorId=1, idTag="A") == {"status": "Accepted"}
        await csms.status("Preparing")
        bench.do("plug_in_halfway")
        await csms.status("Faulted", errorCode="ConnectorLockFailure")
        bench.do("unplug")
        await csms.status("Available", errorCode="NoError")
        assert not csms.sent("StartTransaction")

    run(scenario)


@pytest.mark.parametrize("connector", [0, 1])
def test_fault_blocks_and_clears(connector):
    async def scenario(bench):
        csms = bench.csms
        bench.do("fault", connector)
        await csms.status("Faulted", connector)
        assert await csms.call("RemoteStartTransaction", connectorId=1, idTag="A") == {"status": "Rejected"}
        bench.do("plug_in", 1)
        bench.do("present_id_tag", 1, id_tag="TAG1")
        await asyncio.sleep(0.05)
        assert not csms.sent("Authorize")
        bench.do("clear_fault", connector)
        await csms.status("Preparing", 1)

    run(scenario)


def test_fault_in_a_transaction_stops_the_energy_and_not_the_transaction():
    async def scenario(bench):
        csms = bench.csms
        await bench.charging()
        bench.do("fault")
        await csms.status("Faulted")
        assert bench.station.world.outlet(1).power == 0
        bench.do("clear_fault")
        await csms.status("Charging")
        assert not csms.sent("StopTransaction")

    run(scenario)


def test_vehicle_suspends_and_resumes():
    async def scenario(bench):
        await bench.charging()
        bench.do("ev_suspend")
        await bench.csms.status("SuspendedEV")
        bench.do("ev_resume")
        await bench.csms.status("Charging")

    run(scenario)


def test_status_first_variant():
    async def scenario(bench):
        csms = bench.csms
        bench.do("plug_in")
        bench.do("present_id_tag", id_tag="A")
        await csms.status("Charging")
        await csms.expect("StartTransaction")
        bench.do("present_id_tag", id_tag="A")
        await csms.status("Finishing")
        await csms.expect("StopTransaction")

    run(scenario, status_first=True)


def test_chatty_variant_stays_within_the_transition_table():
    async def scenario(bench):
        await bench.charging()
        statuses = bench.csms.statuses()
        changes = [now for before, now in pairwise([None, *statuses]) if now != before]
        assert changes[-4:] == ["Preparing", "SuspendedEVSE", "SuspendedEV", "Charging"]
        await bench.csms.expect("Heartbeat")
        await bench.csms.expect("MeterValues", connectorId=2)
        await bench.csms.status("Available", 2)
        await bench.csms.expect("SecurityEventNotification")

    run(scenario, chatty=True, connectors=2)


def test_minimum_status_duration_swallows_short_statuses():
    async def scenario(bench):
        bench.do("plug_in")
        bench.do("unplug")
        bench.do("plug_in")
        assert bench.csms.statuses() == ["Available"]
        await bench.csms.status("Preparing")
        assert bench.csms.statuses() == ["Available", "Preparing"]

    async def boot(bench):
        await bench.csms.call("ChangeConfiguration", key="MinimumStatusDuration", value="1")
        await scenario(bench)

    run(boot)
