"""The driver contract over HTTP, and the station as a process (docs/driver-contract.md)."""

import asyncio
import re
import signal
import subprocess
import sys

import aiohttp
import pytest
from click.testing import CliRunner
from fake_csms import PATIENCE, Csms, run

from octt import paths
from octt.simulator import main
from octt.simulator.control.server import Control
from octt.simulator.main import faults, simulate


def with_control(scenario, **options):
    async def wrapped(bench):
        control = Control(bench.station)
        await control.start()
        try:
            async with aiohttp.ClientSession(control.url) as http:
                await scenario(bench, http)
        finally:
            await control.stop()

    run(wrapped, **options)


def test_actions_and_state():
    async def scenario(bench, http):
        for action, body in (
            ("plug_in", {"connector": 1}),
            ("present_id_tag", {"connector": 1, "id_tag": "A"}),
        ):
            async with http.post(f"/{action}", json=body) as answer:
                assert answer.status == 200
                assert await answer.json() == {}
        await bench.csms.status("Charging")
        async with http.get("/state") as answer:
            state = await answer.json()
        assert state["connectors"]["1"]["status"] == "Charging"
        assert state["connectors"]["1"]["power_w"] > 0
        for action in ("power_cycle", "press_stop"):
            async with http.post(f"/{action}") as answer:
                assert answer.status == 200

    with_control(scenario)


@pytest.mark.parametrize(
    ("action", "body", "status", "word"),
    [
        ("dance", "{}", 501, "dance"),
        ("plug_in", '{"connector":9}', 400, "connector 9"),
        ("plug_in", '{"connector":"1"}', 400, "whole number"),
        ("plug_in", "[]", 400, "object"),
        ("plug_in", "{", 400, "JSON"),
        ("present_id_tag", '{"connector":1}', 400, "id_tag"),
    ],
)
def test_what_cannot_be_done_is_said(action, body, status, word):
    async def scenario(bench, http):
        async with http.post(f"/{action}", data=body) as answer:
            assert answer.status == status
            assert word in (await answer.json())["error"]

    with_control(scenario)


def test_process_prints_its_control_and_ends_on_sigterm():
    async def life():
        async with Csms() as csms:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "octt.simulator", "--csms", csms.url, "--identity", "P1"),
                *("--control", "127.0.0.1:0", "--connectors", "2", "--key", "ConnectionTimeOut=9"),
                stdout=subprocess.PIPE,
            )
            try:
                async with asyncio.timeout(30):
                    line = (await process.stdout.readline()).decode()
                    assert re.fullmatch(r"control http://127\.0\.0\.1:[1-9]\d*\n", line)
                    await csms.expect("BootNotification", 30)
                    await csms.status("Available", 2)
                    answer = await csms.call("GetConfiguration", key=["ConnectionTimeOut"])
                    assert answer["configurationKey"][0]["value"] == "9"
            finally:
                process.send_signal(signal.SIGTERM)
                async with asyncio.timeout(PATIENCE):
                    assert await process.wait() == 0

    asyncio.run(life())


def test_process_ends_with_its_parent():
    async def life():
        parent = await asyncio.create_subprocess_exec(sys.executable, "-c", "import time; time.sleep(60)")
        station = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "octt.simulator", "--csms", "ws://127.0.0.1:9", "--identity", "P1"),
            *("--parent", str(parent.pid)),
            stdout=subprocess.PIPE,
        )
        async with asyncio.timeout(30):
            assert (await station.stdout.readline()).startswith(b"control http")
            assert station.returncode is None
            parent.kill()
            await parent.wait()
            assert await station.wait() == 0

    asyncio.run(life())


@pytest.mark.parametrize(
    ("extra", "word"), [(["--fault", "nonsense"], "nonsense"), (["--control", "here"], "HOST:PORT")]
)
def test_bad_options_are_one_sentence(extra, word):
    result = CliRunner().invoke(simulate, ["--csms", "ws://127.0.0.1:9", "--identity", "X", *extra])
    assert result.exit_code == 1
    assert word in result.output
    assert "Traceback" not in result.output


def test_a_declaration_makes_the_station(monkeypatch):
    made = {}
    monkeypatch.setattr(main, "run_station", lambda **options: made.update(options))
    arguments = ["--pics", str(paths.PICS / "xcharge-c6.toml"), "--csms", "ws://h", "--identity", "I"]
    assert CliRunner().invoke(simulate, [*arguments, "--connectors", "3"]).exit_code == 0
    assert (made["csms"], made["identity"], made["connectors"]) == ("ws://h", "I", 3)
    assert made["fixed_cable"] is True
    assert made["keys"]["LocalAuthListMaxLength"] == "50"
    result = CliRunner().invoke(simulate, ["--pics", "nowhere.toml", "--csms", "ws://h", "--identity", "I"])
    assert result.exit_code == 1
    assert "nowhere.toml" in result.output


def test_faults_are_listed_with_what_they_break():
    output = CliRunner().invoke(faults).output
    assert "status-missing:Charging" in output
    assert "TC_003_CS step 7" in output


def test_faults_are_listed_for_one_case():
    shown = CliRunner().invoke(faults, ["--case", "TC_055_CS"]).output
    assert "reply:TriggerMessage=Accepted" in shown
    assert "no-heartbeat" not in shown
    none = CliRunner().invoke(faults, ["--case", "TC_05"])
    assert none.exit_code == 1
    assert "no fault breaks a check of 'TC_05'" in none.output
