"""What `octt run --resume` does with a folder around the run: its signature, and the verdicts so far."""

from __future__ import annotations

import contextlib
from pathlib import Path

from octt.commands.refusing import refuse
from octt.record import Event
from octt.record.events import CaseEnded, CaseRevised, RunResumed
from octt.suite.options import Options


def ended_before(options: Options) -> list[CaseEnded | CaseRevised]:
    """The last verdict of each case that has one from the sittings before."""
    return list(options.former.results.values()) if options.former else []


class Seal:
    """The signature of a folder to which another sitting is added: it ends with that, and a new one follows at the end.

    Where nothing is added after all, it stays.
    """

    def __init__(self, options: Options) -> None:
        """Raises Refusal for a folder that is not as it was signed: nobody goes on with what somebody changed."""
        self._kept: dict[Path, bytes] = {}
        if options.former is None:
            return
        from octt.report.evidence.again import state
        from octt.report.evidence.folder import MANIFEST, SIGNATURE

        found = state(options.out)
        if not found.intact:
            refuse(f"{options.out} is not as it was signed ({found.problems[0]}); a run cannot go on from it")
        for path in (options.out / MANIFEST, options.out / SIGNATURE):
            with contextlib.suppress(OSError):
                self._kept[path] = path.read_bytes()

    def see(self, event: Event) -> None:
        """With the line of another sitting the signature does not hold any more."""
        if isinstance(event, RunResumed):
            for path in self._kept:
                path.unlink(missing_ok=True)

    def put_back(self) -> None:
        """The record is as it was."""
        for path, content in self._kept.items():
            path.write_bytes(content)
