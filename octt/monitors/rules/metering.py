"""Rules about meter values (sections 4.7, 7.31, 7.35 and 7.43; configuration 9.1.5)."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from octt.monitors.known.heard import Heard, keep
from octt.monitors.known.readings import Sample
from octt.monitors.known.talk import Talk
from octt.monitors.rules.base import Breach, Rule, of
from octt.ocpp.values import ENERGY, text, whole

_SAMPLED = ("MeterValues", "StopTransaction")
_KEPT = 2000
"""Registers that are followed."""
_UNITS = {"Wh": ("Wh", 1.0), "kWh": ("Wh", 1000.0), "varh": ("varh", 1.0), "kvarh": ("varh", 1000.0)}
"""What a unit is measured in, and how much of it it is (section 7.45)."""

Register = tuple[int, int, str, str, str, str]
"""Transaction, connector, measurand, phase, location, what its unit is measured in."""


class _Reading(NamedTuple):
    """A value of a register. `value` is in the plain unit, `step` what its last digit is worth, `n` its line."""

    moment: datetime
    value: float
    unit: str
    step: float
    n: int

    @property
    def shown(self) -> str:
        """As it was written."""
        return f"{self.value / _UNITS.get(self.unit, ('', 1.0))[1]:g} {self.unit}"


def _reading(sample: Sample, value: float, n: int) -> _Reading:
    unit = sample.unit or "Wh"
    factor = _UNITS.get(unit, ("", 1.0))[1]
    decimals = len(text(sample.written).strip().partition(".")[2])
    return _Reading(sample.moment, value * factor, unit, factor / 10 ** min(decimals, 9), n)


class Registers(Rule):
    """Within a transaction the value of an energy register never decreases.

    Compared are values of the same register that came in different MeterValues, the later one with the later
    timestamp, both sampled as part of the transaction: only those are sure to be delivered in chronological order
    (3.7). A value read for a TriggerMessage may overtake queued ones, and Transaction.Begin is the value of the start
    whenever it is sent (7.35). In another unit the same value may be rounded.
    """

    name = "energy register"
    cite = "OCPP 1.6 section 7.31; errata 3.78"
    requests = of("MeterValues", "StopTransaction")
    answers = of("StartTransaction")

    def __init__(self) -> None:
        self._last: OrderedDict[Register, _Reading] = OrderedDict()

    def see(self, heard: Heard, talk: Talk) -> Iterator[Breach]:
        """Follows the registers of every transaction."""
        if heard.answered("StartTransaction"):
            self._forget(whole(heard.payload.get("transactionId")))
        elif heard.request("MeterValues"):
            yield from self._values(heard, talk)
        elif heard.request("StopTransaction"):
            yield from self._stop(heard)

    def _forget(self, transaction: int | None) -> None:
        for register in [key for key in self._last if key[0] == transaction]:
            del self._last[register]

    def _values(self, heard: Heard, talk: Talk) -> Iterator[Breach]:
        transaction, connector = (
            whole(heard.payload.get("transactionId")),
            whole(heard.payload.get("connectorId")),
        )
        if transaction is None or transaction == -1 or connector is None:
            return
        newest: dict[Register, _Reading] = {}
        for sample in heard.readings.followed:
            if sample.value is None or not _followed(sample):
                continue
            new = _reading(sample, sample.value, heard.n)
            kind = _UNITS.get(new.unit, (new.unit, 1.0))[0]
            register = (transaction, connector, sample.measurand, sample.phase, sample.location, kind)
            last = self._last.get(register)
            if last and new.moment > last.moment and _fell(last, new):
                yield self.violation(
                    heard,
                    f"the register {register[2]} fell within a transaction",
                    f"from {last.shown} to {new.shown}, transaction {transaction}, after line {last.n}",
                )
            if register not in newest or new.moment >= newest[register].moment:
                newest[register] = new
        yield from self._below_start(heard, transaction, newest, talk)
        for register, new in newest.items():
            last = self._last.get(register)
            keep(self._last, register, last if last and last.moment > new.moment else new, _KEPT)

    def _below_start(
        self, heard: Heard, ident: int, newest: dict[Register, _Reading], talk: Talk
    ) -> Iterator[Breach]:
        """A remark: meterStart may have been read from another meter."""
        transaction = talk.ledger.by_id.get(ident)
        start = transaction.meter_start if transaction else None
        for register, new in newest.items():
            if start is None or not _of_the_meter(register) or new.value >= start - 1:
                continue
            fits = " (in kWh it would fit)" if new.unit == "Wh" and new.value * 1000 >= start - 1000 else ""
            yield self.remark(
                heard,
                "a register in MeterValues is below meterStart of the transaction",
                f"{new.shown} below {start} Wh{fits}, transaction {ident}",
            )

    def _stop(self, heard: Heard) -> Iterator[Breach]:
        transaction, stop = whole(heard.payload.get("transactionId")), whole(heard.payload.get("meterStop"))
        if transaction is None or transaction == -1 or stop is None:
            return
        for register, last in self._last.items():
            if register[0] == transaction and _of_the_meter(register) and stop < last.value - 1:
                yield self.remark(
                    heard,
                    "meterStop is below a register that was reported before",
                    f"{stop} Wh below {last.shown} of line {last.n}, transaction {transaction}",
                )
        self._forget(transaction)


def _fell(last: _Reading, new: _Reading) -> bool:
    rounded = 0.0 if new.unit == last.unit else max(new.step, last.step)
    return new.value < last.value - rounded


def _of_the_meter(register: Register) -> bool:
    """Whether it is what meterStart and meterStop are read from: in Wh, of a connector as a whole."""
    return bool(register[1]) and register[2:] == (ENERGY, "", "Outlet", "Wh")


class RegistersBetween(Rule):
    """From transaction to transaction a register goes on where it was. 7.31 says SHOULD, so it is a remark."""

    name = "register between transactions"
    cite = "OCPP 1.6 sections 6.45 and 7.31; errata 3.9 and 3.78"
    requests = of("StartTransaction", "StopTransaction")

    def __init__(self) -> None:
        self._stopped: OrderedDict[int, tuple[int, int]] = OrderedDict()

    def see(self, heard: Heard, talk: Talk) -> Iterator[Breach]:
        """Compares meterStart with the meterStop before it on the same connector."""
        if heard.request("StopTransaction"):
            transaction = talk.ledger.by_id.get(whole(heard.payload.get("transactionId")) or 0)
            stop = whole(heard.payload.get("meterStop"))
            if transaction and stop is not None:
                keep(self._stopped, transaction.connector, (stop, heard.n), _KEPT)
            return
        connector, start = whole(heard.payload.get("connectorId")), whole(heard.payload.get("meterStart"))
        if not heard.request("StartTransaction") or connector is None or start is None:
            return
        stop, line = self._stopped.pop(connector, (0, 0))
        if start >= stop:
            return
        what = (
            "restarts at 0 with each transaction"
            if start == 0
            else "is lower than at the end of the one before"
        )
        yield self.remark(
            heard,
            f"the register of a connector {what}, so that energy between transactions cannot be accounted for",
            f"connector {connector}, meterStart {start} Wh after meterStop {stop} Wh of line {line}",
        )


class Values(Rule):
    """A value is a decimal number, unless it is signed, and was read for the reason that its context gives."""

    name = "sampled value"
    cite = "OCPP 1.6 section 7.43"
    requests = of(*_SAMPLED)

    def see(self, heard: Heard, talk: Talk) -> Iterable[Breach]:
        """Remarks: the schema only asks for a text."""
        if not heard.request(*_SAMPLED):
            return ()
        if not heard.readings.odd and "Trigger" not in heard.readings.contexts:
            return ()
        return self._odd(heard, talk)

    def _odd(self, heard: Heard, talk: Talk) -> Iterator[Breach]:
        told: set[str] = set()
        for sample in heard.readings.odd:
            fault = _oddity(sample)
            if fault not in told:
                told.add(fault)
                yield self.remark(heard, fault, f"{sample.measurand} {sample.written!r:.42}")
        if "Trigger" in heard.readings.contexts and "MeterValues" not in talk.triggered:
            fault = "sampled values have context Trigger, though no TriggerMessage asked for MeterValues"
            yield self.remark(heard, fault, cite="OCPP 1.6 section 7.35")


def _oddity(sample: Sample) -> str:
    if sample.value is None:
        return "a sampled value is no decimal number"
    if isinstance(sample.written, str) and sample.written != sample.written.strip():
        return "a sampled value has blanks around the number"
    return "a sampled value is written otherwise than as a plain decimal number"


class OffTheGrid(Rule):
    """Clock-aligned values belong to intervals that divide the day from midnight on.

    A remark: the midnight may be that of any time zone, so that only the quarters of an hour are sure.
    """

    name = "clock-aligned"
    cite = "OCPP 1.6 sections 3.16.2 and 9.1.5"
    requests = of("MeterValues")
    asked = of("ChangeConfiguration")

    TOLERANCE = 1.0
    """Seconds: a station knows beforehand when the interval ends."""

    def __init__(self) -> None:
        self._changed = 0.0

    def see(self, heard: Heard, talk: Talk) -> Iterable[Breach]:
        """Compares the times of values of context Sample.Clock with ClockAlignedDataInterval."""
        if heard.asked("ChangeConfiguration"):
            if text(heard.payload.get("key")).lower() == "clockaligneddatainterval":
                self._changed = heard.t / 1e9
            return ()
        if not heard.request("MeterValues") or not heard.readings.aligned:
            return ()
        interval = talk.number("ClockAlignedDataInterval")
        return self._beside(heard, interval) if interval else ()

    def _beside(self, heard: Heard, interval: int) -> Iterator[Breach]:
        grid = math.gcd(interval, 900)
        for moment in heard.readings.aligned:
            if moment.timestamp() < self._changed + interval:
                continue
            beside = moment.timestamp() % grid
            off = min(beside, grid - beside)
            if off > self.TOLERANCE:
                yield self.remark(
                    heard,
                    "clock-aligned values are not aligned to their interval",
                    f"{off:.1f} s beside {interval} s",
                )
                return


def _followed(sample: Sample) -> bool:
    """Whether a sample is of a register, and was read when its turn was."""
    return sample.measurand.endswith(".Register") and sample.context not in ("Trigger", "Transaction.Begin")
