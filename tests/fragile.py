"""Every fault that only `octt fuzz` finds: found in how many examples, and how small the story became.

python -m tests.fragile                 exit code 1 when one is not found, or not small
python -m tests.fragile --write FILE    also writes the table
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

EXAMPLES = 3000
"""Within so many every fault must be found."""
SMALL = 3
"""Blows of the smallest story."""
SEED = 1


@dataclass(frozen=True)
class Row:
    """What became of one fault."""

    fault: str
    examples: int
    blows: int
    tries: int
    seconds: float
    found: str
    story: str


def fragile_faults() -> list[str]:
    """The faults, in their order."""
    from octt.simulator.faults.catalogue import FAULTS, FUZZ

    return [name for name, fault in FAULTS.items() if fault.breaks == FUZZ]


def sought(fault: str, examples: int = EXAMPLES) -> Row:
    """Looks for one fault on a station of its own, with nothing remembered from before."""
    from octt.fuzz.fuzzing import Asked, fuzz

    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        asked = Asked(
            out=out / "run",
            seed=SEED,
            examples=examples,
            database=out / "database",
            arguments=("--fault", fault),
            at_most=1,
        )
        result = fuzz(asked, lambda _text: None)
    seconds = time.monotonic() - began
    if not result.findings:
        return Row(fault, result.examples, 0, 0, seconds, "", "")
    first = result.findings[0]
    told = "; ".join(blow.told for blow in first.story.blows)
    return Row(fault, first.examples, len(first.story.blows), first.tries, seconds, first.trouble.fault, told)


def table(rows: list[Row]) -> str:
    """The committed page."""
    most = max((row.examples for row in rows), default=0)
    lines = [
        "# Faults that only `octt fuzz` finds",
        "",
        f"Made by `make fragile`: {len(rows)} faults of the simulated station, each sought alone with seed {SEED} and",
        f"an empty memory. All are found within {EXAMPLES} examples (the last one after {most}), and each story is",
        f"made smaller to at most {SMALL} blows.",
        "",
        "| fault | examples | blows | tries | what was found |",
        "|---|---:|---:|---:|---|",
    ]
    lines += [
        f"| `{row.fault}` | {row.examples} | {row.blows} | {row.tries} | {_cell(row.found)} |" for row in rows
    ]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", type=Path)
    parser.add_argument("--fault", action="append")
    asked = parser.parse_args()
    rows = []
    for fault in asked.fault or fragile_faults():
        rows.append(row := sought(fault))
        told = (
            f"{row.found} after {row.examples}, {row.blows} blows ({row.story[:80]})"
            if row.found
            else "NOT FOUND"
        )
        print(f"{fault}: {told}, {row.seconds:.0f} s", flush=True)
    if asked.write:
        asked.write.write_text(table(rows), encoding="utf-8")
    return int(any(not row.found or row.blows > SMALL for row in rows))


if __name__ == "__main__":
    sys.exit(main())
