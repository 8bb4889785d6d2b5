"""How the Central System answers the station's requests: defaults for every message, and what a case arms."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from octt.ocpp import schemas

Payload = dict[str, Any]


def now() -> str:
    """The present as OCPP writes it (section 3.14), in UTC with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True)
class ErrorAnswer:
    """A CALLERROR instead of a result."""

    code: str
    description: str = ""


@dataclass
class Armed:
    """An answer that a case armed: merged over the default, while `times` lasts, for requests that fit `when`.

    A field of None takes the default's away; a payload of None means silence.
    """

    payload: Payload | Callable[[Payload], Payload] | ErrorAnswer | None
    times: int | None = None
    when: Payload = field(default_factory=dict)


@dataclass
class Transaction:
    """A transaction as the station reported it; `id` was issued by us (section 4.8)."""

    id: int
    connector: int
    id_tag: str
    start: Payload
    stop: Payload | None = None


class Answers:
    """Decides the answer to every request, at once, and remembers what the station told about itself."""

    def __init__(self, heartbeat_interval: int = 300) -> None:
        self.heartbeat_interval = heartbeat_interval
        self.id_tag_info: Callable[[str], Payload] = lambda _tag: {"status": "Accepted"}
        self.transactions: dict[int, Transaction] = {}
        self.status: dict[int, str] = {}
        self.boot: Payload = {}
        self.registration = ""
        """What the last BootNotification was answered with; "" when there was none, or no status in the answer."""

        self._ids = itertools.count(1001)
        self._armed: dict[str, list[Armed]] = {}
        self._defaults: dict[str, Callable[[Payload], Payload]] = {
            "Authorize": lambda p: {"idTagInfo": self.id_tag_info(str(p.get("idTag", "")))},
            "BootNotification": self._boot,
            "DataTransfer": lambda p: {"status": "UnknownVendorId"},
            "Heartbeat": lambda p: {"currentTime": now()},
            "SignCertificate": lambda p: {"status": "Accepted"},
            "StartTransaction": self._start,
            "StatusNotification": self._status,
            "StopTransaction": self._stop,
        }

    def arm(self, action: str, armed: Armed) -> None:
        """From now on this answer comes before those armed earlier. ValueError when its fields do not exist."""
        if action not in schemas.FROM_STATION:
            schemas.check_fields(action, "response", ())
            raise ValueError(f"{action} is not sent by a charging station, so it cannot be answered")
        if isinstance(armed.payload, dict):
            schemas.check_fields(action, "response", armed.payload)
        self._armed.setdefault(action, []).insert(0, armed)

    def disarm(self) -> None:
        """Back to the defaults."""
        self._armed.clear()

    def answer(self, action: str, request: Payload) -> Payload | ErrorAnswer | None:
        """The answer to a valid request; None: stay silent."""
        chosen = self._choose(action, request)
        if action == "BootNotification":
            self.registration = str(chosen.get("status", "")) if isinstance(chosen, dict) else ""
        return chosen

    def _choose(self, action: str, request: Payload) -> Payload | ErrorAnswer | None:
        armed = self._find(action, request)
        # The default is worked out in any case: it remembers what the station said.
        decide = self._defaults.get(action)
        default = decide(request) if decide else {}
        if armed is None:
            return default
        if armed.payload is None or isinstance(armed.payload, ErrorAnswer):
            return armed.payload
        over = armed.payload if isinstance(armed.payload, dict) else armed.payload(request)
        return _merged(default, over)

    def _find(self, action: str, request: Payload) -> Armed | None:
        for armed in self._armed.get(action, ()):
            if armed.times == 0 or any(request.get(key) != value for key, value in armed.when.items()):
                continue
            if armed.times is not None:
                armed.times -= 1
            return armed
        return None

    def _boot(self, request: Payload) -> Payload:
        self.boot = request
        return {"status": "Accepted", "currentTime": now(), "interval": self.heartbeat_interval}

    def _status(self, request: Payload) -> Payload:
        self.status[request["connectorId"]] = request["status"]
        return {}

    def _start(self, request: Payload) -> Payload:
        # A station that missed our answer sends the same message again: it is the same transaction.
        known = next((t for t in self.transactions.values() if t.start == request), None)
        if known is None:
            known = Transaction(next(self._ids), request["connectorId"], request["idTag"], request)
            self.transactions[known.id] = known
        return {"transactionId": known.id, "idTagInfo": self.id_tag_info(request["idTag"])}

    def _stop(self, request: Payload) -> Payload:
        transaction = self.transactions.get(request["transactionId"])
        if transaction:
            transaction.stop = request
        return {"idTagInfo": self.id_tag_info(request["idTag"])} if request.get("idTag") else {}

    def forget(self, transaction: int) -> None:
        """Takes a transaction that the station knows no longer as ended, though no StopTransaction came."""
        self.transactions[transaction].stop = {}

    def open_transactions(self) -> list[Transaction]:
        """Transactions that were started and not stopped."""
        return [t for t in self.transactions.values() if t.stop is None]


def _merged(default: Payload, over: Payload) -> Payload:
    merged = dict(default)
    for key, value in over.items():
        if value is None:
            merged.pop(key, None)
            continue
        below = merged.get(key)
        merged[key] = _merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged
