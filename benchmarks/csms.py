"""The Central System against one written with the `ocpp` package: latency and throughput, interleaved."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure, median, percentile
from benchmarks.session import FIRST_TRANSACTION, SESSION, requests
from benchmarks.wire import WireStation, text_frame

ROUNDS, PACED, STREAMED = 20, 3, 15
"""Rounds; sessions of a round sent one request at a time, and sent as a stream."""
PAUSE = 0.001
"""Seconds between two paced requests, so that each finds the server idle, as in life."""
TIMES = 3.0
"""How many times better than the `ocpp` package we have to be."""


@dataclass
class _Server:
    process: subprocess.Popen[str]
    port: int
    sessions: int = 0
    arrival_to_answer: list[float] = field(default_factory=list)
    round_trips: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def report(self) -> dict[str, Any]:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write("report\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def frames(self, sessions: int) -> list[bytes]:
        first = self.sessions * SESSION
        talk = itertools.islice(requests(FIRST_TRANSACTION + self.sessions), sessions * SESSION)
        self.sessions += sessions
        return [text_frame(f"m-{first + n:08}", *request) for n, request in enumerate(talk)]

    def round(self) -> None:
        """One request at a time, then a stream of them."""
        station = WireStation(self.port)
        try:
            self.report()
            for frame in self.frames(PACED):
                self.round_trips.append(station.round_trip(frame))
                time.sleep(PAUSE)
            before = self.report()
            self.arrival_to_answer += before["seconds"]
            frames = self.frames(STREAMED)
            self.rates.append(len(frames) / station.stream(frames))
            self.cpu.append((self.report()["cpu"] - before["cpu"]) / len(frames))
        finally:
            station.close()


@contextmanager
def _serving(kind: str, folder: Path) -> Iterator[_Server]:
    place = folder / kind
    place.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.central_systems", kind, str(place)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout
        yield _Server(process, int(process.stdout.readline()))
    finally:
        process.kill()
        process.wait()


def measure() -> list[Figure]:
    """Rounds of ours, ours without monitors, and the `ocpp` package, in turn."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        octt, bare, ocpp = (
            stack.enter_context(_serving(kind, Path(folder))) for kind in ("octt", "bare", "ocpp")
        )
        for server in (octt, bare, ocpp):  # a first round that does not count
            server.round()
            server.arrival_to_answer, server.round_trips, server.rates, server.cpu = [], [], [], []
        for _ in range(ROUNDS):
            for server in (octt, ocpp, bare):
                server.round()
    return [
        _slower(
            "arrival to answer, median", median, octt.arrival_to_answer, ocpp.arrival_to_answer, bound=True
        ),
        _slower("arrival to answer, 95 %", _p95, octt.arrival_to_answer, ocpp.arrival_to_answer),
        _slower("round trip at the station, median", median, octt.round_trips, ocpp.round_trips),
        _rate("frames per second, monitors on", octt.rates, ocpp.rates, bound=True),
        _rate("frames per second, monitors off", bare.rates, ocpp.rates),
        _slower("processor time per frame", min, octt.cpu, ocpp.cpu),
    ]


def _p95(values: list[float]) -> float:
    return percentile(values, 0.95)


def _slower(what: str, of: Any, ours: list[float], theirs: list[float], bound: bool = False) -> Figure:
    ratio = of(theirs) / of(ours)
    than = f"ocpp package {of(theirs) * 1e6:,.0f} µs: {ratio:.1f} times"
    holds = ratio >= TIMES if bound else None
    return Figure(what, f"{of(ours) * 1e6:,.0f} µs", than, f"{TIMES:g} times" if bound else "", holds)


def _rate(what: str, ours: list[float], theirs: list[float], bound: bool = False) -> Figure:
    ratio = max(ours) / max(theirs)
    than = f"ocpp package {max(theirs):,.0f}/s: {ratio:.1f} times"
    return Figure(
        what,
        f"{max(ours):,.0f}/s",
        than,
        f"{TIMES:g} times" if bound else "",
        ratio >= TIMES if bound else None,
    )
