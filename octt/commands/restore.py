"""`octt restore`: puts back what a run left at its station."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

import click

FOLDER = click.Path(path_type=Path, file_okay=False)

RESTORED, UNDECIDED = 0, 3


@click.command()
@click.argument("folder", metavar="DIR", type=FOLDER)
@click.option(
    "--bench",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Bench file (default: the one on the record, where it needs no secrets).",
)
@click.option("--out", type=FOLDER, help="Folder for the record of it (default: a new one beside DIR).")
def restore(folder: Path, bench: Path | None, out: Path | None) -> None:
    """Put back what a run left at its station.

    DIR is the folder of the run, whatever ended it: ctrl-C, a crash, a power cut. Everything a test case changes is on
    its record until the station has said that it is as it was; what is still open there is carried out now, and what
    cannot be is said.

    Exit code 0: nothing is left; 2: bad usage or configuration; 3: something could not be put back; 4: the station did
    not connect.
    """
    from rich.console import Console

    from octt.bench import ConfigError, load
    from octt.commands.front import operator_of
    from octt.commands.refusing import NOT_CARRIED_OUT, refuse, refusing
    from octt.pics.declaration import Declaration
    from octt.suite.leftover import bench_of, left_of
    from octt.suite.options import Options
    from octt.suite.prepare import pki_folder
    from octt.suite.progress import Progress
    from octt.suite.run import Run

    try:
        left = left_of(folder)
    except OSError as error:
        refuse(f"{folder} holds no record of a run: {error.strerror}")
    if not left.undos:
        for text in left.told():
            click.echo(text)
        click.echo(f"nothing is left to be put back of run {left.run}")
        sys.exit(RESTORED)
    with refusing(ConfigError):
        chosen = load(bench) if bench else bench_of(folder)
        if chosen.driver.kind == "simulated":
            refuse("the built-in simulated station ended with its run: there is nothing left to put back")
        default = folder.absolute().parent / datetime.now().strftime("%Y-%m-%d_%H%M%S_%f")[:-3]
        options = Options(chosen, Declaration(), out or default)
        options.pki_folder = pki_folder(chosen, bench)
        progress = Progress(Console(highlight=False))
        options.listener = progress.see
        options.operator = operator_of(options, progress)
        run = Run(options)
        progress.run, run.tell, run.plan = run, progress.say, {}
        try:
            run.connect(left)
        finally:
            run.finish("restored")
    if run.problem:
        click.echo(run.problem)
        sys.exit(NOT_CARRIED_OUT)
    if not run.journal.open:
        click.echo(f"everything is as it was before run {left.run}")
    sys.exit(UNDECIDED if run.journal.open else RESTORED)
