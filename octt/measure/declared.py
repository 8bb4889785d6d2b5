"""The maxima a vendor declares in the PICS, in seconds."""

from __future__ import annotations

from typing import Any

DECLARED = {
    "response": ("response_timeout", "response"),
    "triggered": ("triggered_function_timeout", "triggered"),
    "remote_start": ("remote_start", "remote_start_time"),
    "remote_stop": ("remote_stop", "remote_stop_time"),
}


def declared_maxima(declaration: dict[str, Any]) -> dict[str, float]:
    """The declared maxima by the keys of `octt.measure.meter.NAMES`; what is not declared (or no number) is absent."""
    performance = declaration.get("performance")
    table = performance if isinstance(performance, dict) else {}
    maxima = {}
    for key, names in DECLARED.items():
        value = next((table[name] for name in names if name in table), None)
        if isinstance(value, int | float) and not isinstance(value, bool):
            maxima[key] = float(value)
    return maxima
