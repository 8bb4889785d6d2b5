"""What the terminal shows of a run: whatever a station sends, it stays text; numbers that can be relied on."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from octt.record.events import CaseEnded, CaseStarted, Refused, StepDecided
from octt.record.words import Blame, Outcome, Phase, Verdict
from octt.suite.progress import Progress
from tests.report.synthetic import Synthetic

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


def lines_of(run):
    """What a terminal that is none shows of a synthetic run."""
    file = io.StringIO()
    progress = Progress(Console(file=file, width=200))
    for event in run.events:
        progress.see(event)
    return file.getvalue().splitlines()


def test_the_numbers_of_cases_do_not_jump():
    """What does not apply after all has no line, and so no number."""
    run = Synthetic()
    unknown = {"case": "C", "name": "", "profile": "Core", "applicable": None, "reason": ""}
    run.start("A", "B", unknown, "D", {**unknown, "case": "E", "applicable": False})
    for case in ("A", "B", "C", "D"):
        with run.case(case, "NOT APPLICABLE" if case in ("B", "C") else "PASS"):
            run.step("it works")
    assert [line.split()[0] for line in lines_of(run)] == ["[1/4]", "[2/2]"]


def test_remarks_are_counted_one_for_each_cause():
    run = Synthetic()
    run.start("A")
    with run.case("A"):
        for second in range(40):
            told = f"a time without zone: {second}"
            run.add("remark", text=told, fault="a time without zone", by="monitor", cite="")
        run.add("remark", text="not restored: the list", by="tool", cite="")
    [line] = lines_of(run)
    assert line.endswith("  1 remark")
