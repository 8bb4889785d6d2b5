"""The rule about energy and power that cannot both be true (sections 7.31 and 7.45)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from octt.monitors.known.heard import Heard, keep
from octt.monitors.known.readings import POWER
from octt.monitors.known.talk import Talk
from octt.monitors.rules.base import Breach, Rule, of
from octt.ocpp.values import ENERGY, PERIODIC, whole

_ENERGY = {"": 1.0, "Wh": 1.0, "kWh": 1000.0}
_WATTS = {"": 1.0, "W": 1.0, "kW": 1000.0}
_KEPT = 500
"""Transactions that are followed."""


@dataclass(frozen=True)
class _Reading:
    """Energy in Wh, power in W, and when and where they were read."""

    moment: datetime
    energy: float
    power: float
    line: int
    unit: str


class EnergyAndPower(Rule):
    """The energy between two samples is that of the power in between, far within a factor of ten.

    A remark: power may change between two samples, so that only the same, considerable power at both ends says
    anything. A unit that is called by another's name (kWh for Wh) shows so.
    """

    name = "energy and power"
    cite = "OCPP 1.6 sections 7.31 and 7.45"
    requests = of("MeterValues")

    SHORTEST, LONGEST = 5.0, 3600.0
    """Seconds between samples that are compared."""
    CONSIDERABLE = 500.0
    """Watts below which rounding and standby decide."""
    STEADY = 1.5
    """Times by which the power may differ between the two."""
    FACTOR = 10.0
    """Times by which energy and power have to differ."""
    ROUNDED = 20.0
    """Wh that a register in whole hundredths of a kWh may lose at both ends."""

    def __init__(self) -> None:
        self._last: OrderedDict[tuple[int, int], _Reading] = OrderedDict()

    def see(self, heard: Heard, talk: Talk) -> Iterator[Breach]:
        """Compares each sample of energy and power with the one before."""
        place = (whole(heard.payload.get("transactionId")), whole(heard.payload.get("connectorId")))
        if not heard.request("MeterValues") or place[0] is None or not place[1]:
            return
        now = _reading(heard)
        if now is None:
            return
        key = (place[0], place[1])
        before = self._last.get(key)
        keep(self._last, key, now, _KEPT)
        if before is None or before.unit != now.unit:
            return
        seconds = (now.moment - before.moment).total_seconds()
        least, most = sorted((before.power, now.power))
        if (
            not self.SHORTEST <= seconds <= self.LONGEST
            or least < self.CONSIDERABLE
            or most > least * self.STEADY
        ):
            return
        gained, expected = now.energy - before.energy, (least + most) / 2 * seconds / 3600
        told = self._told(gained, expected)
        if told:
            yield self.remark(
                heard,
                f"the energy register rose {told} than the power reported with it",
                f"{gained:.0f} Wh in {seconds:.0f} s at {least:.0f} to {most:.0f} W, since line {before.line}",
            )

    def _told(self, gained: float, expected: float) -> str:
        if gained < 0:
            return ""  # another rule's
        if gained > expected * self.FACTOR + self.ROUNDED:
            return "far more"
        if gained < expected / self.FACTOR - self.ROUNDED / self.FACTOR and expected > 2 * self.ROUNDED:
            thousand = expected / 3 <= gained * 1000 <= expected * 3
            return "far less, as if kWh were called Wh," if thousand else "far less"
        return ""


def _reading(heard: Heard) -> _Reading | None:
    """The first sample with overall energy and power at the outlet, in units that can be compared."""
    energy: dict[datetime, tuple[float, str]] = {}
    power: dict[datetime, float] = {}
    for sample in heard.readings.followed:
        if sample.phase or sample.location != "Outlet" or sample.context != PERIODIC or sample.value is None:
            continue
        if sample.measurand == ENERGY and (factor := _ENERGY.get(sample.unit)):
            energy.setdefault(sample.moment, (sample.value * factor, sample.unit))
        elif sample.measurand == POWER and (factor := _WATTS.get(sample.unit)):
            power.setdefault(sample.moment, sample.value * factor)
    for moment, watts in power.items():
        if moment in energy:
            return _Reading(moment, energy[moment][0], watts, heard.n, energy[moment][1])
    return None
