"""What a wheel holds is enough: from a folder elsewhere, without the checkout, the command lists, writes and runs."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The wheel's content in a folder of its own."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder / "dist")]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = (folder / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as content:
        content.extractall(folder / "site")
    return folder / "site"


def octt(installed, elsewhere, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "octt.commands.main", *arguments],
        cwd=elsewhere,
        env={**os.environ, "PYTHONPATH": str(installed), "XDG_CACHE_HOME": str(elsewhere)},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_it_is_the_wheel_that_is_tried(installed, tmp_path):
    code = "import octt.paths; print(octt.paths.DATA)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(done.stdout.strip()) == installed / "octt" / "_data"


def test_list_new_and_template(installed, tmp_path):
    listed = octt(installed, tmp_path, "list")
    assert listed.stdout.count("TC_") == 102, listed.stderr
    assert octt(installed, tmp_path, "new", "bench.toml").returncode == 0
    assert octt(installed, tmp_path, "pics", "new", "--template", "pics.toml").returncode == 0
    assert {file.name for file in tmp_path.glob("*.toml")} == {"bench.toml", "pics.toml"}


def test_a_case_is_run_and_reported(installed, tmp_path):
    done = octt(installed, tmp_path, "run", "--case", "TC_001_CS", "--out", "out")
    assert done.returncode == 0, done.stdout + done.stderr
    made = {file.name for file in (tmp_path / "out").iterdir()}
    outputs = {"result.json", "summary.md", "junit.xml", "report.html", "report.pdf"}
    assert made == {"record.jsonl", "manifest.json", "manifest.sig", *outputs}
    history = octt(installed, tmp_path, "history", ".")
    assert (history.returncode, (tmp_path / "octt-history.html").is_file()) == (0, True), history.stderr


def test_the_page_of_the_console_is_in_it(installed):
    made = {file.name for file in (installed / "octt" / "console" / "page").iterdir()}
    assert made == {"console.css", "console.js", "index.html", "prompt.js"}


def test_no_sample_and_no_test_is_in_it(installed):
    data = installed / "octt" / "_data"
    assert {path.name for path in data.iterdir()} == {"pics", "reports", "testcases"}
    assert not [path for path in (data / "reports").iterdir() if path.is_dir()]
