"""Around the cases: a station that answers nonsense, that does not connect, and what is seen just after a verdict."""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import threading
import time

import pytest
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from octt.bench import Bench
from octt.commands.ending import Signals, code_of, verdict_code
from octt.pics.declaration import Declaration
from octt.record import read
from octt.record.events import CaseEnded, CaseRevised
from octt.report.write import write_all
from octt.script.verdicts import Inconclusive, RepeatCase, Verdict
from octt.suite.run import Options, Run, Stage
from tests.conftest import BareStation


class Device:
    """A station that connects again and again and answers by a table; what it has no answer for it accepts."""

    error_code = "NoError"

    def __init__(self, url, replies, password=""):
        self.url, self.replies, self.password, self.alive = url, replies, password, True
        threading.Thread(target=self._live, daemon=True).start()

    def _live(self):
        while self.alive:
            with contextlib.suppress(OSError, InvalidHandshake, ConnectionClosed):
                self._stay()
            time.sleep(0.05)

    def _stay(self):
        login = base64.b64encode(f"CS001:{self.password}".encode()).decode()
        headers = {"additional_headers": {"Authorization": f"Basic {login}"}} if self.password else {}
        self.bare = BareStation(self.url, **headers)
        self._send("b", "BootNotification", chargePointVendor="V", chargePointModel="M")
        for number in (0, 1):
            self._send(
                f"s{number}",
                "StatusNotification",
                connectorId=number,
                status="Available",
                errorCode=self.error_code,
            )
        while True:
            kind, ident, *rest = json.loads(self.bare.socket.recv())
            if kind == 2:
                reply = self.replies.get(rest[0], {"status": "Accepted"})
                reply = reply(rest[1]) if callable(reply) else reply
                self.bare.send(json.dumps([3, ident, reply]))
                if rest[1].get("key") == "AuthorizationKey":
                    self.password = bytes.fromhex(rest[1]["value"]).decode()
                    self.bare.close()

    def _send(self, ident, action, **payload):
        self.bare.send(json.dumps([2, ident, action, payload]))


def no_keys(request):
    """The station has none of the configuration keys that it is asked for."""
    return {"configurationKey": [], "unknownKey": request.get("key", [])}


@pytest.fixture
def begun(tmp_path):
    """Makes a run, and lets a station with these replies come to it."""
    runs, devices = [], []

    def begin(replies=None, password="", **times):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        bench = Bench.model_validate(
            {
                "central_system": {"host": "127.0.0.1", "port": port, "security_profile": bool(password) * 1},
                "driver": {"kind": "command", "commands": {"power_cycle": f"touch {tmp_path}/cycled"}},
                "times": {"function_timeout": 0.3, "connect_timeout": 20, "response_timeout": 2, **times},
            }
        )
        run = Run(Options(bench, Declaration(), tmp_path / "out"))
        runs.append(run)
        device = Device(run.laboratory.urls[0], replies, password) if replies is not None else None
        devices.append(device)
        run.start()
        return run, device

    yield begin
    for device in filter(None, devices):
        device.alive = False
    for run in runs:
        run.finish("test")


NONSENSE = [
    {"configurationKey": None, "unknownKey": []},
    {"configurationKey": {"key": "A"}},
    {"configurationKey": ["x", None, {"value": 1}, {"key": 7, "readonly": "no"}]},
    {"configurationKey": [{"key": "NumberOfConnectors", "readonly": True, "value": "²"}]},
    {},
]


@pytest.mark.parametrize("reply", NONSENSE, ids=range(len(NONSENSE)))
def test_nonsense_about_its_configuration_ends_no_run(begun, reply, tmp_path):
    run, _ = begun({"GetConfiguration": reply})
    assert run.stage is Stage.READY
    scene = run.begin("TC_040_1_CS", 1)
    run.establish_preconditions(scene)
    scene.case.begin_test()
    assert scene.station.call("DataTransfer", vendorId="V").payload == {"status": "Accepted"}
    assert run.end(scene, None)[0] in ("PASS", "FAIL")
    run.finish("finished")
    told = [event for event in read(tmp_path / "out" / "record.jsonl") if event.kind == "remark"]
    assert any(event.severity == "violation" for event in told) or reply == {} or "²" in str(reply)


def test_when_nothing_connects_the_power_is_cycled_once_and_long_waits_are_said(begun, tmp_path):
    run, _ = begun(None, connect_timeout=0.3, boot_timeout=0.3)
    assert run.stage is Stage.UNREACHABLE
    assert (tmp_path / "cycled").exists()
    assert (
        "did not connect within 0.3 s, nor after its power was cycled: nothing tried to connect"
        in run.problem
    )
    assert "may wait minutes" in run.problem


def test_a_station_with_the_password_of_an_aborted_case_gets_its_own_again(begun):
    bench = Bench()
    run, device = begun({"GetConfiguration": no_keys}, password=bench.security.new_password)
    assert run.stage is Stage.READY
    assert device.password == bench.central_system.password
    assert run.journal.open == []
    assert run.csms.settings.passwords == [bench.central_system.password]


def test_what_comes_just_after_the_verdict_fails_the_case_that_asked_for_it(begun, tmp_path):
    """A second reply to a request of a case, a moment after case.end: in the record, the reports and the exit code."""
    ended = []
    run, device = begun({"GetConfiguration": no_keys})
    run.record.listen(
        lambda event: ended.append(event) if isinstance(event, CaseEnded | CaseRevised) else None
    )
    scene = run.begin("TC_040_1_CS", 1)
    run.establish_preconditions(scene)
    scene.case.begin_test()
    asked = scene.station.call("DataTransfer", vendorId="V")
    assert run.end(scene, None) == (Verdict.PASS, "")
    device.bare.send(json.dumps([3, asked.request.frame.id, {"status": "Accepted"}]))
    run.csms.timeline.settle()
    run.finish("finished")
    revised = [event for event in ended if isinstance(event, CaseRevised)]
    assert [(event.case, event.verdict, event.blame) for event in revised] == [
        ("TC_040_1_CS", "FAIL", "station")
    ]
    assert verdict_code([("TC_040_1_CS", 0)], ended) == 1
    write_all(tmp_path / "out")
    result = json.loads((tmp_path / "out" / "result.json").read_text())
    (case,) = [case for case in result["cases"] if case["id"] == "TC_040_1_CS"]
    assert case["verdict"] == "FAIL"
    assert "<failure" in (tmp_path / "out" / "junit.xml").read_text()


@pytest.mark.parametrize(
    ("error", "revised"),
    [(Inconclusive("the network was gone", "network"), True), (RepeatCase("once more"), False)],
)
def test_what_comes_just_after_an_open_verdict_fails_the_case_unless_the_operator_ended_it(
    begun, error, revised
):
    run, device = begun({"GetConfiguration": no_keys})
    scene = run.begin("TC_040_1_CS", 1)
    run.establish_preconditions(scene)
    scene.case.begin_test()
    asked = scene.station.call("DataTransfer", vendorId="V")
    assert run.end(scene, error)[0] is Verdict.INCONCLUSIVE
    device.bare.send(json.dumps([3, asked.request.frame.id, {"status": "Accepted"}]))
    run.csms.timeline.settle()
    told = [event.reason for event in read(run.record.path) if isinstance(event, CaseRevised)]
    assert len(told) == revised
    assert run.ended["TC_040_1_CS"] is (Verdict.FAIL if revised else Verdict.INCONCLUSIVE)
    assert all("Besides, the network was gone" in reason for reason in told)


@pytest.mark.parametrize(("error_code", "code"), [("NoError", 0), ("Error", 3)])
def test_what_is_broken_before_the_first_case_keeps_the_run_from_passing(
    begun, tmp_path, monkeypatch, error_code, code
):
    monkeypatch.setattr(Device, "error_code", error_code)
    run, _ = begun({"GetConfiguration": no_keys})
    ended = [CaseEnded(attempt=1, verdict=Verdict.PASS, blame="", reason="", seconds=1, forced=0)]
    run.plan = {}
    run.csms.timeline.settle()
    run.finish("finished")
    told = code_of(run, ended, Signals(), internal=False, interrupted=False, reported=True)
    assert told == code
    write_all(tmp_path / "out")
    reasons = json.loads((tmp_path / "out" / "result.json").read_text())["not_issuable"]
    assert any("Outside any case" in reason for reason in reasons) is bool(code)
