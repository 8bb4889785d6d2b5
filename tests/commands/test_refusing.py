"""Every command ends in one way: `octt: sentence` on standard error and exit code 2."""

from __future__ import annotations

import importlib
import subprocess
import sys

import click
import pytest

from octt.commands.main import COMMANDS, main
from tests.commands.calling import invoke, octt


def test_help_lists_every_command():
    shown = octt("--help").stdout
    for command in ("run", "list", "show", "new", "pics", "report", "verify", "diff", "simulate", "faults"):
        assert f"\n  {command} " in shown


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_says_what_the_command_says_of_itself(name):
    place, listed = COMMANDS[name]
    module, _, attribute = place.partition(":")
    command = getattr(importlib.import_module(module), attribute)
    assert isinstance(command, click.Command)
    assert listed == command.get_short_help_str(200)
    assert "Usage" in invoke(name, "--help").output


def test_help_imports_no_room():
    """What a command needs is imported when it is used, so that --help is quick."""
    code = "import sys; sys.argv[1:] = ['--help']\nfrom octt.commands.main import main\n"
    code += "try: main()\nfinally: print('LOADED', sorted(n for n in sys.modules if n.startswith('octt.')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = "['octt.commands', 'octt.commands.main', 'octt.commands.refusing']"
    assert done.stdout.splitlines()[-1] == f"LOADED {loaded}"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["rnu"], "octt: no such command 'rnu'; see: octt --help"),
        (["run", "--bnech", "x"], "octt: no such option '--bnech'"),
        (["show"], "octt: missing argument 'ID'; see: octt show --help"),
        (["show", "TC_999_CS"], "octt: there is no test case TC_999_CS"),
        (["list", "--pics", "none.toml"], "octt: none.toml: No such file"),
        (["pics", "new", "--form", "1999"], "octt: invalid value for '--form'"),
        (["pics", "check", "none.toml"], "octt: none.toml: No such file"),
        (["pics", "draft"], "octt: name either a RECORD, or --bench FILE, or --simulated"),
        (["pki", "show", "--bench", "none.toml"], "octt: bench file none.toml: No such file"),
        (["pki", "export"], "octt: missing option '--bench'"),
        (["report", "none"], "octt: invalid value for 'DIR'"),
        (["verify", "none"], "octt: invalid value for 'DIR'"),
        (["diff", ".", "."], "octt: record.jsonl: No such file or directory; give the folder of a run"),
        (["override", ".", "--case", "X"], "octt: missing option '--verdict'"),
        (["simulate", "--csms", "ws://x", "--identity", "x", "--control", "y"], "octt: --control 'y' is not"),
        (["faults", "--case", "TC_X"], "octt: no fault breaks a check of 'TC_X'"),
        (["new"], "octt: missing argument 'FILE'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_every_mistake_is_one_sentence(tmp_path, monkeypatch, arguments, sentence):
    monkeypatch.chdir(tmp_path)
    done = invoke(*arguments)
    assert done.exit_code == 2
    assert done.stderr.startswith(sentence)
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""


def test_without_a_command_it_shows_its_commands():
    done = invoke()
    assert done.exit_code == 2
    assert "Commands:" in done.stderr
    assert "octt:" not in done.stderr


def test_what_a_terminal_would_obey_is_not_printed(tmp_path):
    done = invoke("pics", "check", tmp_path / "a\x1b[31mred")
    assert done.exit_code == 2
    assert "\x1b" not in done.stderr


def test_the_group_can_be_called_by_other_code():
    with pytest.raises(click.UsageError):
        main.main(["rnu"], standalone_mode=False)
