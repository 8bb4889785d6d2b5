"""The station's clock and the timestamps it writes (ISO 8601; specification 3.14 and 3.15)."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta, timezone

_OFFSET_HOURS = 2


class Clock:
    """Wall clock, set from the currentTime of BootNotification.conf and Heartbeat.conf (4.2, 4.6)."""

    def __init__(self, style: str = "milliseconds") -> None:
        self.style = style
        self.offset = 0.0

    def now(self) -> float:
        """Seconds since 1970 by the station's clock."""
        return time.time() + self.offset

    def synchronize(self, current_time: object) -> None:
        """Take over the Central System's time; differences below two seconds are network delay, not drift."""
        moment = parse_time(current_time)
        if moment is not None and abs(moment - self.now()) > 2.0:
            self.offset = moment - time.time()

    def text(self, moment: float) -> str:
        """A moment (seconds since 1970) as this station writes it in a message."""
        if self.style == "seconds":
            return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        if self.style == "offset":
            zone = timezone(timedelta(hours=_OFFSET_HOURS))
            return datetime.fromtimestamp(moment, zone).isoformat(timespec="milliseconds")
        return format_time(moment)


def format_time(moment: float) -> str:
    """A moment (seconds since 1970) in UTC with milliseconds."""
    text = datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def parse_time(text: object) -> float | None:
    """The moment a message means, or None when it cannot be read. Without a zone it is taken as UTC."""
    try:
        moment = datetime.fromisoformat(str(text).strip().upper())
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
