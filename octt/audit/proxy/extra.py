"""Messages that nobody brought about, as a station would write them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

Payload = dict[str, Any]


@dataclass
class Known:
    """What such a message is made from: the tested connector, a card, the last transaction and meter register."""

    connector: int = 1
    id_tag: str = ""
    transaction: int = 1
    register: int = 0


def extra(name: str, known: Known) -> tuple[str, Payload]:
    """Action and payload of a message by its name; one that is no action is a status."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if name == "StartTransaction":
        start = {"idTag": known.id_tag, "meterStart": known.register, "timestamp": now}
        return name, {"connectorId": known.connector, **start}
    if name == "StopTransaction":
        return name, {"transactionId": known.transaction, "meterStop": known.register, "timestamp": now}
    if name == "Authorize":
        return name, {"idTag": known.id_tag}
    error = "OtherError" if name == "Faulted" else "NoError"
    status = {"status": name, "errorCode": error, "timestamp": now}
    return "StatusNotification", {"connectorId": known.connector, **status}
