"""Points in time as OCPP writes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from octt.record.clock import utc


def in_seconds(seconds: float, after: datetime | None = None) -> str:
    """A dateTime that many seconds from now (or `after`); negative for the past."""
    moment = (after or utc()) + timedelta(seconds=seconds)
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
