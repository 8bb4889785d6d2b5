"""`python -m benchmarks [NAME]...`: the table of figures; 1 when a bound is broken. See docs/benchmarks.md."""

from __future__ import annotations

import argparse
import importlib
import os
import platform
import re
import sys
import time
from pathlib import Path

from benchmarks.figures import Figure, table

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"

USUAL = {
    "csms": "benchmarks.csms",
    "start": "benchmarks.start",
    "sixteen": "benchmarks.cases",
    "stations": "benchmarks.stations",
}
ON_REQUEST = {
    "core": "benchmarks.cases",
    "report": "benchmarks.report",
    "hostile": "benchmarks.hostile",
    "soak": "benchmarks.soak",
    "kills": "benchmarks.kills",
    "history": "benchmarks.history",
    "campaign": "benchmarks.campaign",
    "racks": "benchmarks.racks",
}
ALL = {**USUAL, **ON_REQUEST}


def main() -> int:
    """Measures what was named (default: all but the slow ones) and prints each table when it is there."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(ALL)}, or all")
    parser.add_argument("--write", action="store_true", help="also put the tables into docs/benchmarks.md")
    given = parser.parse_args()
    names = list(ALL) if "all" in given.names else given.names or list(USUAL)
    unknown = [name for name in names if name not in ALL]
    if unknown:
        parser.error(f"no benchmark {unknown[0]!r}; there are {', '.join(ALL)}, and all")
    print(machine())
    broken = False
    for name in names:
        began = time.monotonic()
        module = importlib.import_module(ALL[name])
        figures: list[Figure] = getattr(module, name if ALL[name] == "benchmarks.cases" else "measure")()
        text = table(figures)
        print(f"\n{name} ({time.monotonic() - began:.0f} s)\n\n{text}", flush=True)
        broken |= any(figure.holds is False for figure in figures)
        if given.write:
            _write(name, text)
    return int(broken)


def machine() -> str:
    """Where the figures come from."""
    load = os.getloadavg()[0]
    return (
        f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} processors, "
        f"load before {load:.1f}"
    )


def _write(name: str, text: str) -> None:
    document = DOCUMENT.read_text(encoding="utf-8")
    place = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end -->)", re.DOTALL)
    assert place.search(document), f"no place for {name} in {DOCUMENT.name}"
    filled = place.sub(lambda found: f"{found[1]}{text}\n\n{machine()}\n{found[2]}", document)
    DOCUMENT.write_text(filled, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
