"""What counts as a wait that the protocol forces, and what a run must not load before it listens."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest

from octt.bench import Bench, Times
from octt.script.case_run import CaseRun
from octt.script.limits import Limits
from octt.script.station import Station

BOOT = {"chargePointVendor": "V", "chargePointModel": "M"}


@pytest.fixture
def scene(live):
    """A bare station and the words to judge it."""
    bare = live.station()
    case = CaseRun("TC_TEST", live.record)
    case.begin_test()
    times = Times(observation=0.2, max_deviation=5, boot_timeout=10)
    words = Station(case, live.csms, Bench(times=times), Limits(5, 5, 5, 5, late=5), 1)
    case.cursor = len(live.csms.traffic.entries)
    return bare, words


def test_a_boot_that_we_caused_is_forced_and_one_of_the_stations_own_is_not(scene):
    bare, words = scene
    words.case.loss_expected, words.case.anchor = True, time.monotonic_ns() - 3_000_000_000
    bare.call("BootNotification", **BOOT)
    words.sends("BootNotification")
    assert words.case.forced >= 3
    before = words.case.forced
    bare.call("BootNotification", **BOOT)
    words.sends("BootNotification")
    assert words.case.forced == before


def test_the_wait_for_the_first_of_several_is_forced_too_but_no_longer_than_the_interval(scene):
    bare, words = scene
    every = 0.2

    def beat():
        for number in range(3):
            time.sleep(0.6)
            bare.send(f'[2,"b{number}","Heartbeat",{{}}]')

    beats = threading.Thread(target=beat)
    beats.start()
    words.repeats("Heartbeat", every=every)
    beats.join()
    assert words.case.forced == pytest.approx(3 * every)


def test_silence_is_forced(scene):
    _bare, words = scene
    words.stays_silent("StopTransaction")
    assert words.case.forced == 0.2


def test_a_run_loads_neither_file_servers_nor_the_ocpp_package_before_it_needs_them():
    """Together they would add more than half a second to every start."""
    heavy = "('aiohttp', 'pyftpdlib', 'ocpp', 'jsonschema')"
    code = f"import sys, octt.commands.run; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
