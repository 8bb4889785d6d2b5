"""The faults of the Core profile and of the protocol."""

from __future__ import annotations

from octt.simulator.faults import Fault, register

_FAMILIES: dict[str, str] = {}
_FAULTS: list[Fault] = []
register(_FAMILIES, _FAULTS)
