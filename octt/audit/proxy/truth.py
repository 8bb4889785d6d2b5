"""What the Central System was told wrongly, or not at all, by a mutant, and how that is set right after the test.

Without it, what puts things back would wait for a station that is long where it should be.
"""

from __future__ import annotations

from typing import Any

from octt.audit.mutants.altering import Message
from octt.ocpp.frames import CALL
from octt.ocpp.values import table, whole

Payload = dict[str, Any]

_OWED = ("StartTransaction", "StopTransaction")
"""Requests that the Central System has to get in the end."""


class Truth:
    """What the station said last of each connector, and what the Central System knows otherwise."""

    def __init__(self) -> None:
        self._statuses: dict[int, Payload] = {}
        self._wrong: set[int] = set()
        self._withheld: list[Message] = []
        self._phantoms: set[int] = set()

    def sent(self, message: Message) -> None:
        """The station sent a request."""
        payload = table(message[3])
        connector = whole(payload.get("connectorId"))
        if message[2] == "StatusNotification" and connector is not None:
            self._statuses[connector] = payload

    def withheld(self, message: Message) -> None:
        """A message was kept from the Central System."""
        if message[0] != CALL:
            return
        if message[2] in _OWED:
            self._withheld.append(message)
        self._concerns(message)

    def told(self, was: Message, message: Message | None) -> None:
        """The Central System gets this instead of what it `was`, or besides."""
        if was and was[0] == CALL and was[2] == "StopTransaction":
            self._withheld.append(was)
        for one in (was, message or []):
            self._concerns(one)

    def _concerns(self, message: Message) -> None:
        if len(message) == 4 and message[0] == CALL and message[2] == "StatusNotification":
            connector = whole(table(message[3]).get("connectorId"))
            if connector is not None:
                self._wrong.add(connector)

    def wrong(self, connector: int) -> None:
        """The Central System may believe that something is going on at a connector where nothing is."""
        self._wrong.add(connector)

    def phantom(self, transaction: int) -> None:
        """The Central System gave an id to a transaction that the station does not have."""
        self._phantoms.add(transaction)

    # -- after the test -------------------------------------------------------------------------------------------

    def withheld_messages(self, held: Message | None) -> list[Message]:
        """What the Central System is still to get as the station sent it."""
        return [*self._withheld, *([held] if held is not None else [])]

    def corrections(self, now: str) -> list[tuple[str, Payload]]:
        """Requests (action and payload) that say how things are."""
        free = {"errorCode": "NoError", "status": "Available"}
        found: list[tuple[str, Payload]] = [
            ("StopTransaction", {"transactionId": ident, "meterStop": 0, "timestamp": now})
            for ident in sorted(self._phantoms)
        ]
        for connector in sorted(self._wrong):
            status = self._statuses.get(connector, {"connectorId": connector, **free})
            found.append(("StatusNotification", status))
        return found

    def settled(self) -> None:
        """All of that was told."""
        self._wrong.clear()
        self._withheld.clear()
        self._phantoms.clear()
