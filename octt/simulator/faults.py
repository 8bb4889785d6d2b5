"""All non-conformities that can be switched on.

A fault is given as `name`, `name:subject`, `name=value` or `name:subject=value`; `name:subject@N` acts only every Nth
time. `FAMILIES` says which names there are and how their subject and value are read; any subject may be used. `FAULTS`
lists the concrete ones that break a named check of a test case. Code of the station asks
`self.station.faults.active("name", subject)` at the one place of the behaviour.

To add some: `register` a dict of names with their descriptions and a list of `Fault`s in a module of their own
(core_faults.py is the example), and import it here.
"""

from __future__ import annotations

from octt.simulator import core_faults, optional_faults, security_faults
from octt.simulator.fault import FAMILIES, FAULTS, Fault, Faults, parse, register

LISTS = (core_faults, optional_faults, security_faults)

__all__ = ["FAMILIES", "FAULTS", "LISTS", "Fault", "Faults", "parse", "register"]
