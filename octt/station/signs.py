"""Signs: what of the traffic can show that somebody did something at the station. Values; `fits` is pure.

`before` is the station as it was before the entry: a status that is only repeated shows nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from octt.ocpp.values import same, text, whole
from octt.timeline.entry import Entry
from octt.timeline.state import State, Transaction

EV_SIDE = "EV side disconnected"
"""The info of a status that says that the cable is out on the EV's side (OCPP 1.6 4.9)."""


class Sign(Protocol):
    """Something that can be seen in one entry of the timeline."""

    def fits(self, entry: Entry, before: State) -> bool:
        """Whether the entry is this sign."""


@dataclass(frozen=True)
class Connectors:
    """Those of `only`, or all but those of `but`."""

    only: frozenset[int] | None = None
    but: frozenset[int] = frozenset()

    def has(self, number: int | None) -> bool:
        """Whether a connector is one of them."""
        return number is not None and number not in self.but and (self.only is None or number in self.only)


def only(*numbers: int) -> Connectors:
    """These connectors."""
    return Connectors(frozenset(numbers))


@dataclass(frozen=True)
class Becomes:
    """A connector goes from one of the statuses `was` to one of `now`, with that `info`, if one is given."""

    where: Connectors
    was: frozenset[str]
    now: frozenset[str]
    info: str = ""

    def fits(self, entry: Entry, before: State) -> bool:
        """Whether the entry is this sign."""
        if not entry.is_call("StatusNotification"):
            return False
        payload, number = entry.payload, whole(entry.payload.get("connectorId"))
        if number is None or not self.where.has(number):
            return False
        changes = before.statuses.get(number) in self.was and text(payload.get("status")) in self.now
        return changes and (not self.info or same(text(payload.get("info")).strip(), self.info))


@dataclass(frozen=True)
class Reads:
    """The station sends a message with an idTag: that of the card `id_tag`, or, if `other`, of another one."""

    messages: frozenset[str]
    id_tag: str
    other: bool = False

    def fits(self, entry: Entry, before: State) -> bool:
        """Whether the entry is this sign."""
        read = entry.payload.get("idTag")
        if not entry.is_call() or entry.action not in self.messages or not isinstance(read, str):
            return False
        return same(read, self.id_tag) is not self.other


@dataclass(frozen=True)
class Starts:
    """A transaction begins on one of these connectors."""

    where: Connectors

    def fits(self, entry: Entry, before: State) -> bool:
        """Whether the entry is this sign."""
        return entry.is_call("StartTransaction") and self.where.has(whole(entry.payload.get("connectorId")))


@dataclass(frozen=True)
class Stops:
    """A transaction of one of these connectors ends, for one of `reasons` (empty: any; "Local" is also its absence).

    `id_tag`: the card that ended it is this one or is not named.
    """

    where: Connectors
    reasons: frozenset[str] = frozenset()
    id_tag: str = ""

    def fits(self, entry: Entry, before: State) -> bool:
        """Whether the entry is this sign."""
        if not entry.is_call("StopTransaction"):
            return False
        ended = before.transactions.get(whole(entry.payload.get("transactionId")) or -1)
        if ended is None or ended.stop is not None or not self.where.has(ended.connector):
            return False
        return self._why(entry.payload)

    def _why(self, payload: Mapping[str, Any]) -> bool:
        reason, read = text(payload.get("reason")) or "Local", payload.get("idTag")
        if self.reasons and reason not in self.reasons:
            return False
        return not self.id_tag or read is None or same(read, self.id_tag)


@dataclass(frozen=True)
class Boots:
    """The station boots on another connection than this one: it was without power, or restarted."""

    after: int | None

    def fits(self, entry: Entry, before: State) -> bool:
        """Whether the entry is this sign."""
        return entry.is_call("BootNotification") and entry.connection != self.after


@dataclass(frozen=True)
class Connects:
    """The station connects."""

    def fits(self, entry: Entry, before: State) -> bool:
        """Whether the entry is this sign."""
        return entry.kind == "connect"


def running(state: State, connector: int) -> Transaction | None:
    """The transaction that runs on a connector."""
    return next((one for one in state.open_transactions if one.connector == connector), None)
