"""The Containerfile. No container runtime is needed: it is read, and its RUN lines are executed in a folder.

What is not tried: the base image itself, and that useradd and chown do there what they do anywhere.
"""

from __future__ import annotations

import fnmatch
import json
import re
import shutil
import subprocess

import pytest

from tests.packages import ROOT, dependencies

KNOWN = {"FROM", "WORKDIR", "COPY", "RUN", "USER", "EXPOSE", "HEALTHCHECK", "ENTRYPOINT", "CMD", "ARG", "ENV"}


def instructions():
    """(instruction, the rest of it), lines that go on joined."""
    text = re.sub(r"^#.*\n", "", (ROOT / "ci" / "Containerfile").read_text(), flags=re.MULTILINE)
    lines = re.sub(r"\\\n\s*", " ", text).splitlines()
    return [(line.partition(" ")[0], line.partition(" ")[2]) for line in lines if line.strip()]


def exec_form(text):
    return json.loads(text[text.index("[") :])


def test_it_is_small_not_root_and_healthy():
    found = instructions()
    assert {name for name, _ in found} <= KNOWN
    last = len(found) - 1 - [name for name, _ in reversed(found)].index("FROM")
    assert found[last][1].endswith("-slim")
    final = dict(found[last:])
    assert final["USER"] == "octt"
    assert exec_form(final["HEALTHCHECK"]) == ["octt", "--version"]
    assert exec_form(final["ENTRYPOINT"]) == ["octt"]
    assert exec_form(final["CMD"]) == ["run"]
    users = [place for place, (name, _) in enumerate(found) if name == "USER"]
    assert not [name for name, _ in found[users[0] :] if name in ("RUN", "COPY")], (
        "nothing is changed as that user"
    )
    # Neither compilers nor sources are in the image: what is copied is the wheel.
    assert [rest for name, rest in found[last:] if name == "COPY"] == ["--from=build /wheels /wheels"]


def sent():
    """What .dockerignore lets through: `*`, and then what is taken back."""
    lines = (ROOT / ".dockerignore").read_text().split()
    assert lines[0] == "*"
    return [line[1:] for line in lines if line.startswith("!")], [
        line for line in lines[1:] if line[0] != "!"
    ]


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """A folder in which every RUN line was executed, / being that folder."""
    folder = tmp_path_factory.mktemp("image")
    (folder / "src").mkdir()
    taken, left = sent()
    ignore = shutil.ignore_patterns(*(pattern.rpartition("/")[2] for pattern in left))
    for name in taken:
        assert (ROOT / name).exists(), f".dockerignore names {name}, which is not there"
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / "src" / name, ignore=ignore)
        else:
            shutil.copy(ROOT / name, folder / "src" / name)
    environment = dependencies(folder)
    subprocess.run(["python3", "-m", "venv", str(folder / "venv")], check=True, env=environment)
    (folder / "as-root").mkdir()
    for command in ("useradd", "chown"):  # needs to be root, and would change this machine
        (folder / "as-root" / command).write_text("#!/bin/sh\n")
        (folder / "as-root" / command).chmod(0o755)
    environment["PATH"] = f"{folder / 'as-root'}:{folder / 'venv' / 'bin'}:{environment['PATH']}"
    environment["PIP_NO_BUILD_ISOLATION"] = "0"  # pip's way of saying: with what is installed
    place = folder
    for name, rest in instructions():
        if name == "WORKDIR":
            place = folder / rest.strip("/")
            place.mkdir(exist_ok=True)
        if name == "RUN":
            line = re.sub(r"(?<=[ =])/(wheels|work)", f"{folder}/\\1", rest)
            done = subprocess.run(
                ["sh", "-ec", line], cwd=place, env=environment, capture_output=True, text=True, timeout=300
            )
            assert done.returncode == 0, f"{rest}\n{done.stdout}{done.stderr}"
    return folder, environment


def in_image(image, *command):
    folder, environment = image
    return subprocess.run(
        [*command], cwd=folder / "work", env=environment, capture_output=True, text=True, timeout=120
    )


def test_what_it_installs_is_healthy_and_runs(image):
    folder, environment = image
    found = shutil.which("octt", path=environment["PATH"])
    assert found == str(folder / "venv" / "bin" / "octt")
    health = in_image(image, "octt", "--version")
    assert (health.returncode, health.stdout[:13]) == (0, "octt, version")
    done = in_image(image, "octt", "run", "--case", "TC_031_CS", "--out", "out")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (folder / "work" / "out" / "report.pdf").exists()


def test_nothing_of_the_checkout_that_no_run_needs_is_sent_to_the_builder():
    taken, _ = sent()
    assert not [name for name in taken if fnmatch.fnmatch(name, "test*s") and name != "testcases"]
    assert not {".git", "docs", "benchmarks", "tests"} & set(taken)
