"""What can be known to be wrong before a run begins: a bench against the declaration, and against this machine."""

from __future__ import annotations

import difflib
import errno
from collections.abc import Iterator

from octt.bench import Bench, ConfigError
from octt.pics.declaration import Declaration
from octt.station.actions import ACTIONS
from octt.tls.listener import Listener


def check(bench: Bench, declaration: Declaration) -> None:
    """Raises ConfigError with everything that is wrong, a line each, with place and remedy."""
    if found := [*_connector(bench, declaration), *_commands(bench), *_ports(bench, declaration)]:
        raise ConfigError("\n".join(found))


def connectors_to_test(bench: Bench, declaration: Declaration) -> tuple[int, ...]:
    """The connectors of which each is to be tested, () for the one of the bench. Raises ConfigError."""
    if bench.station.connectors == "one":
        return ()
    count = declaration.answer("HFS-8")
    if type(count) is not int or count < 1:
        raise ConfigError(
            'station.connectors = "all" of the bench: it is not declared how many the station has; answer HFS-8 of the '
            "declaration (--pics)"
        )
    return tuple(range(1, count + 1)) if count > 1 else ()


def _connector(bench: Bench, declaration: Declaration) -> Iterator[str]:
    count = declaration.answer("HFS-8")
    if type(count) is int and bench.connector > count:
        yield (
            f"station.connector = {bench.connector} of the bench: the declaration says that the station has "
            f"{count} (HFS-8); correct one of the two"
        )


def _commands(bench: Bench) -> Iterator[str]:
    for action in sorted(set(bench.driver.commands) - set(ACTIONS)):
        near = difflib.get_close_matches(action, ACTIONS, 1)
        remedy = f"did you mean {near[0]}?" if near else f"known are {', '.join(ACTIONS)}"
        yield f"driver.commands.{action}: there is no such action; {remedy}"


def _ports(bench: Bench, declaration: Declaration) -> Iterator[str]:
    """Ports that something else has, of those that this run may open."""
    central = bench.central_system
    first = "port" if central.security_profile < 2 else "tls_port"
    for key, port in bench.ports.items():
        place, _, name = key.partition(".")
        if place == "central_system" and name != first and "Security" not in declaration.profiles:
            continue
        try:
            Listener(central.host, port).close()
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                yield f"port {port} is in use; stop what uses it or set another {key}"
            else:
                yield f"{key} = {port}: cannot listen on {central.host}:{port}: {error.strerror or error}"
