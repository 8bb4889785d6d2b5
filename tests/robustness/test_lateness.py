"""The harness stood still, or a clock was set: it is on the record, and no case fails or passes by it."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from datetime import datetime

import pytest

from octt.csms import troubles
from octt.csms.troubles import LATE, Troubles, Watchdog
from octt.record import Record, clock, read
from octt.record.clock import RunClock
from octt.timeline.timeline import RealClock, Timeline
from tests.commands.calling import OCTT
from tests.conftest import running

# -- the clock of a run -------------------------------------------------------------------------------------------


class Machine:
    """The clocks of a machine, in nanoseconds."""

    def __init__(self, monkeypatch):
        self.wall, self.monotonic, self.slept = 1_700_000_000 * 10**9, 5 * 10**9, 0
        monkeypatch.setattr(clock.time, "time_ns", lambda: self.wall)
        monkeypatch.setattr(clock.time, "monotonic_ns", lambda: self.monotonic)
        monkeypatch.setattr(clock, "_counted", lambda: self.monotonic + self.slept)

    def passes(self, seconds):
        self.wall += int(seconds * 1e9)
        self.monotonic += int(seconds * 1e9)

    def sleeps(self, seconds):
        self.wall += int(seconds * 1e9)
        self.slept += int(seconds * 1e9)


@pytest.fixture
def machine(monkeypatch):
    return Machine(monkeypatch)


def test_the_time_of_a_run_does_not_follow_a_clock_that_is_set(machine):
    run, began = RunClock(), machine.wall
    machine.passes(3)
    machine.wall += 90_002 * 10**9
    machine.passes(1)
    assert run.wall() == began + 4 * 10**9
    assert run.wall(6 * 10**9) == began + 10**9
    assert run.off == pytest.approx(90_002)
    assert run.slept == 0


def test_time_passes_while_the_machine_sleeps(machine):
    run, began = RunClock(), machine.wall
    machine.passes(1)
    machine.sleeps(3600)
    assert run.wall() == began + 3601 * 10**9
    assert run.slept == 3600
    assert run.off == 0


class Loop:
    """An event loop that a test turns by hand."""

    def __init__(self):
        self.due = []

    def call_later(self, _seconds, look, *arguments):
        self.due.append((look, arguments))

    def turn(self):
        look, arguments = self.due.pop()
        look(*arguments)


@pytest.fixture
def watched(tmp_path, machine, monkeypatch):
    """A watchdog on the clocks of `machine`, and what it noted."""
    monkeypatch.setattr(troubles, "CLOCK", RunClock())
    record = Record(tmp_path / "record.jsonl")
    noted, loop = Troubles(record), Loop()
    Watchdog(noted).start(loop)
    yield noted, loop
    record.close()


def test_a_loop_that_goes_on_is_no_trouble(watched, machine):
    noted, loop = watched
    for seconds in (0.1, 0.11, 0.5, LATE, 0.1):
        machine.passes(seconds)
        machine.wall += 10**6  # a clock that is a little off
        loop.turn()
    assert noted.since(0) == []


def test_a_loop_that_stood_still_is_noted_with_when_and_how_long(watched, machine):
    noted, loop = watched
    machine.passes(0.1)
    loop.turn()
    before = machine.monotonic
    machine.passes(20.1)
    loop.turn()
    (trouble,) = noted.since(0)
    assert trouble.text == "the Central System stood still for 20.0 s"
    assert trouble.began == pytest.approx(before, abs=2 * 10**8)
    assert noted.since(before) == [trouble]
    machine.passes(5)
    assert noted.since(machine.monotonic) == [], "what begins afterwards is not touched"
    loop.turn()


def test_a_clock_that_was_set_and_a_machine_that_slept_are_noted(watched, machine):
    noted, loop = watched
    machine.passes(0.1)
    machine.wall -= 3600 * 10**9
    loop.turn()
    machine.sleeps(100)
    machine.passes(0.1)
    loop.turn()
    for _ in range(4):  # little by little
        machine.wall += 4 * 10**8
        machine.passes(0.1)
        loop.turn()
    assert [trouble.text for trouble in noted.since(0)] == [
        "the clock of this computer was set by -3600.0 s",
        "this computer slept for 100.0 s",
        "the clock of this computer was set by +1.2 s",
    ]


def test_a_script_that_was_not_woken_is_noted_once(tmp_path, monkeypatch):
    record = Record(tmp_path / "record.jsonl")
    noted = Troubles(record)
    timeline = Timeline(RealClock(noted.stood_still))
    wait = threading.Condition.wait

    late = time.monotonic_ns() + 30 * 10**9

    def slow(condition, seconds):
        wait(condition, 0.01)
        monkeypatch.setattr(time, "monotonic_ns", lambda: late)
        return False

    monkeypatch.setattr(threading.Condition, "wait", slow)
    assert timeline.wait(lambda: None, time.monotonic_ns() + 10**8) is None
    monkeypatch.undo()
    record.close()
    assert [one.what for one in noted.since(0)] == ["script"]
    assert [event.what for event in read(record.path)] == ["script"]


def test_a_clock_that_is_set_changes_neither_the_record_nor_what_the_station_is_told(tmp_path, monkeypatch):
    real = time.time_ns
    with running(tmp_path) as bench:
        station = bench.station()
        station.call("Heartbeat")
        monkeypatch.setattr(time, "time_ns", lambda: real() + 90_002 * 10**9)
        told = station.call("Heartbeat")[2]["currentTime"]
        station.close()
        (event,) = bench.eventually(lambda: bench.events("trouble"))
        monkeypatch.undo()
        assert event.what == "clock"
        assert event.seconds == pytest.approx(90_002, abs=1)
        beats = [frame for frame in bench.events("frame") if frame.action == "Heartbeat"]
        assert beats[-1].t - beats[0].t < 60 * 10**9
        assert abs(datetime.fromisoformat(told).timestamp() - real() / 1e9) < 60


def test_the_first_one_that_notices_tells_of_all(tmp_path):
    record = Record(tmp_path / "record.jsonl")
    noted, now = Troubles(record), time.monotonic_ns()
    noted.stood_still("loop", now - 20 * 10**9, 20)
    noted.stood_still("script", now - 20 * 10**9, 19.8)
    record.close()
    assert [one.what for one in noted.since(0)] == ["loop"]


def test_a_loop_that_really_stood_still(tmp_path):
    with running(tmp_path) as bench:
        bench.csms._loop.call_soon_threadsafe(time.sleep, LATE + 0.3)
        (event,) = bench.eventually(lambda: bench.events("trouble"))
        assert event.what == "loop"
        assert event.seconds > LATE


# -- what a case makes of it --------------------------------------------------------------------------------------


def stopped_run(folder, case, seconds):
    """A run of one case in the midst of which the harness, but not the station, is stopped for so long."""
    out = folder / "out"
    process = subprocess.Popen(
        [*OCTT, "run", "--case", case, "--out", str(out)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    record, deadline = out / "record.jsonl", time.monotonic() + 60
    while not (record.exists() and b'"phase":"test"' in record.read_bytes()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGSTOP)
    time.sleep(seconds)
    os.kill(process.pid, signal.SIGCONT)
    stdout, stderr = process.communicate(timeout=120)
    return process.returncode, stdout + stderr, list(read(record))


def test_a_harness_that_was_stopped_fails_no_station(tmp_path):
    """As a laptop that sleeps, or a virtual machine that is paused: longer than every limit of the case."""
    code, text, events = stopped_run(tmp_path, "TC_011_2_CS", 6)
    ended = [event for event in events if event.kind == "case.end"]
    assert [event.verdict for event in ended] == ["ERROR", "PASS"], text
    assert ended[0].blame == "tool"
    assert "stood still for" in ended[0].reason
    assert [event.attempt for event in events if event.kind == "case.start"] == [1, 2]
    assert [event.case for event in events if event.kind == "trouble"] == ["TC_011_2_CS"]
    assert code == 0
    assert "TC_011_2_CS is repeated" in text


class _Case:
    """As much of a case as a verdict needs."""

    def __init__(self, timeline):
        self.started, self.timeline, self.postponed, self.failed = 0.0, timeline, [], ""
        self.position = type("Position", (), {"began": 0})()


def _scene(noted, timeline, may_repeat=True):
    from octt.suite.attempt import Scene

    scene = Scene.__new__(Scene)
    system = type("System", (), {"troubles": noted})()
    scene.case, scene.csms = _Case(timeline), type("Csms", (), {"system": system})()
    scene.again, scene.may_repeat = False, may_repeat
    return scene


def test_a_verdict_in_trouble_is_an_error_whatever_it_was_and_repeated_once(tmp_path):
    from octt.record.words import Blame, Verdict
    from octt.script.verdicts import AbortRun, RepeatCase
    from octt.suite.attempt import _doubted

    record = Record(tmp_path / "record.jsonl")
    noted, timeline = Troubles(record), Timeline()
    failed = (Verdict.FAIL, Blame.STATION, "nothing came")
    passed = (Verdict.PASS, Blame.NOBODY, "")
    assert _doubted(_scene(noted, timeline), None, failed) == failed
    noted.stood_still("loop", time.monotonic_ns() - 10**10, 10)
    record.close()
    for outcome, words in ((failed, "(else FAIL: nothing came)"), (passed, "(else PASS)")):
        scene = _scene(noted, timeline)
        verdict, blame, reason = _doubted(scene, None, outcome)
        assert (verdict, blame, scene.again) == (Verdict.ERROR, Blame.TOOL, True)
        assert reason == f"the Central System stood still for 10.0 s {words}"
    again = _scene(noted, timeline, may_repeat=False)
    assert _doubted(again, None, failed)[0] is Verdict.ERROR
    assert not again.again, "once is enough"
    excluded = (Verdict.NOT_APPLICABLE, Blame.NOBODY, "said the station")
    assert _doubted(_scene(noted, timeline), None, excluded) == excluded
    for error in (AbortRun(), RepeatCase("the operator")):
        assert _doubted(_scene(noted, timeline), error, failed) == failed
