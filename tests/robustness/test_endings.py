"""However a run or a command ends, who started it is told the truth, and the station is put back."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from octt.commands.ending import Signals, code_of, write_reports
from octt.record import Record, RecordLost, check_chain, read, writer
from octt.record.events import Remarked
from octt.report import write
from tests.commands.calling import OCTT
from tests.robustness.test_trust import record

PLUGGABLE = "StatusNotification.req with connectorId = 1, status = Preparing"


def started(out, *cases):
    """A run that is in the midst of its first case, and waits there for a connector to become Available."""
    process = subprocess.Popen(
        [*OCTT, "run", "--out", str(out), *(part for case in cases for part in ("--case", case))],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while not (out / "record.jsonl").exists() or PLUGGABLE not in (out / "record.jsonl").read_text():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return process


# -- signals ------------------------------------------------------------------------------------------------------


def test_ctrl_c_at_a_terminal_leaves_the_station_be_until_it_is_put_back(tmp_path):
    """A terminal sends it to every process in the foreground: the simulated station is not one of them."""
    out = tmp_path / "out"
    process = started(out, "TC_011_2_CS")
    os.killpg(process.pid, signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert stderr == ""
    assert "left at the station" not in stdout
    events = list(read(out / "record.jsonl"))
    assert events[-1].kind == "run.end"
    assert [event.verdict for event in events if event.kind == "case.end"] == ["INCONCLUSIVE"]


class _Ended:
    """A run that was carried out, as much of it as its end needs."""

    class options:
        out = Path("somewhere")

    class record:
        lost = None

    stage, problem, plan = None, "", {}
    laboratory = type("Laboratory", (), {"driver": type("Driver", (), {"gone": ""})})


def ended(folder):
    run = _Ended()
    run.options = type("Options", (), {"out": folder})
    return run


def test_a_signal_while_the_reports_are_written_has_its_own_exit_code(tmp_path, monkeypatch, capsys):
    run, signals = ended(tmp_path), Signals()

    def interrupted(_folder):
        signals.received = signal.SIGTERM
        raise KeyboardInterrupt

    monkeypatch.setattr(write, "write_all", interrupted)
    assert write_reports(run.options, None, run) == (None, "")
    code = code_of(run, [], signals, internal=False, interrupted=False, reported=False)
    assert code == 128 + signal.SIGTERM
    assert f"octt report {tmp_path}" in capsys.readouterr().err


def test_ctrl_c_in_the_midst_of_a_line_leaves_a_whole_record(tmp_path):
    """Python looks for signals when a function of its own begins and one of C has ended.

    The next line used to be written as if there were none before.
    """

    def interrupting(left):
        def called(frame, kind, _argument):
            nonlocal left
            if kind in ("call", "c_return") and frame.f_code.co_filename == writer.__file__:
                left -= 1
                if not left:
                    raise KeyboardInterrupt

        return called

    steps = 0
    for step in itertools.count(1):
        path = tmp_path / f"{step}.jsonl"
        written = Record(path)
        written.write(Remarked(text="before", by="script", cite=""))
        sys.setprofile(interrupting(step))
        try:
            written.write(Remarked(text="interrupted", by="script", cite=""))
        except KeyboardInterrupt:
            steps += 1
        else:
            break
        finally:
            sys.setprofile(None)
        written.write(Remarked(text="after", by="script", cite=""))
        written.close()
        assert check_chain(path)[1] == [], f"interrupted at step {step}"
        texts = [event.text for event in read(path)]
        assert texts in (["before", "after"], ["before", "interrupted", "after"])
    assert steps > 10


# -- nobody can read what is said ---------------------------------------------------------------------------------


def shell(command, *arguments):
    """The exit code of `octt`, with what bash makes of its output."""
    script = f'"$@" {command}; exit ${{PIPESTATUS[0]}}'
    return subprocess.run(
        ["bash", "-c", script, "bash", *OCTT, *map(str, arguments)],
        stderr=subprocess.PIPE,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize("where", ["> /dev/full", "> /dev/full 2> /dev/full"])
def test_a_run_goes_on_when_nothing_can_be_printed(tmp_path, where):
    done = shell(where, "run", "--case", "TC_003_CS", "--out", tmp_path / "out")
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "out" / "manifest.sig").exists()


@pytest.mark.parametrize(
    "where", ["> /dev/full", "> /dev/full 2> /dev/full", "| true"], ids=["full", "both full", "closed pipe"]
)
def test_a_command_that_cannot_say_its_answer_has_none(tmp_path, where):
    """0, 1 and 3 are answers of `octt verify`: without the words, none of them was given."""
    folder = record(tmp_path / "run")
    done = shell(where, "verify", folder)
    assert done.returncode == 4
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "command", [["list"], ["list", "--json"], ["show", "TC_003_CS"], ["faults"]], ids=" ".join
)
def test_whoever_does_not_read_to_the_end_got_no_answer(command):
    done = shell("| true", *command)
    assert (done.returncode, done.stderr) == (4, "")


def test_a_mistake_on_the_command_line_is_one_wherever_it_is_said():
    assert shell("> /dev/full 2> /dev/full", "run", "--nonsense").returncode == 2


# -- no room ------------------------------------------------------------------------------------------------------


@pytest.fixture
def no_room(monkeypatch):
    """For the PDF there is none."""
    written = Path.write_bytes

    def write_bytes(path, content):
        if "pdf" not in path.name:
            return written(path, content)
        written(path, content[:1000])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", write_bytes)


def test_an_output_that_does_not_fit_takes_no_room_from_the_others(tmp_path, no_room):
    folder = record(tmp_path / "run")
    with pytest.raises(write.ReportError) as error:
        write.write_all(folder)
    assert str(error.value) == "report.pdf: No space left on device"
    names = {path.name for path in folder.iterdir()}
    assert names == {"record.jsonl", "result.json", "junit.xml", "report.html", "summary.md"}


@pytest.mark.parametrize("lost", [None, RecordLost("the disk is full")])
def test_one_sentence_is_enough_for_a_full_disk(tmp_path, no_room, lost, capsys):
    run = ended(record(tmp_path / "run"))
    run.record = type("Record", (), {"lost": lost, "path": run.options.out / "record.jsonl"})
    reports = write_reports(run.options, None, run)
    code_of(run, [], Signals(), internal=False, interrupted=False, reported=reports[0] is not None)
    (sentence,) = capsys.readouterr().err.splitlines()
    assert f"octt report {run.options.out}" in sentence


def test_a_folder_that_is_deleted_in_mid_run_ends_it_in_a_sentence(tmp_path):
    out = tmp_path / "out"
    process = started(out, "TC_011_2_CS", "TC_019_CS")
    shutil.rmtree(out)
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 4
    assert stderr.splitlines() == [
        f"octt: the record cannot be written any more: it was deleted ({out}/record.jsonl)"
    ]
    assert "TC_019_CS" not in stdout
