"""What is published is enough: from a folder elsewhere, without the checkout, the command lists, writes and runs."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import octt as package
from tests.packages import ROOT, built


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The wheel's content in a folder of its own."""
    folder = tmp_path_factory.mktemp("wheel")
    with zipfile.ZipFile(built()[0]) as content:
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


def test_both_are_fit_for_a_registry():
    check = [sys.executable, "-m", "twine", "check", "--strict", *map(str, built())]
    done = subprocess.run(check, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("PASSED") == 2


def test_the_wheel_that_the_sdist_makes_is_the_same(tmp_path):
    wheel, sdist = built()
    with tarfile.open(sdist) as content:
        content.extractall(tmp_path, filter="data")
    (sources,) = tmp_path.iterdir()
    assert {"LICENSE", "NOTICE", "README.md", "CHANGELOG.md", "pyproject.toml"} <= {
        p.name for p in sources.iterdir()
    }
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "dist")]
    subprocess.run(build, cwd=sources, check=True, capture_output=True)
    (again,) = (tmp_path / "dist").glob("*.whl")
    assert again.name == wheel.name, "the version is that of the sdist, without a repository"
    with zipfile.ZipFile(wheel) as one, zipfile.ZipFile(again) as other:
        assert {entry.filename: entry.CRC for entry in other.infolist()} == {
            entry.filename: entry.CRC for entry in one.infolist()
        }


def test_the_version_follows_from_tags(tmp_path):
    def version(*, tag="", commits=1):
        repository = tmp_path / f"{tag or 'none'}-{commits}"
        (repository / "octt").mkdir(parents=True)
        (repository / "octt" / "__init__.py").write_text("")
        (repository / "README.md").write_text("octt")
        (repository / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
        who = ["-c", "user.name=n", "-c", "user.email=e@example.org"]
        git = ["git", "-C", str(repository), *who]
        subprocess.run([*git, "init", "-q"], check=True)
        for number in range(commits):
            subprocess.run([*git, "add", "."], check=True)
            subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", str(number)], check=True)
            if tag and number == 0:
                subprocess.run([*git, "tag", tag], check=True)
        found = [sys.executable, "-m", "hatchling", "version"]
        return subprocess.run(
            found, cwd=repository, check=True, capture_output=True, text=True
        ).stdout.strip()

    assert version(tag="v1.2.0") == "1.2.0"
    assert version(tag="v1.2.0", commits=3).startswith("1.2.1.dev2+g")
    assert version().startswith("0.1")
    assert package.__version__[0].isdigit()


def test_the_changelog_has_what_is_not_released_yet():
    text = (ROOT / "CHANGELOG.md").read_text()
    assert text.startswith("# Changelog")
    assert "\n## Unreleased\n" in text
