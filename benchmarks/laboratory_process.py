"""A Central System as a run has it, with record, monitors and a script that waits: a process for hostile stations.

`python -m benchmarks.laboratory_process FOLDER` prints its port. For each line of standard input it prints, as JSON,
its memory in MB and the most it ever held, the longest time (processor seconds) that one frame held the loop, how many
entries the timeline has, the trouble it noted, and how many errors of ours are among that. With the line
"case" the next case begins.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
import types
from collections.abc import Generator
from pathlib import Path
from typing import Any

from benchmarks.running import memory
from octt.csms import session
from octt.csms.endpoints import Endpoint, Settings
from octt.csms.server import CentralSystem
from octt.record import Record
from octt.suite.breaches import Breaches
from octt.suite.machine import collect_seldom
from octt.timeline.expectation import Expectation, Wanted, Window
from octt.timeline.judge import Outcome, judge

IDENTITY = "CS001"
WITHOUT_LIMIT = (1e9, 1e9)


class Longest:
    """The longest time that one frame held the loop, in processor seconds."""

    def __init__(self) -> None:
        self.seconds = 0.0
        receive = session.Session._receive

        @types.coroutine
        def timed(serving: session.Session, message: Any) -> Generator[Any, None, None]:
            """Each step of the coroutine for itself: while it waits, the loop does other things."""
            steps, thrown = receive(serving, message), None
            while True:
                began = time.thread_time()
                try:
                    waited_for = steps.throw(thrown) if thrown else steps.send(None)
                except StopIteration:
                    return
                finally:
                    self.seconds = max(self.seconds, time.thread_time() - began)
                try:
                    thrown = yield waited_for
                except BaseException as error:
                    thrown = error

        session.Session._receive = timed  # type: ignore[method-assign,assignment]


def open_laboratory(folder: Path) -> tuple[CentralSystem, int]:
    """The Central System and its port."""
    record, endpoint = Record(folder / "record.jsonl"), Endpoint()
    settings = Settings(IDENTITY, host="127.0.0.1", endpoints=[endpoint])
    settings.frames = settings.connections = WITHOUT_LIMIT
    csms = CentralSystem(settings, record)
    csms.watch = Breaches(record).see
    csms.start()
    threading.Thread(target=_wait, args=(csms,), daemon=True).start()
    return csms, endpoint.port


def _wait(csms: CentralSystem) -> None:
    """As a case that waits for what never comes, and looks at everything that does."""
    timeline, looked = csms.timeline, 0
    begin = timeline.clock.now()
    expectation = Expectation((Wanted("StopTransaction", {"reason": "never"}),), Window(begin, 86400), 0)

    def look() -> Outcome | None:
        nonlocal looked
        end = timeline.end
        outcome = judge(timeline.since(looked, end), expectation, 0)
        looked = max(looked, end)
        return outcome

    timeline.wait(look, begin + 86400 * 10**9)


def main() -> None:
    """Serves until standard input ends."""
    longest = Longest()
    collect_seldom()
    csms, port = open_laboratory(Path(sys.argv[1]))
    print(port, flush=True)
    for line in sys.stdin:
        if line.strip() == "case":
            csms.timeline.forget(csms.timeline.end - 1)
        noted = csms.troubles.since(0)
        told = {
            "memory": memory(os.getpid()),
            "peak": memory(os.getpid(), "VmHWM"),
            "longest": longest.seconds,
            "entries": len(csms.timeline.since(0)),
            "trouble": [trouble.text for trouble in noted],
            "errors": sum(trouble.what == "error" for trouble in noted),
        }
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
