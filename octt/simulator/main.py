"""Run one simulated station as a process: `python -m octt.simulator`, and `octt simulate`."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import click

from octt.simulator.control.server import Control
from octt.simulator.faults.catalogue import FAMILIES, FAULTS
from octt.simulator.faults.fault import Fault
from octt.simulator.freedom import Freedom
from octt.simulator.link.tls import CIPHER_SUITES
from octt.simulator.options import DELAYS, PROFILES, Options, delay
from octt.simulator.station import Station


def run_station(
    csms: str,
    identity: str,
    control: str = "127.0.0.1:0",
    connectors: int = 1,
    faults: Sequence[str] = (),
    parent: int | None = None,
    **variant: Any,
) -> None:
    """Run a station until interrupted, or until the process `parent` is gone. `variant` are fields of `Options`.

    Prints one line `control http://host:port` when the control is ready. Raises click.ClickException (one sentence)
    for options that cannot be used.
    """
    host, _, port = control.rpartition(":")
    if not port.isdigit():
        raise click.ClickException(f"--control {control!r} is not HOST:PORT")
    try:
        options = Options(csms, identity, connectors, tuple(faults), **variant)
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(_serve(options, host.strip("[]") or "127.0.0.1", int(port), parent))
    except (ValueError, OSError) as error:
        raise click.ClickException(str(error)) from None


async def _outlive(parent: int, stop: asyncio.Event) -> None:
    """Set `stop` once the process is gone."""
    with contextlib.suppress(ProcessLookupError):
        while True:
            os.kill(parent, 0)
            await asyncio.sleep(0.5)
    stop.set()


async def _serve(options: Options, host: str, port: int, parent: int | None) -> None:
    station = Station(options)
    control = Control(station, host, port)
    await control.start()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
    watch = asyncio.create_task(_outlive(parent, stop)) if parent else None
    try:
        click.echo(f"control {control.url}")
        station.start()
        await stop.wait()
    finally:
        if watch is not None:
            watch.cancel()
        await station.stop()
        await control.stop()


def _declared(context: click.Context, option: click.Parameter, file: Path | None) -> None:
    """--pics: what a vendor declares becomes the default of every other option. Only this command reads PICS."""
    if file is None:
        return
    from octt.bench import ConfigError
    from octt.pics.declaration import load_declaration
    from octt.pics.simulate import simulator_options

    try:
        arguments = simulator_options(load_declaration(file))
    except (ConfigError, OSError, ValueError) as error:
        raise click.ClickException(str(error)) from None
    given = ["--csms", "-", "--identity", "-", *arguments]
    declared = simulate.make_context("simulate", given, resilient_parsing=False).params
    context.default_map = {name: value for name, value in declared.items() if value not in ("-", None)}


def legal_choices(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command an option for each choice that `Freedom` leaves a station."""
    types = get_type_hints(Freedom)
    for choice in reversed(fields(Freedom)):
        names = choice.metadata["names"] or f"--{choice.name.replace('_', '-')}"
        kind, told = types[choice.name], choice.metadata
        more: dict[str, Any] = {"default": choice.default, "help": told["help"]}
        if get_origin(kind) is tuple:
            more |= {"multiple": True, "metavar": told["metavar"]}
            if told["among"]:
                more["type"] = click.Choice(told["among"])
        elif get_origin(kind) is Literal:
            more |= {"type": click.Choice(get_args(kind)), "show_default": True}
        elif kind is int:
            more |= {"type": click.IntRange(1), "metavar": told["metavar"], "show_default": True}
        else:
            more |= {"is_flag": True, "show_default": "/" in names}
        command = click.option(names, choice.name, **more)(command)
    return command


_HELP = """Run one simulated charging station until it is interrupted.

It connects to CSMS/IDENTITY, reconnects for ever, and prints `control http://...` when its hands can be moved: every
action of docs/driver-contract.md is a POST there, GET /state shows the station. Every option leaves it conformant,
except --fault; `octt faults` lists what it can do wrong. docs/simulator.md has examples.
"""


@click.command(help=_HELP)
@click.option(
    "--pics",
    type=click.Path(path_type=Path),
    is_eager=True,
    expose_value=False,
    callback=_declared,
    metavar="FILE",
    help="Be the station that this declaration declares; other options come on top.",
)
@click.option(
    "--csms", required=True, help="URL of the Central System, ws:// or wss://, without the identity."
)
@click.option("--identity", required=True, help="Identity of the station.")
@click.option("--control", default="127.0.0.1:0", show_default=True, help="HOST:PORT of the HTTP control.")
@click.option(
    "--connectors", default=1, show_default=True, type=click.IntRange(1, 64), help="How many there are."
)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="NAME",
    help="Switch a non-conformity on (several at once; see `octt faults`).",
)
@click.option("--parent", type=int, metavar="PID", help="End when that process is gone.")
@click.option("--state", "state_file", metavar="FILE", help="JSON file for what survives a power cycle.")
@click.option(
    "--profile", "profiles", multiple=True, type=click.Choice(PROFILES), help="Only Core and these profiles."
)
@click.option(
    "--key", "keys", multiple=True, metavar="KEY=VALUE", help="Initial value of a configuration key."
)
@click.option("--readonly", multiple=True, metavar="KEY", help="Make a configuration key read-only.")
@click.option("--absent", multiple=True, metavar="KEY", help="Do not have an optional configuration key.")
@click.option(
    "--security-extension/--no-security-extension",
    default=True,
    help="Messages and keys of the security whitepaper.",
)
@click.option(
    "--security-profile",
    default=0,
    show_default=True,
    type=click.IntRange(0, 3),
    help="1 needs --authorization-key-file; 2 that and --trust; 3 --trust, --cert and --key-file.",
)
@click.option(
    "--authorization-key-file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="File with the password, 16 to 20 bytes in hex digits; every process may read a command line.",
)
@click.option(
    "--tls-csms",
    multiple=True,
    metavar="[PROFILE=]URL",
    help="URL for security profile 2 or 3 (both without PROFILE).",
)
@click.option("--trust", multiple=True, metavar="FILE", help="PEM file with Central System roots.")
@click.option("--manufacturer-trust", multiple=True, metavar="FILE", help="PEM file with firmware roots.")
@click.option(
    "--cert", "certificate", metavar="FILE", help="PEM file with the station's certificate (chain)."
)
@click.option("--key-file", "private_key", metavar="FILE", help="PEM file with its private key.")
@click.option(
    "--cipher",
    "cipher_suites",
    multiple=True,
    type=click.Choice(list(CIPHER_SUITES)),
    metavar="SUITE",
    help="Offer only these cipher suites (names as in the whitepaper), with TLS 1.2 only.",
)
@click.option(
    "--key-type",
    type=click.Choice(["rsa", "ec"]),
    default="ec",
    show_default=True,
    help="The key pair it makes for a new certificate.",
)
@click.option(
    "--hash-algorithm",
    type=click.Choice(["SHA256", "SHA384", "SHA512"]),
    default="SHA256",
    show_default=True,
    help="For the hash data of installed certificates.",
)
@click.option("--boot-seconds", default=0.3, show_default=True, type=float, help="How long it boots.")
@click.option(
    "--ev-seconds", default=0.05, show_default=True, type=float, help="From offered energy to charging."
)
@click.option(
    "--download-seconds", default=0.1, show_default=True, type=float, help="The least a download takes."
)
@click.option(
    "--install-seconds", default=0.2, show_default=True, type=float, help="How long it installs firmware."
)
@click.option("--reply-seconds", default=0.0, show_default=True, type=float, help="Delay of every answer.")
@click.option(
    "--delay",
    "delays",
    multiple=True,
    metavar="KIND=SECONDS",
    help=f"Be slow, several at once: {'; '.join(f'{kind} ({what})' for kind, what in DELAYS.items())}.",
)
@click.option(
    "--backoff-seconds",
    nargs=2,
    type=float,
    default=(0.2, 2.0),
    show_default=True,
    metavar="FIRST LONGEST",
    help="Pauses between attempts to connect, each twice the one before.",
)
@legal_choices
@click.option(
    "--vendor", default="Simulated vendor", show_default=True, help="For BootNotification, as the next three."
)
@click.option("--model", default="Simulated station", show_default=True)
@click.option("--serial", default="SIM-0001", show_default=True)
@click.option("--firmware-version", default="1.0.0", show_default=True)
def simulate(
    profiles: Sequence[str],
    keys: Sequence[str],
    tls_csms: Sequence[str],
    delays: Sequence[str],
    authorization_key_file: Path | None,
    **given: Any,
) -> None:
    """The command line of a station."""
    if authorization_key_file:
        given["authorization_key"] = authorization_key_file.read_text(
            encoding="utf-8", errors="replace"
        ).strip()
    chosen = ("Core", *(name for name in profiles if name != "Core")) if profiles else PROFILES
    endpoints = {}
    for item in tls_csms:
        profile, _, url = item.partition("=") if item[:2] in ("2=", "3=") else ("", "", item)
        endpoints.update({int(profile): url} if profile else {2: url, 3: url})
    chosen_keys = dict(item.partition("=")[::2] for item in keys)
    if "authorizationkey" in {name.lower() for name in chosen_keys}:
        raise click.BadParameter("a password is given by --authorization-key-file", param_hint="--key")
    try:
        chosen_delays = dict(delay(text) for text in delays)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--delay") from None
    run_station(profiles=chosen, keys=chosen_keys, tls_csms=endpoints, delays=chosen_delays, **given)


@click.command()
@click.option("--case", metavar="ID", default="", help="Only those that break a check of this case.")
def faults(case: str) -> None:
    """List the non-conformities the simulated station can show, with the checks that must notice them."""
    found = {name: fault for name, fault in FAULTS.items() if not case or _concerns(fault, case)}
    if not found:
        raise click.ClickException(f"no fault breaks a check of {case!r}; `octt list` shows the cases")
    for name, fault in found.items():
        click.echo(f"{name}\n    {fault.description}")
        click.echo(f"    breaks {', '.join(fault.breaks) or 'no case in particular'}")
    if case:
        return
    click.echo("\nIn general (NAME, NAME:SUBJECT, NAME=VALUE or NAME:SUBJECT=VALUE; @N: every N-th time):")
    for name, text in FAMILIES.items():
        click.echo(f"{name}\n    {text}")


def _concerns(fault: Fault, case: str) -> bool:
    return any(check.partition(" ")[0] == case for check in fault.breaks)
