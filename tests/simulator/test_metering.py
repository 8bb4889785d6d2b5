"""Meter values (specification 3.16, 4.7): times, contexts, measurands, transaction data, a believable meter."""

from datetime import datetime
from itertools import pairwise

from fake_csms import run


def when(payload):
    return datetime.fromisoformat(payload["meterValue"][0]["timestamp"])


def values(payload, measurand):
    return [v["value"] for v in payload["meterValue"][0]["sampledValue"] if v["measurand"] == measurand]


def test_sampled_values_and_transaction_data():
    async def scenario(bench):
        csms = bench.csms
        transaction = await bench.charging()
        readings = [await csms.expect("MeterValues", transactionId=transaction) for _ in range(3)]
        gaps = [(when(b) - when(a)).total_seconds() for a, b in pairwise(readings)]
        assert gaps == [1.0, 1.0]
        energies = [int(values(reading, "Energy.Active.Import.Register")[0]) for reading in readings]
        assert energies == sorted(energies)
        assert energies[-1] > 1000
        assert values(readings[0], "Power.Active.Import") == ["11040.0"]
        assert values(readings[0], "Current.Import") == ["16.0"] * 3
        assert values(readings[0], "Voltage") == ["230.0"] * 3
        contexts = {v["context"] for r in readings for v in r["meterValue"][0]["sampledValue"]}
        assert contexts == {"Sample.Periodic"}
        bench.do("press_stop")
        stop = await csms.expect("StopTransaction")
        contexts = [entry["sampledValue"][0]["context"] for entry in stop["transactionData"]]
        assert contexts == [
            "Transaction.Begin",
            *["Sample.Periodic"] * (len(contexts) - 2),
            "Transaction.End",
        ]
        assert len(contexts) >= 5
        assert int(values({"meterValue": stop["transactionData"][-1:]}, "SoC")[0].split(".")[0]) == 40
        assert stop["meterStop"] >= energies[-1]

    measurands = "Energy.Active.Import.Register,Power.Active.Import,Current.Import,Voltage"
    keys = {
        "MeterValueSampleInterval": "1",
        "MeterValuesSampledData": measurands,
        "StopTxnSampledData": "SoC",
    }
    run(scenario, keys=keys)


def test_phases_and_unusual_measurands_are_reported_as_they_are_called():
    async def scenario(bench):
        await bench.csms.call("TriggerMessage", requestedMessage="MeterValues", connectorId=1)
        reading = (await bench.csms.expect("MeterValues"))["meterValue"][0]["sampledValue"]
        shown = [(value["measurand"], value.get("phase")) for value in reading]
        assert shown == [("Current.Import", "L2"), ("Energy.Reactive.Export.Register", None)]

    run(scenario, keys={"MeterValuesSampledData": "Current.Import.L2,Energy.Reactive.Export.Register"})


def test_clock_aligned_values():
    async def scenario(bench):
        csms = bench.csms
        await csms.call("ChangeConfiguration", key="ClockAlignedDataInterval", value="1")
        idle = await csms.expect("MeterValues", connectorId=1)
        assert "transactionId" not in idle
        transaction = await bench.charging()
        reading = await csms.expect("MeterValues", transactionId=transaction)
        assert reading["meterValue"][0]["timestamp"].endswith(".000Z")
        assert {v["context"] for v in reading["meterValue"][0]["sampledValue"]} == {"Sample.Clock"}
        bench.do("press_stop")
        stop = await csms.expect("StopTransaction")
        assert {entry["sampledValue"][0]["context"] for entry in stop["transactionData"]} == {"Sample.Clock"}

    keys = {"MeterValueSampleInterval": "0", "StopTxnAlignedData": "Energy.Active.Import.Register"}
    run(scenario, keys=keys)


def test_empty_list_means_the_register_and_a_new_interval_counts_at_once():
    async def scenario(bench):
        csms = bench.csms
        transaction = await bench.charging()
        await csms.call("ChangeConfiguration", key="MeterValueSampleInterval", value="1")
        reading = await csms.expect("MeterValues", transactionId=transaction)
        measurands = [v["measurand"] for v in reading["meterValue"][0]["sampledValue"]]
        assert measurands == ["Energy.Active.Import.Register"]

    run(scenario, keys={"MeterValueSampleInterval": "0", "MeterValuesSampledData": ""})
