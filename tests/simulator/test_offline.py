"""Connection and power come and go: nothing of a transaction is lost (specification 3.5, 3.7)."""

import asyncio
import json

import pytest
from fake_csms import run

from octt.simulator.link import outbox
from octt.simulator.part import ConnectionLost


async def offline(bench):
    bench.do("unreachable")
    await bench.until(lambda: not bench.station.link.is_open)
    bench.csms.cursor = len(bench.csms.frames)


def test_whole_transaction_offline_is_delivered_in_order():
    async def scenario(bench):
        csms = bench.csms
        await offline(bench)
        bench.do("plug_in")
        bench.do("present_id_tag", id_tag="NEW")
        await bench.until(lambda: bench.station.connectors[1].status == "Charging")
        await bench.until(lambda: len(bench.station.memory.data["queue"]) >= 2)
        bench.do("present_id_tag", id_tag="NEW")
        await bench.until(lambda: bench.station.connectors[1].status == "Finishing")
        bench.do("reachable")
        await csms.expect("StartTransaction", idTag="NEW")
        await csms.expect("MeterValues", transactionId=1)
        await csms.expect("StopTransaction", transactionId=1, reason="Local")
        await csms.status("Finishing")
        assert csms.statuses() == ["Available", "Finishing"]
        await bench.until(lambda: not bench.station.memory.data["queue"])
        assert bench.station.memory.data["transactions"] == {}

    keys = {"AllowOfflineTxForUnknownId": "true", "MeterValueSampleInterval": "1"}
    run(scenario, keys=keys)


def test_a_full_memory_loses_meter_values_and_no_start_or_end(monkeypatch):
    monkeypatch.setattr(outbox, "MOST_KEPT", 4)

    async def scenario(bench):
        await offline(bench)
        queue = bench.station.memory.data["queue"]
        for name in ("one", "two"):
            bench.station.outbox.keep("StartTransaction", {}, name)
            for value in range(3):
                bench.station.outbox.keep("MeterValues", {"value": value}, name)
            bench.station.outbox.keep("StopTransaction", {}, name)
        kept = [(item["action"], item["transaction"]) for item in queue]
        assert kept == [(f"{end}Transaction", name) for name in ("one", "two") for end in ("Start", "Stop")]

    run(scenario)


@pytest.mark.parametrize(
    ("cached", "keys", "starts"),
    [
        ("Accepted", {}, True),
        ("Blocked", {"AllowOfflineTxForUnknownId": "true"}, False),
        (None, {}, False),
        (None, {"AllowOfflineTxForUnknownId": "true"}, True),
        ("Accepted", {"LocalAuthorizeOffline": "false"}, False),
        ("Accepted", {"AuthorizationCacheEnabled": "false"}, False),
    ],
)
def test_offline_authorization(cached, keys, starts):
    async def scenario(bench):
        if cached:
            bench.station.memory.section("cache", {})["tag1"] = {"status": cached}
        await offline(bench)
        bench.do("plug_in")
        bench.do("present_id_tag", id_tag="TAG1")
        await asyncio.sleep(0.05)
        assert (bench.station.connectors[1].transaction is not None) is starts

    run(scenario, keys=keys)


def test_failing_transaction_messages_are_retried_and_given_up():
    async def scenario(bench):
        csms = bench.csms
        csms.answers["StartTransaction"] = lambda payload: lambda id: [4, id, "InternalError", "", {}]
        bench.do("plug_in")
        bench.do("present_id_tag", id_tag="A")
        for _ in range(2):
            await csms.expect("StartTransaction")
        bench.do("present_id_tag", id_tag="A")
        await csms.expect("StopTransaction", transactionId=-1)
        assert len(csms.sent("StartTransaction")) == 2

    run(scenario, keys={"TransactionMessageAttempts": "2", "TransactionMessageRetryInterval": "0"})


def test_lost_connection_does_not_count_as_an_attempt():
    async def scenario(bench):
        csms = bench.csms
        csms.silent.add("StartTransaction")
        bench.do("plug_in")
        bench.do("present_id_tag", id_tag="A")
        for _ in range(3):
            await csms.expect("StartTransaction")
            await csms.cut()
        csms.silent.clear()
        await csms.expect("StartTransaction")
        await bench.until(lambda: not bench.station.memory.data["queue"])

    run(scenario, keys={"TransactionMessageAttempts": "1"})


def test_a_message_for_a_dying_connection_is_no_attempt():
    """The connection is gone and nobody has noticed yet: what is sent now was never delivered (3.7.1)."""

    async def scenario(bench):
        async def closing(text):
            raise ConnectionLost("the socket is closing, not closed yet")

        transaction = await bench.charging()
        bench.station.link._write, whole = closing, bench.station.link._write
        bench.do("press_stop")
        await bench.until(lambda: bench.station.outbox._retry_at)
        assert bench.station.link.is_open
        bench.station.link._write = whole
        await bench.csms.cut()
        await bench.csms.expect("StopTransaction", transactionId=transaction)

    run(scenario, keys={"TransactionMessageAttempts": "1", "TransactionMessageRetryInterval": "60"})


def test_back_online_nothing_waits_for_its_next_attempt():
    async def scenario(bench):
        csms = bench.csms
        csms.answers["StartTransaction"] = [lambda id: [4, id, "InternalError", "", {}]]
        bench.do("plug_in")
        bench.do("present_id_tag", id_tag="A")
        await csms.expect("StartTransaction")
        await bench.until(lambda: bench.station.outbox._retry_at)
        await csms.cut()
        await csms.expect("StartTransaction")
        await bench.until(lambda: not bench.station.memory.data["queue"])

    run(scenario, keys={"TransactionMessageRetryInterval": "60"})


@pytest.mark.parametrize("resume", [False, True])
def test_power_loss_without_backup(resume):
    async def scenario(bench):
        csms = bench.csms
        transaction = await bench.charging()
        csms.cursor = len(csms.frames)
        bench.do("power_cycle")
        await csms.expect("BootNotification")
        if resume:
            await csms.status("Charging")
            bench.do("present_id_tag", id_tag="TAG1")
            stop = await csms.expect("StopTransaction", transactionId=transaction)
            assert stop["reason"] == "Local"
        else:
            await csms.status("Preparing")
            await csms.expect("StopTransaction", transactionId=transaction, reason="PowerLoss")

    run(scenario, resume_transactions=resume, power_pause_seconds=0.02)


def test_power_loss_with_backup():
    async def scenario(bench):
        csms = bench.csms
        transaction = await bench.charging()
        bench.do("power_off")
        await csms.expect("StopTransaction", transactionId=transaction, reason="PowerLoss")
        await csms.status("Finishing")
        await bench.until(lambda: not bench.station.alive)
        bench.do("unplug")
        bench.do("power_on")
        await csms.expect("BootNotification")
        await csms.status("Available")

    run(scenario, backup_power=True)


def test_state_file_carries_everything_over_to_another_process(tmp_path):
    path = tmp_path / "state.json"

    async def before(bench):
        await bench.csms.call("ChangeConfiguration", key="ConnectionTimeOut", value="17")
        await bench.csms.call("ChangeAvailability", connectorId=2, type="Inoperative")
        await bench.csms.status("Unavailable", 2)
        bench.csms.silent.add("StartTransaction")
        bench.do("plug_in")
        bench.do("present_id_tag", id_tag="A")
        await bench.csms.expect("StartTransaction")

    async def after(bench):
        csms = bench.csms
        await csms.expect("StartTransaction", idTag="A")
        await csms.expect("StopTransaction", transactionId=1, reason="PowerLoss")
        assert csms.statuses(2) == ["Unavailable"]
        answer = await csms.call("GetConfiguration", key=["ConnectionTimeOut"])
        assert answer["configurationKey"][0]["value"] == "17"

    run(before, state_file=str(path), connectors=2)
    assert json.loads(path.read_text())["queue"]
    run(after, state_file=str(path), connectors=2)


def test_unusable_state_file_is_one_clear_sentence(tmp_path):
    path = tmp_path / "state.json"
    path.write_text("[")
    with pytest.raises(ValueError, match=r"state\.json is not readable"):
        run(None, state_file=str(path))
