"""What a record would say of the frames in a log: between which two, which way, when, and what answers what."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

from octt.audit.inspect.frames import Found
from octt.audit.reading import problems_of
from octt.ocpp import Frame, frames, schemas
from octt.ocpp.values import instant
from octt.record.events import Connected, FrameSeen

Side = Literal["in", "out"]
"""As in a record: from the station, or to it."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PACE = 10_000_000
"""Nanoseconds between two frames of a log that tells no times."""
_NEAR = 20
"""Lines within which one frame may stand twice, written by two parts of one program."""
_QUARTER = 900
"""Seconds of which every time zone is a multiple."""


@dataclass(frozen=True)
class Said:
    """A frame of the log with its side; `action` of a reply is that of its call. `guessed`: the log did not say."""

    found: Found
    frame: Frame
    side: Side
    action: str
    guessed: bool = False


@dataclass
class Talk:
    """A station's part of a log. `orphans`: replies whose requests stand before its beginning, or nowhere."""

    peer: str
    said: list[Said] = field(default_factory=list)
    orphans: int = 0
    reversed: bool = False
    """Whether the log is the station's own, so that what it received is from the Central System."""

    @property
    def timed(self) -> bool:
        """Whether every frame has a time."""
        return bool(self.said) and all(one.found.when for one in self.said)

    @property
    def dated(self) -> bool:
        """Whether it is certain which moments the times are: by their zone, or by what the Central System said."""
        return self.timed and (all(one.found.zoned for one in self.said) or self.offset is not None)

    @property
    def offset(self) -> float | None:
        """By how many seconds times without a zone are ahead of UTC, as the answers with currentTime tell."""
        found = Counter[float]()
        for one in self.said:
            written = instant(one.frame.payload.get("currentTime"))
            if one.side == "out" and written and one.found.when and not one.found.zoned:
                ahead = (one.found.when - written).total_seconds()
                found[round(ahead / _QUARTER) * _QUARTER] += 1
        return found.most_common(1)[0][0] if found else None


def talks(found: list[Found]) -> list[Talk]:
    """The frames of a log, one talk for each station that it names, in the order of their first frames."""
    kept: dict[str, list[tuple[Found, Frame]]] = {}
    for one in _once(found):
        kept.setdefault(one.peer, []).append((one, frames.parse(one.raw)))
    return [_talk(peer, pairs) for peer, pairs in kept.items()]


def _once(found: list[Found]) -> Iterator[Found]:
    """A frame that two parts of a program wrote down is one frame: their lines do not look alike."""
    recent: deque[tuple[Found, str, str]] = deque(maxlen=_NEAR)
    for one in found:
        text, shape = re.sub(r"\s", "", one.raw), re.sub(r"[\d\W]+", "", one.before)
        again = (
            other
            for other, same, looks in recent
            if same == text and looks != shape and one.line - other.line <= _NEAR
        )
        if next(again, None) is None:
            recent.append((one, text, shape))
            yield one


def _talk(peer: str, pairs: list[tuple[Found, Frame]]) -> Talk:
    votes = Counter(
        (one.way == side) for one, frame in pairs if one.way and (side := _side_of_call(frame)) is not None
    )
    talk = Talk(peer, reversed=votes[False] > votes[True])
    asked: dict[str, list[tuple[Side, str]]] = {}
    for one, frame in pairs:
        told: Side | None = None
        if one.way:
            told = ("out" if one.way == "in" else "in") if talk.reversed else one.way
        if frame.type == "CALL":
            side = told or _side_of_call(frame) or "in"
            asked.setdefault(frame.id, []).append((side, frame.action))
            talk.said.append(Said(one, frame, side, frame.action, told is None))
        elif frame.type in ("CALLRESULT", "CALLERROR"):
            calls = asked.get(frame.id, [])
            fitting = [call for call in calls if told is None or call[0] != told]
            if not fitting:
                talk.orphans += 1
                continue
            side = "out" if fitting[-1][0] == "in" else "in"
            talk.said.append(Said(one, frame, side, fitting[-1][1], told is None))
    return talk


def _side_of_call(frame: Frame) -> Side | None:
    """Who sends such a request; None when both do, or nobody."""
    if frame.type != "CALL":
        return None
    from_station, to_station = frame.action in schemas.FROM_STATION, frame.action in schemas.TO_STATION
    return None if from_station == to_station else "in" if from_station else "out"


def events_of(talk: Talk, connection: int = 1) -> Iterator[Connected | FrameSeen]:
    """The events that a record would have of it. The number of each is the line of the log."""
    first, last = True, (0, 0)
    offset, timed = talk.offset or 0.0, talk.timed
    for one in talk.said:
        t = _nanoseconds(one.found.when, offset if not one.found.zoned else 0.0) if timed else 0
        last = max(one.found.line, last[0] + 1), max(t, last[1] + (1 if timed else PACE))
        n, t = last
        if first:
            first = False
            yield _connected(talk.peer, connection, t)
        problems = problems_of(one.frame, one.action) if one.side == "in" else []
        yield FrameSeen(
            n=n,
            t=t,
            m=t,
            connection=connection,
            dir=one.side,
            type=one.frame.type,
            id=one.frame.id[:200],
            action=one.action[:200],
            problems=problems,
            raw=one.found.raw,
        )


def _connected(peer: str, connection: int, t: int) -> Connected:
    return Connected(
        t=t,
        m=t,
        connection=connection,
        identity=peer,
        remote="",
        path="",
        subprotocol=None,
        headers={},
        security_profile=0,
        user="",
        auth="none",
        tls=None,
        replaces=None,
    )


def _nanoseconds(when: datetime | None, ahead: float) -> int:
    return ((when - _EPOCH) // timedelta(microseconds=1) * 1000) - int(ahead * 1e9) if when else 0
