"""Times as OCPP 1.6 writes them: ISO 8601 (section 3.15), of which RFC 3339, the JSON schemas' date-time, is a part.

Accepted is a complete date and a time of day in the extended or the basic format, never mixed: calendar, week or
ordinal date, the seconds or the minutes left out, a fraction after a point or a comma, 24:00, a leap second, and no
zone (sections 3.14 and 3.15 recommend UTC and do not ask for it). Refused is everything else: a blank for the T, a
date alone, a zone +0100 behind a time with colons.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone

_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]([01]\d|2[0-3]):\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_USUAL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:[0-5]\d)?", re.ASCII)
"""What nearly all are: read without ado."""
_ISO_8601 = re.compile(
    r"""
    (\d{4})-(?:(\d\d)-(\d\d)|W(\d\d)-(\d)|(\d{3}))              # extended: year, month, day, week, weekday, day of year
    [Tt](\d\d)(?::([0-5]\d)(?::(\d\d))?)?(?:[.,](\d+))?            # hour, minute, second, fraction
    ([Zz]|[+-]\d\d(?::[0-5]\d)?)?                                  # zone
    |
    (\d{4})(?:(\d\d)(\d\d)|W(\d\d)(\d)|(\d{3}))                 # basic: the same
    [Tt](\d\d)(?:([0-5]\d)(\d\d)?)?(?:[.,](\d+))?
    ([Zz]|[+-]\d\d(?:[0-5]\d)?)?
    """,
    re.ASCII | re.VERBOSE,
)


def is_timestamp(text: str) -> bool:
    """Whether a text is a dateTime as OCPP 1.6 section 3.15 allows."""
    return _read(text) is not None


def moment(text: str) -> datetime | None:
    """The instant in UTC, read as UTC where there is no zone; None for what is no time, or beyond the calendar."""
    found = _read(text)
    if found is None:
        return None
    try:
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def unusual(text: str) -> str:
    """Why other systems may not read a time though it is legal, as the end of "a time ..."; nothing when they will."""
    found = None if _RFC_3339.fullmatch(text) else _read(text)
    if found is None:
        return ""
    return "without a zone" if found.tzinfo is None else "in a form of ISO 8601 that RFC 3339 does not have"


def _read(text: str) -> datetime | None:
    if _USUAL.fullmatch(text):
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            pass  # a leap second, the end of a day, or no time at all
    match = _ISO_8601.fullmatch(text)
    if match is None:
        return None
    try:
        return datetime.fromisoformat(text.upper())
    except ValueError:
        pass  # what Python does not read of ISO 8601, or no time at all
    try:
        return _built(*(match.groups()[:11] if match[1] else match.groups()[11:]))
    except (ValueError, OverflowError):
        return None


def _built(
    year: str,
    month: str | None,
    day: str,
    week: str | None,
    weekday: str,
    ordinal: str,
    hour: str,
    minute: str | None,
    second: str | None,
    fraction: str | None,
    zone: str | None,
) -> datetime:
    """Raises ValueError or OverflowError for what calendar and clock do not have."""
    unit = timedelta(seconds=1) if second else timedelta(minutes=1) if minute else timedelta(hours=1)
    time = timedelta(hours=int(hour), minutes=int(minute or 0), seconds=int(second or 0))
    time += unit * float(f"0.{fraction or 0}")
    if int(second or 0) > 60 or (int(hour) > 23 and time > timedelta(days=1)):
        raise ValueError
    if month:
        on = date(int(year), int(month), int(day))
    elif week:
        on = date.fromisocalendar(int(year), int(week), int(weekday))
    else:
        on = date(int(year), 1, 1) + timedelta(days=int(ordinal) - 1)
        if on.year != int(year):
            raise ValueError
    return datetime(on.year, on.month, on.day, tzinfo=_zone(zone)) + time


def _zone(text: str | None) -> timezone | None:
    if not text or text in "Zz":
        return UTC if text else None
    offset = timedelta(hours=int(text[1:3]), minutes=int(text[-2:] if len(text) > 3 else 0))
    return timezone(-offset if text[0] == "-" else offset)
