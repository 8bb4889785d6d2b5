"""The `octt` command, in a process of its own or, quicker, in this one."""

import subprocess
import sys

from click.testing import CliRunner

from octt.commands.main import main

OCTT = [sys.executable, "-m", "octt.commands.main"]


def octt(*arguments, timeout=120, **options):
    """As a user calls it; what subprocess.run returns."""
    return subprocess.run(
        [*OCTT, *map(str, arguments)], capture_output=True, text=True, timeout=timeout, **options
    )


def invoke(*arguments, text="", **options):
    """In this process; what click's test runner returns. `text` is typed at the terminal."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments], input=text, **options)
