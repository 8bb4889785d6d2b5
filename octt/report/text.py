"""How values are written in every report: untrusted text made visible, times and numbers made readable."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from octt.text import visible as visible


def seconds(value: float | None) -> str:
    """A time with as many digits as it deserves: 0.4 ms, 41 ms, 250 ms, 5.13 s, 42.0 s, 3 min 20 s, 2 h 5 min."""
    if value is None:
        return ""
    if value < 0:
        return "−" + seconds(-value)
    if 0 < value < 0.9995:
        return f"{milliseconds(value)} ms"
    if value < 9.995:
        return f"{value:.2f} s"
    if value < 59.95:
        return f"{value:.1f} s"
    whole = round(value)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def milliseconds(value: float) -> str:
    """A time in seconds as a number of milliseconds: one decimal below ten, none above."""
    return f"{value * 1000:.1f}" if value < 0.00995 else f"{value * 1000:.0f}"


def limit(value: float | None) -> str:
    """A limit in seconds, which somebody chose: 5 s, 0.5 s, 90 s, 20 min."""
    if value is None:
        return ""
    return f"{number(value)} s" if value < 600 or value % 60 else f"{number(value / 60)} min"


def cite(section: str) -> str:
    """A citation with its section sign; a bare number is a section of the specification."""
    if section[:1].isdigit():
        return f"OCPP 1.6 § {section}"
    return re.sub(r"(?<!^OCPP) (\d+(\.\d+)*)$", r" § \1", section)


def number(value: float | int | None) -> str:
    """A number in the certificate's style: two decimals, more below 0.1, none that say nothing."""
    if value is None:
        return ""
    if not isinstance(value, float) or abs(value) >= 1e15:
        return str(value)
    size = abs(value)
    digits = f"{value:.2f}" if size >= 0.0995 else f"{value:.3f}" if size >= 0.00995 else f"{value:.4f}"
    return digits.rstrip("0").rstrip(".")


def hms(value: float | None) -> str:
    """A time the way the 2024 certificate writes measured values, h:mm:ss, from a minute on; below it as `seconds`."""
    if value is None or value < 59.95:
        return seconds(value)
    whole = int(value + 0.5)
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def moment(nanoseconds: int | None) -> str:
    """A Unix time in nanoseconds as date and time in UTC, to the second."""
    return "" if not nanoseconds else f"{_utc(nanoseconds):%Y-%m-%d %H:%M:%S} UTC"


def clock(nanoseconds: int | None) -> str:
    """A Unix time in nanoseconds as time of day in UTC, to the millisecond."""
    if not nanoseconds:
        return ""
    return f"{_utc(nanoseconds):%H:%M:%S}.{nanoseconds // 1_000_000 % 1000:03d}"


def _utc(nanoseconds: int) -> datetime:
    whole = min(
        max(nanoseconds // 1_000_000_000, 0), 253402300799
    )  # year 9999: a clock may be wrong, the report goes on
    return datetime.fromtimestamp(whole, UTC)
