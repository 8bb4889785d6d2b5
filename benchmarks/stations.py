"""Simulated stations in one process: memory and processor time of each, and whether their answers fall behind."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

from benchmarks.figures import Figure, median, percentile
from benchmarks.load import HEARTBEAT_INTERVAL, Load
from benchmarks.running import memory

COUNT = 200
IDLE_SECONDS, LOAD_SECONDS = 10.0, 15.0
RATE = 200.0
"""Calls a second to all stations together: each is called every second."""
BEHIND = 1.0
"""Seconds within which 99 % of the calls have to be answered in the last third of the load."""


def measure() -> list[Figure]:
    """Boots the stations, leaves them idle, then puts them under load."""
    return asyncio.run(_measure())


async def _measure() -> list[Figure]:
    load = Load()
    async with load.serve() as server:
        url = f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}/ocpp"
        alone = await _resident(url, 1, load)
        load = Load()
    async with load.serve() as server:
        url = f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}/ocpp"
        process = _stations(url, COUNT)
        try:
            booted = await _all_reported(load, COUNT)
            idle = memory(process.pid)
            before = _processor_seconds(process.pid)
            await asyncio.sleep(IDLE_SECONDS)
            idle_share = (_processor_seconds(process.pid) - before) / IDLE_SECONDS
            heard, before = sum(load.heard.values()), _processor_seconds(process.pid)
            began = asyncio.get_running_loop().time()
            calls = await load.work(RATE, LOAD_SECONDS)
            took = asyncio.get_running_loop().time() - began
            busy_share = (_processor_seconds(process.pid) - before) / took
            messages = calls + sum(load.heard.values()) - heard
            busy = memory(process.pid)
        finally:
            _end(process)
    third = len(load.late) // 3
    first, last = load.late[:third], load.late[-third:]
    late = percentile(last, 0.99)
    return [
        Figure(f"{COUNT} stations of two connectors: booted", f"{booted:.1f} s"),
        Figure(
            "memory per station, idle",
            f"{(idle - alone) / (COUNT - 1) * 1000:.0f} kB",
            f"one alone {alone:.0f} MB",
        ),
        Figure("memory per station, after the load", f"{(busy - alone) / (COUNT - 1) * 1000:.0f} kB"),
        Figure(
            "processor, idle",
            f"{idle_share:.1%} of one",
            f"heartbeats every {HEARTBEAT_INTERVAL} s from each",
        ),
        Figure(
            "processor, under load",
            f"{busy_share:.0%} of one",
            f"{messages / took:.0f} messages a second ({calls / took:.0f} of them calls)",
        ),
        Figure(
            "transactions under load",
            f"{load.heard['StartTransaction']}",
            f"{load.heard['StopTransaction']} ended",
        ),
        Figure(
            "answers under load, median and 99 %",
            f"{median(load.late) * 1000:.0f} and {percentile(load.late, 0.99) * 1000:.0f} ms",
        ),
        Figure(
            "falling behind: 99 % in the last third",
            f"{late * 1000:.0f} ms",
            f"in the first third {percentile(first, 0.99) * 1000:.0f} ms",
            f"{BEHIND:g} s",
            late <= BEHIND and len(load.late) == calls,
        ),
    ]


def _stations(url: str, count: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "benchmarks.station_process", url, str(count)], stdin=subprocess.PIPE
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin
    process.stdin.close()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


async def _resident(url: str, count: int, load: Load) -> float:
    process = _stations(url, count)
    try:
        await _all_reported(load, count)
        return memory(process.pid)
    finally:
        await asyncio.to_thread(_end, process)


async def _all_reported(load: Load, count: int) -> float:
    began = asyncio.get_running_loop().time()
    async with asyncio.timeout(60):
        while len(load.status) < 3 * count:
            await asyncio.sleep(0.05)
    return asyncio.get_running_loop().time() - began


def _processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
