"""A slow station: each kind of delay holds back what it is about, in the order of a quick one, and nothing else."""

import asyncio
import time

import pytest
from click.testing import CliRunner
from fake_csms import run
from secure_csms import secured
from simulator_pki import pem
from test_simulator_firmware import FAST, HttpServer, update

from octt.simulator.main import simulate
from octt.simulator.options import DELAYS, Options, delay

LONG = 0.3
"""Seconds; a message that is to wait as long comes no earlier, however slow the machine is."""


def requests(csms):
    """(action, connector or status, time) of everything the station sent of its own."""
    return [(f[2], f[3], t) for f, t in zip(csms.frames, csms.times, strict=True) if f[0] == 2]


def moment(csms, action, **fields):
    """When the last such request came."""
    return next(
        t
        for name, payload, t in reversed(requests(csms))
        if name == action and all(payload.get(key) == value for key, value in fields.items())
    )


def slow(scenario, *kinds, **options):
    run(scenario, delays=dict.fromkeys(kinds, LONG), **options)


def late(since, csms, action, **fields):
    return moment(csms, action, **fields) - since >= LONG * 0.99


def test_reply():
    async def scenario(bench):
        began = time.monotonic()
        assert await bench.csms.call("UnlockConnector", connectorId=1) == {"status": "Unlocked"}
        assert time.monotonic() - began >= LONG * 0.99

    slow(scenario, "reply")


def test_function_holds_back_statuses_triggered_messages_and_the_question_about_a_card():
    async def scenario(bench):
        csms = bench.csms
        began = time.monotonic()
        bench.do("plug_in")
        await csms.status("Preparing")
        assert late(began, csms, "StatusNotification", status="Preparing")
        began = time.monotonic()
        assert await csms.call("TriggerMessage", requestedMessage="Heartbeat") == {"status": "Accepted"}
        await csms.expect("Heartbeat")
        assert late(began, csms, "Heartbeat")
        began = time.monotonic()
        bench.do("present_id_tag", id_tag="A")
        await csms.expect("Authorize")
        assert late(began, csms, "Authorize")
        await csms.status("Charging")

    slow(scenario, "function")


def test_function_changes_no_order():
    """Card and cable come at once: the statuses that lead to the transaction come before it all the same."""

    async def scenario(bench):
        csms = bench.csms
        await bench.charging()
        bench.do("ev_suspend")
        bench.do("ev_resume")
        bench.do("press_stop")
        bench.do("unplug")
        await csms.status("Available")
        told = [payload.get("status", name) for name, payload, _ in requests(csms)]
        assert told.index("Preparing") < told.index("StartTransaction") < told.index("Charging")
        assert csms.statuses()[1:] == [
            *("Preparing", "Charging", "SuspendedEV", "Charging", "Finishing", "Available")
        ]

    slow(scenario, "function")


def test_start_counts_from_the_authorization_and_from_the_cable():
    async def scenario(bench):
        csms = bench.csms
        bench.do("plug_in")
        bench.do("present_id_tag", id_tag="A")
        await csms.expect("Authorize")
        await csms.status("Charging")
        assert late(moment(csms, "Authorize"), csms, "StartTransaction")
        assert late(moment(csms, "Authorize"), csms, "StatusNotification", status="Charging")
        bench.do("press_stop")
        bench.do("unplug")
        await csms.status("Available")
        assert await csms.call("RemoteStartTransaction", idTag="A", connectorId=1) == {"status": "Accepted"}
        await csms.status("Preparing")
        began = time.monotonic()
        bench.do("plug_in")
        await csms.status("Charging")
        assert late(began, csms, "StartTransaction")

    slow(scenario, "start")


def test_a_slow_start_outlasts_connection_time_out():
    async def scenario(bench):
        await bench.charging()

    run(scenario, delays={"start": 1.2}, keys={"ConnectionTimeOut": "1"})


def test_a_slow_start_is_given_up_with_the_cable_and_the_permit_expires_then():
    async def scenario(bench):
        csms = bench.csms
        bench.do("plug_in")
        bench.do("present_id_tag", id_tag="A")
        await csms.expect("Authorize")
        await bench.until(lambda: bench.station.connectors[1].permit)
        bench.do("unplug")
        await csms.status("Available")
        assert csms.sent("StartTransaction") == []

    slow(scenario, "start", keys={"ConnectionTimeOut": "1"})


@pytest.mark.parametrize("how", ["remote", "card", "button", "unplug", "unlock", "reset"])
def test_stop_whoever_asks_for_it(how):
    async def scenario(bench):
        csms = bench.csms
        transaction = await bench.charging()
        began = time.monotonic()
        if how == "remote":
            await csms.call("RemoteStopTransaction", transactionId=transaction)
        elif how == "card":
            bench.do("present_id_tag", id_tag="TAG1")
        elif how == "button":
            bench.do("press_stop")
        elif how == "unplug":
            bench.do("unplug_ev")
        elif how == "unlock":
            await csms.call("UnlockConnector", connectorId=1)
        else:
            await csms.call("Reset", type="Soft")
        await csms.expect("StopTransaction")
        assert late(began, csms, "StopTransaction")
        await csms.status("Finishing")
        assert csms.statuses()[-2:] == ["Charging", "Finishing"]

    slow(scenario, "stop")


def test_a_stop_is_asked_for_once():
    async def scenario(bench):
        csms = bench.csms
        transaction = await bench.charging()
        await csms.call("RemoteStopTransaction", transactionId=transaction)
        bench.do("press_stop")
        await csms.expect("StopTransaction", reason="Remote")
        bench.do("unplug")
        await csms.status("Available")
        assert len(csms.sent("StopTransaction")) == 1

    slow(scenario, "stop")


def test_boot_and_the_statuses_after_it():
    async def scenario(bench):
        csms = bench.csms
        began = time.monotonic()
        await csms.call("Reset", type="Hard")
        await csms.expect("BootNotification")
        assert late(began, csms, "BootNotification")
        for number in (0, 1):
            await csms.status("Available", number)
            assert late(moment(csms, "BootNotification"), csms, "StatusNotification", connectorId=number)
        bench.do("plug_in")
        await csms.status("Preparing")

    slow(scenario, "boot", "status-after-boot")


def with_files(scenario, *kinds):
    async def main(bench):
        server = HttpServer()
        async with server:
            await scenario(bench, server.url)

    slow(main, *kinds, **FAST)


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [("download", "Downloading", "Downloaded"), ("install", "Installing", "Installed")],
)
def test_firmware(kind, before, after):
    action = "FirmwareStatusNotification"

    async def scenario(bench, url):
        await update(bench, f"{url}/image.fwi")
        await bench.csms.expect(action, status=before)
        await bench.csms.expect(action, status=after)
        assert late(moment(bench.csms, action, status=before), bench.csms, action, status=after)

    with_files(scenario, kind)


def test_upload():
    action = "DiagnosticsStatusNotification"

    async def scenario(bench, url):
        await bench.csms.call("GetDiagnostics", location=f"{url}/logs")
        await bench.csms.expect(action, status="Uploading")
        await bench.csms.expect(action, status="Uploaded")
        assert late(moment(bench.csms, action, status="Uploading"), bench.csms, action, status="Uploaded")

    with_files(scenario, "upload")


def test_certificate(tmp_path):
    async def scenario():
        async with secured(tmp_path, profile=3, delays={"certificate": LONG}) as bench:
            csms = bench.csms
            began = time.monotonic()
            await csms.call("ExtendedTriggerMessage", requestedMessage="SignChargePointCertificate")
            request = await csms.expect("SignCertificate")
            assert late(began, csms, "SignCertificate")
            chain = pem(csms.root.sign_request(request["csr"]))
            began = time.monotonic()
            assert await csms.call("CertificateSigned", certificateChain=chain) == {"status": "Accepted"}
            await csms.connected(2)
            assert time.monotonic() - began >= LONG * 0.99

    asyncio.run(scenario())


def test_other_delays_come_from_the_options_that_were_there_before():
    options = Options("ws://h", "S", boot_seconds=7.0, delays={"boot": 1.5, "stop": 2.0})
    assert [options.delay(kind) for kind in ("boot", "stop", "reply", "download")] == [1.5, 2.0, 0.0, 0.1]


@pytest.mark.parametrize("kind", DELAYS)
def test_every_kind_can_be_given(kind):
    assert delay(f"{kind}=1.5") == (kind, 1.5)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("nap=1", "there is no delay 'nap'; the kinds are reply, function, start,"),
        ("start", "the delay 'start' needs a number of seconds after the equals sign, 0 or more"),
        ("start=soon", "the delay 'start=soon' needs a number of seconds"),
        ("stop=-1", "the delay 'stop=-1' needs a number of seconds"),
        ("stop=inf", "the delay 'stop=inf' needs a number of seconds"),
    ],
)
def test_a_wrong_delay_is_one_sentence(text, sentence):
    given = ["--csms", "ws://127.0.0.1:9", "--identity", "S", "--delay", text]
    outcome = CliRunner().invoke(simulate, given)
    assert outcome.exit_code == 2
    assert sentence in " ".join(outcome.output.split())
    with pytest.raises(ValueError, match="delay"):
        Options("ws://h", "S", delays=dict([text.partition("=")[::2]]))


def test_nobody_waits_without_delays():
    async def scenario(bench):
        assert {kind: bench.station.options.delay(kind) for kind in DELAYS} == {
            **dict.fromkeys(DELAYS, 0.0),
            "boot": 0.01,
            "download": 0.1,
            "install": 0.2,
        }
        bench.do("plug_in")
        await asyncio.sleep(0)
        assert bench.station.connectors.settled

    run(scenario)


def test_what_happened_before_the_boot_was_accepted_is_not_told_late():
    """Only the present statuses follow a boot (4.9), however long a station takes to tell of a change."""

    async def scenario(bench):
        csms = bench.csms
        await bench.until(lambda: bench.station.link.is_open)
        bench.do("plug_in")
        bench.do("unplug")
        csms.silent.clear()
        await csms.status("Available")
        bench.do("plug_in")
        await csms.status("Preparing")
        assert csms.statuses() == ["Available", "Preparing"]

    def silent(csms):
        csms.silent.add("BootNotification")

    given = {"booted": False, "prepare": silent, "call_timeout_seconds": 0.05, "boot_retry_seconds": 0.01}
    slow(scenario, "function", **given)
