"""`octt console DIR`, and the console of a run that is being carried out."""

from __future__ import annotations

import ipaddress
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from octt.commands.refusing import refuse, refusing

if TYPE_CHECKING:
    from octt.console.server import Server
    from octt.suite.options import Options
    from octt.suite.run import Run

ADDRESS = "127.0.0.1:8610"
"""Where a console is opened unless somebody says otherwise."""


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option("--at", "address", default=ADDRESS, metavar="HOST:PORT", help=f"Where (default: {ADDRESS}).")
def console(folder: Path, address: str) -> None:
    """Show a run in the browser: one that goes on, or one that has ended.

    The page follows DIR/record.jsonl and changes nothing. What a run asks for is answered in its own console:
    octt run --console.
    """
    from octt.console.server import ConsoleError, Server

    record = folder / "record.jsonl"
    if not record.is_file():
        refuse(f"{folder}: there is no record.jsonl in it; name the folder of a run")
    server = Server(record)
    try:
        with refusing(ConsoleError):
            server.start(*place(address))
        click.echo("\n".join([*told(server, address), "ctrl-C ends it."]))
        server.wait()
    except KeyboardInterrupt:
        server.stop()


def place(address: str) -> tuple[str, int]:
    """Host and port of HOST:PORT. Refuses in a sentence."""
    host, colon, port = address.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or int(port) > 65535 or not host:
        refuse(f"{address!r} is no HOST:PORT for the console, for example {ADDRESS} or 0.0.0.0:8610")
    return host.removeprefix("[").removesuffix("]"), int(port)


def told(server: Server, address: str) -> list[str]:
    """Where the page is; beyond this machine with a code for the camera of a phone."""
    from octt.suite.machine import local_addresses

    host = place(address)[0]
    hosts = local_addresses(host)
    lines = ["Console:", *(f"    {server.url(one)}" for one in hosts)]
    if not _is_here(hosts[0]) and sys.stdout.isatty():
        lines += ["", *code(server.url(hosts[0]))]
    return lines


def code(url: str) -> list[str]:
    """A QR code, as lines of a terminal: light on dark whatever the terminal's own colours are."""
    import io

    import segno

    out = io.StringIO()
    segno.make(url, error="L", micro=False).terminal(out=out, compact=True, border=2)
    return [f"\x1b[97;40m{line}\x1b[0m" for line in out.getvalue().splitlines()]


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def opened(address: str, options: Options) -> Server:
    """The console of a run that is about to begin. Refuses when it cannot be opened."""
    from octt.console.live import Live
    from octt.console.server import ConsoleError, Server

    assert options.operator is not None
    server = Server(options.out / "record.jsonl", Live(options.operator, options.out))
    with refusing(ConsoleError):
        server.start(*place(address))
    return server


def connect(server: Server, run: Run) -> None:
    """The run exists: the console may tell what it waits for, and add to its record."""
    if server.live is not None:
        server.live.record = run.record
        server.live.waiting = lambda: (run.current or run.between).case.waiting
        server.live.repeatable = lambda: {*run.ended, *([run.current.case.id] if run.current else [])}
