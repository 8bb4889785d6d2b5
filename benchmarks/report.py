"""How long the reports of a large record take, and how much memory.

Each step in a process of its own, because peak memory is a process's. The bounds are those of the project: 1,000,000
frames within 60 s and 500 MB, a usual run within 1 s.
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "report"))

BOUND_SECONDS, BOUND_MEGABYTES, USUAL_SECONDS = 60, 500, 1.0
USUAL = 2000  # frames of a run of all cases against the simulated station
TRIES = 5  # of the short steps, of which the best counts


def _measure(step: str, folder: Path, queue: multiprocessing.SimpleQueue) -> None:
    began = time.perf_counter()
    if step == "imports":
        import octt.report.html.page
        import octt.report.pdf.document  # noqa: F401
    elif step == "model":
        from octt.report.model.result import load

        load(folder / "record.jsonl")
    elif step == "all outputs":
        from octt.report.write import write_all

        write_all(folder)
    elif step == "sign and verify":
        from octt.report.evidence.sign import sign
        from octt.report.evidence.verify import verify

        sign(folder, folder.parent / "key.pem")
        assert verify(folder).signed
    else:
        from octt.report.diff.compare import compare
        from octt.report.model.result import load

        compare(load(folder / "record.jsonl"), load(folder / "record.jsonl"))
    seconds = time.perf_counter() - began
    queue.put((seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))


def _alone(context: Any, step: str, folder: Path) -> tuple[float, float]:
    queue = context.SimpleQueue()
    process = context.Process(target=_measure, args=(step, folder, queue))
    process.start()
    process.join()
    return queue.get() if process.exitcode == 0 else (float("inf"), float("inf"))


def measure(frames: int = 1_000_000) -> list[Figure]:
    """The steps with a record of that many frames, and with that of a usual run."""
    from synthetic import large_run

    context, figures = multiprocessing.get_context("spawn"), []
    with tempfile.TemporaryDirectory() as root:
        for count, steps, bound in (
            (frames, ("model", "all outputs", "sign and verify", "diff with itself"), BOUND_SECONDS),
            (USUAL, ("imports", "all outputs"), USUAL_SECONDS),
        ):
            folder = Path(root) / str(count)
            folder.mkdir()
            size = large_run(folder / "record.jsonl", count).stat().st_size / 1e6
            for step in steps:
                repeated = TRIES if count == USUAL else 1
                seconds, megabytes = min(_alone(context, step, folder) for _ in range(repeated))
                bounded = step == "all outputs"
                figures.append(
                    Figure(
                        f"{count:,} frames: {step}",
                        f"{seconds:.2f} s, {megabytes:.0f} MB",
                        f"record of {size:.1f} MB",
                        f"{bound:g} s, {BOUND_MEGABYTES} MB" if bounded else "",
                        (seconds <= bound and megabytes <= BOUND_MEGABYTES) if bounded else None,
                    )
                )
    return figures
