"""Meter values as readings: one per meterValue, with its time, its context and its measurands."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import UTC, datetime

from octt.script.case_run import Label
from octt.script.station import Station
from octt.timeline.entry import Entry


@dataclass(frozen=True)
class Reading:
    """One meterValue of a MeterValues.req. `whole` when its time is given in whole seconds."""

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
    """The readings of one message. Absent fields have the defaults of section 7.43 (SampledValue)."""
    found = []
    for entry in seen.payload.get("meterValue", []):
        text = str(entry.get("timestamp", ""))
        try:
            time = datetime.fromisoformat(text)
        except ValueError:
            continue
        values = [value for value in entry.get("sampledValue", []) if isinstance(value, dict)]
        contexts = sorted({str(value.get("context", "Sample.Periodic")) for value in values})
        names = frozenset(str(value.get("measurand", "Energy.Active.Import.Register")) for value in values)
        in_utc = time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
        found.append(Reading(seen, text, in_utc, " and ".join(contexts), names))
    return found


def of_transaction(seen: Entry, before: list[Reading]) -> list[Reading]:
    """The readings of one message, after those that came before it in the transaction.

    A value taken when the transaction began (Transaction.Begin, section 7.35) belongs to no interval.
    """
    found = readings(seen)
    return found if before else [reading for reading in found if reading.context != "Transaction.Begin"]


def check_spacing(station: Station, found: list[Reading], interval: float, *, step: Label) -> None:
    """Consecutive readings must be `interval` seconds apart by their own timestamps.

    The network has no part in timestamps, so the tolerance is the narrow one in both directions.
    """
    for one, other in itertools.pairwise(found):
        spacing = (other.time - one.time).total_seconds()
        slack = 1.0 if one.whole or other.whole else 0.0
        station.check(
            interval - station.limits.early(interval) - slack
            <= spacing
            <= interval + station.limits.late + slack,
            f"meterValue.timestamp {interval:g} s after the one before",
            f"{other.text} is {spacing:g} s after {one.text}",
            step=step,
            cite="OCPP 1.6 4.7",
            frame=other.seen,
        )


def highest(seen: Entry, measurand: str) -> float | None:
    """The highest value of a measurand in a MeterValues.req, in A or W; None when it has none."""
    found = []
    for entry in seen.payload.get("meterValue", []):
        for value in entry.get("sampledValue", []):
            if value.get("measurand") == measurand:
                try:
                    number = float(value.get("value", ""))
                except ValueError:
                    continue
                found.append(number * (1000 if value.get("unit") == "kW" else 1))
    return max(found, default=None)
