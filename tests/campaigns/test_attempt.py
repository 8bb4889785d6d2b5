"""A run is a process that anybody can find again, and that is begun once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from octt.campaign.attempt import NICE, Attempt, StationBusy, command

WAITS = [
    sys.executable,
    "-uc",
    "import signal, sys, time\n"
    "signal.signal(signal.SIGINT, lambda *_: sys.exit(130))\n"
    "print('ready', flush=True)\n"
    "time.sleep(600)",
]


def until(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def waiting(tmp_path):
    """An attempt whose process waits for ctrl-C."""
    attempt = Attempt(tmp_path / "bay/1")
    attempt.start(WAITS)
    until(lambda: "ready" in attempt.last_words())
    yield attempt
    attempt.signal(signal.SIGKILL)
    until(lambda: not attempt.going)


def test_the_exit_code_and_what_was_printed_are_kept(tmp_path):
    attempt = Attempt(tmp_path / "bay/1")
    assert not attempt.begun
    attempt.start(["/bin/sh", "-c", "echo one; echo two >&2; exit 3"])
    until(lambda: not attempt.going)
    found = Attempt(tmp_path / "bay/1")
    assert (found.begun, found.going, found.code, found.last_words()) == (True, False, 3, "one two")


def test_it_is_begun_once(tmp_path):
    attempt = Attempt(tmp_path / "bay/1")
    attempt.start(["/bin/true"])
    until(lambda: not attempt.going)
    with pytest.raises(FileExistsError):
        Attempt(tmp_path / "bay/1").start(["/bin/true"])


def test_a_station_does_one_thing_at_a_time(waiting, tmp_path):
    prepared = []
    with pytest.raises(StationBusy):
        Attempt(tmp_path / "bay/2").start(["/bin/true"], lambda: prepared.append(1))
    assert prepared == []
    assert not Attempt(tmp_path / "bay/2").begun
    Attempt(tmp_path / "other/1").start(["/bin/true"])


def test_whoever_comes_later_finds_it_going_and_can_end_it(waiting, tmp_path):
    found = Attempt(tmp_path / "bay/1")
    assert (found.going, found.code) == (True, None)
    assert not Attempt(tmp_path / "bay/2").going
    found.signal()
    until(lambda: not found.going)
    assert found.code == 130


def test_it_outlives_who_began_it(tmp_path):
    code = (
        "from pathlib import Path; from octt.campaign.attempt import Attempt; import os, signal\n"
        f"Attempt(Path({str(tmp_path)!r}) / 'bay/1').start(['/bin/sh', '-c', 'sleep 2; exit 1'])\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", code], check=False)
    found = Attempt(tmp_path / "bay/1")
    assert found.going
    until(lambda: not found.going)
    assert found.code == 1


def test_one_that_was_killed_has_no_code(tmp_path):
    attempt = Attempt(tmp_path / "bay/1")
    attempt.start(WAITS)
    until(lambda: "ready" in attempt.last_words())
    attempt.signal(signal.SIGKILL)
    found = Attempt(tmp_path / "bay/1")
    until(lambda: not found.going)
    assert (found.begun, found.code) == (True, None)


def test_a_signal_for_what_is_over_reaches_nobody(tmp_path):
    attempt = Attempt(tmp_path / "bay/1")
    attempt.start(["/bin/true"])
    until(lambda: not attempt.going)
    (tmp_path / "bay/1.pid").write_text(str(os.getpid()))
    Attempt(tmp_path / "bay/1").signal(signal.SIGKILL)


def test_reports_wait_for_the_cases_of_others(waiting):
    waiting.give_way()
    pid = int(waiting.folder.with_name("1.pid").read_text())
    assert os.getpriority(os.PRIO_PROCESS, pid) == NICE


def test_the_command_is_the_one_that_is_typed(tmp_path):
    argv = command(
        tmp_path / "b.toml", tmp_path / "p.toml", ["TC_001_CS", "TC_002_CS"], ["Core"], tmp_path / "o"
    )
    assert argv[3:] == [
        *("run", "--bench", str(tmp_path / "b.toml"), "--out", str(tmp_path / "o")),
        *(
            "--pics",
            str(tmp_path / "p.toml"),
            "--case",
            "TC_001_CS",
            "--case",
            "TC_002_CS",
            "--profile",
            "Core",
        ),
    ]
    assert "--pics" not in command(tmp_path / "b.toml", None, [], [], tmp_path / "o")
