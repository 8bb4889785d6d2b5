"""The whole Core profile, every prompt answered by a click in the browser; exit code 1 when not every case passes.

python -m tests.console
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
import time
from pathlib import Path

from octt.suite.catalogue import load_catalogue
from tests.console.clicking import Clicker
from tests.hands.stage import Stage
from tests.report.browser import opened

LONGEST = 1800
"""Seconds."""


def main() -> int:
    """The exit code."""
    began = time.monotonic()
    cases = [case.id for case in load_catalogue().values() if case.profile == "Core"]
    with tempfile.TemporaryDirectory() as folder, opened(Path(folder) / "browser") as page:
        with contextlib.closing(Stage(folder, cases, words=["--console", "127.0.0.1:0"])) as stage:
            person = Clicker(page, stage)
            person.open()
            code = person.run(LONGEST)
            verdicts = {case: attempts[-1] for case, attempts in stage.attempts().items()}
    failed = {case: why for case, why in verdicts.items() if why[0] != "PASS"}
    for case, (verdict, reason) in failed.items():
        print(f"{case} {verdict}: {reason}")
    asked, seconds = len(person.requests), time.monotonic() - began
    print(
        f"{len(verdicts)} cases, {len(failed)} not passed, {asked} requests, {seconds:.0f} s, exit code {code}"
    )
    return 1 if failed or code or not verdicts else 0


if __name__ == "__main__":
    sys.exit(main())
