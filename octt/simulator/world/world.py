"""The physical world of a station: cables, vehicles, locks, faults, mains, network. It outlives every reboot."""

from __future__ import annotations

import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Supply:
    """What the station can deliver without any profile: its local limit. Amperes are per phase."""

    volts: float = 230.0
    phases: int = 3
    amperes: float = 16.0
    connectors: int = 1
    direct: bool = False
    """Direct current: one line, which is no phase."""

    def most(self, unit: str) -> float:
        """The most that one connector can draw, in A per phase or W."""
        return self.amperes if unit == "A" else self.amperes * self.volts * self.phases


class ActionError(Exception):
    """An action of the driver contract that cannot be done; the sentence goes to whoever asked."""

    def __init__(self, message: str, status: int = 409) -> None:
        super().__init__(message)
        self.status = status


class Outlet:
    """One connector as hardware: what is plugged in, the lock, the fault, and the meter (Wh, W)."""

    def __init__(self, number: int, fixed_cable: bool, register: float = 0.0) -> None:
        self.number = number
        self.fixed_cable = fixed_cable
        self.plugged_ev = False
        self.plugged_station = fixed_cable
        self.halfway = False
        self.shut = False
        """Something keeps plugs out while there is none."""
        self.locked = False
        self.jammed = False
        self.faulted = False
        self.ev_suspended = False
        self._register = register
        self._energy_at_arrival = register
        self._power = 0.0
        self._since = time.monotonic()

    @property
    def connected(self) -> bool:
        """A vehicle is connected to the station and a lock could close."""
        return self.plugged_ev and self.plugged_station and not self.halfway

    @property
    def occupied(self) -> bool:
        """Something is in the connector: a vehicle on a fixed cable, or any plug in the station's socket."""
        return self.plugged_ev or self.halfway or (self.plugged_station and not self.fixed_cable)

    @property
    def power(self) -> float:
        """Power flowing now, in W."""
        return self._power

    @power.setter
    def power(self, watt: float) -> None:
        self._register = self.energy
        self._since = time.monotonic()
        self._power = watt

    @property
    def energy(self) -> float:
        """The meter's register in Wh; it never falls."""
        return self._register + self._power * (time.monotonic() - self._since) / 3600.0

    def plug_in(self) -> None:
        """Put the plug in at both ends; raises ActionError when something keeps it out."""
        self._keep_out()
        if not self.plugged_ev:
            self._energy_at_arrival = self.energy
        self.plugged_ev = self.plugged_station = True
        self.halfway = False

    def plug_in_halfway(self) -> None:
        """Put the plug in so that its lock cannot close; raises ActionError when something keeps it out."""
        self._keep_out()
        self.plugged_ev = self.halfway = True

    def _keep_out(self) -> None:
        if self.shut and not self.occupied:
            raise ActionError(f"connector {self.number} takes no cable before an idTag is accepted")

    def unplug_ev(self) -> None:
        """Pull the cable out on the vehicle's side."""
        self.plugged_ev = self.halfway = False
        self.power = 0.0

    def unplug_station(self) -> None:
        """Pull a detachable cable out of the station; raises ActionError when the lock holds it."""
        if self.fixed_cable:
            return
        if self.locked:
            raise ActionError(f"the cable is locked in connector {self.number} of the station")
        self.plugged_station = False

    @property
    def soc(self) -> float:
        """State of charge of the vehicle in percent: it arrives with 40 and its battery holds 60 kWh."""
        return min(40.0 + (self.energy - self._energy_at_arrival) / 600.0, 100.0)

    def unlock(self) -> bool:
        """Open the lock; False when it is jammed."""
        if self.jammed:
            return False
        self.locked = False
        return True


class World:
    """All that a person or a rig can change, and who is told about it."""

    def __init__(self, supply: Supply, fixed_cable: bool, registers: dict[str, float]) -> None:
        self.supply = supply
        self.outlets = {
            number: Outlet(number, fixed_cable, registers.get(str(number), 1000.0 * number))
            for number in range(1, supply.connectors + 1)
        }
        self.faulted = False
        self.mains = True
        self.network = True
        self.list_storage_broken = False

    def outlet(self, number: int) -> Outlet:
        """The hardware of a connector; raises ActionError when there is none of that number."""
        if number not in self.outlets:
            raise ActionError(
                f"there is no connector {number}, this station has 1 to {len(self.outlets)}", 400
            )
        return self.outlets[number]
