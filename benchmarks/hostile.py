"""Hostile stations: a million frames, ten thousand of a megabyte, and ten thousand connections beside a good one.

What is measured: what was survived, the memory and the disk it took, how long one frame held the loop, and how long
the good station waited for its answers.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from websockets.frames import Frame, Opcode

from benchmarks.figures import Figure, median, percentile
from benchmarks.session import requests
from benchmarks.wire import WireStation, text_frame
from octt.record import check_chain

MEMORY = 250.0
"""MB that a run may hold, whatever a station sends."""
HOLD = 0.05
"""Seconds of the processor that one frame may hold the loop."""
WAIT = 0.1
"""Seconds within which 99 % of the good station's requests have to be answered."""
MEGABYTE = 1 << 20
BATCH = 200


def text(content: str | bytes, opcode: Opcode = Opcode.TEXT) -> bytes:
    """A frame with any content, masked as a client must."""
    data = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    return Frame(opcode, data).serialize(mask=True)


def small() -> list[bytes]:
    """Frames that no station should send, and some that it may."""
    good = [text_frame(f"g{number}", *one) for number, one in enumerate(itertools.islice(requests(), 60))]
    texts = [
        *("", "[", "[]", "{}", "null", "[2]", '[2,"1"]', '[2,"1","Heartbeat"]', '[2,1,"Heartbeat",{}]'),
        *('[9,"1","Heartbeat",{}]', '[2,"1","Nonsense",{}]', '[2,"1","Reset",{"type":"Hard"}]'),
        *('[3,"never asked",{}]', '[4,"never asked","GenericError","",{}]', '[2,"1","Heartbeat",[]]'),
        *(
            '[2,"1","StatusNotification",{"connectorId":"1"}]',
            '[2,"1","Authorize",{"idTag":"' + "x" * 300 + '"}]',
        ),
        *('[2,"\x1b[31m","Heartbeat",{}]', '[2,"' + "i" * 500 + '","Heartbeat",{}]', "[2," * 200),
        *(
            '[2,"1","Heartbeat",{"a":1,"a":2}]',
            "\ufeff[]",
            '[2,"1","MeterValues",{"connectorId":1,"meterValue":[{}]}]',
        ),
        *(f'[2,"{"n" * 8}","DataTransfer",{{"vendorId":"{chr(code)}"}}]' for code in range(0x202A, 0x202F)),
    ]
    return [*good, *map(text, texts), text(b"\x00\xff\x01", Opcode.BINARY)]


def large() -> list[bytes]:
    """Frames of a megabyte, each with as much work in it as there is room for."""
    sampled = ",".join(['{"value":"1"}'] * 70_000)
    time_of = '"timestamp":"2026-01-01T00:00:00Z"'
    texts = [
        f'[2,"1","MeterValues",{{"connectorId":1,"meterValue":[{{{time_of},"sampledValue":[{sampled}]}}]}}]',
        f'[2,"1","MeterValues",{{"connectorId":1,"meterValue":[{{{time_of},"sampledValue":[{"1," * 500_000}1]}}]}}]',
        '[2,"1","Heartbeat",{"a":[' + "{}," * 349_000 + "{}]}]",
        '[2,"1","Heartbeat",{"a":[' + '{"a":1},' * 131_000 + "{}]}]",
        '[2,"1","Heartbeat",{' + ",".join(f'"k{number}":1' for number in range(90_000)) + "}]",
        '[2,"1","DataTransfer",{"vendorId":"v","data":"' + "x" * (MEGABYTE - 100) + '"}]',
        '[4,"1","GenericError","",{"a":[' + "{}," * 349_000 + "{}]}]",
        "[" * (MEGABYTE - 10),
        "x" * (MEGABYTE - 10),
    ]
    return [text(one) for one in texts]


@dataclass
class Attacked:
    """The laboratory, a process of its own."""

    process: subprocess.Popen[str]
    port: int
    record: Path

    def tell(self, line: str = "") -> dict[str, Any]:
        """What it says of itself; see `benchmarks.laboratory_process` for lines."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        told: dict[str, Any] = json.loads(self.process.stdout.readline())
        return told


@contextlib.contextmanager
def laboratory() -> Iterator[Attacked]:
    """A Central System for one attack; its record is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.laboratory_process", folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stdout
            yield Attacked(process, int(process.stdout.readline()), Path(folder) / "record.jsonl")
        finally:
            process.kill()
            process.wait()


class Attacker(WireStation):
    """A station that sends bytes, and knows by the answer to its last request that they were taken."""

    _numbers = itertools.count()

    def burst(self, frames: bytes) -> float:
        """Sends frames and a heartbeat; seconds until that is answered."""
        ident = f"hb-{next(self._numbers)}"
        begin, wanted = time.perf_counter(), f'"{ident}"'.encode()
        sending = threading.Thread(
            target=self._socket.sendall, args=(frames + text_frame(ident, "Heartbeat", {}),), daemon=True
        )
        sending.start()
        while not any(wanted in text[:100] for text in self._read()):
            pass
        took = time.perf_counter() - begin
        sending.join()
        self._answer_pings()
        return took


def measure(frames: int = 1_000_000, heavy: int = 10_000, connections: int = 10_000) -> list[Figure]:
    """The three attacks, each on a laboratory of its own."""
    return [*_frames(frames), *_heavy(heavy), *_connections(connections)]


def _frames(count: int) -> list[Figure]:
    with laboratory() as attacked:
        station, kinds, dice = Attacker(attacked.port), small(), random.Random(1)
        before, began, waits = attacked.tell()["memory"], time.perf_counter(), []
        for _ in range(count // BATCH):
            station.burst(b"".join(dice.choices(kinds, k=BATCH - 1)))
            waits.append(station.burst(b""))
        took = time.perf_counter() - began
        return _told(f"{count:,} small frames", attacked, before, f"{count / took:,.0f}/s", waits)


def _heavy(count: int) -> list[Figure]:
    with laboratory() as attacked:
        station, kinds = Attacker(attacked.port), large()
        before, began, waits = attacked.tell()["memory"], time.perf_counter(), []
        for number in range(count):
            station.burst(kinds[number % len(kinds)])
            waits.append(station.burst(b""))
        took = time.perf_counter() - began
        return _told(f"{count:,} frames of 1 MB", attacked, before, f"{count / took:,.0f}/s", waits)


_SAID = (
    b"",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /ocpp/CS001 HTTP/1.1\r\nHost: x\r\n",
    b"POST /ocpp/CS001 HTTP/1.0\r\n\r\n",
    b"\x00" * 9000,
    b"GET /" + b"a" * 7000 + b" HTTP/1.1\r\n\r\n",
)


def _connections(count: int) -> list[Figure]:
    """From another address than the good station's, as many at once as one address may have."""
    with laboratory() as attacked:
        good = Attacker(attacked.port)
        before, quiet = attacked.tell()["memory"], [good.burst(b"") for _ in range(300)]
        left, waits = threading.Event(), []

        def attack() -> None:
            held: list[socket.socket] = []
            for number in range(count):
                with contextlib.suppress(OSError):
                    one = socket.create_connection(
                        ("127.0.0.1", attacked.port), 5, source_address=(f"127.0.1.{1 + number % 8}", 0)
                    )
                    one.sendall(_SAID[number % len(_SAID)])
                    held.append(one)
                if len(held) > 100:
                    held.pop(0).close()
            for one in held:
                one.close()
            left.set()

        began = time.perf_counter()
        threading.Thread(target=attack, daemon=True).start()
        while not left.is_set() or not waits:
            waits.append(good.burst(b""))
            time.sleep(0.002)
        rate = f"{count / (time.perf_counter() - began):,.0f}/s"
        figures = _told(f"{count:,} connections", attacked, before, rate, waits)
        was = f"undisturbed {median(quiet) * 1000:.1f} and {percentile(quiet, 0.99) * 1000:.1f} ms"
        return [figure if "good" not in figure.what else _beside(figure, was) for figure in figures]


def _beside(figure: Figure, was: str) -> Figure:
    return Figure(figure.what, figure.value, was, figure.bound, figure.holds)


def _told(what: str, attacked: Attacked, before: float, rate: str, waits: list[float]) -> list[Figure]:
    told = attacked.tell()
    alive = attacked.process.poll() is None and not told["errors"]
    damages = check_chain(attacked.record)[1]
    size = os.stat(attacked.record).st_size / 1e6
    late = percentile(waits, 0.99)
    return [
        Figure(
            f"{what}: survived",
            rate,
            "; ".join(told["trouble"][:2]) or "no trouble",
            "all",
            alive and not damages,
        ),
        Figure(
            f"{what}: most memory",
            f"{told['peak']:.0f} MB",
            f"before {before:.0f} MB",
            f"{MEMORY:g} MB",
            told["peak"] <= MEMORY,
        ),
        Figure(f"{what}: record", f"{size:,.1f} MB", f"{told['entries']:,} entries kept in memory"),
        Figure(
            f"{what}: longest hold of the loop",
            f"{told['longest'] * 1000:.0f} ms",
            "processor time",
            f"{HOLD * 1000:g} ms",
            told["longest"] <= HOLD,
        ),
        Figure(
            f"{what}: a good request meanwhile, median and 99 %",
            f"{median(waits) * 1000:.1f} and {late * 1000:.1f} ms",
            "",
            f"{WAIT * 1000:g} ms",
            late <= WAIT,
        ),
    ]
