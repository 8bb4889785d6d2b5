"""Rules about transactions and how their messages are delivered: sections 3.7, 4.7, 4.8, 4.10 and 7.31."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from octt.monitors.known.heard import TRANSACTION_MESSAGES, Call, Heard, keep
from octt.monitors.known.ledger import Transaction
from octt.monitors.known.talk import Talk
from octt.monitors.rules.base import Breach, Rule, of
from octt.ocpp.values import Payload, text, whole
from octt.record.event import Event
from octt.record.events import Connected, Disconnected

_REPEATED = ("StartTransaction", "StopTransaction")
_KEPT = 1000
"""Messages and sets of values that are followed."""
_ROUNDED = timedelta(seconds=1)
"""What rounding may do to a time."""


class Transactions(Rule):
    """A transaction starts once, stops once, and the connector is free for the next one only then.

    When there is no doubt about that, the ledger (ledger.py) says.
    """

    name = "transaction"
    cite = "OCPP 1.6 sections 3.7, 4.8 and 4.10"
    requests = of(*TRANSACTION_MESSAGES)

    def see(self, heard: Heard, talk: Talk) -> Iterator[Breach]:
        """Holds a message beside the transaction it belongs to."""
        if not heard.sound or heard.this is None:
            return
        if heard.request("StartTransaction"):
            yield from self._start(heard, heard.this, talk)
        elif heard.request("StopTransaction"):
            yield from self._stop(heard, heard.this, talk)
        elif heard.request("MeterValues"):
            yield from self._meter(heard, talk)

    def _start(self, heard: Heard, call: Call, talk: Talk) -> Iterator[Breach]:
        busy = talk.ledger.busy.get(whole(heard.payload.get("connectorId")) or 0)
        if busy is None:
            return
        if busy.start.digest == call.digest:
            if heard.settled(busy.start):
                told = f"that of line {busy.start.n}"
                yield self.remark(heard, "StartTransaction again, though it had been answered", told)
            return
        certain = busy.status == "Accepted" and not busy.doubt and heard.settled(busy.start)
        yield (self.violation if certain else self.remark)(
            heard,
            "StartTransaction on a connector with a transaction for which no valid StopTransaction came",
            f"connector {busy.connector}, transaction {busy.name}, line {busy.start.n}",
        )

    def _stop(self, heard: Heard, call: Call, talk: Talk) -> Iterator[Breach]:
        ident = whole(heard.payload.get("transactionId"))
        if ident is None:
            return
        transaction = talk.ledger.by_id.get(ident)
        if transaction is None:
            if ident != -1:
                yield self.remark(
                    heard, "StopTransaction for an id that was not issued in this run", f"transaction {ident}"
                )
            elif not talk.ledger.without_id():
                yield self.remark(
                    heard, "StopTransaction with transactionId -1, though every StartTransaction was answered"
                )
        elif transaction.stop is None:
            yield from self._meter_stop(heard, transaction)
        else:
            yield from self._second_stop(heard, call, transaction, transaction.stop)

    def _meter_stop(self, heard: Heard, transaction: Transaction) -> Iterator[Breach]:
        start, stop = transaction.meter_start, whole(heard.payload.get("meterStop"))
        if stop is not None and start is not None and stop < start:
            yield self.violation(
                heard,
                "meterStop is below meterStart of the transaction, and a register never decreases",
                f"{stop} Wh below {start} Wh, transaction {transaction.name}, line {transaction.start.n}",
                "OCPP 1.6 section 7.31; errata 3.78",
            )

    def _second_stop(
        self, heard: Heard, call: Call, transaction: Transaction, first: Call
    ) -> Iterator[Breach]:
        told, settled = f"transaction {transaction.name}, after line {first.n}", heard.settled(first)
        if call.digest != first.digest:
            tell = self.violation if settled else self.remark
            yield tell(heard, "a second, different StopTransaction for one transaction", told)
        elif settled:
            yield self.remark(heard, "StopTransaction again, though it had been answered", told)

    def _meter(self, heard: Heard, talk: Talk) -> Iterator[Breach]:
        ident, connector = (
            whole(heard.payload.get("transactionId")),
            whole(heard.payload.get("connectorId")),
        )
        if ident is None or ident == -1:
            return
        running = talk.ledger.busy.get(connector or 0)
        transaction = talk.ledger.by_id.get(ident)
        if running and running is not transaction and running.id is not None:
            told = f"transaction {ident} where transaction {running.name} runs since line {running.start.n}"
            certain = not running.doubt and heard.settled(running.start) and _sampled_after(heard, running)
            yield (self.violation if certain else self.remark)(
                heard,
                "MeterValues with the transactionId of another transaction than runs on the connector",
                f"connector {connector}, {told}",
                "OCPP 1.6 section 4.7; errata 3.16",
            )
        elif transaction is None:
            yield self.remark(
                heard, "MeterValues for an id that was not issued in this run", f"transaction {ident}"
            )
        elif transaction.stop is not None:
            yield self.remark(
                heard,
                "MeterValues after the StopTransaction of their transaction, when transaction messages are "
                "delivered in chronological order",
                f"transaction {ident}, line {transaction.stop.n}",
            )
        elif connector not in (0, transaction.connector):
            # Nobody but who got it for that connector can have the id, whatever became of the connection since.
            certain = transaction.start.prompt and _sampled_after(heard, transaction)
            yield (self.violation if certain else self.remark)(
                heard,
                "MeterValues of another connector than that of their transaction",
                f"connector {connector}, transaction {ident} of connector {transaction.connector}",
                "OCPP 1.6 sections 4.7 and 6.31",
            )


def _sampled_after(heard: Heard, transaction: Transaction) -> bool:
    """Whether values were taken after a transaction had begun: others may belong to one before it."""
    begun = transaction.begun
    if begun is None or not heard.times:
        return False
    return all(moment > begun + _ROUNDED for _, moment in heard.times)


class Retries(Rule):
    """Failed transaction messages are repeated as often, and after as long, as configured. Never more than a remark."""

    name = "retry"
    cite = "OCPP 1.6 section 3.7.1"
    requests = of(*TRANSACTION_MESSAGES)

    def __init__(self) -> None:
        self._sent: OrderedDict[int, tuple[int, Call]] = OrderedDict()

    def see(self, heard: Heard, talk: Talk) -> Iterator[Breach]:
        """Counts how often the same message came, and the pauses between."""
        call = heard.this
        if call is None or not heard.complete or not heard.request(*TRANSACTION_MESSAGES):
            return
        count, former = self._sent.get(call.digest, (0, None))
        keep(self._sent, call.digest, (count + 1, call), _KEPT)
        if former is None or former.answer == "CALLRESULT":
            return
        attempts = talk.number("TransactionMessageAttempts")
        if attempts and count + 1 > attempts:
            yield self.remark(
                heard,
                f"{heard.action} was sent more often than TransactionMessageAttempts says",
                f"{count + 1} times, {attempts} configured",
            )
        interval = talk.number("TransactionMessageRetryInterval")
        least, pause = (interval or 0) * count, heard.since(former.m)
        if former.connection == heard.connection and pause < least * 0.9 - 1:
            yield self.remark(
                heard,
                f"{heard.action} was sent again earlier than TransactionMessageRetryInterval says",
                f"after {pause:.1f} s; with {interval} s attempt {count + 1} comes after {least} s",
            )


@dataclass
class _Refused:
    call: Call
    what: tuple[str, object]
    times: int = 1


class NotRepeated(Rule):
    """What the Central System could not process is sent again, before anything newer. A SHOULD, so a remark.

    Only StartTransaction and StopTransaction: which values are still worth sending, a station may judge.
    """

    name = "not repeated"
    cite = "OCPP 1.6 section 3.7.1"
    requests = answers = of(*_REPEATED)

    def __init__(self) -> None:
        self._refused: _Refused | None = None

    def event(self, event: Event, talk: Talk) -> Iterable[Breach]:
        """A lost connection and a restart begin anew."""
        if isinstance(event, Connected | Disconnected):
            self._refused = None
        return ()

    def _answered(self, heard: Heard, call: Call) -> None:
        what, before = _identity(call.action, call.payload), self._refused
        same = before is not None and before.what == what
        if heard.frame.type == "CALLERROR":
            self._refused = _Refused(call, what, before.times + 1 if before and same else 1)
        elif same:
            self._refused = None

    def see(self, heard: Heard, talk: Talk) -> Iterator[Breach]:
        """A message refused with CALLERROR, and the next one of its kind."""
        if not heard.incoming:
            if heard.call and heard.action in _REPEATED:
                self._answered(heard, heard.call)
            return
        refused, attempts = self._refused, talk.number("TransactionMessageAttempts")
        if refused is None or not heard.request(*_REPEATED):
            return
        if _identity(heard.action, heard.payload) == refused.what:
            return
        self._refused = None
        if attempts is not None and refused.times < attempts:
            yield self.remark(
                heard,
                f"{refused.call.action} that was refused with a CALLERROR was not sent again, though "
                "TransactionMessageAttempts allows it",
                f"that of line {refused.call.n}, sent {refused.times} times of {attempts}",
            )


def _identity(action: str, payload: Payload) -> tuple[str, object]:
    """What stays the same when a message is built anew for its retry."""
    if action == "StopTransaction":
        return action, whole(payload.get("transactionId"))
    return action, (whole(payload.get("connectorId")), text(payload.get("timestamp"))[:100])
