"""`octt run`: what it prints, how it ends, and one clear sentence for every mistake."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from octt.paths import PICS
from octt.record import check_chain, read
from tests.commands.calling import OCTT, octt


def bench(tmp_path, text=""):
    file = tmp_path / "bench.toml"
    file.write_text(text)
    return file


QUICK = """
[central_system]
host = "127.0.0.1"
port = 0
[times]
connect_timeout = 0.5
response_timeout = 1
function_timeout = 1
reconnect_timeout = 1
[driver]
kind = "command"
commands = { plug_in = "true" }
"""


def test_a_passing_case_against_the_simulated_station(tmp_path):
    out = tmp_path / "out"
    done = octt("run", "--case", "TC_003_CS", "--out", out)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "PASS" in done.stdout
    assert {path.name for path in out.iterdir()} >= {
        "record.jsonl",
        "result.json",
        "junit.xml",
        "report.html",
        "report.pdf",
    }
    result = json.loads((out / "result.json").read_text())
    assert [(case["id"], case["verdict"]) for case in result["cases"] if case["verdict"] != "NOT RUN"] == [
        ("TC_003_CS", "PASS")
    ]
    assert check_chain(out / "record.jsonl")[1] == []
    fingerprint = done.stdout.rpartition("Signed by key ")[2].strip()
    assert result["run"]["signer"] == fingerprint
    verified = octt("verify", out)
    assert verified.returncode == 0, verified.stdout
    assert fingerprint in verified.stdout


def test_a_station_without_the_security_extension_is_not_asked_to_log_in(tmp_path):
    done = octt(
        "run", "--pics", PICS / "xj-power-ievqc33.toml", "--case", "TC_003_CS", "--out", tmp_path / "out"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    connections = [event for event in read(tmp_path / "out" / "record.jsonl") if event.kind == "connect"]
    assert {event.security_profile for event in connections} == {0}


def test_a_failing_case(tmp_path):
    file = bench(
        tmp_path,
        '[central_system]\nhost = "127.0.0.1"\nport = 0\n[times]\nfunction_timeout = 1\n'
        '[driver]\nkind = "simulated"\nsimulator = ["--fault", "status-missing:Preparing"]\n',
    )
    done = octt("run", "--bench", file, "--case", "TC_003_CS", "--out", tmp_path / "out")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "FAIL" in done.stdout
    assert "step 1: expected StatusNotification.req" in done.stdout


def test_a_connector_the_station_does_not_have_is_no_fail(tmp_path):
    """It is declared to have two; what it has is found out when it connects."""
    text = '[station]\nconnector = 2\n[central_system]\nhost = "127.0.0.1"\nport = 0\ntls_port = 0\n'
    file = bench(tmp_path, text + '[driver]\nkind = "simulated"\nsimulator = ["--connectors", "1"]\n')
    done = octt("run", "--bench", file, "--case", "TC_013_CS", "--out", tmp_path / "out")
    assert done.returncode == 3, done.stdout + done.stderr
    assert "station.connector = 2 of the bench: the station has 1 connector" in " ".join(done.stdout.split())


def test_a_connector_beyond_the_declaration_is_said_before_the_run(tmp_path):
    file = bench(tmp_path, '[station]\nconnector = 3\n[driver]\nkind = "simulated"\n')
    done = octt("run", "--bench", file, "--out", tmp_path / "out")
    assert done.returncode == 2
    assert "station.connector = 3 of the bench: the declaration says that the station has 2" in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--case", "TC_003_C"], "did you mean TC_003_CS?"),
        (["--case", "TC_004"], "did you mean TC_004_1_CS or TC_004_2_CS?"),
        (["--frofile", "Core"], "no such option '--frofile'. Did you mean '--profile'? See: octt run --help"),
        (["--profile", "Cor"], "Core"),
        (["--bench", "none.toml"], "octt new"),
        (["--pics", "none.toml"], "octt pics new"),
    ],
)
def test_bad_usage_ends_with_2_and_a_remedy(tmp_path, arguments, words):
    done = octt("run", *arguments, "--out", tmp_path / "out", cwd=tmp_path)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_declaration_that_contradicts_itself(tmp_path):
    file = tmp_path / "pics.toml"
    file.write_text('profiles = ["Core"]\n[answers]\n"C-06.1" = true\n"C-06.2" = true\nR-1 = true\n')
    done = octt("run", "--pics", file, "--out", tmp_path / "out")
    assert done.returncode == 2
    lines = done.stderr.strip().splitlines()
    assert any("R-1 is Yes, but that cannot be" in line for line in lines)
    assert any("C-06.1" in line and "C-06.2" in line for line in lines)
    assert not (tmp_path / "out" / "record.jsonl").exists()


@pytest.fixture
def taken():
    """A port that something else listens on."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def test_a_port_in_use_is_said_and_leaves_no_folder(tmp_path, taken):
    file = bench(tmp_path, QUICK.replace("port = 0", f"port = {taken}"))
    done = octt("run", "--bench", file, "--out", tmp_path / "out")
    assert done.returncode == 2
    assert done.stderr.startswith(f"octt: port {taken} is in use; ")
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_ports_that_come_later_are_looked_at_too(tmp_path, taken):
    """The file servers' before the first firmware case, and that of TLS only where cases will need it."""
    text = f"[files.ports]\nftp = {taken}\n"
    done = octt("run", "--bench", bench(tmp_path, QUICK + text), "--out", tmp_path / "out")
    assert f"port {taken} is in use; stop what uses it or set another files.ports.ftp" in done.stderr
    file = bench(tmp_path, QUICK.replace("port = 0", f"port = 0\ntls_port = {taken}"))
    done = octt("run", "--bench", file, "--pics", pics(tmp_path), "--out", tmp_path / "out")
    assert f"port {taken} is in use; stop what uses it or set another central_system.tls_port" in done.stderr
    done = octt("run", "--bench", file, "--case", "TC_012_CS", "--out", tmp_path / "out")
    assert done.returncode == 4, done.stderr  # nothing is declared, so nothing will move to TLS


def test_where_no_key_can_be_kept_a_run_is_not_signed_and_says_so(tmp_path):
    (tmp_path / "settings").write_text("a file where a folder should be")
    environment = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path / "settings")}
    done = octt("run", "--case", "TC_003_CS", "--out", tmp_path / "out", env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the run is not going to be signed: signing key " in done.stderr
    assert octt("verify", tmp_path / "out", env=environment).returncode == 3


def test_a_driver_that_does_not_start_leaves_no_folder_that_blocks_the_next_try(tmp_path):
    text = QUICK.partition("[driver]")[0] + '[driver]\nkind = "simulated"\nsimulator = ["--nonsense"]\n'
    done = octt("run", "--bench", bench(tmp_path, text), "--out", tmp_path / "out")
    assert done.returncode == 2
    assert "--nonsense" in done.stderr
    assert not (tmp_path / "out").exists()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "notes.txt").write_text("mine")
    assert octt("run", "--bench", bench(tmp_path, text), "--out", tmp_path / "out").returncode == 2
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["notes.txt"]


def test_a_station_that_never_connects(tmp_path):
    out = tmp_path / "out"
    done = octt(
        "run",
        "--bench",
        bench(tmp_path, QUICK),
        "--pics",
        pics(tmp_path),
        "--case",
        "TC_012_CS",
        "--out",
        out,
    )
    assert done.returncode == 4
    assert "nothing tried to connect" in done.stderr
    assert "ws://127.0.0.1:" in done.stdout
    assert "/ocpp/CS001" in done.stdout
    ended = [event for event in read(out / "record.jsonl") if event.kind == "case.end"]
    assert [(event.verdict, event.blame) for event in ended] == [("INCONCLUSIVE", "network")]
    assert "nothing tried to connect" in ended[0].reason


def pics(tmp_path):
    from octt import paths

    file = tmp_path / "pics.toml"
    file.write_text((paths.PICS / "simulated.toml").read_text())
    return file


def test_the_output_folder_is_not_overwritten(tmp_path):
    (tmp_path / "record.jsonl").write_text("")
    done = octt("run", "--out", tmp_path)
    assert done.returncode == 2
    assert "already holds a record" in done.stderr


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_an_ended_run_keeps_the_record_and_reports(tmp_path, ending):
    out = tmp_path / "out"
    process = subprocess.Popen(
        [*OCTT, "run", "--profile", "Core", "--out", str(out)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    record = out / "record.jsonl"
    while time.monotonic() < deadline and not (record.exists() and '"case.start"' in record.read_text()):
        time.sleep(0.05)
    os.kill(process.pid, ending)
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 128 + ending, stdout + stderr
    assert "Traceback" not in stdout + stderr
    events = list(read(record))
    assert events[-1].kind == "run.end"
    assert events[-1].reason in ("interrupted", "aborted")
    assert [e.verdict for e in events if e.kind == "case.end"] == ["INCONCLUSIVE"]
    assert check_chain(record)[1] == []
    assert (out / "report.html").exists()


def test_kill_loses_nothing(tmp_path):
    out = tmp_path / "out"
    process = subprocess.Popen(
        [*OCTT, "run", "--case", "TC_001_CS", "--out", str(out)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    record = out / "record.jsonl"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not (record.exists() and '"case.start"' in record.read_text()):
        time.sleep(0.05)
    process.kill()
    process.wait()
    done = octt("report", out)
    assert "Traceback" not in done.stderr
    result = json.loads((out / "result.json").read_text())
    assert result["verdict"] != "PASS"


def test_plain_pytest_works_too(tmp_path):
    from octt import paths

    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            str(paths.TESTCASES),
            "-k",
            "unknown_key",
            "--out",
            str(tmp_path / "out"),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


def test_a_run_may_have_more_descriptors_than_a_shell_gives():
    code = """
import resource
from octt.commands.front import _allow_descriptors
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (min(200, hard), hard))
_allow_descriptors()
print(*resource.getrlimit(resource.RLIMIT_NOFILE))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    soft, hard = map(int, done.stdout.split())
    assert soft == (65536 if hard in (-1, 2**63 - 1) else min(hard, 65536))
