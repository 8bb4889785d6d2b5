"""What a busy station says: charging sessions as a list of requests, in realistic proportions."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

FIRST_TRANSACTION = 1001
"""The transactionId that both Central Systems issue first; from there they count up."""

Request = tuple[str, dict[str, Any]]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _status(status: str) -> Request:
    fields = {"connectorId": 1, "errorCode": "NoError", "status": status, "timestamp": _now()}
    return "StatusNotification", fields


def _meter_values(transaction: int, energy: int) -> Request:
    register = {"value": str(energy), "measurand": "Energy.Active.Import.Register", "unit": "Wh"}
    power = {"value": "11040.0", "measurand": "Power.Active.Import", "unit": "W"}
    phases = [
        {"value": value, "measurand": measurand, "phase": phase, "unit": unit}
        for phase in ("L1", "L2", "L3")
        for value, measurand, unit in (("16.0", "Current.Import", "A"), ("230.1", "Voltage", "V"))
    ]
    values = [
        {**value, "context": "Sample.Periodic", "location": "Outlet"} for value in (register, power, *phases)
    ]
    meter_value = [{"timestamp": _now(), "sampledValue": values}]
    return "MeterValues", {"connectorId": 1, "transactionId": transaction, "meterValue": meter_value}


def requests(first_transaction: int = FIRST_TRANSACTION) -> Iterator[Request]:
    """Sessions without end, twenty requests each: half of them meter values, two heartbeats."""
    energy = 0
    for transaction in itertools.count(first_transaction):
        tag = {"idTag": "OCTTVALID1"}
        yield _status("Preparing")
        yield "Authorize", dict(tag)
        yield "StartTransaction", {"connectorId": 1, **tag, "meterStart": energy, "timestamp": _now()}
        yield _status("Charging")
        for sample in range(10):
            energy += 100
            yield _meter_values(transaction, energy)
            if sample % 5 == 4:
                yield "Heartbeat", {}
        yield _status("SuspendedEV")
        stop = {
            "transactionId": transaction,
            **tag,
            "meterStop": energy,
            "timestamp": _now(),
            "reason": "Local",
        }
        yield "StopTransaction", stop
        yield _status("Finishing")
        yield _status("Available")


SESSION = 20
"""Requests in one session."""
