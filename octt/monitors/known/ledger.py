"""The transactions as station and Central System told each other of them. What is wrong with them, rules say."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime

from octt.monitors.known.heard import TRANSACTION_MESSAGES, Call, Heard, keep
from octt.ocpp.values import table, text, whole

_OF_TRANSACTIONS = frozenset({"BootNotification", "Reset", *TRANSACTION_MESSAGES})
_KEPT = 1000
"""Transactions and connectors that are followed."""


@dataclass(eq=False)
class Transaction:
    """A transaction as reported. `doubt`: something happened after which its StopTransaction may be lost."""

    start: Call
    connector: int
    tag: str
    meter_start: int | None
    begun: datetime | None
    id: int | None = None
    status: str = ""
    """The idTagInfo.status that StartTransaction was answered with."""

    doubt: bool = False
    stop: Call | None = None

    @property
    def name(self) -> str:
        """Its id, for a sentence."""
        return "without id" if self.id is None else str(self.id)


class Ledger:
    """Which transaction runs on each connector, and those that had an id. It follows after the rules have judged.

    Without doubt only while the connection lasted and every message of a transaction was answered at once and
    accepted: after a lost answer a station repeats StartTransaction (the Central System may then issue a second id),
    after failed attempts it may drop a message (3.7.1), after a hard reset or a power cut its StopTransaction may be
    lost (errata 3.36), transactions of an earlier run have ids unknown here, and -1 stands for an id the station
    never got (errata 3.18).
    """

    def __init__(self) -> None:
        self.busy: OrderedDict[int, Transaction] = OrderedDict()
        self.by_id: OrderedDict[int, Transaction] = OrderedDict()

    def doubt(self) -> None:
        """From now on a running transaction may be over without our knowing."""
        for transaction in self.busy.values():
            transaction.doubt = True

    def without_id(self) -> list[Transaction]:
        """The transactions whose id the station may not have got."""
        return [busy for busy in self.busy.values() if busy.doubt or not busy.start.prompt]

    def note(self, heard: Heard) -> None:
        """Takes note of a frame."""
        if heard.action not in _OF_TRANSACTIONS and heard.sound:
            return
        if not heard.incoming:
            self._ours(heard)
        elif heard.frame.type == "CALLRESULT" and heard.action == "Reset":
            self.doubt()
        elif not heard.request():
            return
        elif heard.action == "BootNotification" or not heard.sound:
            # an invalid message is refused; who knows what the station makes of that
            self.doubt()
        elif heard.action == "StartTransaction":
            self._started(heard)
        elif heard.action == "StopTransaction":
            self._stopped(heard)

    def _ours(self, heard: Heard) -> None:
        if heard.frame.type == "CALLERROR" and heard.action in TRANSACTION_MESSAGES:
            self.doubt()
        if not heard.answered("StartTransaction"):
            return
        ident = whole(heard.payload.get("transactionId"))
        for transaction in self.busy.values():
            if transaction.start is heard.call and ident is not None:
                transaction.id = ident
                transaction.status = text(table(heard.payload.get("idTagInfo")).get("status"))[:20]
                keep(self.by_id, ident, transaction, _KEPT)

    def _started(self, heard: Heard) -> None:
        payload, call = heard.payload, heard.this
        connector = whole(payload.get("connectorId"))
        if connector is None or call is None:
            return
        busy = self.busy.get(connector)
        if busy and busy.start.digest == call.digest:
            busy.start, busy.doubt = call, True
            return
        tag, meter = text(payload.get("idTag")), whole(payload.get("meterStart"))
        keep(self.busy, connector, Transaction(call, connector, tag, meter, heard.moment), _KEPT)

    def _stopped(self, heard: Heard) -> None:
        ident = whole(heard.payload.get("transactionId"))
        transaction = None if ident is None else self.by_id.get(ident)
        if transaction is None:
            if ident == -1:
                for lost in self.without_id():
                    del self.busy[lost.connector]
            self.doubt()
            return
        if transaction.stop is None and self.busy.get(transaction.connector) is transaction:
            del self.busy[transaction.connector]
        transaction.stop = heard.this
