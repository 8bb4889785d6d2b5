"""What is known of the station: a value that follows from the entries of the timeline and is never changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Payload = Mapping[str, Any]
_ITEM = 100
"""Bytes of a table's entry."""


@dataclass(frozen=True)
class Transaction:
    """A transaction as the station reported it; `id` was issued by us (section 4.8). `line`: of its start."""

    id: int
    connector: int
    id_tag: str
    start: Payload
    line: int = 0
    stop: Payload | None = None


@dataclass(frozen=True)
class State:
    """The station as its messages, and our answers to them, tell it."""

    connection: int | None = None
    """The number of the connection that is open; None: the station is not connected."""

    registration: str = ""
    """What the last BootNotification was answered with; "" when there was none, or no status in the answer."""

    boot: Payload = field(default_factory=dict)
    """The last BootNotification."""

    statuses: Mapping[int, str] = field(default_factory=dict)
    """The last status of each connector; 0 is the station itself."""

    transactions: Mapping[int, Transaction] = field(default_factory=dict)
    configuration: Mapping[str, str] = field(default_factory=dict)
    """Values of configuration keys as far as they were seen, by the key in lower case (section 7.17)."""

    def weight(self, before: State) -> int:
        """Bytes of memory that this state needs beside the one before it; tables that did not change are shared."""
        tables = ("statuses", "transactions", "configuration")
        new = [getattr(self, name) for name in tables if getattr(self, name) is not getattr(before, name)]
        return sum(_ITEM * len(table) for table in new)

    @property
    def connected(self) -> bool:
        """Whether the station is connected."""
        return self.connection is not None

    @property
    def open_transactions(self) -> list[Transaction]:
        """Those that were started and not stopped."""
        return [one for one in self.transactions.values() if one.stop is None]
