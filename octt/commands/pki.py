"""`octt pki`: the laboratory's certificates of a bench, for the station and from the laboratory's own CA."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

if TYPE_CHECKING:
    from octt.pki.pki import Pki

FILE = click.Path(path_type=Path, dir_okay=False)
BENCH = click.option(
    "--bench", type=FILE, required=True, help="The bench file; its certificates lie beside it."
)


def _stop(message: object) -> NoReturn:
    click.echo(f"octt: {message}", err=True)
    sys.exit(2)


def _open(bench_file: Path) -> Pki:
    from octt.bench import ConfigError, load
    from octt.pki.certificates import PkiError
    from octt.pki.pki import Pki
    from octt.suite.machine import hosts_of
    from octt.suite.prepare import pki_folder

    try:
        bench = load(bench_file)
        return Pki.open(pki_folder(bench, bench_file), [*hosts_of(bench), "localhost"])
    except (ConfigError, PkiError) as error:
        _stop(error)


@click.group()
def pki() -> None:
    """The laboratory's certificates: export for the station, import a CA."""


@pki.command()
@BENCH
def show(bench: Path) -> None:
    """Say what a station has to trust, and where the laboratory's certificates are kept."""
    from octt.pki.export import instructions

    laboratory = _open(bench)
    click.echo(f"kept in {laboratory.store.folder}; made for {', '.join(laboratory.hosts)}\n")
    click.echo(instructions(laboratory))


@pki.command()
@BENCH
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def export(bench: Path, folder: Path) -> None:
    """Write the roots that a station must trust, and how to install them, into FOLDER. No private key is written."""
    from octt.pki.export import export as write

    try:
        written = write(_open(bench), folder)
    except OSError as error:
        _stop(f"{folder}: {error.strerror}")
    for file in written:
        click.echo(str(file))


@pki.command("import")
@BENCH
@click.argument("pem", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--password", help="Of the private key, if it has one.", prompt=False)
def import_ca(bench: Path, pem: Path, password: str | None) -> None:
    """Let the laboratory's own CA sign from now on: PEM holds its private key, its certificate, and those above it."""
    from octt.pki.certificates import PkiError, describe

    laboratory = _open(bench)
    try:
        laboratory.import_ca(pem.read_bytes(), password.encode() if password else None)
    except (PkiError, OSError) as error:
        _stop(error)
    click.echo(f"{describe(laboratory.root.certificate)} signs from now on; the station must trust its root")
