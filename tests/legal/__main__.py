"""Legal stations drawn at random, each put through the cases: nothing may fail.

    python -m tests.legal --stations 500                       drawn anew by --seed; exit code 1 for a false verdict
    python -m tests.legal --station "WORDS" [--case ID]        one station, every case or these
    python -m tests.legal --stations 500 --write FILE          also writes the figures

What failed before is tried first (kept.toml), and what fails is kept there. An attempt that failed is repeated with
less company; one that passes then was this busy machine's, and is counted.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from tests.campaign import cases_of
from tests.legal.drawing import ASPECTS, WHOLE, drawn, shared_out
from tests.legal.page import page
from tests.legal.running import WORKERS, keep, kept, run
from tests.legal.words import legal, read


def main(arguments: Iterable[str] | None = None) -> int:
    """Runs it; exit code 1 when a legal station does not pass."""
    parser = argparse.ArgumentParser(description="legal stations drawn at random: nothing may fail")
    parser.add_argument("--stations", type=int, default=500, metavar="N", help="0: only those kept")
    parser.add_argument("--seconds", type=float, default=24 * 3600, metavar="S", help="begin none after that")
    parser.add_argument("--seed", type=int, default=1, metavar="X")
    parser.add_argument("--station", metavar="WORDS", help="this one only")
    parser.add_argument("--case", action="append", default=[], metavar="ID")
    parser.add_argument(
        "--fault", action="append", default=[], metavar="NAME", help="break a rule: it must be reported"
    )
    parser.add_argument("-n", "--workers", type=int, default=WORKERS)
    parser.add_argument("--write", type=Path, metavar="FILE")
    chosen = parser.parse_args(None if arguments is None else list(arguments))
    if chosen.station is not None:
        station = legal(read(chosen.station))
        jobs = [(station, tuple(case.id for case in cases_of(station, chosen.case)))]
        print(f"{len(jobs[0][1])} cases: {station.command}", flush=True)
    else:
        jobs = shared_out(drawn(chosen.stations, chosen.seed), chosen.seed) if chosen.stations else []
        print(
            f"{len(jobs)} stations, seed {chosen.seed}, {len(ASPECTS)} aspects, 1 of {WHOLE} whole",
            flush=True,
        )
    began, false = time.monotonic(), []
    if chosen.station is None:
        before = run(kept(), chosen.workers, chosen.seconds)
        false += before.false
        print(f"{len(before.runs)} kept stations, {len(false)} false verdicts", flush=True)
    result = run(jobs, chosen.workers, chosen.seconds, tuple(chosen.fault))
    false += result.false
    if chosen.station is None:
        keep(result.false)
    if chosen.write:
        chosen.write.write_text(page(result, chosen.seed), encoding="utf-8")
    for text in result.repeated:
        print("PASSED AT THE SECOND ATTEMPT " + text)
    for station, one in false:
        print(f"FALSE {one.case}: {one.verdict} ({one.reason})")
        print(f"    python -m tests.legal {station.command} --case {one.case}")
    count = sum(len(observed.outcomes) for _, observed in result.runs)
    print(
        f"{len(result.runs)} stations, {count} case runs, {len(false)} false, {time.monotonic() - began:.0f} s"
    )
    return 1 if false else 0


if __name__ == "__main__":
    sys.exit(main())
