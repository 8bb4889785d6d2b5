"""What counts as a wait that the protocol forces, and what a run must not load before it listens."""

from __future__ import annotations

import subprocess
import sys

import pytest

from octt.bench import Bench, Times
from octt.script.case_run import CaseRun
from octt.script.station import Station
from tests.timeline.virtual import NoRecord, Stage, System, declared

BOOT = {"chargePointVendor": "V", "chargePointModel": "M"}


@pytest.fixture
def scene():
    """A station in virtual time and the words to judge it."""
    stage = Stage()
    case = CaseRun("TC_TEST", NoRecord(), stage.timeline)
    case.begin_test()
    times = Times(observation=0.2, max_deviation=5, boot_timeout=10)
    words = Station(case, System(stage), Bench(times=times), declared(5, times), 1)
    return stage, words


def test_a_boot_that_we_caused_is_forced_and_one_of_the_stations_own_is_not(scene):
    stage, words = scene
    words.expect_disconnect()
    stage.later(3, "BootNotification", **BOOT)
    words.sends("BootNotification")
    assert words.case.position.protocol_waits == pytest.approx(3)
    stage.later(5, "BootNotification", **BOOT)
    words.sends("BootNotification")
    assert words.case.position.protocol_waits == pytest.approx(3)


def test_the_wait_for_the_first_of_several_is_forced_too_but_no_longer_than_the_interval(scene):
    stage, words = scene
    for number in range(3):
        stage.later(0.6 * (number + 1), "Heartbeat")
    words.repeats("Heartbeat", every=0.2)
    assert words.case.position.protocol_waits == pytest.approx(3 * 0.2)


def test_silence_is_forced(scene):
    stage, words = scene
    stage.link("connect")
    words.stays_silent("StopTransaction")
    assert words.case.position.protocol_waits == 0.2


def test_a_run_loads_neither_file_servers_nor_the_ocpp_package_before_it_needs_them():
    """Together they would add more than half a second to every start."""
    heavy = "('aiohttp', 'pyftpdlib', 'ocpp', 'jsonschema')"
    code = f"import sys, octt.commands.front; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
