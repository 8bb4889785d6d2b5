"""How long `octt` takes to come up."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.figures import Figure, median
from benchmarks.running import OCTT, octt_run

TIMES = 7
HELP_SECONDS, READY_SECONDS = 0.5, 1.5


def measure() -> list[Figure]:
    """`octt --help` beside an empty Python process, and the start of runs that are ended at once."""
    helps, empty, ready = [], [], []
    for _ in range(TIMES):
        empty.append(_wall([sys.executable, "-c", "pass"]))
        helps.append(_wall([*OCTT, "--help"]))
    with tempfile.TemporaryDirectory() as folder:
        for number in range(TIMES):
            ready.append(_until_listening(Path(folder) / str(number)))
        first = _until_listening(Path(folder) / "first", {"XDG_CACHE_HOME": folder})
    # What else the machine does only ever adds, so that the least is what the program needs.
    return [
        Figure(
            "octt --help",
            f"{min(helps):.2f} s (median {median(helps):.2f} s)",
            f"an empty Python process {min(empty):.2f} s (median {median(empty):.2f} s)",
            f"{HELP_SECONDS} s",
            min(helps) <= HELP_SECONDS,
        ),
        Figure(
            "octt run, until an endpoint listens",
            f"{min(ready):.2f} s (median {median(ready):.2f} s)",
            f"octt --help {min(helps):.2f} s",
            f"{READY_SECONDS} s",
            min(ready) <= READY_SECONDS,
        ),
        Figure(
            "the first run ever, which makes certificates", f"{first:.2f} s", f"later runs {min(ready):.2f} s"
        ),
    ]


def _wall(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def _until_listening(out: Path, environment: dict[str, str] | None = None) -> float:
    def listening() -> int:
        return next((event.t for event in run.events() if event.kind == "listen"), 0)

    with octt_run(out, "--case", "TC_003_CS", environment=environment) as run:
        assert run.wait(lambda: listening() > 0, every=0.02), "the run opened no endpoint"
        return (listening() - run.began) / 1e9
