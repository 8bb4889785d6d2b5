"""What each case takes on the built-in simulated station: python -m tests.seconds --write testcases/seconds.toml

Cases that do not apply to it are measured on the first legal station of the campaign that they apply to. The file is
what `octt run --quick` and `--budget` choose by.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from octt.suite.catalogue import load_catalogue
from tests.campaign import STATIONS, cases_of, home, recorded

HEAD = """\
# Seconds each case took on the built-in simulated station, or on the first legal station it applies to; made by
# `make seconds`. What `octt run --quick` and `--budget` choose by (octt/suite/choosing/choice.py).

[seconds]
"""


def measure() -> dict[str, float]:
    """Every case by its id, run with others of its station; an attempt that did not pass counts for nothing."""
    found: dict[str, float] = {}
    for station in STATIONS:
        cases = tuple(case.id for case in cases_of(station) if home(case.id) == station)
        for event in recorded(station, cases) if cases else ():
            if event.kind == "case.end" and event.verdict == "PASS":
                found[event.case] = round(event.seconds, 2)
    return found


def main() -> None:
    """Measures, and writes the file."""
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--write", type=Path, required=True)
    asked, found = arguments.parse_args(), measure()
    lines = [f"{case} = {found[case]}\n" for case in load_catalogue() if case in found]
    asked.write.write_text(HEAD + "".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
