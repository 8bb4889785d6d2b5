"""A Dask scheduler and workers as processes of their own, on loopback."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

DASK = [sys.executable, "-m", "dask"]
QUIET = {**os.environ, "PYTHONWARNINGS": "ignore"}


def until(condition, seconds=90):
    """Waits for a condition; its value."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "the condition did not come"
        time.sleep(0.05)
    return found


class Cluster:
    """One scheduler, and a worker for each rack, which works in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.scheduler, self.workers = folder, None, {}
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{self.port}"

    def begin(self):
        """Starts the scheduler, or starts it again at the same place."""
        log = (self.folder / "scheduler.log").open("ab")
        argv = [*DASK, "scheduler", "--host", "127.0.0.1", "--port", str(self.port), "--no-dashboard"]
        self.scheduler = subprocess.Popen(
            [*argv, "--dashboard-address", "127.0.0.1:0"], stdout=log, stderr=log, cwd=self.folder, env=QUIET
        )
        until(self._answers)

    def _answers(self):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False

    def rack(self, name):
        """Starts the worker of a rack, without a nanny, so that what is killed stays away until it is started."""
        place = self.folder / name
        place.mkdir(exist_ok=True)
        log = (place / "worker.log").open("ab")
        argv = [*DASK, "worker", self.address, "--host", "127.0.0.1", "--nthreads", "1", "--no-nanny"]
        self.workers[name] = subprocess.Popen(
            [*argv, "--no-dashboard", "--resources", f"{name}=1"],
            stdout=log,
            stderr=log,
            cwd=place,
            env=QUIET,
        )
        return place / "octt-racks"

    def kill(self, name):
        """kill -9 of a worker."""
        self.workers.pop(name).kill()

    def end(self):
        """Ends what was started."""
        for process in (*self.workers.values(), self.scheduler):
            if process is not None and process.poll() is None:
                process.send_signal(signal.SIGKILL)
                process.wait()
