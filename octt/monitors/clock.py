"""Rules about timestamps (sections 3.7, 3.14 and 3.15). All are remarks: clocks may be corrected at any time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from octt.monitors.seen import (
    TRANSACTION_MESSAGES,
    Call,
    Finding,
    Payload,
    Rule,
    Seen,
    Talk,
    dicts,
    instant,
    text,
    whole,
)

TOLERANCE = 60.0
"""Seconds by which a station's clock may differ before it is worth a remark."""

_ZONE = re.compile(r"(Z|[+-]\d\d(:?\d\d)?)$")
_UNSET = datetime(2015, 1, 1, tzinfo=UTC)
"""OCPP 1.6 is of October 2015: an earlier time was never set."""
_LISTED = 500
"""Timestamps of one message that are looked at."""


class Timestamps(Rule):
    """Timestamps have a zone (UTC is strongly recommended) and are near the present, unless the message was queued."""

    name = "timestamp"
    cite = "OCPP 1.6 sections 3.14 and 3.15"

    def __init__(self, tolerance: float = TOLERANCE) -> None:
        self._tolerance = tolerance
        self._ahead = 0.0
        self._since: dict[int, float] = {}
        self._former: Call | None = None
        self._told: set[str] = set()

    def event(self, event: Payload) -> None:
        """What happened before a connection was opened is told late for a good reason."""
        opened = whole(event.get("t"))
        if event.get("kind") == "connect" and opened is not None:
            self._since = {whole(event.get("connection")) or 0: opened / 1e9}

    def case(self) -> None:
        """In another case the same is told again."""
        self._told.clear()

    def see(self, seen: Seen, talk: Talk) -> Iterator[Finding]:
        """Compares the times in a request with when it came, and with the time the Central System gave."""
        if seen.answered("Heartbeat") or seen.answered("BootNotification"):
            given = instant(seen.payload.get("currentTime"))
            if given:
                self._ahead = given.timestamp() - seen.t / 1e9
        if not seen.request():
            return
        if seen.action in TRANSACTION_MESSAGES:
            if self._former and self._former.answer != "CALLRESULT":
                # What failed is sent again, and what came meanwhile waits behind it.
                self._since[seen.connection] = seen.t / 1e9
            self._former = talk.calls.get((True, seen.frame.id))
        for written in _times(seen):
            if not written.endswith("Z") and not _ZONE.search(written):
                yield from self._once(seen, "zone", f"a time without a zone: {written[:40]}")
            moment = instant(written)
            if moment is not None:
                yield from self._near(seen, moment, written)

    def _near(self, seen: Seen, moment: datetime, written: str) -> Iterator[Finding]:
        now = seen.t / 1e9
        away = moment.timestamp() - now
        if moment < _UNSET:
            yield from self._once(seen, "unset", f"the time {written[:40]}: the clock was never set")
        elif min(away, away - self._ahead) > self._tolerance:
            yield from self._once(seen, "future", f"the time {written[:40]} is {away:.0f} s in the future")
        elif seen.action in TRANSACTION_MESSAGES:
            online = self._since.get(seen.connection)
            late = -max(away, away - self._ahead)
            if online is not None and late > self._tolerance and moment.timestamp() > online:
                yield from self._once(
                    seen,
                    "late",
                    f"the time {written[:40]} is {late:.0f} s past, though the station was connected then",
                )

    def _once(self, seen: Seen, what: str, told: str) -> Iterator[Finding]:
        """The same kind of remark once per case and action."""
        key = f"{what} {seen.action[:40]}"
        if key not in self._told and len(self._told) < 1000:
            self._told.add(key)
            yield self.remark(seen, f"{seen.action} has {told}")


class Chronology(Rule):
    """Transaction messages are delivered in chronological order. Seen by their times, so never more than a remark."""

    name = "chronological order"
    cite = "OCPP 1.6 section 3.7"
    reads = "requests"

    SLACK = 2.0
    """Seconds that times may go back, for rounding and for messages of several connectors."""

    def __init__(self) -> None:
        self._last: tuple[datetime, int] | None = None

    def see(self, seen: Seen, talk: Talk) -> Iterator[Finding]:
        """Compares the latest time in a transaction message with that of the one before."""
        if not seen.request(*TRANSACTION_MESSAGES) or _triggered(seen):
            return
        own = [text(seen.payload.get("timestamp"))] if seen.action != "MeterValues" else _times(seen)
        moments = [moment for moment in map(instant, own) if moment is not None]
        if not moments:
            return
        latest = max(moments)
        if self._last and (self._last[0] - latest).total_seconds() > self.SLACK:
            yield self.remark(
                seen,
                f"{seen.action} of {latest.isoformat()} came after a transaction message of "
                f"{self._last[0].isoformat()} (line {self._last[1]}): out of order, or the clock was set back",
            )
        self._last = (latest, seen.n)


def _triggered(seen: Seen) -> bool:
    """Whether values were read for a TriggerMessage: those need not wait for queued ones."""
    return any(
        sample.get("context") == "Trigger"
        for value in dicts(seen.payload.get("meterValue"))
        for sample in dicts(value.get("sampledValue"))
    )


def _times(seen: Seen) -> list[str]:
    payload = seen.payload
    found = [text(payload.get("timestamp"))]
    for field in ("meterValue", "transactionData"):
        found += [text(value.get("timestamp")) for value in dicts(payload.get(field))[:_LISTED]]
    return [written for written in found if written and instant(written) is not None]
