"""Every command in the README and the docs is executed, page by page, in a sandbox; or says why it is not.

Before a fence of `sh` a comment may say: `real-station` (the command is only read), `background` (it goes on while the
rest of its page is executed), `not executed: why`. A fence after `file NAME` is written to that file. `# exit code N`
after a command says how it ends.
"""

from __future__ import annotations

import os
import re
import shlex
import socket
import subprocess
import sys
from pathlib import Path

import click
import pytest

from octt.commands.main import main
from tests.packages import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"(?:<!-- (?P<mark>[^\n]*?) -->\n)?```(?P<kind>\w+)\n(?P<text>.*?)\n```", re.DOTALL)
FREELY_CHOSEN = ("9000", "8000", "43210")
"""Ports of the pages; a test takes free ones instead."""

NOT_EXECUTED = {
    "README.md": "make demo and make test are what continuous integration runs",
    "docs/audit.md": "an audit takes minutes to hours",
    "docs/security.md": "a CA of one's own",
    "docs/tutorials/continuous-integration.md": "a container runtime",
    "docs/tutorials/first-run.md": "a registry that has the package",
}
"""Pages that hold a command which is not executed, and what it would need."""


def fences(page):
    return [found.groupdict("") for found in FENCE.finditer(page.read_text(encoding="utf-8"))]


def commands(fence):
    """The command lines of a fence, each with the exit code it is to end with."""
    for line in fence["text"].splitlines():
        command, _, comment = line.partition("  #")
        code = re.search(r"exit code (\d+)", comment)
        if command.strip():
            yield command.strip(), int(code[1]) if code else 0


def shells():
    return [(page, fence) for page in PAGES for fence in fences(page) if fence["kind"] == "sh"]


def name_of(page):
    return str(page.relative_to(ROOT))


def test_what_is_not_executed_is_known_and_says_why():
    found = {
        name_of(page): fence["mark"] for page, fence in shells() if fence["mark"].startswith("not executed")
    }
    assert set(found) == set(NOT_EXECUTED)
    assert all(len(mark) > len("not executed: ") for mark in found.values())
    marks = {fence["mark"].partition(":")[0] for _, fence in shells()}
    assert marks <= {"", "real-station", "background", "not executed"}


def test_no_command_hides_outside_a_fence():
    for page in PAGES:
        text = FENCE.sub("", page.read_text(encoding="utf-8"))
        hidden = re.findall(
            r"^(?:\t| {4})(?:\S*/)?(?:octt|make|pip|pytest|curl) (?!.*…).*$", text, re.MULTILINE
        )
        assert not hidden, f"{name_of(page)}: {hidden}"


def test_every_link_of_a_page_leads_to_a_file():
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{name_of(page)}: {target}"


def all_octt_commands():
    return [
        pytest.param(command, id=f"{name_of(page)}: {command}")
        for page, fence in shells()
        for command, _ in commands(fence)
        if Path(shlex.split(command)[0]).name == "octt"
    ]


@pytest.mark.parametrize("command", all_octt_commands())
def test_every_command_has_the_options_that_it_is_given(command):
    context, words = click.Context(main, info_name="octt"), shlex.split(command)[1:]
    found = main
    while isinstance(found, click.Group):
        assert words[0] in found.list_commands(context), command
        found = found.get_command(context, words.pop(0))
    known = {option for parameter in found.params for option in parameter.opts + parameter.secondary_opts}
    assert not [word for word in words if re.match(r"--?[a-z]", word) and word not in known]


class Sandbox:
    """A folder with the command `octt`, in which the commands of one page are executed in their order."""

    def __init__(self, folder):
        self.folder, self.background = folder, []
        self.ports = {}
        for port in FREELY_CHOSEN:
            with socket.create_server(("127.0.0.1", 0)) as free:
                self.ports[port] = str(free.getsockname()[1])
        (folder / "bin").mkdir()
        (folder / "bin" / "octt").write_text(f'#!/bin/sh\nexec {sys.executable} -m octt.commands.main "$@"\n')
        (folder / "bin" / "octt").chmod(0o755)
        (folder / "pics").symlink_to(ROOT / "pics")
        self.environment = {**os.environ, "PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "COLUMNS": "120"}
        self.run("octt new bench.toml")

    def own(self, text):
        for port, free in self.ports.items():
            text = re.sub(rf"\b{port}\b", free, text)
        return text

    def run(self, command, code=0):
        done = subprocess.run(
            ["bash", "-c", self.own(command)],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == code, f"{command}\n{done.stdout}{done.stderr}"
        assert "Traceback" not in done.stdout + done.stderr

    def start(self, command):
        process = subprocess.Popen(
            shlex.split(self.own(command)),
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.background.append(process)
        said = process.stdout.readline()
        assert said, f"{command} ended at once"
        return process

    def close(self):
        for process in self.background:
            process.terminate()
            process.wait(30)
            process.stdout.close()


@pytest.fixture
def sandbox(tmp_path):
    made = Sandbox(tmp_path)
    yield made
    made.close()


def executed():
    """The pages with something to execute."""
    return sorted({page for page, fence in shells() if fence["mark"] in ("", "background")})


@pytest.mark.parametrize("page", executed(), ids=name_of)
def test_the_commands_of_a_page_do_what_it_says(sandbox, page):
    for fence in fences(page):
        mark, _, rest = fence["mark"].partition(" ")
        if mark == "file":
            (sandbox.folder / rest).write_text(sandbox.own(fence["text"]) + "\n")
        elif fence["kind"] == "sh" and fence["mark"] in ("", "background"):
            for command, code in commands(fence):
                if mark == "background":
                    sandbox.start(command)
                else:
                    sandbox.run(command, code)


def test_the_site_is_made_and_every_page_is_in_it(tmp_path):
    build = [
        sys.executable,
        "-m",
        "mkdocs",
        "build",
        "--strict",
        "--quiet",
        "--site-dir",
        str(tmp_path / "site"),
    ]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    for page in PAGES[1:]:
        inside = page.relative_to(ROOT / "docs").with_suffix("")
        made = tmp_path / "site" / (inside if inside.name != "index" else inside.parent) / "index.html"
        assert made.exists(), f"{page} is not in the navigation of mkdocs.yml"
    assert "<pre" in (tmp_path / "site" / "tutorials" / "a-rig" / "index.html").read_text()
    assert not list((tmp_path / "site").rglob("*.py"))
