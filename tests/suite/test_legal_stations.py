"""Stations that are legal in a way the simulated one is not by default: no case may fail or skip them."""

from __future__ import annotations

import json
import subprocess
import sys

BENCH = """
[central_system]
host = "127.0.0.1"
port = 0
[times]
function_timeout = 2.5
[driver]
kind = "simulated"
simulator = [{arguments}]
"""


def verdicts(tmp_path, cases, *arguments):
    """What `octt run` makes of these cases against the simulated station with these options."""
    bench, out = tmp_path / "bench.toml", tmp_path / "out"
    bench.write_text(BENCH.format(arguments=", ".join(json.dumps(word) for word in arguments)))
    chosen = [word for case in cases for word in ("--case", case)]
    command = [
        sys.executable,
        "-m",
        "octt.commands.main",
        "run",
        "--bench",
        str(bench),
        "--pics",
        "pics/simulated.toml",
    ]
    done = subprocess.run([*command, *chosen, "--out", str(out)], capture_output=True, text=True, timeout=120)
    result = json.loads((out / "result.json").read_text())
    found = {case["id"]: (case["verdict"], case["reason"]) for case in result["cases"] if case["id"] in cases}
    assert len(found) == len(cases), done.stdout + done.stderr
    return found


def test_without_the_key_a_station_that_stops_when_the_ev_leaves_is_tested_all_the_same(tmp_path):
    cases = ("TC_005_1_CS", "TC_005_2_CS", "TC_005_3_CS")
    found = verdicts(tmp_path, cases, "--absent", "StopTransactionOnEVSideDisconnect")
    assert found["TC_005_1_CS"] == ("PASS", "")
    assert found["TC_005_2_CS"] == ("PASS", "")
    verdict, reason = found["TC_005_3_CS"]  # it cannot be told to go on, so this is no verdict about it
    assert verdict == "INCONCLUSIVE"
    assert "StopTransactionOnEVSideDisconnect = false cannot be set" in reason


def test_messages_are_triggered_on_a_station_without_clock_aligned_values(tmp_path):
    found = verdicts(tmp_path, ("TC_054_CS",), "--absent", "ClockAlignedDataInterval")
    assert found["TC_054_CS"] == ("PASS", "")
