"""How much a station says in a message: with as few optional fields as may be, or with as many."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from octt.simulator.part import Payload

_LEFT_OUT = {
    "BootNotification": ("chargePointSerialNumber", "firmwareVersion"),
    "StatusNotification": ("timestamp",),
}
_DEFAULTS = {
    "context": "Sample.Periodic",
    "measurand": "Energy.Active.Import.Register",
    "unit": "Wh",
    "location": "Outlet",
}
"""What a sampledValue need not say (7.43)."""
_FILLED_IN = {
    "BootNotification": {
        "chargeBoxSerialNumber": "BOX-0001",
        "iccid": "89310410106543789301",
        "imsi": "310170845466094",
        "meterSerialNumber": "METER-0001",
        "meterType": "AC/DC meter",
    },
    "StatusNotification": {"info": "nothing to add", "vendorId": "org.example", "vendorErrorCode": "0"},
}


def briefly(action: str, payload: Payload) -> Payload:
    """A request of the station without the fields that may be absent."""
    brief = {name: value for name, value in payload.items() if name not in _LEFT_OUT.get(action, ())}
    if action == "StopTransaction" and payload.get("reason") == "Local":
        del brief["reason"]
    for name in ("meterValue", "transactionData"):
        if name in brief:
            brief[name] = copy.deepcopy(brief[name])
            for value in _sampled(brief[name]):
                for field in [field for field, default in _DEFAULTS.items() if value.get(field) == default]:
                    del value[field]
    return brief


def fully(action: str, payload: Payload) -> Payload:
    """A request of the station with optional fields filled in."""
    full = {**_FILLED_IN.get(action, {}), **payload}
    for name in ("meterValue", "transactionData"):
        if name in full:
            full[name] = copy.deepcopy(full[name])
            for value in _sampled(full[name]):
                value.setdefault("format", "Raw")
    return full


def _sampled(meter_values: list[Payload]) -> Iterator[dict[str, Any]]:
    for element in meter_values:
        yield from element["sampledValue"]
