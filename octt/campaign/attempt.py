"""One attempt at a run, a process of `octt run` and what it leaves on disk: a folder that whoever comes later can read.

Beside the run's folder DIR lie DIR.asked (that it was begun), DIR.log (what it printed), DIR.pid, and DIR.code once it
came to its end. The process holds the lock of its station for as long as it lives, so that a campaign or a worker
that is killed leaves a run that goes on, and whoever takes up the work waits for it instead of beginning another one.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

NICE = 10
"""How much less urgent the reports of a finished run are than the cases of the others."""

_SHELL = 'trap : INT TERM HUP; "$@"; code=$?; echo $code >"$0.part"; mv "$0.part" "$0"; exit $code'
"""Keeps the exit code on disk, whoever waits for it or not; a signal to the group is for `octt run` alone."""


class StationBusy(Exception):
    """Another run holds the station's lock."""


def command(
    bench: Path, pics: Path | None, cases: Sequence[str], profiles: Sequence[str], out: Path
) -> list[str]:
    """The run as it would be called by hand."""
    argv = [sys.executable, "-m", "octt.commands.main", "run", "--bench", str(bench), "--out", str(out)]
    argv += ["--pics", str(pics)] if pics else []
    for name, values in (("--case", cases), ("--profile", profiles)):
        argv += [part for value in values for part in (name, value)]
    return argv


class Attempt:
    """What is at a run's folder; nothing yet, a run that goes on, or one that ended."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def _beside(self, end: str) -> Path:
        return self.folder.with_name(f"{self.folder.name}.{end}")

    @property
    def log(self) -> Path:
        """What the run printed."""
        return self._beside("log")

    @property
    def record(self) -> Path:
        """Its evidence."""
        return self.folder / "record.jsonl"

    @property
    def begun(self) -> bool:
        """Whether somebody has begun it, whatever became of it."""
        return self._beside("asked").exists()

    @property
    def code(self) -> int | None:
        """The exit code; None before the end, and of a run that was killed."""
        try:
            return int(self._beside("code").read_text())
        except (OSError, ValueError):
            return None

    @property
    def going(self) -> bool:
        """Whether its process lives, whoever started it."""
        if self._process is not None:
            return self._process.poll() is None
        with self._lock() as lock:
            return not _taken(lock) and os.pread(lock, 500, 0).decode() == self.folder.name

    def start(self, argv: Sequence[str], prepare: Callable[[], None] = lambda: None) -> None:
        """Begins it; `prepare` is called first, when the station is ours.

        StationBusy when another run is there; FileExistsError when this one was begun before.
        """
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        with self._lock() as lock:
            if not _taken(lock):
                raise StationBusy
            os.close(os.open(self._beside("asked"), os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
            prepare()
            os.truncate(lock, 0)
            os.pwrite(lock, self.folder.name.encode(), 0)
            with self.log.open("ab") as log:
                self._process = subprocess.Popen(
                    ["/bin/sh", "-c", _SHELL, str(self._beside("code")), *argv],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    pass_fds=[lock],
                    process_group=0,  # ctrl-C at the terminal is for the campaign, which tells each run
                )
            self._beside("pid").write_text(str(self._process.pid))

    def signal(self, number: int = signal.SIGINT) -> None:
        """As ctrl-C at its terminal; nothing when it is over."""
        with contextlib.suppress(OSError, ValueError):
            if self.going:
                os.killpg(int(self._beside("pid").read_text()), number)

    def give_way(self) -> None:
        """Its cases are over: what it still does waits for the cases of the others."""
        with contextlib.suppress(OSError, ValueError):
            os.setpriority(os.PRIO_PGRP, int(self._beside("pid").read_text()), NICE)

    def last_words(self, lines: int = 3) -> str:
        """The end of what it printed, in one line; why a run could not begin stands there."""
        try:
            text = self.log.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""
        return " ".join(" ".join(text.strip().splitlines()[-lines:]).split())[-600:]

    @contextlib.contextmanager
    def _lock(self) -> Iterator[int]:
        descriptor = os.open(self.folder.parent / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            yield descriptor
        finally:
            os.close(descriptor)


def _taken(lock: int) -> bool:
    """Takes a lock; whether nobody else has it. It is held until every copy of the descriptor is closed."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
