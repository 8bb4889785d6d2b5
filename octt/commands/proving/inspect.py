"""`octt inspect`: schemas and rules over the log of somebody else's Central System."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from octt.commands.refusing import plain, refuse, refusing

FOUND = 1
"""The exit code when a station did what the specification forbids."""


@click.command()
@click.argument("log", metavar="LOG", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Make the report's page of it, with every frame, in this folder.",
)
def inspect(log: Path, as_json: bool, out: Path | None) -> None:
    """Hold a log of OCPP 1.6-J frames against the schemas and the rules that watch every frame.

    LOG is what somebody else's Central System wrote, or the station itself: lines with frames in them (SteVe, the ocpp
    package for Python, OCTT, evcc and the like), JSON lines, or nothing but frames. Which way a frame went and when is
    taken from the log where it says so; else the way follows from action and message id.

    Exit code 0: no station broke a rule; 1: one did; 2: nothing in the log could be read, or bad usage.
    """
    from octt.audit.inspect.judging import LogError
    from octt.audit.inspect.judging import inspect as inspected
    from octt.audit.inspect.told import data, lines, write

    with refusing(LogError):
        found = inspected(log)
    if out is not None:
        try:
            write(found, out)
        except OSError as error:
            refuse(f"{error.filename or out}: {error.strerror}")
        _page(out)
    if as_json:
        click.echo(json.dumps(data(found), indent=2, ensure_ascii=False))
    else:
        for line in lines(found):
            click.echo(plain(line))
        if out is not None:
            click.echo(f"report: {out / 'report.html'}")
    sys.exit(FOUND if found.violations else 0)


def _page(folder: Path) -> None:
    """The report's page of a record that was made of a log; a form of the certificate would say too much."""
    from octt.report.evidence.folder import RECORD
    from octt.report.html import page
    from octt.report.model.result import load
    from octt.report.write import write_file

    result = load(folder / RECORD)
    try:
        write_file(folder / "report.html", page.render(result, "2025").encode())
    finally:
        result.frames.close()
