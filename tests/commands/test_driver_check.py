"""`octt driver`: every action is tried at the station, and what is not as it should be is said."""

from __future__ import annotations

import json

from octt.station.actions import ACTIONS
from octt.station.contract import document
from tests.commands.calling import invoke, octt

SIMULATED = """
[central_system]
host = "127.0.0.1"
port = 0
[times]
function_timeout = {timeout}
[driver]
kind = "simulated"
simulator = {simulator}
"""


def bench(tmp_path, simulator=(), timeout=20, text=""):
    file = tmp_path / "bench.toml"
    file.write_text(text or SIMULATED.format(simulator=json.dumps(list(simulator)), timeout=timeout))
    return file


def test_a_rig_that_does_everything(tmp_path):
    done = octt("driver", "check", "--bench", bench(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    for action in ACTIONS:
        assert f"✓ {action} " in done.stdout
    assert "✗" not in done.stdout
    assert {path.name for path in tmp_path.iterdir()} == {"bench.toml"}


def test_what_the_station_does_not_show_is_said(tmp_path):
    done = octt(
        "driver", "check", "--bench", bench(tmp_path, ["--fault", "status-missing:Faulted"], timeout=2)
    )
    assert done.returncode == 3, done.stdout + done.stderr
    assert "✗ fault " in done.stdout
    assert "the station reports a fault when it is done" in " ".join(done.stdout.split())


def test_a_person_is_no_rig(tmp_path):
    done = invoke("driver", "check", "--bench", bench(tmp_path, text='[driver]\nkind = "manual"\n'))
    assert done.exit_code == 2
    assert "there is no rig to check" in done.output


def test_a_rig_that_is_not_there_is_said_at_once(tmp_path):
    text = '[central_system]\nhost = "127.0.0.1"\nport = 0\n[driver]\nkind = "http"\nurl = "http://127.0.0.1:1"\n'
    done = octt("driver", "check", "--bench", bench(tmp_path, text=text))
    assert done.returncode in (2, 4)
    assert "nothing answers at the rig's address http://127.0.0.1:1" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_the_contract_is_printed():
    assert json.loads(invoke("driver", "contract").output) == document()
