"""`octt console DIR` and `octt run --console`: where they are opened, and a sentence for what is wrong."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import urllib.request

import pytest

from octt.commands import console
from octt.record import read
from tests.commands.calling import OCTT, invoke, octt
from tests.report.synthetic import passing_run


@pytest.mark.parametrize(
    "address", ["", "localhost", ":80", "host:", "host:http", "host:65536", "host:-1", "host:²"]
)
def test_an_address_that_is_none(tmp_path, address):
    passing_run().write(tmp_path / "record.jsonl")
    done = invoke("console", tmp_path, "--at", address)
    assert done.exit_code == 2
    assert "is no HOST:PORT for the console, for example 127.0.0.1:8610" in done.stderr


def test_a_folder_without_a_record(tmp_path):
    for folder in (tmp_path, tmp_path / "nothing"):
        done = invoke("console", folder)
        assert (done.exit_code, done.stderr) == (
            2,
            f"octt: {folder}: there is no record.jsonl in it; name the folder of a run\n",
        )


def test_a_port_in_use(tmp_path):
    passing_run().write(tmp_path / "record.jsonl")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        for words in (
            ["console", tmp_path, "--at", address],
            ["run", "--console", address, "--out", tmp_path / "new"],
        ):
            done = invoke(*words)
            assert done.exit_code == 2
            assert f"octt: the console cannot be opened at {address}: Address already in use" in done.stderr
            assert "another HOST:PORT" in done.stderr
    assert not (tmp_path / "new").exists()


def test_a_run_that_has_ended_is_shown(tmp_path):
    passing_run().write(tmp_path / "record.jsonl")
    words = [*OCTT, "console", str(tmp_path), "--at", "127.0.0.1:0"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        url = next(match[0] for line in process.stdout if (match := re.search(r"http://\S+", line)))
        with urllib.request.urlopen(url.replace("?", "events?"), timeout=20) as stream:
            for line in stream:
                if line.startswith(b"data: ") and b'"ended":"finished"' in line:
                    break
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0


def test_a_run_with_a_console_that_nobody_opens_is_a_run_like_any_other(tmp_path):
    done = octt(
        "run",
        "--console",
        "127.0.0.1:0",
        "--case",
        "TC_001_CS",
        "--out",
        tmp_path / "out",
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"http://127\.0\.0\.1:\d+/\?token=\S{24}\n", done.stdout)
    kinds = {event.kind for event in read(tmp_path / "out" / "record.jsonl")}
    assert "prompt" not in kinds
    assert json.loads((tmp_path / "out" / "result.json").read_text())["run"]


def test_a_phone_is_shown_where_to_go():
    lines = console.code("http://192.0.2.7:8610/?token=abcdefghijklmnopqrstuvwx")
    assert 10 < len(lines) < 30
    assert {character for line in lines for character in re.sub(r"\x1b\[[0-9;]*m", "", line)} <= set(" █▀▄")
