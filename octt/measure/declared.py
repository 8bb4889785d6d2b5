"""The maxima a vendor declares in the PICS, in seconds."""

from __future__ import annotations

from typing import Any

from octt.ocpp.values import number, table

DECLARED = {  # the measurement, and its item in the declaration's table `performance` (pics/questionnaire.toml)
    "response": "response_timeout",
    "triggered": "triggered_timeout",
    "remote_start": "remote_start_time",
    "remote_stop": "remote_stop_time",
    "remote_start_response": "remote_start_response",
}


def declared_maxima(declaration: dict[str, Any]) -> dict[str, float]:
    """The declared maxima by measurement; what is not declared (or no number) is absent."""
    declared = table(declaration.get("performance"))
    maxima = {key: number(declared.get(item)) for key, item in DECLARED.items()}
    return {key: value for key, value in maxima.items() if value is not None}
