"""Meter values: sampled, clock-aligned, on request, and the data of StopTransaction (specification 3.16, 4.7)."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable

from octt.simulator.part import Part, Payload
from octt.simulator.parts.connectors import Connector
from octt.simulator.parts.keys import split_phase
from octt.simulator.parts.session import Transaction
from octt.simulator.world.world import Outlet

DEFAULT_MEASURAND = "Energy.Active.Import.Register"
_UNITS = {
    "Energy.Active.Import.Register": "Wh",
    "Power.Active.Import": "W",
    "Power.Offered": "W",
    "Current.Import": "A",
    "Current.Offered": "A",
    "Voltage": "V",
    "SoC": "Percent",
    "Temperature": "Celsius",
}


class Metering(Part):
    """Reads the meters at the times the configuration keys say."""

    def boot(self) -> None:
        """Clock-aligned values run as long as the software does."""
        self._aligned: asyncio.Task[None] | None = None
        self._samplers: dict[int, asyncio.Task[None]] = {}
        self._bundles: dict[int, list[Payload]] = {}
        """Sampled values by connector that wait until there are enough for a message."""
        self._start_aligned()

    def key_changed(self, key: str, value: str) -> None:
        """New intervals count at once."""
        if key == "ClockAlignedDataInterval":
            self._start_aligned()
        elif key == "MeterValueSampleInterval":
            for connector in self.station.connectors.all.values():
                if connector.transaction is not None:
                    self._start_sampling(connector.transaction)

    def save_registers(self) -> None:
        """Keep the meters' registers; they never fall, not even over a power loss."""
        registers = self.station.memory.section("meters", {})
        for number, outlet in self.station.world.outlets.items():
            registers[str(number)] = outlet.energy

    def power_loss(self) -> None:
        """The registers are hardware and stay."""
        self.save_registers()

    # sampled values (3.16.1)

    def started(self, transaction: Transaction) -> None:
        """A transaction begins: take its first reading and sample from here."""
        outlet = self.station.world.outlets[transaction.connector]
        self._note(transaction, outlet, "StopTxnSampledData", "Transaction.Begin", transaction.started)
        self._start_sampling(transaction)

    def _start_sampling(self, transaction: Transaction) -> None:
        running = self._samplers.pop(transaction.connector, None)
        if running is not None:
            running.cancel()
        if self.station.config.integer("MeterValueSampleInterval") > 0:
            self._samplers[transaction.connector] = self.station.spawn(self._sampling(transaction))

    async def _sampling(self, transaction: Transaction) -> None:
        connector = self.station.connectors[transaction.connector]
        clock = self.station.clock
        interval = self._interval("MeterValueSampleInterval")
        due = transaction.started
        due += math.floor(max(clock.now() - due, 0.0) / interval) * interval
        while True:
            due += interval
            await asyncio.sleep(max(due - clock.now(), 0.0))
            if connector.transaction is not transaction:
                return
            if abs(clock.now() - due) > 2 * interval:
                due = clock.now()  # the clock was set; do not send a burst
            sample = self._sample(connector.outlet, "MeterValuesSampledData", "Sample.Periodic", due)
            bundle = self._bundles.setdefault(connector.number, [])
            bundle.append(sample)
            if len(bundle) >= self.station.options.bundle_values:
                self.flush(transaction)
            self._note(transaction, connector.outlet, "StopTxnSampledData", "Sample.Periodic", due)

    def flush(self, transaction: Transaction) -> None:
        """Send what was sampled and not sent yet; before StopTransaction nothing of it may be left."""
        bundle = self._bundles.pop(transaction.connector, [])
        if bundle:
            self._keep(transaction.connector, transaction.local, bundle)

    # clock-aligned values (3.16.2)

    def _start_aligned(self) -> None:
        if self._aligned is not None:
            self._aligned.cancel()
            self._aligned = None
        if self.station.config.integer("ClockAlignedDataInterval") > 0:
            self._aligned = self.station.spawn(self._aligning())

    async def _aligning(self) -> None:
        clock = self.station.clock
        interval = self._interval("ClockAlignedDataInterval")
        while True:
            due = self._next_aligned(clock.now(), interval)
            while (left := due - clock.now()) > 0:
                await asyncio.sleep(left)
            for connector in self.station.connectors.all.values():
                self._send_aligned(connector, due)

    def _send_aligned(self, connector: Connector, due: float) -> None:
        options, running = self.station.options, connector.transaction
        sample = self._sample(connector.outlet, "MeterValuesAlignedData", "Sample.Clock", due)
        if running is not None:
            self._keep(
                connector.number, "" if options.aligned_without_transaction else running.local, [sample]
            )
            self._note(running, connector.outlet, "StopTxnAlignedData", "Sample.Clock", due)
        elif not options.terse:
            self.station.outbox.send("MeterValues", self._message(connector.number, [sample]))

    # on request (5.17)

    def trigger(self, message: str, connector: int | None) -> Callable[[], object] | None:
        """MeterValues on request, of one connector or of all."""
        if message != "MeterValues":
            return None
        return lambda: self._send_requested(connector)

    def reading(self, number: int, context: str = "Trigger") -> Payload:
        """A reading of a connector now, outside all intervals; `context` says what for (7.35)."""
        outlet = self.station.world.outlets[number]
        return self._sample(outlet, "MeterValuesSampledData", context, self.station.clock.now())

    def _send_requested(self, number: int | None) -> None:
        for connector in self.station.connectors.all.values():
            if number in (None, 0, connector.number):
                sample = self.reading(connector.number)
                payload = self._message(connector.number, [sample])
                running = connector.transaction
                if running is not None and (id := self.station.transactions.id_of(running.local)) != -1:
                    payload["transactionId"] = id
                self.station.outbox.send("MeterValues", payload, triggered=True)

    # building blocks

    def _interval(self, key: str) -> float:
        """Seconds between two values."""
        return self.station.config.integer(key)

    def _next_aligned(self, now: float, interval: float) -> float:
        """The next moment that is a multiple of the interval since midnight UTC."""
        midnight = now - now % 86400
        return min(midnight + (math.floor((now - midnight) / interval) + 1) * interval, midnight + 86400)

    def _keep(self, connector: int, transaction: str, samples: list[Payload]) -> None:
        """Queue a message about a transaction; an empty name leaves its id out."""
        self.save_registers()
        self.station.outbox.keep("MeterValues", self._message(connector, samples), transaction)

    def _message(self, connector: int, samples: list[Payload]) -> Payload:
        """The payload of MeterValues, but for transactionId."""
        if self.station.options.split_values:
            samples = [apart for sample in samples for apart in _split(sample)]
        return {"connectorId": connector, "meterValue": samples}

    def _note(self, transaction: Transaction, outlet: Outlet, key: str, context: str, moment: float) -> None:
        """Take a reading for StopTransaction, while there is room for another one before the last."""
        room = len(transaction.samples) + 1 < self.station.options.most_stop_values
        if room and self._measurands(key):
            transaction.samples.append(self._sample(outlet, key, context, moment))

    def _measurands(self, key: str) -> list[str]:
        return self.station.config.items(key)

    def _sample(self, outlet: Outlet, key: str, context: str, moment: float) -> Payload:
        """One MeterValue with what a key asks for; the register when it asks for nothing."""
        values: list[Payload] = []
        for measurand in self._measurands(key) or [DEFAULT_MEASURAND]:
            values += self._read(outlet, measurand, context)
        return {"timestamp": self.station.clock.text(moment), "sampledValue": values}

    def _read(self, outlet: Outlet, measurand: str, context: str) -> list[Payload]:
        """The SampledValues of a measurand, one for each phase it is measured on."""
        base, phase = split_phase(measurand)
        number = self._quantity(outlet, base)
        unit = _UNITS.get(base, "")
        value = str(int(number)) if base == DEFAULT_MEASURAND else f"{number:.1f}"
        if unit in ("Wh", "W") and self.station.options.kilo_units:
            unit, value = f"k{unit}", f"{number / 1000:.3f}"
        entries: list[Payload] = []
        for one in [phase] if phase else self._phases(base):
            entry: Payload = {"value": value, "context": context, "measurand": base}
            if unit:
                entry["unit"] = unit
            if one:
                entry["phase"] = one
            entry["location"] = "Outlet" if base != "SoC" else "EV"
            entries.append(entry)
        return entries

    def _phases(self, measurand: str) -> list[str]:
        """The phases on which a measurand is told when nobody asks for one; "" is the whole."""
        supply = self.station.world.supply
        if supply.direct or measurand not in ("Current.Import", "Voltage"):
            return [""]
        suffix = "-N" if measurand == "Voltage" else ""
        return [f"L{line}{suffix}" for line in range(1, supply.phases + 1)]

    def _quantity(self, outlet: Outlet, measurand: str) -> float:
        """What the meter shows of a measurand, in its unit."""
        power, limit, supply = outlet.power, self.station.limit(outlet.number), self.station.world.supply
        quantities: dict[str, float] = {
            "Energy.Active.Import.Register": outlet.energy,
            "Power.Active.Import": power,
            "Power.Offered": limit,
            "Current.Import": power / supply.phases / supply.volts,
            "Current.Offered": limit / supply.phases / supply.volts,
            "Voltage": supply.volts,
            "SoC": outlet.soc,
            "Temperature": 25.0 + power / 2000,
            "Frequency": 50.0,
        }
        return quantities.get(measurand, 0.0)

    def transaction_data(self, transaction: Transaction, outlet: Outlet, now: float) -> list[Payload]:
        """The transactionData of StopTransaction: none when both StopTxn keys are empty (3.16.5)."""
        data = list(transaction.samples)
        if self._measurands("StopTxnSampledData"):
            data.append(self._sample(outlet, "StopTxnSampledData", "Transaction.End", now))
        return data


def _split(sample: Payload) -> list[Payload]:
    """One MeterValue as several of the same moment, each with one measurand."""
    apart: dict[str, list[Payload]] = {}
    for value in sample["sampledValue"]:
        apart.setdefault(value["measurand"], []).append(value)
    return [{"timestamp": sample["timestamp"], "sampledValue": values} for values in apart.values()]
