"""What a reader wants to know of the station while he moves through time: statuses and transactions so far."""

from __future__ import annotations

from octt.ocpp.values import payload, shown
from octt.record.events import FrameSeen

MOST = 20  # connectors and transactions that are remembered


class States:
    """The station as its frames tell it, one after the other."""

    def __init__(self) -> None:
        self._statuses: dict[str, str] = {}
        self._transactions: dict[str, str] = {}
        self._starts: dict[tuple[int, str], str] = {}
        self._told = ""

    def after(self, frame: FrameSeen) -> str:
        """In words how it is after this frame; empty when that is as it was before."""
        said = payload(frame.raw) or {}
        if frame.dir == "in" and frame.type == "CALL":
            self._of_station(frame, said)
        elif frame.dir == "out" and frame.type == "CALLRESULT" and frame.action == "StartTransaction":
            connector = self._starts.pop((frame.connection, frame.id), "?")
            if len(self._transactions) < MOST:
                self._transactions[shown(said.get("transactionId"))[:20]] = connector
        now = self._words()
        changed, self._told = now != self._told, now
        return now if changed else ""

    def _of_station(self, frame: FrameSeen, said: dict[str, object]) -> None:
        connector = shown(said.get("connectorId"))[:10]
        if frame.action == "StatusNotification" and (
            connector in self._statuses or len(self._statuses) < MOST
        ):
            self._statuses[connector] = shown(said.get("status"))[:30]
        elif frame.action == "StartTransaction" and len(self._starts) < MOST:
            self._starts[frame.connection, frame.id] = connector
        elif frame.action == "StopTransaction":
            self._transactions.pop(shown(said.get("transactionId"))[:20], None)

    def _words(self) -> str:
        statuses = [f"connector {one}: {status}" for one, status in sorted(self._statuses.items())]
        running = [f"transaction {ident} on {one}" for ident, one in self._transactions.items()]
        return ", ".join([*statuses, *running])
