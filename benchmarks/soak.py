"""An hour of a chatty station, compressed into minutes: nothing grows that should not, and the record makes reports."""

from __future__ import annotations

import itertools
import time

from benchmarks.figures import Figure, percentile
from benchmarks.hostile import MEMORY, Attacker, laboratory
from benchmarks.session import SESSION, requests
from benchmarks.wire import text_frame
from octt.record import check_chain, read
from octt.record.events import FrameSeen
from octt.report.write import write_all

RATE = 20
"""Frames a second of a station that is chatty: ten connectors with meter values, and sessions that come and go."""
CASE = 2000
"""Frames in a case."""
GROWTH = 10.0
"""MB by which the memory may grow from a tenth of the hour on."""


def measure(seconds: int = 3600) -> list[Figure]:
    """So many seconds of the station's life, a session at a time."""
    talk, count = requests(), RATE * seconds
    with laboratory() as attacked:
        station, waits, early, sent = Attacker(attacked.port), [], 0.0, 0
        began = time.perf_counter()
        for number in range(count // SESSION):
            session = [
                text_frame(f"s{number}-{place}", *one)
                for place, one in enumerate(itertools.islice(talk, SESSION))
            ]
            waits.append(station.burst(b"".join(session)) / SESSION)
            sent += SESSION + 1
            if sent % CASE < SESSION + 1:
                attacked.tell("case")
            if number == count // SESSION // 10:
                early = attacked.tell()["memory"]
        took = time.perf_counter() - began
        told = attacked.tell()
        station.close()
        heard = sum(isinstance(event, FrameSeen) and event.dir == "in" for event in read(attacked.record))
        damages = check_chain(attacked.record)[1]
        size = attacked.record.stat().st_size / 1e6
        write_all(attacked.record.parent)
    grown = told["memory"] - early
    return [
        Figure(
            f"{seconds / 60:g} minutes at {RATE} frames a second",
            f"{took:.0f} s",
            f"{sent / took:,.0f} frames a second",
        ),
        Figure(
            "frames on the record",
            f"{heard:,}",
            f"{sent:,} sent",
            "all",
            heard == sent and not damages and not told["errors"],
        ),
        Figure("most memory", f"{told['peak']:.0f} MB", "", f"{MEMORY:g} MB", told["peak"] <= MEMORY),
        Figure(
            "memory grown from a tenth of it on",
            f"{grown:.1f} MB",
            f"{told['entries']:,} entries kept",
            f"{GROWTH:g} MB",
            grown <= GROWTH,
        ),
        Figure("record", f"{size:.1f} MB", f"{size * 1e6 / sent:.0f} bytes a frame of the station"),
        Figure(
            "a request and its answer, median and 99 %",
            f"{percentile(waits, 0.5) * 1000:.2f} and {percentile(waits, 0.99) * 1000:.2f} ms",
        ),
    ]
