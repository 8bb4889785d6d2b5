"""How long the reports of a large record take, and how much memory: `python bench/report.py [FRAMES]`.

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

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "report"))

BOUND_SECONDS, BOUND_MEGABYTES, USUAL_SECONDS = 60, 500, 1.0
USUAL = 2000  # frames of a run of all cases against the simulated station


def _measure(step: str, folder: Path, queue: multiprocessing.SimpleQueue) -> None:
    began = time.perf_counter()
    if step == "imports":
        import octt.report.html
        import octt.report.pdf  # noqa: F401
    elif step == "model":
        from octt.report.model import load

        load(folder / "record.jsonl")
    elif step == "all outputs":
        from octt.report.write import write_all

        write_all(folder)
    elif step == "sign and verify":
        from octt.report.sign import sign, verify

        sign(folder, folder.parent / "key.pem")
        assert verify(folder).signed
    else:
        from octt.report.diff import compare
        from octt.report.model import load

        compare(load(folder / "record.jsonl"), load(folder / "record.jsonl"))
    seconds = time.perf_counter() - began
    queue.put((seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))


def main() -> int:
    """Prints a line a step; 1 when a bound is broken."""
    from synthetic import large_run

    frames = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    context, broken = multiprocessing.get_context("spawn"), False
    with tempfile.TemporaryDirectory() as root:
        for count, steps in (
            (frames, ("model", "all outputs", "sign and verify", "diff with itself")),
            (USUAL, ("imports", "all outputs")),
        ):
            folder = Path(root) / str(count)
            folder.mkdir()
            record = large_run(folder / "record.jsonl", count)
            print(f"{count:,} frames, record of {record.stat().st_size / 1e6:.1f} MB")
            for step in steps:
                queue = context.SimpleQueue()
                process = context.Process(target=_measure, args=(step, folder, queue))
                process.start()
                process.join()
                seconds, megabytes = queue.get() if process.exitcode == 0 else (float("inf"), float("inf"))
                bound = BOUND_SECONDS if count == frames else USUAL_SECONDS
                late = step == "all outputs" and (seconds > bound or megabytes > BOUND_MEGABYTES)
                broken |= late
                limit = f" (bound {bound:g} s, {BOUND_MEGABYTES} MB)" if step == "all outputs" else ""
                print(f"  {step:18} {seconds:8.2f} s {megabytes:8.0f} MB{limit}{' BROKEN' if late else ''}")
            for path in sorted(folder.glob("re*.*")):
                print(f"    {path.name:14} {path.stat().st_size / 1e6:8.2f} MB")
    return broken


if __name__ == "__main__":
    sys.exit(main())
