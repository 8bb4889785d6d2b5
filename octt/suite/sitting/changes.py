"""What is not as it was in the sitting before: what is told, and what would make of two sittings two runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from octt.bench import Bench, ConfigError
from octt.ocpp.values import shown, table
from octt.suite.sitting.former import FIRMWARE, Former

_MAY_CHANGE = (
    *("driver", "files", "laboratory", "security.pki", "times.connect_timeout", "times.operator_timeout"),
    *(f"central_system.{key}" for key in ("host", "port", "path", "public_host", "password", "tls_port")),
)
"""What of a bench decides nothing about the station: who acts on it, how it is reached, who tests."""

_TOLD = 5
"""Differences that are named in one sentence."""


def of_bench(former: Former, bench: Mapping[str, Any]) -> list[str]:
    """What is told of the bench, a sentence each. ConfigError where verdicts would not be comparable any more."""
    told, refused = list[str](), list[str]()
    was, now = table(former.bench.get("driver")).get("kind"), table(bench.get("driver")).get("kind")
    if "simulated" in (was, now) and was != now:
        refused.append(f"driver.kind = {now!r}, it was {was!r}")
    # A setting that there was not yet in the version of then had its default.
    for key, before, after in _differences(_over(Bench().redacted(), former.bench), bench):
        words = f"{key} = {_short(after)}, it was {_short(before)}"
        raised = key == "central_system.security_profile" and after == former.raised
        if raised or any(key == known or key.startswith(f"{known}.") for known in _MAY_CHANGE):
            told.append(f"bench: {words}")
        else:
            refused.append(words)
    if refused:
        raise ConfigError(
            f"the bench is not that of the run in {former.folder}: {_few(refused)}; set it as it was, or begin a new "
            "run"
        )
    return told


def of_declaration(former: Former, declared: Mapping[str, Any]) -> None:
    """ConfigError for another declaration than that of the run."""
    found = [
        f"{key} = {_short(after)}, it was {_short(before)}"
        for key, before, after in _differences(former.pics, declared)
    ]
    if found:
        raise ConfigError(
            f"the declaration is not that of the run in {former.folder}: {_few(found)}; a report has one declaration: "
            "leave --pics away to go on with that of the run, or begin a new run"
        )


def of_tool(former: Former, version: str) -> list[str]:
    """What is told of the version of octt."""
    return [] if version == former.version else [f"octt {version}, it was {former.version or 'not told'}"]


def of_station(before: Mapping[str, str], now: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """What BootNotification says otherwise: what makes it another station, and what is only told (its firmware)."""
    both = [name for name in before if name in now and before[name] != now[name]]
    words = {name: f"{name} = {_short(now[name])}, it was {_short(before[name])}" for name in both}
    other = [told for name, told in words.items() if name != FIRMWARE]
    return other, [words[FIRMWARE]] if FIRMWARE in words else []


def _differences(
    before: Mapping[str, Any], after: Mapping[str, Any], place: str = ""
) -> Iterator[tuple[str, Any, Any]]:
    """What is different in two tables of tables, by its place: "station.connector"."""
    for key in [*before, *(key for key in after if key not in before)]:
        was, now, where = before.get(key), after.get(key), f"{place}{key}"
        if isinstance(was, dict) and isinstance(now, dict):
            yield from _differences(was, now, f"{where}.")
        elif was != now and where != "laboratory.logo":  # which is data on the record
            yield where, was, now


def _over(below: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """What is given, and from below what is not."""
    both = {key: (below.get(key), value) for key, value in given.items()}
    return {**below} | {
        key: _over(was, value) if isinstance(was, dict) and isinstance(value, dict) else value
        for key, (was, value) in both.items()
    }


def _short(value: Any) -> str:
    text = shown(value)
    return f'"{text[:60]}"' if isinstance(value, str) else text[:60] or "nothing"


def _few(found: list[str]) -> str:
    more = f" and {len(found) - _TOLD} more" if len(found) > _TOLD else ""
    return "; ".join(found[:_TOLD]) + more
