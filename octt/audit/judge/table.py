"""What became of the verdicts of an old record, as a table and as data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from octt import __version__
from octt.audit.judge.judging import Fate, Finding
from octt.audit.judge.tape import Tape


def lines(findings: Sequence[Finding]) -> Iterator[str]:
    """A line for each case, and the place and reason below those whose verdict is not the same."""
    yield f"{'case':<13}{'then':<16}{'today':<16}place"
    for one in findings:
        today = "-" if one.fate is Fate.UNTOLD else one.today
        yield f"{one.case:<13}{one.then:<16}{today:<16}{one.place}".rstrip()
        if one.fate is not Fate.SAME:
            told = "cannot be judged from this record: " if one.fate is Fate.UNTOLD else ""
            yield f"{'':<13}{told}{one.reason}"
    yield ""
    yield summary(findings)


def summary(findings: Sequence[Finding]) -> str:
    """How many cases have which fate."""
    count = Counter(one.fate for one in findings)
    named = {Fate.SAME: "the same verdict", Fate.CHANGED: "another verdict", Fate.UNTOLD: "cannot be judged"}
    return ", ".join(f"{count[fate]} {text}" for fate, text in named.items() if count[fate])


def data(folder: Path, tape: Tape, findings: Sequence[Finding]) -> dict[str, Any]:
    """The same for machines."""
    return {
        "record": str(folder),
        "started": tape.start.started,
        "judged_then_by": str(tape.start.tool.get("version", "")),
        "judged_today_by": __version__,
        "cases": [one.as_dict() for one in findings],
        "count": {str(fate): sum(one.fate is fate for one in findings) for fate in Fate},
    }
