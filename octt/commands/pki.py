"""`octt pki`: the laboratory's certificates of a bench, for the station and from the laboratory's own CA."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from octt.commands.refusing import refuse, refusing

if TYPE_CHECKING:
    from octt.pki.pki import Pki

FILE = click.Path(path_type=Path, dir_okay=False)
FOLDER = click.Path(path_type=Path, file_okay=False)
BENCH = click.option(
    "--bench", type=FILE, required=True, help="The bench file; its certificates lie beside it."
)
PASSWORD = "OCTT_CA_PASSWORD"


def _open(bench_file: Path) -> Pki:
    from octt.bench import ConfigError, load
    from octt.pki.certificates import PkiError
    from octt.pki.pki import Pki
    from octt.suite.machine import hosts_of
    from octt.suite.prepare import pki_folder

    with refusing(ConfigError, PkiError):
        bench = load(bench_file)
        return Pki.open(pki_folder(bench, bench_file), [*hosts_of(bench), "localhost"])


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
@click.argument("folder", type=FOLDER, required=False)
@click.option("--out", type=FOLDER, help="The same as FOLDER.")
def export(bench: Path, folder: Path | None, out: Path | None) -> None:
    """Write the roots that a station must trust, and how to install them, into FOLDER. No private key is written."""
    from octt.pki.export import export as write

    if (folder and out) or not (place := folder or out):
        refuse("name the folder to write to, once")
    try:
        written = write(_open(bench), place)
    except OSError as error:
        refuse(f"{place}: {error.strerror}")
    for file in written:
        click.echo(str(file))


@pki.command("import")
@BENCH
@click.argument("pem", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option(
    "--password-file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help=f"The first line is the password of the private key. Else {PASSWORD} of the environment, or it is asked for.",
)
def import_ca(bench: Path, pem: Path, password_file: Path | None) -> None:
    """Let the laboratory's own CA sign from now on: PEM holds its private key, its certificate, and those above it."""
    from octt.pki.certificates import PkiError, describe

    laboratory = _open(bench)
    with refusing(PkiError):
        try:
            content = pem.read_bytes()
            laboratory.import_ca(content, _password(content, password_file))
        except OSError as error:
            refuse(f"{error.filename or pem}: {error.strerror}")
    click.echo(f"{describe(laboratory.root.certificate)} signs from now on; the station must trust its root")


def _password(pem: bytes, file: Path | None) -> bytes | None:
    """The password of the private key, None for one without. Never an argument: every process could read it."""
    if b"ENCRYPTED" not in pem:
        return None
    if file:
        return file.read_bytes().partition(b"\n")[0].rstrip(b"\r")
    if PASSWORD in os.environ:
        return os.environb[PASSWORD.encode()]
    return str(click.prompt("Password of the private key", hide_input=True, err=True)).encode()
