"""What this machine is: its addresses, and the versions that a record names."""

from __future__ import annotations

import contextlib
import gc
import importlib.metadata
import platform
import socket
import sys
from typing import Any

import octt
from octt.bench import Bench


def hosts_of(bench: Bench) -> list[str]:
    """The names and addresses a station can reach this machine by, the best first."""
    central = bench.central_system
    return [central.public_host] if central.public_host else local_addresses(central.host)


def local_addresses(host: str) -> list[str]:
    """The addresses of this machine that a server bound to `host` can be reached at."""
    if host not in ("0.0.0.0", "::", ""):
        return [host]
    found: list[str] = []
    with contextlib.suppress(OSError):
        found = [str(info[4][0]) for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)]
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(
            ("192.0.2.1", 9)
        )  # a documentation address: nothing is sent, the kernel picks the way out
        found.append(probe.getsockname()[0])
    return [*dict.fromkeys(address for address in found if not address.startswith("127.")), "127.0.0.1"]


def collect_seldom() -> None:
    """Has Python look for garbage seldom: looking through all that a run keeps holds up the station's answers.

    Hardly anything here is garbage of the kind that only this finds. What is young is looked through in small portions,
    at most some twenty thousand objects at once; all there is only between cases, when little is kept (suite/run.py).
    """
    gc.freeze()
    gc.set_threshold(5_000, 3, 10_000)


def tool() -> dict[str, Any]:
    """Who made this record: versions that matter when a result is disputed."""
    packages = ("websockets", "ocpp", "jsonschema-rs", "cryptography", "pytest")
    return {
        "name": "octt",
        "version": octt.__version__,
        "python": sys.version.split()[0],
        "platform": f"{platform.system()} {platform.machine()}",
        "packages": {name: importlib.metadata.version(name) for name in packages},
    }
