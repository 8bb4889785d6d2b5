"""A thousand racks: one scheduler, a thousand workers, a run for each that does nothing but answer.

The workers are real ones, many in a process, since a thousand processes say something about this machine and nothing
about a scheduler. What a rack would do for an hour is a stub; what is measured is everything around it.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.running import memory

RACKS = 1000
EACH = 250
"""Workers in one process."""
BOUND = 120.0
"""Seconds for a round of stubs on all racks: nothing beside the hours that runs take."""


def stub(order):
    """What a rack does here: it answers as one whose run was refused, and sends nothing."""
    from octt.campaign.racks.rack import Answer

    return Answer(0, words=order.token)


def measure(racks: int = RACKS) -> list[Figure]:
    """Starts everything, then a campaign over all racks, twice: the second time nothing is left to do."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        processes: list[subprocess.Popen[bytes]] = []
        try:
            scheduler = _start(folder, processes, "scheduler")
            address = _address(folder)
            began = time.perf_counter()
            for first in range(0, racks, EACH):
                _start(folder, processes, "workers", address, str(first), str(min(first + EACH, racks)))
            return _measured(folder, address, racks, scheduler.pid, began)
        finally:
            for process in processes:
                process.kill()
                process.wait()


def _measured(folder: Path, address: str, racks: int, pid: int, began: float) -> list[Figure]:
    from octt.campaign.conduct import Conductor, Ending
    from octt.campaign.file import load
    from octt.campaign.ledger import Ledger
    from octt.campaign.racks.racks import Racks

    empty = memory(pid)
    (folder / "bench.toml").write_text('[driver]\nkind = "simulated"\n')
    stations = "".join(f'[[station]]\nname = "r{n}"\nbench = "bench.toml"\n' for n in range(racks))
    (folder / "c.toml").write_text(stations)
    said = _Said()
    ledger = Ledger(load(folder / "c.toml"), folder / "out")
    way = Racks(address, ledger, said.say, stub)
    while len(way.scheduler.present) < racks:
        time.sleep(0.5)
    there, idle = time.perf_counter() - began, memory(pid)
    used = _processor(pid)
    time.sleep(10)
    beating = (_processor(pid) - used) / 10
    asked = time.perf_counter()
    present = way.scheduler._offered()
    asked = time.perf_counter() - asked
    began, used = time.perf_counter(), _processor(pid)
    Conductor(ledger, way, said, Ending()).carry_out()
    taken, used = time.perf_counter() - began, _processor(pid) - used
    way.close()
    ledger.close()
    done = sum(run.done for run in ledger.runs)
    return [
        Figure(f"{racks:,} workers registered", f"{there:.0f} s", f"{len(present):,} racks offered"),
        Figure("the scheduler's memory, idle", f"{idle:.0f} MB", f"without workers {empty:.0f} MB"),
        Figure("the scheduler's processor, idle", f"{beating:.0%} of one", "heartbeats"),
        Figure("asking for the racks that are there", f"{asked * 1000:.0f} ms", "every 5 s"),
        Figure(
            f"{racks:,} stub runs, from the first submission to the last answer",
            f"{taken:.0f} s",
            f"{taken / racks * 1000:.0f} ms a run, {used:.0f} s of the scheduler's processor",
            f"{BOUND:.0f} s",
            taken <= BOUND and done == racks,
        ),
    ]


class _Said:
    """Nobody is told anything."""

    def say(self, text: str) -> None:
        print(text, file=sys.stderr)

    def ended(self, run) -> None:
        """Nothing to see."""


def _start(folder, processes, *arguments):
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.racks", str(folder), *arguments], env={**os.environ}
    )
    processes.append(process)
    return process


def _address(folder: Path) -> str:
    while not (folder / "address").exists():
        time.sleep(0.1)
    return (folder / "address").read_text()


def _processor(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def _scheduler(folder: Path) -> None:
    from distributed import Scheduler

    async with Scheduler(host="127.0.0.1", port=0, dashboard=False, dashboard_address=None) as scheduler:
        part = folder / "address.part"
        part.write_text(scheduler.address)
        part.replace(folder / "address")
        await scheduler.finished()


async def _workers(address: str, first: int, end: int) -> None:
    from distributed import Worker

    workers = [
        Worker(address, host="127.0.0.1", nthreads=1, resources={f"r{n}": 1}, dashboard=False, memory_limit=0)
        for n in range(first, end)
    ]
    for start in range(0, len(workers), 25):
        await asyncio.gather(*(worker.start() for worker in workers[start : start + 25]))
    await asyncio.gather(*(worker.finished() for worker in workers))


if __name__ == "__main__":
    where, what, *more = sys.argv[1:]
    if what == "scheduler":
        asyncio.run(_scheduler(Path(where)))
    else:
        asyncio.run(_workers(more[0], int(more[1]), int(more[2])))
