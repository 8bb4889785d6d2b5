"""The measurands that the station really sent: what the certificate calls tested."""

from __future__ import annotations

from typing import Any

from octt.report.model.parts import Result

READ_LIMIT = 20_000  # frames with meter values looked at; what a station sends it sends again


def tested_measurands(result: Result) -> tuple[list[str], list[str]]:
    """Measurands seen with context Sample.Periodic and with Sample.Clock, in the order in which they came first.

    A sampled value without context is periodic, without measurand it is Energy.Active.Import.Register (section 7.43).
    """
    sampled: dict[str, None] = {}
    aligned: dict[str, None] = {}
    frames, read = result.frames, 0
    wanted = {
        index for index, name in enumerate(frames.action_names) if name in ("MeterValues", "StopTransaction")
    }
    for index in range(len(frames)):
        if not frames.directions[index] or frames.actions[index] not in wanted or frames.types[index] != 0:
            continue
        read += 1
        if read > READ_LIMIT:
            break
        for value in _values(frames[index].payload):
            context = value.get("context", "Sample.Periodic")
            measurand = value.get("measurand", "Energy.Active.Import.Register")
            into = {"Sample.Periodic": sampled, "Sample.Clock": aligned}.get(str(context))
            if into is not None and isinstance(measurand, str) and len(into) < 100:
                into[measurand[:60]] = None
    return list(sampled), list(aligned)


def _values(payload: Any) -> list[dict[str, Any]]:
    """The sampled values of a MeterValues.req or StopTransaction.req that have the right shape."""
    if not isinstance(payload, dict):
        return []
    meter_values = payload.get("meterValue") or payload.get("transactionData")
    found: list[dict[str, Any]] = []
    for entry in meter_values if isinstance(meter_values, list) else []:
        values = entry.get("sampledValue") if isinstance(entry, dict) else None
        found += [value for value in values if isinstance(value, dict)] if isinstance(values, list) else []
    return found
