"""`octt judge`: today's scripts and rules against the record of an old run."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from octt.commands.refusing import INTERRUPTED, complain, plain, refusing

FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)
CHANGED, UNTOLD = 1, 3
"""The exit codes when a verdict changed, and when a case cannot be judged."""


@click.command()
@click.argument("folder", metavar="DIR", type=FOLDER)
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
def judge(folder: Path, as_json: bool) -> None:
    """Judge the record of an old run by the test cases of today, without its station.

    DIR is the run's folder. Every case is carried out again, in the time of the record: the station says what it said
    then. Where a test case now does what was not done then (another request, another action, a longer wait), the record
    cannot say what the station would have done: the case cannot be judged. DIR is only read.

    Exit code 0: every verdict is the same; 1: one is another today; 2: bad usage, no record, or one that was changed;
    3: no verdict changed, but a case cannot be judged.
    """
    from octt.audit.judge.judging import Fate
    from octt.audit.judge.judging import judge as judged
    from octt.audit.judge.table import data, lines
    from octt.audit.judge.tape import TapeError, load
    from octt.bench import ConfigError

    with refusing(TapeError, ConfigError):
        tape = load(folder)
        try:
            findings = judged(tape)
        except KeyboardInterrupt:
            complain("interrupted")
            sys.exit(INTERRUPTED)
    if as_json:
        click.echo(json.dumps(data(folder, tape, findings), indent=2, ensure_ascii=False))
    else:
        for line in lines(findings):
            click.echo(plain(line))
    fates = {one.fate for one in findings}
    sys.exit(CHANGED if Fate.CHANGED in fates else UNTOLD if Fate.UNTOLD in fates else 0)
