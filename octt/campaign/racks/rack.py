"""What a rack's machine does: begins a run once, watches it, packs its evidence. Called by Dask's worker there.

Everything is kept in `octt-racks/STATION/` of the folder where the worker was started, and stays. The token of an
attempt is what keeps Dask from running a station twice: whatever asks for it again, a scheduler that begins the task of
a dead worker anew or a campaign that lost its scheduler, finds that it was begun, and gets what came of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from octt import __version__
from octt.campaign.attempt import Attempt, StationBusy, command
from octt.campaign.following import Follower
from octt.campaign.racks import archive
from octt.campaign.racks.archive import Packed
from octt.report.write import write_file

ROOT = Path("octt-racks")
EVERY = 0.5
"""Seconds between two looks at a run."""


@dataclass(frozen=True)
class Order:
    """What a rack is asked to do. Files of the station are sent; those they name are the rack's own."""

    topic: str
    token: str
    station: str
    bench: bytes
    pics: tuple[str, bytes] | None
    cases: tuple[str, ...]
    profiles: tuple[str, ...]
    version: str = __version__


@dataclass(frozen=True)
class Answer:
    """What came of it: the exit code of `octt run`, None when it was killed; `refused` says why it was not begun."""

    code: int | None
    words: str = ""
    log: bytes = b""
    evidence: Packed | None = None
    adopted: bool = False
    """Whether it had been begun before this task: the station was not run again."""

    refused: str = ""


def carry_out(order: Order) -> Answer:
    """Runs a station, or waits for the run that was begun with this token, whoever began it."""
    if order.version != __version__:
        return Answer(None, refused=f"the rack has octt {__version__}, the campaign {order.version}")
    tell = _teller(order)
    attempt = attempt_of(order.station, order.token)
    adopted = attempt.begun
    if not adopted:
        try:
            if not _begin(attempt, order, tell):
                return Answer(None, refused="it was ended before it began")
        except FileExistsError:
            adopted = True
        except OSError as error:
            return Answer(None, refused=f"{error.filename or attempt.folder}: {error.strerror}")
    follower = Follower(attempt.record)
    tell({"begun": True, "adopted": adopted})
    while attempt.going:
        if follower.look():
            tell({"seen": follower.seen.as_dict()})
            if follower.seen.ended:
                attempt.give_way()
        time.sleep(EVERY)
    follower.look()
    tell({"seen": follower.seen.as_dict()})
    return _answer(attempt, adopted)


def attempt_of(station: str, token: str) -> Attempt:
    """Where an attempt is on this machine."""
    return Attempt(ROOT.absolute() / station / token)


def _begin(attempt: Attempt, order: Order, tell: Callable[[dict[str, Any]], None]) -> bool:
    """Whether it was begun; an earlier run at the station is waited for."""
    place = attempt.folder.parent
    bench, pics = place / "bench.toml", place / f"{order.pics[0]}.pics.toml" if order.pics else None

    def prepare() -> None:
        write_file(bench, order.bench)
        if pics is not None and order.pics is not None:
            write_file(pics, order.pics[1])

    place.mkdir(parents=True, exist_ok=True)
    told = False
    while not _stop(attempt).exists():
        try:
            attempt.start(command(bench, pics, order.cases, order.profiles, attempt.folder), prepare)
        except StationBusy:
            if not told:
                tell({"say": "another run is still at the station; it is waited for"})
            told = True
            time.sleep(EVERY)
            continue
        if _stop(attempt).exists():
            attempt.signal()
        return True
    return False


def _stop(attempt: Attempt) -> Path:
    return attempt.folder.with_name(f"{attempt.folder.name}.stop")


def _answer(attempt: Attempt, adopted: bool) -> Answer:
    try:
        packed = archive.pack(attempt.folder)
    except OSError:
        packed = None
    try:
        log = attempt.log.read_bytes()[-65536:]
    except OSError:
        log = b""
    return Answer(attempt.code, attempt.last_words(), log, packed, adopted)


def _teller(order: Order) -> Callable[[dict[str, Any]], None]:
    """Says how far it is to who began the campaign, if he listens."""
    from distributed import get_worker

    worker = get_worker()
    return lambda what: worker.log_event(order.topic, {"token": order.token, **what})


# -- called beside a task, in the loop of the worker ------------------------------------------------------------------


def piece(station: str, token: str, offset: int) -> bytes:
    """A piece of the evidence."""
    return archive.piece(attempt_of(station, token).folder, offset)


def fetched(station: str, token: str) -> None:
    """The evidence has arrived: the archive may go, the folder stays."""
    archive.place_of(attempt_of(station, token).folder).unlink(missing_ok=True)


def interrupt(station: str, token: str) -> bool:
    """As ctrl-C at the terminal of the run; one that has not begun never will. Whether it had begun."""
    attempt = attempt_of(station, token)
    attempt.folder.parent.mkdir(parents=True, exist_ok=True)
    _stop(attempt).touch()
    attempt.signal()
    return attempt.begun
