"""Rules about meter values (sections 4.7, 7.31 and 7.43)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from datetime import datetime

from octt.monitors.seen import Finding, Payload, Rule, Seen, Talk, decimal, dicts, instant, text, whole

ENERGY = "Energy.Active.Import.Register"
"""The measurand of a sampled value that names none (section 7.43)."""

_KEPT = 2000
"""Registers that are followed."""

Register = tuple[int, int, str, str, str, str]
"""Transaction, connector, measurand, phase, location, unit."""


class Registers(Rule):
    """Within a transaction the value of an energy register never decreases.

    Compared are values of the same register and unit that came in different MeterValues, the later one with the later
    timestamp, both sampled as part of the transaction: only those are sure to be delivered in chronological order
    (3.7). A value read for a TriggerMessage may overtake queued ones.
    """

    name = "energy register"
    cite = "OCPP 1.6 section 7.31; errata 3.78"

    def __init__(self) -> None:
        self._last: OrderedDict[Register, tuple[datetime, float, int]] = OrderedDict()

    def see(self, seen: Seen, talk: Talk) -> Iterator[Finding]:
        """Follows the registers of every transaction."""
        if seen.answered("StartTransaction"):
            self._forget(whole(seen.payload.get("transactionId")))
        if seen.request("MeterValues"):
            yield from self._values(seen)
        elif seen.request("StopTransaction"):
            yield from self._stop(seen)

    def _forget(self, transaction: int | None) -> None:
        for register in [key for key in self._last if key[0] == transaction]:
            del self._last[register]

    def _values(self, seen: Seen) -> Iterator[Finding]:
        transaction, connector = (
            whole(seen.payload.get("transactionId")),
            whole(seen.payload.get("connectorId")),
        )
        if transaction is None or transaction == -1 or connector is None:
            return
        newest: dict[Register, tuple[datetime, float]] = {}
        for moment, sample in samples(seen.payload.get("meterValue")):
            measurand, value = text(sample.get("measurand")) or ENERGY, decimal(sample.get("value"))
            if text(sample.get("format")) == "SignedData":
                continue
            if value is None:
                yield self.remark(
                    seen, f"{measurand[:40]} has a value that is no number", "OCPP 1.6 section 7.43"
                )
                continue
            if not measurand.endswith(".Register") or sample.get("context") == "Trigger":
                continue
            register = (
                transaction,
                connector,
                measurand[:50],
                text(sample.get("phase"))[:10],
                (text(sample.get("location")) or "Outlet")[:20],
                (text(sample.get("unit")) or "Wh")[:20],
            )
            last = self._last.get(register)
            if last and moment > last[0] and value < last[1]:
                yield self.violation(
                    seen,
                    f"{measurand[:50]} fell from {last[1]:g} (line {last[2]}) to {value:g} {register[5]} "
                    f"within transaction {transaction}",
                )
            if register not in newest or moment >= newest[register][0]:
                newest[register] = (moment, value)
        for register, (moment, value) in newest.items():
            last = self._last.pop(register, None)
            self._last[register] = last if last and last[0] > moment else (moment, value, seen.n)
            if len(self._last) > _KEPT:
                self._last.popitem(last=False)

    def _stop(self, seen: Seen) -> Iterator[Finding]:
        transaction, stop = whole(seen.payload.get("transactionId")), whole(seen.payload.get("meterStop"))
        if transaction is None or transaction == -1 or stop is None:
            return
        for register, (_, value, line) in self._last.items():
            factor = {"Wh": 1.0, "kWh": 1000.0}.get(register[5])
            plain = register[1] and register[2:5] == (ENERGY, "", "Outlet")
            if register[0] == transaction and plain and factor and stop < value * factor - 1:
                yield self.remark(
                    seen,
                    f"meterStop {stop} Wh is below the {value:g} {register[5]} reported before (line {line})",
                )
        self._forget(transaction)


def samples(values: object) -> Iterator[tuple[datetime, Payload]]:
    """The sampled values of a list of MeterValue, each with its time; what cannot be read is left out."""
    for value in dicts(values):
        moment = instant(value.get("timestamp"))
        if moment is not None:
            for sample in dicts(value.get("sampledValue")):
                yield moment, sample
