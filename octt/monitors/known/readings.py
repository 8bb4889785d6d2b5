"""The times and the sampled values of a request, read once for all rules."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from octt.ocpp.values import ENERGY, PERIODIC, Payload, decimal, dicts, instant

POWER = "Power.Active.Import"

LOOKED_AT = 500
"""Times, and sampled values, of one message that are looked at: there is room for tens of thousands."""

_IDLE = (
    *(
        "Current.Import",
        "Voltage",
        "Current.Offered",
        "Power.Offered",
        "Current.Export",
        "Power.Active.Export",
    ),
    *(
        "Power.Factor",
        "Power.Reactive.Import",
        "Power.Reactive.Export",
        "Frequency",
        "SoC",
        "Temperature",
        "RPM",
    ),
)
"""Measurands that no rule follows: a sample of them that is usual otherwise need not be looked at again."""
_USUAL = (None, PERIODIC)
_PLAIN = re.compile(r"-?\d+(\.\d+)?", re.ASCII)


class Sample(NamedTuple):
    """A sampled value with its defaults (section 7.43). `value` is None for what is no number, or signed."""

    moment: datetime
    measurand: str
    context: str
    phase: str
    location: str
    unit: str
    written: object
    value: float | None


@dataclass
class Readings:
    """The sampled values of a message, as far as they have a time."""

    followed: list[Sample] = field(default_factory=list)
    """Those of registers, and of the power that is imported."""

    odd: list[Sample] = field(default_factory=list)
    """Those that are neither signed nor written as a plain decimal number."""

    contexts: set[str] = field(default_factory=set)
    aligned: list[datetime] = field(default_factory=list)
    """The times of clock-aligned values."""


def times(payload: Payload) -> list[tuple[str, datetime]]:
    """Every timestamp of a request that can be read, as it was written and as an instant."""
    written = [payload.get("timestamp")]
    for name in ("meterValue", "transactionData"):
        if values := payload.get(name):
            written += [value.get("timestamp") for value in dicts(values)[:LOOKED_AT]]
    return [(one, moment) for one in written if isinstance(one, str) and (moment := instant(one)) is not None]


def readings(payload: Payload) -> Readings:
    """The first sampled values of a MeterValues.req or StopTransaction.req."""
    found, left = Readings(), LOOKED_AT
    for name in ("meterValue", "transactionData"):
        values = payload.get(name)
        for value in values[:LOOKED_AT] if isinstance(values, list) else ():
            moment = instant(value.get("timestamp")) if isinstance(value, dict) else None
            inner = value.get("sampledValue") if moment else None
            if moment is not None and isinstance(inner, list) and left > 0:
                for sample in inner[:left]:
                    if isinstance(sample, dict) and not (
                        sample.get("measurand") in _IDLE
                        and sample.get("context") in _USUAL
                        and _plain(sample.get("value"))
                    ):
                        _read(found, moment, sample)
                left -= len(inner)
    return found


def _named(value: object, default: str) -> str:
    return value[:50] if type(value) is str and value else default


def _plain(written: object) -> bool:
    return type(written) is str and _PLAIN.fullmatch(written) is not None


def _read(found: Readings, moment: datetime, given: Payload) -> None:
    measurand, context, written = given.get("measurand"), given.get("context", PERIODIC), given.get("value")
    followed = _named(measurand, ENERGY).endswith(".Register") or measurand == POWER
    if isinstance(context, str):
        found.contexts.add(context)
        if context == "Sample.Clock":
            found.aligned.append(moment)
    plain = _plain(written)
    if plain and not followed:
        return
    signed = given.get("format") == "SignedData"
    sample = Sample(
        moment,
        _named(measurand, ENERGY),
        _named(context, PERIODIC),
        _named(given.get("phase"), ""),
        _named(given.get("location"), "Outlet"),
        _named(given.get("unit"), ""),
        written,
        None if signed else decimal(written),
    )
    if followed:
        found.followed.append(sample)
    if not plain and not signed:
        found.odd.append(sample)
