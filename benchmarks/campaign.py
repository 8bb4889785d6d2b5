"""Thirty simulated stations at once: verdicts as if each were alone, and the time beside that of the longest run.

Intervals are ten seconds, as short as a real station has them, and every third station has a fault. Each choice of
cases is run alone first. `octt campaign` itself decides how many it begins at a time.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.figures import Figure

ROOT = Path(__file__).resolve().parent.parent
OCTT = [sys.executable, "-m", "octt.commands.main"]
STATIONS, BOUND = 30, 1.3
INTERVAL = 10
"""Seconds between heartbeats, and before another BootNotification."""

CHOICES = {
    "whole": (["TC_001_CS", "TC_002_CS", "TC_039_CS", "TC_026_CS"], []),
    "short": (["TC_002_CS", "TC_036_CS", "TC_003_CS"], []),
    "wrong": (["TC_001_CS", "TC_010_CS"], ["--fault", "no-heartbeat"]),
}
"""Cases, and what is wrong with the station."""


def measure(stations: int = STATIONS) -> list[Figure]:
    """Each choice alone, then all stations at once."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        alone, longest, busy = {}, 0.0, 0.0
        for choice in CHOICES:
            taken, verdicts, used = _campaign(folder, f"alone-{choice}", [choice])
            alone[choice], longest, busy = verdicts[0], max(longest, taken), busy + used
        choices = [list(CHOICES)[number % len(CHOICES)] for number in range(stations)]
        taken, verdicts, used = _campaign(folder, "all", choices)
    wrong = [number for number, choice in enumerate(choices) if verdicts[number] != alone[choice]]
    each = used / stations
    return [
        Figure(
            f"{stations} stations: verdicts as alone",
            f"{stations - len(wrong)}",
            f"of {stations}, {sum(map(len, verdicts))} cases",
            "all",
            not wrong,
        ),
        Figure(
            f"{stations} stations: total time",
            f"{taken:.0f} s",
            f"the longest alone {longest:.0f} s: {taken / longest:.2f} times",
            f"{BOUND} times",
            taken <= BOUND * longest,
        ),
        Figure(
            "processor time of a run, with its station and reports",
            f"{each:.1f} s",
            f"alone {busy / len(CHOICES):.1f} s",
        ),
    ]


def _campaign(folder: Path, name: str, choices: list[str]) -> tuple[float, list[dict[str, str]], float]:
    """Seconds, the verdicts of each station, and seconds of processors."""
    file = folder / f"{name}.toml"
    file.write_text("\n".join(_station(folder, number, choice) for number, choice in enumerate(choices)))
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [*OCTT, "campaign", str(file), "--out", str(folder / name)], capture_output=True, text=True
    )
    taken, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 1, 3):
        raise RuntimeError(done.stdout + done.stderr)
    result = json.loads((folder / name / "campaign.json").read_bytes())
    if os.environ.get("OCTT_BENCHMARK_TELLS"):
        print(done.stdout)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return taken, [run["cases"] for run in result["runs"]], used


def _station(folder: Path, number: int, choice: str) -> str:
    """An entry of the campaign, and its bench file."""
    cases, fault = CHOICES[choice]
    bench = (ROOT / "examples" / "simulated.toml").read_text(encoding="utf-8")
    for key in ("heartbeat_interval", "boot_retry_interval"):
        bench = bench.replace(f"{key} = 1\n", f"{key} = {INTERVAL}\n")
    bench = bench.replace("boot_timeout = 8", f"boot_timeout = {2 * INTERVAL}")
    bench = bench.replace("connect_timeout = 30", "connect_timeout = 60")
    bench = bench.replace('kind = "simulated"', f'kind = "simulated"\nsimulator = {json.dumps(fault)}')
    (folder / f"{choice}.toml").write_text(bench)
    entry = f'[[station]]\nname = "bay-{number + 1}"\nbench = "{choice}.toml"\n'
    return entry + f"cases = {json.dumps(cases)}\n"
