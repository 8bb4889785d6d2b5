"""All mutants of a case: what can be done to each frame of its test phase."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import orjson

from octt.audit.mutants.altering import ANOTHER_ID, ENVELOPES, altered, value_at
from octt.audit.mutants.frames import Baseline, Target
from octt.audit.mutants.mutant import Change, Kind, Mutant, Path
from octt.audit.mutants.values import fields_of, odd, others
from octt.ocpp import schemas
from octt.ocpp.values import decimal, instant

NEIGHBOURS = 2.0
"""Seconds between two frames that can still be exchanged; held back for longer, one would rather be late."""

UNASKED = ("Authorize", "Faulted")
"""Messages that nobody brought about (octt/audit/proxy/extra.py has them in full): a frame is followed by one of them.

StartTransaction follows every frame, and StopTransaction where there is a transaction: a StopTransaction of another one
may be from before the run.
"""

LATER = 0.4
"""Seconds after a refusal at which it is done all the same; other messages of that kind follow at once."""

EFFECTS = {
    "CancelReservation": "Available",
    "ChangeAvailability": "Unavailable",
    "RemoteStartTransaction": "StartTransaction",
    "RemoteStopTransaction": "StopTransaction",
    "ReserveNow": "Reserved",
    "UnlockConnector": "StopTransaction",
}
"""What is done all the same after a request was refused, by the request."""

ERRORS = ("InternalError", "NotSupported", "GenericError")
FEW = 3
"""Of all the ways in which a frame can break its schema or OCPP-J so many are tried with each.

They are legion, and every frame meets the same check of them; which ones, the frame's name decides.
"""

BEYOND = 0.6
"""Seconds by which a late frame misses its limit."""

Values = dict[tuple[str, str, Path], list[Any]]
"""Values of a field by action, type of frame and path, as they came in the cases of an audit."""


def values_of(baselines: Iterable[Baseline]) -> Values:
    """What each field of each message was, in all cases."""
    found: Values = {}
    for baseline in baselines:
        for target in baseline.targets:
            for path, value in fields_of(target.payload):
                if not isinstance(value, dict | list):
                    known = found.setdefault((target.action, target.type, path), [])
                    if value not in known:
                        known.append(value)
    return found


def mutants_of(baseline: Baseline, values: Values, reply_limit: float) -> list[Mutant]:
    """Every mutant of a case, each once. `reply_limit`: seconds in which a reply is due."""
    found: dict[str, Mutant] = {}
    for target in baseline.targets:
        if target.action == "Heartbeat" and not target.labels:
            continue  # it comes by itself, in every case
        for mutant in _mutants(baseline.case, target, values, reply_limit):
            found.setdefault(mutant.name, mutant)
    return list(found.values())


def _mutants(case: str, target: Target, values: Values, reply_limit: float) -> Iterator[Mutant]:
    frame, request = target.title, target.type == "CALL"
    yield Mutant(case, Kind.DROPPED, frame)
    limit = target.limit if request else reply_limit
    if limit:
        yield Mutant(case, Kind.LATE, frame, seconds=round(limit + BEYOND, 1))
    yield Mutant(case, Kind.TWICE, frame)
    if target.gap is not None and target.gap < NEIGHBOURS:
        yield Mutant(case, Kind.EXCHANGED, frame)
    if target.type != "CALLERROR":
        yield from _legal(target, case, values)
    yield from _some(list(_broken(target, case)), FEW, f"{case} {frame}")
    if not request:
        yield Mutant(case, Kind.ENVELOPE, frame, value=ANOTHER_ID)
    if target.type == "CALLRESULT":
        for code in _some(ERRORS, 1, f"{case} {frame}"):
            yield Mutant(case, Kind.ERROR, frame, value=code)
    if target.gap is not None:  # behind the last frame nobody looks any more
        started = ("StartTransaction", "StopTransaction") if target.started else ("StartTransaction",)
        for extra in (*started, *_some(UNASKED, 1, f"{case} {frame}")):
            yield Mutant(case, Kind.EXTRA, frame, value=extra)
    refused = target.type == "CALLERROR" or target.payload.get("status", "Accepted") != "Accepted"
    if not request and refused and target.action in EFFECTS:
        yield Mutant(case, Kind.EXTRA, frame, value=EFFECTS[target.action], seconds=LATER)


def _some(of: Sequence[Any], count: int, name: str) -> Sequence[Any]:
    """So many of them, spread over all."""
    lots = sorted(range(len(of)), key=lambda place: zlib.crc32(f"{name} {place}".encode()))
    return [of[place] for place in sorted(lots[:count])]


def _legal(target: Target, case: str, values: Values) -> Iterator[Mutant]:
    """Every field with another value that its schema allows, or missing where that allows it."""
    frame, direction = target.title, _direction(target)
    for path, value in fields_of(target.payload):
        if not isinstance(value, dict | list):
            tried = []
            for change, other in others(target.action, direction, path, value):
                tried.append(other)
                yield Mutant(case, Kind.CHANGED, frame, path, change, other)
            # A point in time is shifted, a number changed already.
            known = values.get((target.action, target.type, path), ()) if _is_name(value) else ()
            foreign = [one for one in known if one != value]
            if foreign and foreign[0] not in tried:
                yield Mutant(case, Kind.FOREIGN, frame, path, Change.SET, foreign[0])
        removed = Mutant(case, Kind.REMOVED, frame, path)
        if not _breaks(removed, target):
            yield removed


def _broken(target: Target, case: str) -> Iterator[Mutant]:
    """Every way in which it can be no frame of its schema or of OCPP-J."""
    frame = target.title
    for name in ENVELOPES:
        yield Mutant(case, Kind.ENVELOPE, frame, value=name)
    if target.type == "CALLERROR":
        return
    for path, value in fields_of(target.payload):
        removed = Mutant(case, Kind.REMOVED, frame, path)
        if _breaks(removed, target):
            yield removed
        if value_at(target.payload, path) is not None:
            yield Mutant(case, Kind.TYPED, frame, path, Change.SET, odd(path, value))


def _breaks(mutant: Mutant, target: Target) -> bool:
    """Whether the schema does not allow what a mutant makes of a payload."""
    text = altered(mutant, [target.payload])
    payload = orjson.loads(text)[0] if text else target.payload
    return bool(schemas.problems(target.action, _direction(target), payload))


def _direction(target: Target) -> schemas.Direction:
    return "request" if target.type == "CALL" else "response"


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and decimal(value) is None and instant(value) is None
