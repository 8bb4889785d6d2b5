"""How long it takes to index a folder of a thousand runs, and to bring the index up to date.

The runs are one usual run, each with a last line of its own, so that no two are the same.
"""

from __future__ import annotations

import hashlib
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import orjson

from benchmarks.figures import Figure

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "report"))

RUNS, FRAMES, CASES = 1000, 2000, 100
BOUND = 60.0


def measure(runs: int = RUNS) -> list[Figure]:
    """A first index of all, then one more when nothing has changed."""
    from synthetic import large_run

    with tempfile.TemporaryDirectory() as root:
        base = large_run(Path(root) / "base.jsonl", FRAMES, cases=CASES).read_bytes()
        folder = Path(root) / "runs"
        for number in range(runs):
            place = folder / str(number % 10) / str(number)
            place.mkdir(parents=True)
            (place / "record.jsonl").write_bytes(base + _line(base, number))
        (first, busy), (again, _) = (_indexed(folder) for _ in range(2))
    taken = f"{first:.1f} s, {busy:.1f} s of processors"
    size = f"{runs * len(base) / 1e6:,.0f} MB of records"
    return [
        Figure(f"{runs:,} runs indexed", taken, size, f"{BOUND:.0f} s", first <= BOUND),
        Figure("the same again, nothing changed", f"{again:.1f} s", "", "", None),
    ]


def _line(record: bytes, number: int) -> bytes:
    """One more line for a record, right by its chain."""
    last = record.splitlines()[-1]
    event = orjson.loads(last)
    more = {"n": event["n"] + 1, "t": event["t"], "m": event["m"], "kind": "remark", "by": "tool", "cite": ""}
    return orjson.dumps({**more, "text": f"run {number}", "prev": hashlib.sha256(last).hexdigest()}) + b"\n"


def _indexed(folder: Path) -> tuple[float, float]:
    """Seconds by the clock, and of all processors."""
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "octt.commands.main", "history", str(folder), "--json"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    busy = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - began, busy
