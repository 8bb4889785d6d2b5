"""Each legal choice of a station: it shows, and a station without it is another."""

import asyncio
import re
import time
from dataclasses import fields
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner
from fake_csms import now, run

from octt.simulator.freedom import CONTRADICTIONS, Freedom
from octt.simulator.main import simulate
from octt.simulator.world.world import ActionError

DOCUMENT = Path(__file__).parents[2] / "docs" / "simulator.md"


def names(choice):
    """The options on the command line for a choice."""
    return (choice.metadata["names"] or f"--{choice.name.replace('_', '-')}").split("/")


@pytest.mark.parametrize("choice", fields(Freedom), ids=lambda choice: choice.name)
def test_every_choice_is_an_option_that_says_what_allows_it_and_stands_in_the_document(choice):
    told = choice.metadata["help"]
    assert re.search(r"\((W |J |AQ-|C-|F-|HFS-|ORS-|\d)[^()]*(\([^()]*\))?[^()]*\)\.$", told), told
    assert len(told) < 160
    shown = CliRunner().invoke(simulate, ["--help"]).output
    for name in names(choice):
        assert name in shown
    assert any(f"`{name}" in DOCUMENT.read_text(encoding="utf-8") for name in names(choice))


@pytest.mark.parametrize(("one", "other"), CONTRADICTIONS)
def test_choices_that_contradict_each_other_are_one_sentence(one, other):
    given = [f"--{name.replace('_', '-')}" for name in (one, other)]
    outcome = CliRunner().invoke(simulate, ["--csms", "ws://127.0.0.1:9", "--identity", "S", *given])
    assert outcome.exit_code == 1
    assert outcome.output == f"Error: no station can be both {given[0]} and {given[1]}\n"


def both(scenario, **choice):
    """Run `scenario(bench, chosen)` on a station with the choice and on one without it."""

    async def chosen(bench):
        await scenario(bench, True)

    async def plain(bench):
        await scenario(bench, False)

    common = choice.pop("common", {})
    run(chosen, **common, **choice)
    run(plain, **common)


async def card(bench, id_tag, connector=1):
    """Hold a card before a reader, and wait until the station has made up its mind."""
    bench.do("present_id_tag", connector, id_tag=id_tag)
    await asyncio.sleep(0)
    await bench.until(lambda: not bench.station.identification._busy)


async def offline(bench):
    bench.do("unreachable")
    await bench.until(lambda: not bench.station.link.is_open)
    bench.csms.cursor = len(bench.csms.frames)


# how it is built


@pytest.mark.parametrize(
    ("choice", "phases", "power"),
    [
        ({}, {"L1-N", "L2-N", "L3-N"}, "11040.0"),
        ({"one_phase": True}, {"L1-N"}, "3680.0"),
        ({"direct_current": True}, {None}, "50000.0"),
    ],
)
def test_what_it_is_connected_to(choice, phases, power):
    async def scenario(bench):
        await bench.charging()
        await bench.csms.call("TriggerMessage", requestedMessage="MeterValues", connectorId=1)
        reading = (await bench.csms.expect("MeterValues"))["meterValue"][0]["sampledValue"]
        voltages = [value for value in reading if value["measurand"] == "Voltage"]
        assert {value.get("phase") for value in voltages} == phases
        assert [v["value"] for v in reading if v["measurand"] == "Power.Active.Import"] == [power]
        schedule = await bench.csms.call(
            "GetCompositeSchedule", connectorId=1, duration=60, chargingRateUnit="W"
        )
        (period,) = schedule["chargingSchedule"]["chargingSchedulePeriod"]
        assert f"{period['limit']:.1f}" == power
        assert ("numberPhases" in period) is not bool(choice.get("direct_current"))

    run(scenario, keys={"MeterValuesSampledData": "Voltage,Power.Active.Import"}, **choice)


def test_only_some_measurands():
    async def scenario(bench, chosen):
        change = await bench.csms.call("ChangeConfiguration", key="MeterValuesSampledData", value="Voltage")
        assert change["status"] == ("Rejected" if chosen else "Accepted")
        change = await bench.csms.call(
            "ChangeConfiguration", key="MeterValuesSampledData", value="Power.Active.Import"
        )
        assert change["status"] == "Accepted"

    both(scenario, measurands=("Power.Active.Import",))


def test_only_watts_of_direct_current():
    keys = {"ChargingScheduleAllowedChargingRateUnit": "Power"}

    async def scenario(bench):
        call = bench.csms.call
        assert (await call("GetCompositeSchedule", connectorId=1, duration=60, chargingRateUnit="A"))[
            "status"
        ] == "Rejected"
        answer = await call("GetCompositeSchedule", connectorId=1, duration=60)
        assert answer["chargingSchedule"]["chargingRateUnit"] == "W"
        await call("TriggerMessage", requestedMessage="MeterValues", connectorId=1)
        (value,) = (await bench.csms.expect("MeterValues"))["meterValue"][0]["sampledValue"]
        assert value["unit"] == "W"

    run(scenario, direct_current=True, measurands=("Power.Active.Import",), keys=keys)


def test_transactions_before_it_is_accepted():
    def pending(csms):
        csms.answers["BootNotification"] = {"status": "Pending", "currentTime": now(), "interval": 600}

    async def scenario(bench, chosen):
        csms = bench.csms
        await bench.until(lambda: bench.station.registration.status == "Pending")
        bench.do("plug_in")
        await card(bench, "A")
        assert (bench.station.connectors[1].transaction is not None) is chosen
        csms.answers.clear()
        await csms.call("TriggerMessage", requestedMessage="BootNotification")
        await csms.status("Charging" if chosen else "Preparing")
        assert bool(csms.sent("StartTransaction", idTag="A")) is chosen

    common = {"booted": False, "prepare": pending, "keys": {"AllowOfflineTxForUnknownId": "true"}}
    both(scenario, charge_before_accepted=True, common=common)


def test_transaction_ids_are_kept_over_a_restart():
    async def scenario(bench, chosen):
        csms = bench.csms
        csms.answers["StartTransaction"] = {"transactionId": 1001, "idTagInfo": {"status": "Accepted"}}
        await bench.charging()
        bench.do("present_id_tag", id_tag="TAG1")
        await csms.expect("StopTransaction")
        bench.do("power_cycle")
        await csms.expect("BootNotification")
        await csms.status("Preparing")
        bench.do("present_id_tag", id_tag="TAG1")
        await csms.status("Charging")
        await bench.until(lambda: not bench.station.memory.data["queue"])
        stop = await csms.call("RemoteStopTransaction", transactionId=1001)
        assert stop["status"] == ("Rejected" if chosen else "Accepted")

    both(scenario, remember_transaction_ids=True, common={"power_pause_seconds": 0.02})


def test_a_hard_reset_that_stops_nothing_before_it():
    async def scenario(bench, chosen):
        csms = bench.csms
        transaction = await bench.charging()
        await csms.call("Reset", type="Hard")
        await csms.expect("BootNotification")
        if chosen:
            assert csms.sent("StopTransaction") == []
            await csms.expect("StopTransaction", transactionId=transaction)
        (stop,) = csms.sent("StopTransaction")
        assert stop["reason"] == "HardReset"

    both(scenario, hard_reset_stops_late=True)
    both(scenario, hard_reset_stops_late=True, common={"resume_transactions": True})


# people


def test_no_cable_before_the_card():
    async def scenario(bench, chosen):
        csms = bench.csms
        if chosen:
            with pytest.raises(ActionError, match="takes no cable before an idTag is accepted"):
                bench.do("plug_in")
            with pytest.raises(ActionError, match="takes no cable"):
                bench.do("plug_in_halfway")
        bench.do("present_id_tag", id_tag="TAG1")
        await csms.status("Preparing")
        bench.do("plug_in")
        await csms.status("Charging")
        bench.do("unplug_ev")
        await csms.expect("StopTransaction")
        await csms.status("Finishing")
        bench.do("plug_in")  # the cable is still in the station
        bench.do("unplug")
        await csms.status("Available")
        assert bench.station.world.outlet(1).shut is chosen

    both(scenario, locked_until_authorized=True)


@pytest.mark.parametrize("choice", ["card_first", "cable_first"])
def test_one_order_only(choice):
    async def scenario(bench, chosen):
        csms = bench.csms
        bench.do("plug_in")
        await csms.status("Preparing")
        await card(bench, "A")
        plugged_first = bench.station.connectors[1].transaction is not None
        assert plugged_first is not (chosen and choice == "card_first")
        if plugged_first:
            bench.do("press_stop")
        bench.do("unplug")
        await csms.status("Available")
        await card(bench, "A")
        shown_first = bench.station.connectors[1].permit is not None
        assert shown_first is not (chosen and choice == "cable_first")

    both(scenario, **{choice: True})


def test_one_reader_for_all_connectors():
    async def scenario(bench, chosen):
        csms = bench.csms
        bench.do("plug_in", 2)
        bench.do("present_id_tag", 1, id_tag="A")
        await csms.status("Charging" if chosen else "Preparing", 2 if chosen else 1)
        if chosen:
            bench.do("present_id_tag", 1, id_tag="a")
            await csms.expect("StopTransaction", reason="Local")
            bench.do("present_id_tag", 1, id_tag="B")
            await csms.status("Preparing", 2)

    both(scenario, single_reader=True, common={"connectors": 2})


def test_the_reader_prefers_the_connector_that_was_chosen():
    async def scenario(bench):
        bench.do("plug_in", 1)
        bench.do("plug_in", 2)
        bench.do("present_id_tag", 2, id_tag="A")
        await bench.csms.status("Charging", 2)

    run(scenario, single_reader=True, connectors=2)


def test_no_local_start_and_no_local_stop():
    async def scenario(bench):
        csms = bench.csms
        bench.do("plug_in")
        await card(bench, "A")
        assert csms.sent("Authorize") == []
        await csms.call("RemoteStartTransaction", idTag="A", connectorId=1)
        await csms.status("Charging")
        await card(bench, "A")
        bench.do("press_stop")
        assert bench.station.connectors[1].transaction is not None
        await csms.call("RemoteStopTransaction", transactionId=1)
        await csms.expect("StopTransaction", reason="Remote")

    run(scenario, local_start=False, local_stop=False)


# statuses and messages


def test_statuses_twice():
    async def scenario(bench, chosen):
        bench.do("plug_in")
        for _ in range(2 if chosen else 1):
            await bench.csms.status("Preparing")
        bench.do("unplug")
        await bench.csms.status("Available")
        assert bench.csms.statuses().count("Preparing") == (2 if chosen else 1)

    both(scenario, repeat_statuses=True)


async def everything_said(bench):
    """A session; (BootNotification, a status, a sampledValue, StopTransaction)."""
    csms = bench.csms
    await bench.charging()
    reading = await csms.expect("MeterValues")
    bench.do("present_id_tag", id_tag="TAG1")
    stop = await csms.expect("StopTransaction")
    await csms.status("Finishing")
    return (
        csms.sent("BootNotification")[0],
        csms.sent("StatusNotification")[0],
        reading["meterValue"][0]["sampledValue"][0],
        stop,
    )


@pytest.mark.parametrize("choice", ["bare", "all_fields", ""])
def test_few_fields_and_many(choice):
    async def scenario(bench):
        boot, status, sampled, stop = await everything_said(bench)
        assert len(boot) == {"bare": 2, "": 4, "all_fields": 9}[choice]
        assert (
            set(sampled)
            == {
                "bare": {"value"},
                "": {"value", "context", "measurand", "unit", "location"},
                "all_fields": {"value", "context", "measurand", "unit", "location", "format"},
            }[choice]
        )
        assert ("timestamp" in status, "info" in status) == {
            "bare": (False, False),
            "": (True, False),
            "all_fields": (True, True),
        }[choice]
        assert ("reason" in stop) is (choice != "bare")

    keys = {"MeterValueSampleInterval": "1", "StopTxnSampledData": "Energy.Active.Import.Register"}
    run(scenario, keys=keys, **({choice: True} if choice else {}))


def test_other_reasons_are_never_left_out():
    async def scenario(bench):
        transaction = await bench.charging()
        await bench.csms.call("RemoteStopTransaction", transactionId=transaction)
        await bench.csms.expect("StopTransaction", reason="Remote")

    run(scenario, bare=True)


@pytest.mark.parametrize(
    ("style", "form"),
    [
        ("milliseconds", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"),
        ("seconds", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"),
        ("offset", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+02:00"),
    ],
)
def test_how_times_are_written(style, form):
    async def scenario(bench):
        csms = bench.csms
        await bench.charging()
        await csms.call("TriggerMessage", requestedMessage="MeterValues", connectorId=1)
        reading = await csms.expect("MeterValues")
        schedule = await csms.call("GetCompositeSchedule", connectorId=1, duration=60)
        bench.do("press_stop")
        stop = await csms.expect("StopTransaction")
        times = [
            csms.sent("StartTransaction")[0]["timestamp"],
            csms.sent("StatusNotification")[0]["timestamp"],
            reading["meterValue"][0]["timestamp"],
            schedule["scheduleStart"],
            stop["timestamp"],
        ]
        for text in times:
            assert re.fullmatch(form, text), text
            assert abs(datetime.fromisoformat(text) - datetime.fromisoformat(now())) < timedelta(minutes=1)

    run(scenario, timestamps=style)


def test_message_ids_that_count_up_over_a_restart_too():
    async def scenario(bench):
        csms = bench.csms
        await bench.charging()
        bench.do("power_cycle")
        await csms.expect("BootNotification")
        ids = [int(frame[1]) for frame in csms.frames if frame[0] == 2]
        assert all(second > first for first, second in pairwise(ids))
        assert all(len(str(id)) <= 36 for id in ids)

    run(scenario, counted_ids=True, power_pause_seconds=0.02)


def test_white_space_in_frames():
    async def scenario(bench, chosen):
        await bench.csms.call("GetConfiguration")
        await bench.csms.call("Unknown")
        assert all(("\n" in text) is chosen for text in bench.csms.raw)
        assert {frame[0] for frame in bench.csms.frames} == {2, 3, 4}

    both(scenario, spaced_json=True)


MEASURED = {
    "MeterValueSampleInterval": "1",
    "MeterValuesSampledData": "Energy.Active.Import.Register,Power.Active.Import",
}


def test_kilowatts():
    async def scenario(bench):
        await bench.charging()
        energy, power = (await bench.csms.expect("MeterValues"))["meterValue"][0]["sampledValue"]
        assert (energy["unit"], power["unit"], power["value"]) == ("kWh", "kW", "11.040")
        assert 1.0 < float(energy["value"]) < 1.1

    run(scenario, kilo_units=True, keys=MEASURED)


def test_each_measurand_apart():
    async def scenario(bench):
        await bench.charging()
        energy, power = (await bench.csms.expect("MeterValues"))["meterValue"]
        assert energy["timestamp"] == power["timestamp"]
        assert [element["sampledValue"][0]["measurand"] for element in (energy, power)] == MEASURED[
            "MeterValuesSampledData"
        ].split(",")

    run(scenario, split_values=True, keys=MEASURED)


def test_several_values_in_a_message_and_the_rest_before_the_stop():
    async def scenario(bench):
        csms = bench.csms
        await bench.charging()
        first, second = (await csms.expect("MeterValues", transactionId=1))["meterValue"]
        gap = datetime.fromisoformat(second["timestamp"]) - datetime.fromisoformat(first["timestamp"])
        assert gap == timedelta(seconds=1)
        await bench.until(lambda: bench.station.metering._bundles)
        bench.do("press_stop")
        assert len((await csms.expect("MeterValues", transactionId=1))["meterValue"]) == 1
        await csms.expect("StopTransaction")

    run(scenario, bundle_values=2, keys=MEASURED)


def test_clock_aligned_values_without_transaction():
    async def scenario(bench, chosen):
        csms = bench.csms
        await bench.charging()
        reading = await csms.expect("MeterValues")
        assert ("transactionId" in reading) is not chosen
        await offline(bench)
        await bench.until(lambda: bench.station.memory.data["queue"])
        bench.do("reachable")
        await csms.expect("MeterValues")

    keys = {"ClockAlignedDataInterval": "1", "MeterValueSampleInterval": "0"}
    both(scenario, aligned_without_transaction=True, common={"keys": keys})


def test_little_room_in_stop_transaction():
    async def scenario(bench):
        await bench.charging()
        for _ in range(3):
            await bench.csms.expect("MeterValues")
        bench.do("press_stop")
        data = (await bench.csms.expect("StopTransaction"))["transactionData"]
        contexts = [element["sampledValue"][0]["context"] for element in data]
        assert contexts == ["Transaction.Begin", "Sample.Periodic", "Transaction.End"]

    run(scenario, most_stop_values=3, keys={**MEASURED, "StopTxnSampledData": "Power.Active.Import"})


# configuration


@pytest.mark.parametrize(
    ("choice", "key", "entry"),
    [
        ("keys_lower_case", "LocalPreAuthorize", {"key": "localpreauthorize", "value": "false"}),
        ("loose_values", "LocalPreAuthorize", {"key": "LocalPreAuthorize", "value": "False"}),
        (
            "loose_values",
            "MeterValuesSampledData",
            {"value": "Energy.Active.Import.Register, Power.Active.Import"},
        ),
        ("unset_values_absent", "StopTxnSampledData", {"key": "StopTxnSampledData"}),
        ("", "StopTxnSampledData", {"key": "StopTxnSampledData", "value": ""}),
    ],
)
def test_how_keys_are_told(choice, key, entry):
    async def scenario(bench):
        (told,) = (await bench.csms.call("GetConfiguration", key=[key]))["configurationKey"]
        assert told == {"key": key, "readonly": False, **entry} or choice == "unset_values_absent"
        assert ("value" in told) is ("value" in entry)
        answer = await bench.csms.call("ChangeConfiguration", key=told["key"], value=told.get("value", ""))
        assert answer["status"] == "Accepted"

    run(scenario, **({choice: True} if choice else {}))


def test_a_change_that_counts_after_a_reboot():
    async def scenario(bench):
        csms = bench.csms
        change = await csms.call("ChangeConfiguration", key="connectiontimeout", value="17")
        assert change == {"status": "RebootRequired"}
        assert bench.station.config.integer("ConnectionTimeOut") == 60
        (told,) = (await csms.call("GetConfiguration", key=["ConnectionTimeOut"]))["configurationKey"]
        assert told["value"] == "17"
        bench.do("power_cycle")
        await csms.expect("BootNotification")
        assert bench.station.config.integer("ConnectionTimeOut") == 17

    run(scenario, reboot_keys=("ConnectionTimeOut",), power_pause_seconds=0.02)


@pytest.mark.parametrize(
    ("value", "status"), [("29", "Rejected"), ("30", "Accepted"), ("0", "Accepted"), ("-5", "Rejected")]
)
def test_the_least_value_of_a_key(value, status):
    async def scenario(bench):
        change = await bench.csms.call("ChangeConfiguration", key="MeterValueSampleInterval", value=value)
        assert change == {"status": status}

    run(scenario, minimum=("MeterValueSampleInterval=30",))


def test_a_least_value_that_makes_no_sense_is_one_sentence():
    given = ["--csms", "ws://127.0.0.1:9", "--identity", "S", "--minimum", "HeartbeatInterval=long"]
    outcome = CliRunner().invoke(simulate, given)
    assert outcome.exit_code == 1
    assert "the minimum 'HeartbeatInterval=long' is not KEY=N with a whole number" in outcome.output


# answers, connection


def test_a_remote_start_without_connector():
    async def scenario(bench, chosen):
        bench.do("plug_in")
        start = await bench.csms.call("RemoteStartTransaction", idTag="A")
        assert start["status"] == ("Rejected" if chosen else "Accepted")
        if chosen:
            start = await bench.csms.call("RemoteStartTransaction", idTag="A", connectorId=1)
            assert start["status"] == "Accepted"

    both(scenario, reject_without_connector=True)


def test_the_connection_is_closed_while_rejected():
    def rejected(csms):
        answer = {"status": "Rejected", "currentTime": now(), "interval": 1}
        csms.answers["BootNotification"] = [answer]

    async def scenario(bench, chosen):
        csms = bench.csms
        for _ in range(2):
            await csms.expect("BootNotification")
        await csms.status("Available")
        assert csms.connections == (2 if chosen else 1)
        first, second = (
            t
            for f, t in zip(csms.frames, csms.times, strict=True)
            if f[0] == 2 and f[2] == "BootNotification"
        )
        assert second - first >= 0.99

    both(scenario, close_when_rejected=True, common={"booted": False, "prepare": rejected})


def test_other_messages_overtake_the_queue():
    async def scenario(bench, chosen):
        csms = bench.csms
        await offline(bench)
        bench.do("plug_in")
        bench.do("present_id_tag", id_tag="A")
        await bench.until(lambda: bench.station.memory.data["queue"])
        csms.silent.add("StartTransaction")
        bench.do("reachable")
        await csms.expect("StartTransaction" if not chosen else "StatusNotification")
        bench.station.outbox.send("Heartbeat", {})
        csms.silent.clear()

    keys = {"AllowOfflineTxForUnknownId": "true"}
    both(scenario, overtake_queue=True, common={"keys": keys, "call_timeout_seconds": 0.1})


def test_another_subprotocol_is_offered_and_ocpp16_is_spoken():
    async def scenario(bench, chosen):
        offered = bench.csms.socket.request.headers["Sec-WebSocket-Protocol"]
        assert offered == ("ocpp1.6, ocpp1.5" if chosen else "ocpp1.6")
        assert bench.csms.socket.subprotocol == "ocpp1.6"

    both(scenario, older_subprotocols=True)


def test_a_network_that_is_back_is_noticed_by_the_next_attempt_and_these_grow_rare():
    async def scenario(bench):
        failures = []
        bench.station.dial_failed = lambda error: failures.append(time.monotonic())
        await offline(bench)
        await bench.until(lambda: len(failures) == 4)
        bench.do("reachable")
        bench.do("plug_in")
        await bench.csms.status("Preparing")
        gaps = [later - earlier for earlier, later in pairwise([*failures, time.monotonic()])]
        assert all(gap >= least * 0.99 for gap, least in zip(gaps, (0.05, 0.1, 0.2, 0.4), strict=True))
        assert len(failures) == 4

    run(scenario, patient_redial=True, backoff_seconds=(0.05, 2.0))


# firmware and files: see test_simulator_firmware.py
