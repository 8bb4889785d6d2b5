"""The state that follows from an entry and the state before it.

A payload is read as far as it can be read, whatever its schema says: a StopTransaction that is refused for a wrong
field has ended its transaction all the same. Whatever a station sends, the state stays bounded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from octt.ocpp.values import text, whole
from octt.timeline.entry import Entry
from octt.timeline.state import State, Transaction

CONNECTORS, ENDED, OPEN, KEYS = 1000, 200, 300, 1000
"""How many connectors, ended and open transactions, and configuration keys are remembered."""


def fold(state: State, entry: Entry) -> State:
    """The state after an entry."""
    if entry.kind == "connect":
        return replace(state, connection=entry.connection)
    if entry.kind == "disconnect":
        return replace(state, connection=None) if state.connection == entry.connection else state
    learn = _LEARN.get((entry.incoming, entry.frame.type, entry.action))
    return learn(state, entry) if learn else state


def _boots(state: State, entry: Entry) -> State:
    return replace(state, boot=entry.payload)


def _registered(state: State, entry: Entry) -> State:
    return replace(state, registration=text(entry.payload.get("status")))


def _status(state: State, entry: Entry) -> State:
    connector, status = whole(entry.payload.get("connectorId")), text(entry.payload.get("status"))
    if connector is None or not status or state.statuses.get(connector) == status:
        return state
    if connector not in state.statuses and len(state.statuses) >= CONNECTORS:
        return state
    return replace(state, statuses={**state.statuses, connector: status[:50]})


def _started(state: State, entry: Entry) -> State:
    """Our answer to StartTransaction names the id, so that the transaction exists from then on."""
    ident = whole(entry.payload.get("transactionId"))
    if ident is None or entry.call is None:
        return state
    start = _brief(entry.call.payload)
    connector, tag = whole(start.get("connectorId")), text(start.get("idTag"))
    known = state.transactions.get(ident)
    if known and known.start == start:
        return state  # the same message, answered again
    begun = Transaction(ident, -1 if connector is None else connector, tag, start, entry.call.n)
    return replace(state, transactions=_bounded({**state.transactions, ident: begun}))


def _stopped(state: State, entry: Entry) -> State:
    ident = whole(entry.payload.get("transactionId"))
    known = None if ident is None else state.transactions.get(ident)
    if known is None:
        return state
    ended = replace(known, stop=_brief(entry.payload))
    return replace(state, transactions={**state.transactions, known.id: ended})


def _bounded(transactions: dict[int, Transaction]) -> dict[int, Transaction]:
    ended = [one.id for one in transactions.values() if one.stop is not None]
    for ident in ended[: len(ended) - ENDED] if len(ended) > ENDED else ():
        del transactions[ident]
    while len(transactions) > ENDED + OPEN:  # a station that never stops any
        del transactions[next(iter(transactions))]
    return transactions


def _brief(payload: Mapping[str, Any]) -> dict[str, Any]:
    """What a transaction is remembered by, for long: no meter values, and no text without end."""
    return {
        name: value[:500] if isinstance(value, str) else value
        for name, value in payload.items()
        if not isinstance(value, dict | list)
    }


def _configuration(state: State, entry: Entry) -> State:
    entries = entry.payload.get("configurationKey")
    return _learnt(state, entries if isinstance(entries, list) else [])


def _configured(state: State, entry: Entry) -> State:
    accepted = entry.payload.get("status") == "Accepted" and entry.call is not None
    return _learnt(state, [entry.call.payload]) if accepted and entry.call else state


def _learnt(state: State, entries: list[Any]) -> State:
    seen = dict(state.configuration)
    for entry in entries:
        if isinstance(entry, Mapping) and isinstance(entry.get("key"), str) and "value" in entry:
            name = entry["key"][:50].lower()
            if name in seen or len(seen) < KEYS:
                seen[name] = str(entry["value"])[:500]
    return replace(state, configuration=seen)


_LEARN = {
    (True, "CALL", "BootNotification"): _boots,
    (False, "CALLRESULT", "BootNotification"): _registered,
    (False, "CALLERROR", "BootNotification"): _registered,
    (True, "CALL", "StatusNotification"): _status,
    (False, "CALLRESULT", "StartTransaction"): _started,
    (True, "CALL", "StopTransaction"): _stopped,
    (True, "CALLRESULT", "GetConfiguration"): _configuration,
    (True, "CALLRESULT", "ChangeConfiguration"): _configured,
}
"""What is learnt from a frame, by (incoming, type, action)."""
