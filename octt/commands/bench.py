"""`octt new`: a bench file to start from."""

from __future__ import annotations

import os
from pathlib import Path

import click

from octt.commands.refusing import refuse

PRIVATE = 0o600


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--force", is_flag=True, help="Overwrite the file.")
def new(file: Path, force: bool) -> None:
    """Write a commented bench file to start from.

    It will hold passwords, so only its owner may read it. For a declaration: octt pics new.
    """
    from octt.bench import TEMPLATE

    if file.exists() and not force:
        refuse(f"{file} is there already; --force overwrites it")
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE), "wb") as opened:
            os.fchmod(opened.fileno(), PRIVATE)
            opened.write(TEMPLATE.read_bytes())
    except OSError as error:
        refuse(f"{file} could not be written: {error.strerror}")
    click.echo(f"{file} written. Next: edit it, then")
    click.echo(f"  octt pics new my-pics.toml\n  octt run --bench {file} --pics my-pics.toml")
