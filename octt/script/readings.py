"""Meter values as readings: one per meterValue, with its time, its context and its measurands."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from octt.ocpp.values import ENERGY, PERIODIC, decimal, dicts, instant, sampled, text
from octt.script.case_run import Label
from octt.script.station import Station
from octt.timeline.entry import Entry
from octt.timeline.matching import ABSENT

NO_INTERVAL = frozenset(
    {"Transaction.Begin", "Transaction.End", "Trigger", "Interruption.Begin", "Interruption.End"}
)
"""Contexts of values that are taken on an occasion and belong to no interval (section 7.35)."""


@dataclass(frozen=True)
class Reading:
    """One meterValue of a MeterValues.req. `whole` when its time is given in whole seconds.

    `measurands` has a measurand of a phase twice: by itself, and with the phase as a suffix as configuration keys
    write it (section 9.1.17).
    """

    seen: Entry
    text: str
    time: datetime
    context: str
    measurands: frozenset[str]

    @property
    def whole(self) -> bool:
        """Whether the timestamp has no fraction of a second, so that it may be a second off."""
        return self.time.microsecond == 0


def readings(seen: Entry) -> list[Reading]:
    """The readings of one message. Absent fields have the defaults of section 7.43 (SampledValue).

    Elements of one time and context are one reading: a station may split its measurands.
    """
    found: dict[tuple[str, str], Reading] = {}
    for entry in dicts(seen.payload.get("meterValue")):
        written, time = text(entry.get("timestamp")), instant(entry.get("timestamp"))
        if time is None:
            continue
        values = dicts(entry.get("sampledValue"))
        context = " and ".join(sorted({text(value.get("context")) or PERIODIC for value in values}))
        former = found.get((written, context))
        names = _measurands(values) | (former.measurands if former else frozenset())
        found[written, context] = Reading(seen, written, time, context, names)
    return list(found.values())


def _measurands(values: list[dict[str, Any]]) -> frozenset[str]:
    names: set[str] = set()
    for value in values:
        measurand, phase = text(value.get("measurand")) or ENERGY, text(value.get("phase"))
        names |= {measurand, f"{measurand}.{phase}"} if phase else {measurand}
    return frozenset(names)


def of_transaction(seen: Entry, before: list[Reading]) -> list[Reading]:
    """The readings of one message that belong to an interval, without those that came before.

    A message that is sent again after its answer was lost (section 3.7.1) brings nothing new.
    """
    known = {(reading.text, reading.context, reading.measurands) for reading in before}
    return [
        reading
        for reading in readings(seen)
        if reading.context not in NO_INTERVAL
        and (reading.text, reading.context, reading.measurands) not in known
    ]


def check_spacing(station: Station, found: list[Reading], interval: float, *, step: Label) -> None:
    """Consecutive readings must be `interval` seconds apart by their own timestamps.

    The network has no part in timestamps, so the tolerance is the narrow one in both directions. Values with one
    timestamp, told in several elements, are one reading.
    """
    for one, other in itertools.pairwise(found):
        if one.text == other.text:
            continue
        spacing = (other.time - one.time).total_seconds()
        slack = 1.0 if one.whole or other.whole else 0.0
        station.check(
            interval - station.limits.early(interval) - slack
            <= spacing
            <= interval + station.limits.late(interval) + slack,
            f"meterValue.timestamp {interval:g} s after the one before",
            f"{other.text} is {spacing:g} s after {one.text}",
            step=step,
            cite="OCPP 1.6 4.7",
            frame=other.seen,
        )


def check_context(station: Station, found: list[Reading], context: str, *, step: Label) -> None:
    """Every value of the readings was taken for this reason."""
    others = sorted({reading.context for reading in found} - {context})
    station.check(
        not others,
        f"sampledValue.context = {context}",
        f"the contexts are {', '.join(sorted({reading.context for reading in found}))}",
        step=step,
        cite="OCPP 1.6 7.35",
        frame=next((reading.seen for reading in found if reading.context != context), found[-1].seen),
    )


def configured(station: Station, key: str) -> list[str]:
    """The measurands that a key asks for; none are where it is empty, or the station does not have it."""
    setting = station.value_of(key)
    names = [name.strip() for name in (setting[0] or "").split(",")] if setting else []
    if setting and not any(names):
        station.remark(f"{key} is empty: no measurand is asked for", cite="OCPP 1.6 9.1.17")
    return [name for name in names if name]


def check_measurands(station: Station, found: list[Reading], wanted: list[str], *, step: Label) -> None:
    """Every configured measurand is in every reading; the energy register when none is configured."""
    names = wanted or [ENERGY]
    for reading in found:
        missing = sorted(set(names) - reading.measurands)
        what, actual = f"measurand {', '.join(names)}", f"missing: {', '.join(missing)}"
        cite = "OCPP 1.6 4.7, 9.1.17"
        station.check(not missing, what, actual, step=step, cite=cite, frame=reading.seen)


def check_transaction(station: Station, found: list[Reading], allowed: list[Any], *, step: Label) -> None:
    """Every reading names its transaction; with ABSENT among `allowed` it may name none."""
    for reading in found:
        ident = reading.seen.payload.get("transactionId", ABSENT)
        what, actual = f"transactionId = {allowed[0]}", f"transactionId is {ident}"
        station.check(ident in allowed, what, actual, step=step, cite="OCPP 1.6 4.7", frame=reading.seen)


def check_aligned(station: Station, reading: Reading, interval: float, *, step: Label) -> None:
    """A clock-aligned reading is one of a multiple of the interval since midnight."""
    at = reading.time
    since_midnight = at.hour * 3600 + at.minute * 60 + at.second + at.microsecond / 1e6
    off = min(since_midnight % interval, -since_midnight % interval)
    station.check(
        off <= station.limits.aligned(interval),
        f"meterValue.timestamp aligned to the clock: a multiple of {interval} s since midnight",
        f"{reading.text} is {off:.1f} s off",
        step=step,
        cite="OCPP 1.6 9.1.5",
        frame=reading.seen,
    )


def highest(seen: Entry, measurand: str) -> float | None:
    """The highest value of a measurand in a MeterValues.req, in A or W; None when it has none."""
    found = []
    for _, value in sampled(seen.payload):
        number = decimal(value.get("value"))
        if value.get("measurand") == measurand and number is not None:
            found.append(number * (1000 if value.get("unit") == "kW" else 1))
    return max(found, default=None)
