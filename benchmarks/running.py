"""Runs of `octt` as a user starts them, each a process of its own that is gone afterwards."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from octt.record import Event, read

OCTT = [sys.executable, "-m", "octt.commands.main"]
PATIENCE = 300.0


@dataclass
class Started:
    """A run that goes on. `began` is wall-clock nanoseconds, as is the first of each of `peaks`, in MB."""

    process: subprocess.Popen[str]
    out: Path
    began: int
    peaks: list[tuple[int, float]] = field(default_factory=list)

    def events(self) -> list[Event]:
        """What its record holds by now."""
        record = self.out / "record.jsonl"
        return list(read(record)) if record.exists() else []

    def peak(self, until: int | None = None) -> float:
        """The most memory it was seen to hold, in MB, up to a wall-clock time."""
        return max((held for when, held in self.peaks if until is None or when <= until), default=0.0)

    def wait(self, reached: Callable[[], bool] | None = None, every: float = 0.1) -> bool:
        """Waits for the end of the process, or for `reached`; whether that came. Watches the memory meanwhile."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if reached and reached():
                return True
            self.peaks.append((time.time_ns(), memory(self.process.pid, "VmHWM")))
            if self.process.poll() is not None:
                return reached is None
            time.sleep(every)
        return False


@contextlib.contextmanager
def octt_run(
    out: Path,
    *arguments: str,
    processors: set[int] | None = None,
    environment: dict[str, str] | None = None,
) -> Iterator[Started]:
    """`octt run` with these arguments against the simulated station; ended, children included, when left.

    `processors` are those it may use, `environment` is added to ours.
    """
    began = time.time_ns()
    process = subprocess.Popen(
        [*OCTT, "run", "--out", str(out), *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        env={**os.environ, **(environment or {})},
        preexec_fn=(lambda: os.sched_setaffinity(0, processors)) if processors else None,
    )
    try:
        yield Started(process, out, began)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def memory(pid: int, line: str = "VmRSS") -> float:
    """The memory a process holds (VmHWM: the most it ever held), in MB; 0 when it has ended."""
    with contextlib.suppress(OSError):
        for text in Path(f"/proc/{pid}/status").read_text().splitlines():
            if text.startswith(f"{line}:"):
                return int(text.split()[1]) / 1024
    return 0.0
