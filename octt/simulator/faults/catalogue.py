"""All non-conformities that can be switched on.

A fault is given as `name`, `name:subject`, `name=value` or `name:subject=value`; `name:subject@N` acts only every Nth
time. `FAMILIES` says which names there are and how their subject and value are read; any subject may be used. `FAULTS`
lists the concrete ones that break a named check of a test case.

To add one: put its name into the `_FAMILIES` and the concrete ones into a list of one of the files in `lists/`, and
override in the seam of its part what it makes wrong, asking `self.station.faults.active("name", subject)`. Where the
part leaves nothing to override, give that piece of it a method of its own.
"""

from __future__ import annotations

from octt.simulator.faults.fault import FAMILIES, FAULTS, FUZZ, Fault, Faults, parse, register
from octt.simulator.faults.lists import core, hostile, optional, security

LISTS = (core, optional, security, hostile)

__all__ = ["FAMILIES", "FAULTS", "FUZZ", "LISTS", "Fault", "Faults", "parse", "register"]
