"""The Central System is killed (-9) at random points: what was answered, and each answer, is on the record.

A frame that was taken but not answered yet may be there or not; one that was answered must be. What we sent must be
there too: it is written before it is sent.
"""

from __future__ import annotations

import itertools
import json
import random
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from benchmarks.figures import Figure
from benchmarks.hostile import laboratory
from benchmarks.session import requests
from octt.record import check_chain, read
from octt.record.events import FrameSeen
from octt.report.model.result import load


@dataclass
class Killed:
    """One trial: how many frames were answered, and which of them, or of the answers, the record lacks."""

    answered: int
    lost_in: int
    lost_out: int
    damaged: bool
    reported: bool


def kill(after: float) -> Killed:
    """Kills a Central System so many seconds after the first answer of a station that sends without pause."""
    with laboratory() as attacked:
        answers: list[str] = []
        with connect(f"ws://127.0.0.1:{attacked.port}/ocpp/CS001", subprotocols=["ocpp1.6"]) as station:  # type: ignore[list-item]
            numbers, talk = itertools.count(), requests()
            window = threading.Semaphore(32)

            def send() -> None:
                try:
                    while window.acquire(timeout=5):
                        action, payload = next(talk)
                        station.send(json.dumps([2, f"k{next(numbers)}", action, payload]))
                except (ConnectionClosed, OSError):
                    pass

            threading.Thread(target=send, daemon=True).start()
            answers.append(str(station.recv(10)))
            threading.Timer(after, attacked.process.kill).start()
            try:
                while True:
                    window.release()
                    answers.append(str(station.recv(10)))
            except (ConnectionClosed, OSError, TimeoutError):
                pass
        attacked.process.wait()
        return _what_is_left(attacked.record, answers)


def _what_is_left(record: Path, answers: list[str]) -> Killed:
    frames = [event for event in read(record) if isinstance(event, FrameSeen)]
    heard = {event.id for event in frames if event.dir == "in"}
    sent = {event.raw for event in frames if event.dir == "out"}
    asked = {json.loads(answer)[1] for answer in answers}
    damages = [damage for damage in check_chain(record)[1] if "cut off" not in damage.what]
    result = load(record)
    reported = len(result.frames) == len(frames)
    result.frames.close()
    return Killed(len(answers), len(asked - heard), len(set(answers) - sent), bool(damages), reported)


def kills(count: int, seed: int = 1) -> list[Killed]:
    """So many trials, each at another moment of the first second."""
    dice = random.Random(seed)
    return [kill(dice.uniform(0, 1)) for _ in range(count)]


def measure(count: int = 200) -> list[Figure]:
    """The trials, and what they lost."""
    began = time.perf_counter()
    trials = kills(count)
    answered = sum(trial.answered for trial in trials)
    lost_in, lost_out = sum(trial.lost_in for trial in trials), sum(trial.lost_out for trial in trials)
    whole = sum(trial.reported and not trial.damaged for trial in trials)
    return [
        Figure("killed", f"{count} times", f"in {time.perf_counter() - began:.0f} s"),
        Figure(
            "answered frames that are not on the record",
            str(lost_in),
            f"{answered:,} answered",
            "0",
            not lost_in,
        ),
        Figure(
            "answers that are not on the record", str(lost_out), f"{answered:,} received", "0", not lost_out
        ),
        Figure(
            "records that are whole and can be reported", str(whole), f"of {count}", "all", whole == count
        ),
    ]
