"""Whether what a script does today is what the record says was done then.

What differs each time by its nature is no difference: times that are counted from now, locations with their one-time
logins, certificates and signatures that are made anew, and what the record hides.
"""

from __future__ import annotations

from typing import Any

from octt.ocpp.values import instant
from octt.record.secrets import MASK

TOLERANCE = 5.0
"""Seconds by which a time that was counted from then may differ: the record does not say how long we thought."""
_PEM = frozenset({"certificate", "certificateChain", "signingCertificate"})
_BEGIN = "-----BEGIN "
_MADE = frozenset({"signature", "issuerNameHash", "issuerKeyHash", "serialNumber"})


def difference(today: Any, then: Any, name: str = "") -> str:
    """What differs, as "field is X, was Y"; empty when it is the same request."""
    if isinstance(today, dict) and isinstance(then, dict):
        for key in [*today, *(key for key in then if key not in today)]:
            place = f"{name}.{key}" if name else key
            if key not in then or key not in today:
                return f"{place} is {_shown(today, key)}, was {_shown(then, key)}"
            if found := difference(today[key], then[key], place):
                return found
        return ""
    if isinstance(today, list) and isinstance(then, list) and len(today) == len(then):
        pairs = enumerate(zip(today, then, strict=True))
        return next((found for n, (a, b) in pairs if (found := difference(a, b, f"{name}[{n}]"))), "")
    return (
        "" if _same(name.rpartition(".")[2], today, then) else f"{name} is {today!r:.100}, was {then!r:.100}"
    )


def _shown(fields: dict[str, Any], key: str) -> str:
    return f"{fields[key]!r:.100}" if key in fields else "absent"


def _same(field: str, today: Any, then: Any) -> bool:
    if isinstance(today, bool) or isinstance(then, bool):
        return today is then
    if today == then or then == MASK:
        return True
    if not (isinstance(today, str) and isinstance(then, str)):
        return False
    if field in _PEM:
        return today.count(_BEGIN) == then.count(_BEGIN)
    if field in _MADE:
        return bool(today) == bool(then)
    moments = instant(today), instant(then)
    if moments[0] is None or moments[1] is None:
        return False
    return abs((moments[0] - moments[1]).total_seconds()) <= TOLERANCE
