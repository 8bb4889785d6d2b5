"""What an answer of the declaration changes in a case, on the simulated station that answers so."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib

import pytest

from octt.paths import PICS
from octt.pics.writing import toml_key, toml_value

BENCH = """
[central_system]
host = "127.0.0.1"
port = 0
[times]
connection_timeout = 2
meter_value_interval = 2
transaction_duration = 1
observation = 0.7
function_timeout = 2.5
[driver]
kind = "simulated"
simulator = [{arguments}]
"""
FIRMWARE = ("TC_044_1_CS", "TC_044_2_CS", "TC_044_3_CS")
NO_PROTOCOLS = ("--absent", "SupportedFileTransferProtocols")


@pytest.fixture
def result(tmp_path):
    """Runs cases against a simulated station with other answers and options; result.json."""

    def run(cases, answers, *arguments):
        data = tomllib.loads((PICS / "simulated.toml").read_text(encoding="utf-8"))
        del data["configuration_keys"]  # the station tells its keys itself
        data["answers"] = {k: v for k, v in (data["answers"] | answers).items() if v is not None}
        lines = [f"{toml_key(name)} = {toml_value(value)}" for name, value in data.items()]
        (tmp_path / "pics.toml").write_text("\n".join(lines), encoding="utf-8")
        words = ", ".join(json.dumps(word) for word in arguments)
        (tmp_path / "bench.toml").write_text(BENCH.format(arguments=words), encoding="utf-8")
        out = tmp_path / "out"
        command = [sys.executable, "-m", "octt.commands.main", "run", "--out", str(out)]
        command += ["--bench", str(tmp_path / "bench.toml"), "--pics", str(tmp_path / "pics.toml")]
        chosen = [word for case in cases for word in ("--case", case)]
        done = subprocess.run([*command, *chosen], capture_output=True, text=True, timeout=120)
        found = json.loads((out / "result.json").read_text(encoding="utf-8"))
        ran = {
            case["id"]: (case["verdict"], case["reason"]) for case in found["cases"] if case["id"] in cases
        }
        assert len(ran) == len(cases), done.stdout + done.stderr
        return ran, done.returncode

    return run


NO_LOCAL_STOP = {"C-08": False}
NO_LOCAL_START = {"C-07": False, "C-01": False, "C-02": False}


@pytest.mark.parametrize(
    ("cases", "answers", "arguments"),
    [
        (("TC_007_CS", "TC_037_1_CS", "TC_037_2_CS", "TC_037_3_CS"), NO_LOCAL_STOP, ()),
        (("TC_041_CS",), NO_LOCAL_START, ()),
        (("TC_032_2_CS",), NO_LOCAL_STOP, ("--resume-transactions",)),
        (("TC_076_CS",), {"AQ-1": False}, ()),
        (("TC_045_1_CS",), {"ORS-16": ["ftp"]}, NO_PROTOCOLS),
    ],
)
def test_a_station_that_lacks_something_passes_in_the_way_that_is_left(result, cases, answers, arguments):
    found, code = result(cases, answers, *arguments)
    assert found == dict.fromkeys(cases, ("PASS", ""))
    assert code == 0


@pytest.mark.parametrize(
    ("case", "answers", "arguments"),
    [
        ("TC_007_CS", NO_LOCAL_STOP, ("--fault", "ignore-cache")),
        ("TC_032_2_CS", NO_LOCAL_STOP, ("--resume-transactions", "--fault", "resumed-end-silent")),
        ("TC_076_CS", {"AQ-1": False}, ("--fault", "deletion-forgotten")),
    ],
)
def test_and_fails_there_as_any_other(result, case, answers, arguments):
    found, code = result((case,), answers, *arguments)
    assert found[case][0] == "FAIL"
    assert code == 1


def test_a_station_that_takes_signed_firmware_only_is_not_failed_for_refusing_the_other(result):
    found, code = result((*FIRMWARE, "TC_027_CS"), {"F-1": True}, "--only-signed-firmware")
    for case in FIRMWARE:
        verdict, reason = found[case]
        assert verdict == "NOT APPLICABLE"
        assert "F-1" in reason
        assert "NotSupported" in reason
    assert code == 0


def test_a_station_without_secure_updates_has_to_take_the_ordinary_ones(result):
    found, _ = result(FIRMWARE, {"F-1": False}, "--only-signed-firmware")
    for verdict, reason in found.values():
        assert verdict == "FAIL"
        assert "NotSupported" in reason
