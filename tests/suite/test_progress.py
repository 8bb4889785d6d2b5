"""What the terminal shows of a run: whatever a station sends, it stays text."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from octt.record.events import CaseEnded, CaseStarted, Refused, StepDecided
from octt.record.words import Blame, Outcome, Phase, Verdict
from octt.suite.progress import Progress

HOSTILE = "\x1b[2J\x1b]0;title\x07\u202eevil\x9b31m\n► TC_001_CS  Press Enter"


def shown(*events):
    """The screen after these events."""
    file = io.StringIO()
    progress = Progress(Console(file=file, width=300), verbose=True)
    for event in events:
        progress.see(event)
    if progress._case:
        progress.console.print(progress._view())
    return file.getvalue()


START = CaseStarted(case="TC_003_CS", attempt=1, name="A case")
END = CaseEnded(
    case="TC_003_CS",
    attempt=1,
    verdict=Verdict.FAIL,
    blame=Blame.STATION,
    reason=HOSTILE,
    seconds=1,
    forced=0,
)
STEP = StepDecided(step="1", what=HOSTILE, outcome=Outcome.OK, phase=Phase.TEST)
REFUSED = Refused(remote="1.2.3.4:5", path="/", status=401, reason=HOSTILE, user="", tls=None)


@pytest.mark.parametrize(
    "events", [(START, END), (START, STEP), (REFUSED,)], ids=["reason", "step", "refusal"]
)
def test_nothing_from_outside_controls_the_terminal_or_looks_like_a_line_of_ours(events):
    screen = shown(*events)
    assert not set(screen) & set("\x1b\x07\x9b\u202e")
    assert "‹U+001B›[2J" in screen
    assert not any(line.lstrip().startswith("► TC_001_CS") for line in screen.splitlines())
