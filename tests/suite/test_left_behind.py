"""A run that ends in the middle of a case: what it left at the station is on its record, and is put back from there."""

from __future__ import annotations

import contextlib
import json
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

from octt import paths
from octt.record import read

BENCH = """
[station]
identity = "CS001"
[central_system]
host = "127.0.0.1"
port = {port}
[driver]
kind = "http"
url = "{control}"
operator = false
[times]
heartbeat_interval = 60
connection_timeout = 2
meter_value_interval = 30
transaction_duration = 30
observation = 30
reservation_expiry = 60
max_deviation = 1
response_timeout = 10
function_timeout = 10
boot_timeout = 30
reconnect_timeout = 30
connect_timeout = 60
"""


class Lab:
    """A simulated station that outlives the runs with it, and the runs."""

    def __init__(self, folder):
        self.folder, self.bench = folder, folder / "bench.toml"
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.processes = []
        self.power_up()

    def power_up(self, *arguments):
        """A station begins to look for the Central System."""
        pics = paths.PICS / "simulated.toml"
        csms = f"ws://127.0.0.1:{self.port}/ocpp"
        command = [
            sys.executable,
            "-m",
            "octt.simulator",
            "--pics",
            pics,
            "--csms",
            csms,
            "--identity",
            "CS001",
        ]
        self.simulator = subprocess.Popen([*command, *arguments], stdout=subprocess.PIPE, text=True)
        self.control = self.simulator.stdout.readline().split()[1]
        self.bench.write_text(BENCH.format(port=self.port, control=self.control))
        self.processes.append(self.simulator)

    def octt(self, *arguments):
        """A command as its own process, in its own group, as a shell has it."""
        command = [sys.executable, "-c", "from octt.commands.main import main; main()", *map(str, arguments)]
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.processes.append(process)
        return process

    def start(self, name, *cases):
        """A run of some cases; with its folder."""
        out = self.folder / "runs" / name
        chosen = [word for case in cases for word in ("--case", case)]
        pics = paths.PICS / "simulated.toml"
        run = self.octt("run", "--bench", self.bench, "--pics", pics, "--out", out, *chosen)
        return run, out / "record.jsonl"

    def state(self):
        """What the station is like, without what changes by itself."""
        with urllib.request.urlopen(f"{self.control}/state") as answer:
            state = json.load(answer)
        for part in (state, *state["connectors"].values(), state["security"], state["configuration"]):
            for name in (
                "clock",
                "cache",
                "energy_wh",
                "events",
                "connected",
                "registration",
                "HeartbeatInterval",
            ):
                part.pop(name, None)  # the interval is what our BootNotification.conf says
        return state

    def close(self):
        for process in self.processes:
            process.kill()
            process.wait()


@pytest.fixture
def lab(tmp_path):
    lab = Lab(tmp_path)
    yield lab
    lab.close()


def recorded(path, *wanted):
    """Waits until the record holds these texts, each in a line, one after another; the test fails when they do not."""
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            if re.search(".*".join(wanted), path.read_text(), re.DOTALL):
                return
        time.sleep(0.05)
    pytest.fail(f"{wanted} are not in {path.read_text()[-3000:]}")


def kept(path, kind):
    return [event for event in read(path) if event.kind == kind]


SESSION = ("TC_070_CS", ['"undo.open","what":"configuration"', '"step":"Charging.13"'])
RESERVATION = ("TC_047_CS", ['"undo.open","what":"reservation"', '"Reserved'])
LIST = ("TC_037_1_CS", ['"undo.open","what":"list"', '"event":"cut"', '"plug_in".*"phase":"done"'])


@pytest.mark.parametrize("case", [SESSION, RESERVATION, LIST], ids=["session", "reservation", "list"])
def test_what_a_killed_run_left_is_put_back_by_restore(lab, case):
    before = lab.state()
    run, record = lab.start("killed", case[0])
    recorded(record, *case[1])
    run.kill()
    run.wait()
    assert lab.state() != before
    restore = lab.octt("restore", record.parent)
    said = restore.communicate(timeout=120)[0]
    assert restore.returncode == 0, said
    assert "everything is as it was before run killed" in said
    assert lab.state() == before
    again = lab.octt("restore", record.parent)
    assert "nothing is left to be put back" in again.communicate(timeout=60)[0]
    assert again.returncode == 0


def test_what_a_killed_run_left_is_said_and_put_back_by_the_next_one(lab):
    before = lab.state()
    run, record = lab.start("killed", RESERVATION[0])
    recorded(record, *RESERVATION[1])
    run.kill()
    run.wait()
    following, record = lab.start("next", "TC_040_1_CS")
    said = following.communicate(timeout=120)[0]
    assert following.returncode == 0, said
    assert re.search(r"left at the station by run killed: reservation \d+; it is put back first", said)
    assert lab.state() == before
    done = {event.undo for event in kept(record, "undo.done")}
    assert done == {event.n for event in kept(record, "undo.open")} != set()


def test_who_interrupts_once_has_the_station_put_back(lab):
    before = lab.state()
    run, record = lab.start("interrupted", LIST[0])
    recorded(record, *LIST[1])
    run.send_signal(signal.SIGINT)
    said = run.communicate(timeout=120)[0]
    assert run.returncode == 130, said
    assert "The station is put back, then the run ends" in said
    assert lab.state() == before
    assert kept(record, "run.end")[0].reason == "interrupted"


def test_who_interrupts_twice_is_obeyed_at_once_and_told_what_is_left(lab):
    run, record = lab.start("interrupted", LIST[0])
    recorded(record, *LIST[1])
    urllib.request.urlopen(urllib.request.Request(f"{lab.control}/unreachable", b"{}", method="POST")).close()
    run.send_signal(signal.SIGINT)
    recorded(record, '"network","event":"restored"')
    run.send_signal(signal.SIGINT)
    said = run.communicate(timeout=30)[0]
    assert "Ended at once" in said
    assert "left at the station: the local authorization list" in said
    assert f"octt restore {record.parent}" in said
    assert kept(record, "run.end")
