"""A run that could not finish, could not write or was cut off never exits with 0, and says in a sentence why."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from octt.commands.ending import verdict_code, why_broken
from octt.csms.server import CentralSystem
from octt.csms.troubles import TOLD
from octt.record import Record, RecordLost, check_chain, read
from octt.record.events import CaseEnded, Remarked
from octt.record.words import Blame, Verdict
from tests.commands.calling import OCTT, octt
from tests.conftest import BareStation, running


def remark(text="x"):
    return Remarked(text=text, by="script", cite="")


class Full:
    """A file on a disk that takes so many bytes more."""

    def __init__(self, file, room):
        self._file, self._room = file, room

    def write(self, data):
        if self._room <= 0:
            raise OSError(28, "No space left on device")
        written = self._file.write(bytes(data[: self._room]))
        self._room -= written
        return written

    def __getattr__(self, name):
        return getattr(self._file, name)


# -- the record ---------------------------------------------------------------------------------------------------


def test_a_record_on_a_full_disk_ends_with_a_whole_line(tmp_path):
    record, told = Record(tmp_path / "record.jsonl"), []
    record.when_lost(told.append)
    record.write(remark("kept"))
    record._file = Full(record._file, 100)
    with pytest.raises(RecordLost, match="cannot be written any more: No space left on device"):
        record.write(remark("y" * 200))
    with pytest.raises(RecordLost):
        record.write(remark("short"))
    record.close()
    assert [event.text for event in read(record.path)] == ["kept"]
    assert check_chain(record.path)[1] == []
    assert len(told) == 1
    again = Record(record.path)  # when there is room again, it goes on
    again.write(remark("more"))
    again.close()
    assert check_chain(record.path)[1] == []


def test_dev_full_is_no_place_for_a_record(tmp_path):
    record = Record(tmp_path / "record.jsonl")
    with open("/dev/full", "ab", buffering=0) as full:
        record._file.close()
        record._file = full
        with pytest.raises(RecordLost, match="No space left on device"):
            record.write(remark())
    assert record.lost


def test_who_waits_for_the_station_is_told_that_the_record_is_lost(tmp_path):
    with running(tmp_path) as bench:
        waiting = threading.Thread(target=_wait, args=(bench.csms, found := []))
        waiting.start()
        station = bench.station()
        bench.record._file = Full(bench.record._file, 0)
        station.send('[2,"1","Heartbeat",{}]')
        waiting.join(10)
        assert [type(error) for error in found] == [RecordLost]
        assert bench.csms.troubles.since(0) == [], "it is no mistake of ours"


def _wait(csms: CentralSystem, found: list[BaseException]) -> None:
    try:
        csms.timeline.wait(lambda: None, time.monotonic_ns() + 60 * 10**9)
    except RecordLost as lost:
        found.append(lost)


@pytest.fixture
def small(tmp_path):
    """A disk of 76 kB: enough for the first of four quick cases."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = (
        os.geteuid() == 0
        and not subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=76k", "tmpfs", str(place)], capture_output=True
        ).returncode
    )
    if not mounted:
        pytest.skip("a small disk can only be mounted by root; the tests above do without")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_full_disk_in_mid_run_ends_it_in_one_sentence_with_what_was_written_kept(tmp_path, small):
    out = small / "out"
    cases = [part for case in ("019", "021", "040_1", "040_2") for part in ("--case", f"TC_{case}_CS")]
    done = octt("run", *cases, "--out", out)
    assert done.returncode == 4, done.stdout + done.stderr
    assert "the record cannot be written any more: No space left on device" in done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    events = list(read(out / "record.jsonl"))
    assert check_chain(out / "record.jsonl")[1] == []
    assert {event.kind for event in events} >= {"run.start", "case.end"}
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "record.jsonl").write_bytes((out / "record.jsonl").read_bytes())
    assert octt("report", kept).returncode == 0
    result = json.loads((kept / "result.json").read_text())
    assert result["verdict"] != "PASS"
    assert not result["issuable"]


# -- exit codes ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("planned", "verdicts", "interrupted", "code"),
    [
        ("AB", {"A": "PASS", "B": "PASS"}, False, 0),
        ("AB", {"A": "PASS"}, False, 3),
        ("AB", {"A": "PASS", "B": "PASS"}, True, 3),
        ("A", {"A": "PASS", "C": "NOT APPLICABLE"}, False, 0),
        ("", {"C": "NOT APPLICABLE"}, False, 3),
        ("", {}, False, 3),
        ("AB", {"A": "PASS", "B": "FAIL"}, True, 1),
        ("AB", {"A": "PASS", "B": "ERROR"}, False, 3),
        ("AB", {"A": "PASS", "B": "INCONCLUSIVE"}, False, 3),
    ],
)
def test_only_what_was_planned_and_passed_is_a_pass(planned, verdicts, interrupted, code):
    more = {"attempt": 1, "blame": Blame.NOBODY, "reason": "", "seconds": 0, "forced": 0}
    ended = [CaseEnded(case=case, verdict=Verdict(verdict), **more) for case, verdict in verdicts.items()]
    assert verdict_code([(case, 0) for case in planned], ended, interrupted) == code


def test_a_run_that_never_began_is_broken():
    assert why_broken(None)


BENCH = """
[central_system]
host = "127.0.0.1"
port = {port}
[times]
connect_timeout = 5
response_timeout = 2
function_timeout = 2
[driver]
kind = "http"
url = "{rig}"
timeout = 2
"""


class Rig(BaseHTTPRequestHandler):
    """A rig that does nothing and says that it did."""

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_arguments):
        pass


@contextlib.contextmanager
def rig():
    server = HTTPServer(("127.0.0.1", 0), Rig)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def test_a_rig_that_is_not_there_is_no_doubtful_case(tmp_path):
    bench = tmp_path / "bench.toml"
    bench.write_text(BENCH.format(port=0, rig="http://127.0.0.1:1"))
    done = octt("run", "--bench", bench, "--case", "TC_003_CS", "--out", tmp_path / "out")
    assert done.returncode == 4
    assert "nothing answers at the rig's address http://127.0.0.1:1" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def free_port() -> int:
    import socket

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def test_a_rig_that_dies_in_mid_run_is_told_and_has_its_own_exit_code(tmp_path):
    port, bench = free_port(), tmp_path / "bench.toml"
    with rig() as server:
        url = f"http://127.0.0.1:{server.server_port}"
        bench.write_text(BENCH.format(port=port, rig=url))
        out = tmp_path / "out"
        process = subprocess.Popen(
            [
                *OCTT,
                "run",
                "--bench",
                str(bench),
                "--pics",
                str(declaration(tmp_path)),
                "--case",
                "TC_003_CS",
                "--out",
                str(out),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        station = arrived(port)
        threading.Thread(target=answer_all, args=(station,), daemon=True).start()
        _until(lambda: (out / "record.jsonl").exists() and "case.start" in (out / "record.jsonl").read_text())
    _stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 4, stderr
    assert "the rig" in stderr


def declaration(folder: Path) -> Path:
    from octt import paths

    file = folder / "pics.toml"
    file.write_text((paths.PICS / "simulated.toml").read_text())
    return file


def arrived(port: int) -> BareStation:
    deadline = time.monotonic() + 30
    while True:
        try:
            return BareStation(f"ws://127.0.0.1:{port}/ocpp/CS001")
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def answer_all(station: BareStation) -> None:
    """A station that accepts everything and does nothing."""
    with contextlib.suppress(Exception):
        boot = {"chargePointVendor": "V", "chargePointModel": "M"}
        station.send(json.dumps([2, "b", "BootNotification", boot]))
        for connector in (0, 1, 2):
            fields = {"connectorId": connector, "status": "Available", "errorCode": "NoError"}
            station.send(json.dumps([2, f"s{connector}", "StatusNotification", fields]))
        while True:
            frame = station.receive(60)
            if frame[0] == 2:
                given = {"configurationKey": []} if frame[2] == "GetConfiguration" else {"status": "Accepted"}
                station.send(json.dumps([3, frame[1], given]))


def _until(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_script_of_ours_that_cannot_be_read_is_no_pass(tmp_path):
    from octt import paths

    scripts = tmp_path / "testcases"
    (scripts / "core").mkdir(parents=True)
    (scripts / "pytest.ini").write_text((paths.TESTCASES / "pytest.ini").read_text())
    (scripts / "catalogue.toml").write_text((paths.TESTCASES / "catalogue.toml").read_text())
    (scripts / "core" / "test_broken.py").write_text("import nonsense_that_is_not_there\n")
    code = (
        "import sys; from pathlib import Path; from octt import paths\n"
        f"paths.TESTCASES = Path({str(scripts)!r})\n"
        "from octt.commands.front import run_cases\n"
        f"sys.exit(run_cases(None, None, (), (), Path({str(tmp_path / 'out')!r})))\n"
    )
    done = subprocess.run([OCTT[0], "-c", code], capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert done.returncode == 4, done.stdout + done.stderr
    assert "nonsense_that_is_not_there" in done.stderr


def test_nobody_reads_what_is_printed_and_the_run_goes_on(tmp_path):
    process = subprocess.Popen(
        [*OCTT, "run", "--case", "TC_003_CS", "--out", str(tmp_path / "out"), "-v"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    process.stdout.close()
    stderr = process.stderr.read()
    assert process.wait(60) == 0, stderr
    assert "Traceback" not in stderr
    assert [e.verdict for e in read(tmp_path / "out" / "record.jsonl") if e.kind == "case.end"] == ["PASS"]


def test_a_hang_up_ends_a_run_as_ctrl_c_does(tmp_path):
    out = tmp_path / "out"
    process = subprocess.Popen(
        [*OCTT, "run", "--profile", "Core", "--out", str(out)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    _until(lambda: (out / "record.jsonl").exists() and "case.start" in (out / "record.jsonl").read_text())
    os.kill(process.pid, signal.SIGHUP)
    process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGHUP
    assert list(read(out / "record.jsonl"))[-1].kind == "run.end"


def test_a_mistake_of_ours_when_looking_at_a_frame_is_on_the_record(tmp_path):
    with running(tmp_path) as bench:
        bench.csms.watch = _raise
        station = bench.station()
        assert station.call("Heartbeat")[0] == 3, "the station is answered all the same"
        (trouble,) = bench.eventually(lambda: bench.events("trouble")[1:2] or bench.events("trouble")[:1])
        assert trouble.what == "error"
        assert "ZeroDivisionError" in trouble.text
        station.close()


def _raise(_event, _frame):
    raise ZeroDivisionError("of ours")


def test_a_mistake_of_ours_in_a_connection_is_not_the_networks(tmp_path, monkeypatch):
    with running(tmp_path) as bench:
        station = bench.station()
        monkeypatch.setattr("octt.csms.session.judge_call", _raise)
        station.send('[2,"1","Heartbeat",{}]')
        (ended,) = bench.eventually(lambda: bench.events("disconnect"))
        assert ended.by == "csms"
        assert "ZeroDivisionError" in bench.events("trouble")[0].text


def test_mistakes_without_end_fill_neither_terminal_nor_record(tmp_path, capfd):
    with running(tmp_path) as bench:
        for _ in range(2000):
            bench.csms.troubles.error(ZeroDivisionError("again"), "in a test")
        assert len(bench.events("trouble")) == 200
        assert capfd.readouterr().err.count("ZeroDivisionError") == TOLD
