"""Runs of `octt` as a user starts them, each a process of its own that is gone afterwards."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from octt.record import Event, read

OCTT = [sys.executable, "-m", "octt.cli"]
PATIENCE = 300.0


@dataclass
class Started:
    """A run that goes on. `began` is wall-clock nanoseconds, `megabytes` the most memory it was seen to hold."""

    process: subprocess.Popen[str]
    out: Path
    began: int
    megabytes: float = 0.0

    def events(self) -> list[Event]:
        """What its record holds by now."""
        record = self.out / "record.jsonl"
        return list(read(record)) if record.exists() else []

    def wait(self, reached: Callable[[], bool] | None = None, every: float = 0.1) -> bool:
        """Waits for the end of the process, or for `reached`; whether that came. Watches the memory meanwhile."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if reached and reached():
                return True
            self.megabytes = max(self.megabytes, _peak(self.process.pid))
            if self.process.poll() is not None:
                return reached is None
            time.sleep(every)
        return False


@contextlib.contextmanager
def octt_run(out: Path, *arguments: str, processors: set[int] | None = None) -> Iterator[Started]:
    """`octt run` with these arguments against the simulated station; ended, children included, when left."""
    began = time.time_ns()
    process = subprocess.Popen(
        [*OCTT, "run", "--out", str(out), *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
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
        if process.stdout:
            process.stdout.close()


def _peak(pid: int) -> float:
    """The most memory a process has held at once, in MB."""
    return memory(pid, "VmHWM")


def memory(pid: int, line: str = "VmRSS") -> float:
    """The memory a process holds, in MB; 0 when it has ended."""
    with contextlib.suppress(OSError):
        for text in Path(f"/proc/{pid}/status").read_text().splitlines():
            if text.startswith(f"{line}:"):
                return int(text.split()[1]) / 1000 * 1.024
    return 0.0
