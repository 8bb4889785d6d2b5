"""Whether all runs of a campaign can be begun, and side by side: what is wrong is one sentence before the first."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from octt.bench import Bench, ConfigError
from octt.bench.file import load, sentence
from octt.campaign.file import Asked, Campaign
from octt.suite.catalogue import CatalogueError, find, load_catalogue
from octt.suite.prepare import prepare, read_declaration

ON_THE_RACK = ("firmware", "laboratory")
"""Tables of a bench that name files, which are where the station is."""


def check(campaign: Campaign, *, here: bool) -> None:
    """Raises ConfigError. `here`: all runs are on this machine; else each is on its rack's, whose files it needs."""
    benches: dict[str, Bench] = {}
    for asked in campaign.runs:
        try:
            benches[asked.station] = _prepared(asked) if here else _readable(asked)
        except ConfigError as error:
            raise ConfigError(f"station {asked.station!r}: {error}") from None
        if problem := _needs_a_person(benches[asked.station]):
            raise ConfigError(f"station {asked.station!r}: {problem}")
    machines: dict[str, dict[str, Bench]] = {}
    for asked in campaign.runs:
        machines.setdefault("" if here else asked.rack, {})[asked.station] = benches[asked.station]
    for stations in machines.values():
        _apart(stations)


def _prepared(asked: Asked) -> Bench:
    if not asked.bench.is_file():
        raise ConfigError(f"there is no bench file {asked.bench}; write one with: octt new {asked.bench}")
    return prepare(asked.bench, asked.pics, Path("."), asked.cases, asked.profiles).bench


def _readable(asked: Asked) -> Bench:
    """What can be said of a bench where the files that it names are not."""
    try:
        data = tomllib.loads(asked.bench.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return load(asked.bench)
    try:
        bench = Bench.model_validate({name: data[name] for name in data if name not in ON_THE_RACK})
    except ValidationError as error:
        lines = [sentence(detail) for detail in error.errors()]
        raise ConfigError("\n".join(f"bench file {asked.bench}: {line}" for line in lines)) from None
    read_declaration(asked.pics, bench)
    try:
        for case in asked.cases:
            find(case, load_catalogue())
    except CatalogueError as error:
        raise ConfigError(str(error)) from None
    return bench


def _needs_a_person(bench: Bench) -> str:
    if bench.driver.kind == "manual" or bench.driver.operator:
        what = 'driver.kind = "manual"' if bench.driver.kind == "manual" else "driver.operator = true"
        return (
            f"{what}: nobody can be asked by many runs at once; let a rig do it "
            '(driver.kind = "http" or "command"), or run this station alone: octt run'
        )
    return ""


def _apart(stations: dict[str, Bench]) -> None:
    """Two stations on one machine must not get in each other's way."""
    ports: dict[int, tuple[str, str]] = {}
    rigs: dict[str, str] = {}
    for name, bench in stations.items():
        for key, port in _ports(bench):
            other, its_key = ports.setdefault(port, (name, key))
            if other != name:
                raise ConfigError(_clash(name, bench, key, other, stations[other], its_key, port))
        if bench.driver.kind == "http" and rigs.setdefault(bench.driver.url, name) != name:
            other = rigs[bench.driver.url]
            raise ConfigError(
                f"stations {other!r} and {name!r} have the same rig, driver.url = {bench.redacted()['driver']['url']}; "
                "each station needs one of its own"
            )


def _clash(name: str, bench: Bench, key: str, other: str, others: Bench, its_key: str, port: int) -> str:
    identity = bench.station.identity
    if key == its_key == "central_system.port" and identity == others.station.identity:
        return (
            f"stations {other!r} and {name!r} have the same identity {identity} on the same port {port}; "
            "give each a port of its own (0 for a simulated one), or list the station once with several declarations"
        )
    return (
        f"stations {other!r} and {name!r} are both on port {port} ({its_key} and {key}); give each a port of its own, "
        "or port 0 (any free one) for a simulated station"
    )


def _ports(bench: Bench) -> Iterator[tuple[str, int]]:
    yield from bench.ports.items()
    first, last = bench.files.passive_ports or (0, -1)
    yield from (("files.passive_ports", port) for port in range(first, last + 1) if port)
