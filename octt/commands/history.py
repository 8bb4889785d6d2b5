"""`octt history`: the runs of a product over its life."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from octt.commands.refusing import refuse, refusing

if TYPE_CHECKING:
    from octt.history.products import Product

PAGE = "octt-history.html"


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
@click.option(
    "--html",
    type=click.Path(path_type=Path, dir_okay=False),
    help=f"Where the page is written (default: {PAGE} in DIR, where that can be written to).",
)
@click.option("--rebuild", is_flag=True, help="Forget the index and read every record again.")
def history(folder: Path, as_json: bool, html: Path | None, rebuild: bool) -> None:
    """Show the runs below a folder as a history: what got better and worse from version to version.

    DIR may hold runs at any depth. An index (octt-history.sqlite) is kept there, made from the records alone and
    brought up to date each time. The page has cases against runs as a matrix, changes between versions of the software,
    doubtful cases, and measured times with their limits. Nothing is written into a run's own folder.
    """
    from octt.history import outputs
    from octt.history.index import HistoryError, Index
    from octt.history.products import products

    with refusing(HistoryError):
        index = Index(folder)
        if rebuild:
            index.rebuild()
        index.update(_told if sys.stderr.isatty() else None)
        found = products(index.runs())
        index.close()
    written = _write(folder, html, found)
    if as_json:
        click.echo(outputs.as_json(found), nl=False)
        return
    outputs.show(found)
    if written is not None:
        click.echo(f"Page: {written}")


def _write(folder: Path, html: Path | None, found: list[Product]) -> Path | None:
    """Writes the page; None where nobody named a place and the folder is a run's own or cannot be written to."""
    from octt.history.index import is_run
    from octt.history.page import page
    from octt.report.write import write_file

    if html is None and is_run(folder):
        return None
    place = html or folder / PAGE
    try:
        write_file(place, page(found, folder, place).encode())
    except OSError as error:
        if html is not None:
            refuse(f"{html}: {error.strerror}")
        return None
    return place


def _told(done: int, every: int) -> None:
    """How far the reading is, in one line of the terminal."""
    if done == every or done % 10 == 0:
        click.echo(f"\r{done} of {every} records read" + ("\n" if done == every else ""), nl=False, err=True)
