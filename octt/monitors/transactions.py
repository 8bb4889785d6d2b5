"""Rules about transactions: sections 3.7, 4.8, 4.10 and 7.31."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

from octt.monitors.seen import (
    CROSSING,
    TRANSACTION_MESSAGES,
    Call,
    Finding,
    Payload,
    Rule,
    Seen,
    Talk,
    text,
    whole,
)

K = TypeVar("K")
V = TypeVar("V")

_KEPT = 1000
"""Transactions and connectors that are followed."""


@dataclass(eq=False)
class _Transaction:
    """A transaction as reported. `doubt`: something happened after which its StopTransaction may be lost."""

    start: Call
    connector: int
    meter_start: int | None
    id: int | None = None
    accepted: bool = False
    doubt: bool = False
    stop: Call | None = None


class Transactions(Rule):
    """A transaction starts once, stops once, and the connector is free for the next one only then.

    Without doubt only while the connection lasted and every message of the transaction was answered at once and
    accepted: after a lost answer a station repeats StartTransaction (the Central System may then issue a second id),
    after failed attempts it may drop a message (3.7.1), after a hard reset or a power cut its StopTransaction may be
    lost (errata 3.36), transactions of an earlier run have ids unknown here, and -1 stands for an id the station
    never got (errata 3.18).
    """

    name = "transaction"
    cite = "OCPP 1.6 sections 3.7, 4.8 and 4.10"

    def __init__(self) -> None:
        self._busy: OrderedDict[int, _Transaction] = OrderedDict()
        self._by_id: OrderedDict[int, _Transaction] = OrderedDict()

    def event(self, event: Payload) -> None:
        """A broken connection makes it uncertain what the station could deliver."""
        if event.get("kind") in ("connect", "disconnect", "network"):
            self._doubt()

    def case(self) -> None:
        """What a case left running was told there: the next start is no offence of the case that it comes in."""
        self._doubt()

    def _doubt(self) -> None:
        for transaction in self._busy.values():
            transaction.doubt = True

    def see(self, seen: Seen, talk: Talk) -> Iterator[Finding]:
        """Follows every transaction from its start to its stop."""
        if not seen.incoming:
            self._ours(seen)
        elif seen.frame.type == "CALLRESULT" and seen.action == "Reset":
            self._doubt()
        elif not seen.request():
            return
        elif seen.action == "BootNotification" or not seen.complete or seen.problems:
            # an invalid message is refused; who knows what the station makes of that
            self._doubt()
        elif seen.action == "StartTransaction":
            yield from self._start(seen, talk)
        elif seen.action == "StopTransaction":
            yield from self._stop(seen, talk)
        elif seen.action == "MeterValues":
            yield from self._meter(seen)

    def _ours(self, seen: Seen) -> None:
        if seen.frame.type == "CALLERROR" and seen.action in TRANSACTION_MESSAGES:
            self._doubt()
        if not seen.answered("StartTransaction") or seen.call is None:
            return
        ident, info = whole(seen.payload.get("transactionId")), seen.payload.get("idTagInfo")
        for transaction in self._busy.values():
            if transaction.start is seen.call and ident is not None:
                transaction.id = ident
                transaction.accepted = isinstance(info, dict) and info.get("status") == "Accepted"
                _keep(self._by_id, ident, transaction)

    def _start(self, seen: Seen, talk: Talk) -> Iterator[Finding]:
        connector, call = whole(seen.payload.get("connectorId")), _this(seen, talk)
        if connector is None or call is None:
            return
        busy = self._busy.get(connector)
        if busy and busy.start.digest == call.digest:
            if _settled(busy.start, seen):
                yield self.remark(
                    seen, f"StartTransaction again, though it had been answered (line {busy.start.n})"
                )
            busy.start, busy.doubt = call, True
            return
        if busy:
            certain = busy.accepted and not busy.doubt and _settled(busy.start, seen)
            yield (self.violation if certain else self.remark)(
                seen,
                f"StartTransaction on connector {connector}, where transaction {_id(busy)} (line {busy.start.n}) "
                "runs: no valid StopTransaction came for it before",
            )
        _keep(
            self._busy,
            connector,
            _Transaction(call, connector, whole(seen.payload.get("meterStart"))),
        )

    def _stop(self, seen: Seen, talk: Talk) -> Iterator[Finding]:
        ident, call = whole(seen.payload.get("transactionId")), _this(seen, talk)
        if ident is None or call is None:
            return
        transaction = self._by_id.get(ident)
        if transaction is None:
            if ident != -1:
                yield self.remark(
                    seen, f"StopTransaction for transaction {ident}, an id that was not issued in this run"
                )
            elif not self._without_id():
                yield self.remark(
                    seen, "StopTransaction with transactionId -1, though every StartTransaction was answered"
                )
            else:
                for transaction in self._without_id():
                    del self._busy[transaction.connector]
            self._doubt()
        elif transaction.stop is None:
            transaction.stop = call
            if self._busy.get(transaction.connector) is transaction:
                del self._busy[transaction.connector]
            yield from self._meter_stop(seen, transaction)
        else:
            yield from self._second_stop(seen, call, transaction)

    def _without_id(self) -> list[_Transaction]:
        """The transactions whose id the station may not have got."""
        return [busy for busy in self._busy.values() if busy.doubt or not busy.start.prompt]

    def _meter_stop(self, seen: Seen, transaction: _Transaction) -> Iterator[Finding]:
        stop = whole(seen.payload.get("meterStop"))
        if stop is not None and transaction.meter_start is not None and stop < transaction.meter_start:
            yield self.violation(
                seen,
                f"meterStop {stop} Wh is below meterStart {transaction.meter_start} Wh of transaction "
                f"{_id(transaction)} (line {transaction.start.n}); a register never decreases",
                "OCPP 1.6 section 7.31; errata 3.78",
            )

    def _second_stop(self, seen: Seen, call: Call, transaction: _Transaction) -> Iterator[Finding]:
        first = transaction.stop
        assert first is not None
        settled = _settled(first, seen)
        if call.digest != first.digest:
            told = f"a second, different StopTransaction for transaction {_id(transaction)} (line {first.n})"
            yield (self.violation if settled else self.remark)(seen, told)
        elif settled:
            yield self.remark(seen, f"StopTransaction again, though it had been answered (line {first.n})")
        transaction.stop = call

    def _meter(self, seen: Seen) -> Iterator[Finding]:
        ident = whole(seen.payload.get("transactionId"))
        if ident is None or ident == -1:
            return
        transaction = self._by_id.get(ident)
        if transaction is None:
            yield self.remark(
                seen, f"MeterValues for transaction {ident}, an id that was not issued in this run"
            )
        elif transaction.stop is not None:
            yield self.remark(
                seen,
                f"MeterValues for transaction {ident} after its StopTransaction (line {transaction.stop.n}); "
                "transaction messages are delivered in chronological order",
            )
        elif seen.payload.get("connectorId") not in (0, transaction.connector):
            yield self.remark(
                seen,
                f"MeterValues of connector {whole(seen.payload.get('connectorId'))} for transaction {ident}, "
                f"which runs on connector {transaction.connector}",
            )


class Retries(Rule):
    """Failed transaction messages are repeated as often, and after as long, as configured. Never more than a remark."""

    name = "retry"
    cite = "OCPP 1.6 section 3.7.1"
    reads = "requests"

    def __init__(self) -> None:
        self._sent: OrderedDict[str, tuple[int, Call]] = OrderedDict()

    def see(self, seen: Seen, talk: Talk) -> Iterator[Finding]:
        """Counts how often the same message came, and the pauses between."""
        call = _this(seen, talk) if seen.request(*TRANSACTION_MESSAGES) and seen.complete else None
        if call is None:
            return
        count, former = self._sent.get(call.digest, (0, None))
        _keep(self._sent, call.digest, (count + 1, call))
        if former is None or former.answer == "CALLRESULT":
            return
        attempts = talk.number("TransactionMessageAttempts")
        if attempts and count + 1 > attempts:
            yield self.remark(
                seen,
                f"{seen.action} was sent {count + 1} times, but TransactionMessageAttempts is {attempts}",
            )
        interval = talk.number("TransactionMessageRetryInterval")
        least, pause = (interval or 0) * count, seen.since(former.m)
        if former.connection == seen.connection and pause < least * 0.9 - 1:
            yield self.remark(
                seen,
                f"{seen.action} was sent again after {pause:.1f} s; with TransactionMessageRetryInterval "
                f"{interval} s attempt {count + 1} comes after {least} s",
            )


class IdTags(Rule):
    """An idTag has at most 20 printable ASCII characters."""

    name = "idTag"
    cite = "OCPP 1.6 sections 2.2, 7.15 and 7.28"
    reads = "requests"

    def see(self, seen: Seen, talk: Talk) -> Iterator[Finding]:
        """Judges the idTag of a request; a length the schema was found to forbid is not told twice."""
        tag = text(seen.payload.get("idTag")) if seen.request() else ""
        if len(tag) > 20 and not seen.problems:
            yield self.violation(seen, f"idTag of {len(tag)} characters in {seen.action}; 20 are allowed")
        if tag and not (tag.isascii() and tag.isprintable()):
            yield self.remark(seen, f"idTag in {seen.action} has characters other than printable ASCII")


def _this(seen: Seen, talk: Talk) -> Call | None:
    return talk.calls.get((True, seen.frame.id))


def _settled(call: Call, seen: Seen) -> bool:
    """Whether a message was answered so soon, and so long ago, on this connection that the station knows it."""
    return call.connection == seen.connection and call.prompt and seen.since(call.answered) > CROSSING


def _id(transaction: _Transaction) -> str:
    return "without id" if transaction.id is None else str(transaction.id)


def _keep(store: OrderedDict[K, V], key: K, value: V) -> None:
    """Stores as the newest, dropping the oldest when there are too many."""
    store.pop(key, None)
    store[key] = value
    if len(store) > _KEPT:
        store.popitem(last=False)
