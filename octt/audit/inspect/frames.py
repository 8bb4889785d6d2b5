"""Frames in the lines of a log, whoever wrote it: what stands before each, when it was, and which way it went.

Known are lines with a frame somewhere in them (SteVe, the `ocpp` package, evcc, OCTT's own log, and whatever looks like
them), frames over several lines, JSON lines (a frame alone, or an object with a frame or its parts in it).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Literal

from octt.ocpp.values import instant

Way = Literal["in", "out", ""]
"""As the log says: to who wrote it, or from him."""

_BEGINS = re.compile(r'\[\s*[234]\s*,\s*\\?"')
_MOST_LINES, _MOST = 500, 1 << 20
"""Lines and characters of a frame that is written over several lines."""
_TRIED, _HEAD = 200, 12
"""Beginnings of frames that are tried in one line, and characters of one in which its first quotation mark stands."""

_DATE = re.compile(
    r"(\d{4})[-/](\d\d)[-/](\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?\s?(Z|UTC|[+-]\d\d:?\d\d)?"
)
_CLOCK = re.compile(r"(?<!\d)(\d\d):(\d\d):(\d\d)[.,:](\d{3,6})(?!\d)")
_ARROWS = (
    (re.compile(r"charge ?point ?(-?>|→) ?central ?system|CP ?(-?>|→) ?CS(MS)?\b", re.IGNORECASE), "in"),
    (re.compile(r"central ?system ?(-?>|→) ?charge ?point|CS(MS)? ?(-?>|→) ?CP\b", re.IGNORECASE), "out"),
)
_WORDS = re.compile(
    r"(?<![A-Za-z])(?:(?P<out>send(?:ing|s)?|sent|tx|out(?:going|bound)?|msg-out)"
    r"|(?P<in>rec(?:eived?|eiving|v)|rx|in(?:coming|bound)|msg-in|in(?=\s*[:\]>])))(?![A-Za-z])",
    re.IGNORECASE,
)
_PEERS = (
    re.compile(r"chargeBoxId=([^,\]\s]+)"),
    re.compile(r"(\S+): (?:receive message|send)\b"),
    re.compile(r"\b(?:recv|send|received JSON message from|sent JSON message to) (\S+):"),
)
_NAMES: dict[str, frozenset[str]] = {
    "way": frozenset({"direction", "dir", "flow", "origin", "source"}),
    "peer": frozenset(
        {
            *("chargeboxid", "chargepointid", "chargepoint", "stationid", "station", "identity", "cpid"),
            *("clientid", "chargerid", "chargingstationid", "ocppidentity"),
        }
    ),
    "time": frozenset({"time", "timestamp", "ts", "date", "datetime", "@timestamp", "at", "t", "createdat"}),
    "type": frozenset({"messagetypeid", "messagetype", "type"}),
    "id": frozenset({"uniqueid", "messageid", "msgid", "id"}),
    "payload": frozenset({"payload", "data", "body", "message"}),
}
_TYPES = {"2": 2, "3": 3, "4": 4, "call": 2, "callresult": 3, "callerror": 4, "request": 2, "response": 3}


@dataclass(frozen=True)
class Found:
    """A frame in a log: the line where it begins, its text, and what the log says about it."""

    line: int
    raw: str
    before: str = ""
    """What stands before it on its line."""

    when: datetime | None = None
    zoned: bool = False
    """Whether the time says where on earth it is."""

    way: Way = ""
    peer: str = ""


@dataclass
class Reading:
    """What could be read of a log."""

    frames: list[Found] = field(default_factory=list)
    lines: int = 0
    unreadable: list[tuple[int, str]] = field(default_factory=list)
    """Lines with the beginning of a frame that is none, and their text."""


def read(lines: Iterable[str]) -> Reading:
    """The frames of a log, in its order. Never raises."""
    found, waiting = Reading(), _Waiting()
    header = ""
    for number, text in enumerate(lines, 1):
        found.lines = number
        text = text.rstrip("\r\n").lstrip("\ufeff")
        if waiting.text:
            if waiting.goes_on(text):
                found.frames += waiting.taken
                continue
            found.unreadable.append(waiting.told)
            waiting = _Waiting()
        taken = list(_of_object(number, text)) or list(_of_text(number, text, header))
        if taken:
            found.frames += taken
            header = ""
        elif (place := _begins(text)) is not None:
            before = text[:place]
            waiting = _Waiting(number, text[place:], before if before.strip() else header, text)
        elif text.strip():
            header = text
    if waiting.text:
        found.unreadable.append(waiting.told)
    return found


def _begins(text: str) -> int | None:
    match = _BEGINS.search(text)
    if match:
        return match.start()
    return len(text) - 1 if text.rstrip() == "[" else None


class _Waiting:
    """A frame whose end has not come yet."""

    def __init__(self, line: int = 0, text: str = "", before: str = "", whole: str = "") -> None:
        self.text, self._line, self._before, self._whole, self._count = text, line, before, whole, 1
        self.taken: list[Found] = []

    @property
    def told(self) -> tuple[int, str]:
        """The line and its text, for people."""
        return self._line, self._whole

    def goes_on(self, text: str) -> bool:
        """Whether another line belongs to it; when the frame is whole it is taken, and nothing waits any more."""
        self.taken = []
        self._count += 1
        self.text += "\n" + text
        if _BEGINS.search(text) or self._count > _MOST_LINES or len(self.text) > _MOST:
            return False
        frame = _frame_at(self.text, 0)
        if frame is not None:
            self.taken = [_found(self._line, frame[0], self._before)]
            self.text = ""
        return True


def _of_text(number: int, text: str, header: str) -> Iterator[Found]:
    """The frames that stand in a line as they went over the wire."""
    place, begin = 0, 0
    for _ in range(_TRIED):
        match = _BEGINS.search(text, place)
        if match is None:
            return
        frame = _frame_at(text, match.start())
        if frame is None:
            place = match.end()
            continue
        before = text[begin : match.start()]
        yield _found(number, frame[0], before if before.strip() else header)
        place = begin = frame[1]


def _frame_at(text: str, place: int) -> tuple[str, int] | None:
    """The text of the frame that begins at a place, and where it ends; None when there is none."""
    written, start = text, place
    escaped = '\\"' in text[place : place + _HEAD]
    if escaped:  # it stands in a text of JSON
        written, start = text[place : place + _MOST].replace('\\"', '"'), 0
    try:
        value, end = json.JSONDecoder().raw_decode(written, start)
    except (ValueError, RecursionError):
        return None
    return (written[start:end], len(text) if escaped else end) if is_frame(value) else None


def is_frame(value: Any) -> bool:
    """Whether it is built as OCPP-J builds frames, roughly: what is wrong in detail is found later."""
    return (
        isinstance(value, list)
        and len(value) >= 3
        and not isinstance(value[0], bool)
        and value[0] in (2, 3, 4)
        and isinstance(value[1], str)
    )


def _found(line: int, raw: str, before: str) -> Found:
    when, zoned = _time_in(before)
    peer = next((match[1] for pattern in _PEERS if (match := pattern.search(before))), "")
    return Found(line, raw, before, when, zoned, _way_in(before), peer.strip("[]\"'"))


# -- objects ------------------------------------------------------------------------------------------------------


def _of_object(number: int, text: str) -> Iterator[Found]:
    """The frame in a line that is a JSON object, or its parts."""
    if not text.lstrip().startswith("{"):
        return
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return
    if not isinstance(value, dict):
        return
    fields = {str(name).lower().replace("_", "").replace("-", ""): held for name, held in _flat(value, 3)}
    frame = next((raw for held in fields.values() if (raw := _as_frame(held))), "") or _of_parts(fields)
    if not frame:
        return
    way = _way_of(str(_field(fields, "way") or ""))
    when, zoned = _time_of(_field(fields, "time"))
    message = next((held for held in fields.values() if isinstance(held, str) and frame in held), "")
    before = message.partition(frame)[0]
    inner = _found(number, frame, before)
    peer = str(_field(fields, "peer") or "") or inner.peer
    shape = " ".join(sorted(fields))
    if when is None:
        when, zoned = inner.when, inner.zoned
    yield Found(number, frame, shape + before, when, zoned, way or inner.way, peer)


def _flat(value: dict[str, Any], deep: int) -> Iterator[tuple[str, Any]]:
    """The fields of an object and those within it."""
    for name, held in value.items():
        yield name, held
        if isinstance(held, dict) and deep:
            yield from _flat(held, deep - 1)


def _as_frame(held: Any) -> str:
    """The text of a frame that a field holds, as a list or as text, perhaps with words before it."""
    if is_frame(held):
        return json.dumps(held, ensure_ascii=False)
    if isinstance(held, str) and (match := _BEGINS.search(held)):
        frame = _frame_at(held, match.start())
        return frame[0] if frame else ""
    return ""


def _of_parts(fields: dict[str, Any]) -> str:
    """A frame from an object that names its parts."""
    kind = _TYPES.get(str(_field(fields, "type")).lower().replace("_", ""))
    ident, payload, action = _field(fields, "id"), _field(fields, "payload"), fields.get("action")
    if kind is None or not isinstance(ident, str) or not isinstance(payload, dict):
        return ""
    if kind == 2 and isinstance(action, str):
        return json.dumps([2, ident, action, payload], ensure_ascii=False)
    return json.dumps([3, ident, payload], ensure_ascii=False) if kind == 3 else ""


def _field(fields: dict[str, Any], what: str) -> Any:
    return next((held for name, held in fields.items() if name in _NAMES[what]), None)


# -- times and ways -----------------------------------------------------------------------------------------------


def _way_in(text: str) -> Way:
    """Which way the frame behind a text went, by the last word that says so."""
    for pattern, way in _ARROWS:
        if pattern.search(text):
            return way  # type: ignore[return-value]
    found: Way = ""
    for match in _WORDS.finditer(text):
        found = "in" if match["in"] else "out"
    return found


def _way_of(word: str) -> Way:
    """Which way a field names."""
    lower = word.lower()
    if lower in ("i", "cp", "chargepoint", "charge_point", "station", "chargingstation", "charger"):
        return "in"
    if lower in ("o", "cs", "csms", "centralsystem", "central_system", "server", "backend"):
        return "out"
    return "in" if lower in ("in", "request_in") else _way_in(f"{word}:")


def _time_in(text: str) -> tuple[datetime | None, bool]:
    """The time in a text, and whether it has a zone; a time of day is one of the first day there is."""
    if match := _DATE.search(text):
        *parts, fraction, zone = match.groups()
        micro = int((fraction or "0")[:6].ljust(6, "0"))
        try:
            moment = datetime(*(int(part) for part in parts), micro, tzinfo=_zone(zone))  # type: ignore[arg-type, misc]
        except ValueError:
            return None, False
        return moment, bool(zone)
    if match := _CLOCK.search(text):
        hour, minute, second, fraction = match.groups()
        try:
            return datetime(
                1970, 1, 1, int(hour), int(minute), int(second), int(fraction.ljust(6, "0")), UTC
            ), False
        except ValueError:
            return None, False
    return None, False


def _zone(written: str | None) -> timezone:
    if not written or written in ("Z", "UTC"):
        return UTC
    sign = -1 if written[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(written[1:3]), minutes=int(written[-2:])))


def _time_of(held: Any) -> tuple[datetime | None, bool]:
    """The time that a field holds: a dateTime, or seconds, milliseconds, micro- or nanoseconds since 1970."""
    if isinstance(held, str):
        if held.isdigit():
            held = int(held)
        else:
            found = _time_in(held)
            return found if found[0] else (instant(held), True)
    if isinstance(held, bool) or not isinstance(held, int | float):
        return None, False
    try:
        seconds = float(held)
        while 1e11 < seconds < float("inf"):
            seconds /= 1000
        return datetime.fromtimestamp(seconds, UTC), True
    except (ValueError, OverflowError, OSError):
        return None, False
