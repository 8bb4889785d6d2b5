"""What a person sees of a campaign."""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console

from octt.campaign.file import Asked
from octt.campaign.following import Seen
from octt.campaign.ledger import Run, Tried
from octt.campaign.view import View


def run(name, tried=None, **seen):
    return Run(Asked(name, name, name, Path("b.toml")), "", [tried] if tried else [], Seen(**seen))


def shown(runs, going, waiting=(), height=30):
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=100, height=height, color_system=None)
    view = View(console, runs, lambda: (going, list(waiting)))
    console.print(view._view())
    return view, out


def test_each_run_that_goes_on_has_a_line_and_the_rest_a_number():
    one = run("bay-1", Tried("bay-1/1"), total=4, case="TC_003_CS", verdicts={"a": "PASS", "b": "FAIL"})
    two = run("bay-2", Tried("bay-2/1"))
    three = run("bay-3", Tried("bay-3/1"), total=4, verdicts={"a": "ERROR"}, ended=True)
    _, out = shown([one, two, three, run("bay-4")], [one, two, three], [run("bay-4")])
    head, *lines = out.getvalue().splitlines()
    assert head == "0 of 4 done, 3 going, 1 to come  0 s"
    assert lines[0].split() == ["bay-1", "2/4", "TC_003_CS", "1", "passed", "1", "failed", "0", "s"]
    assert lines[1].split() == ["bay-2", "waiting", "for", "the", "station", "0", "s"]
    assert lines[2].split() == ["bay-3", "1/4", "reports", "1", "error", "0", "s"]


def test_more_than_the_terminal_has_lines_are_counted():
    runs = [run(f"bay-{n}", Tried(f"bay-{n}/1")) for n in range(40)]
    _, out = shown(runs, runs, height=14)
    lines = out.getvalue().splitlines()
    assert lines[0].startswith("0 of 40 done, 40 going, 30 more not shown, 0 to come")
    assert len(lines) == 11


def test_what_is_over_is_said_once_with_its_folder_and_why():
    good = run("bay-1", Tried("bay-1/1", 1, over=True), verdicts={"a": "PASS", "b": "FAIL"})
    bad = run("bay-10", Tried("bay-10/2", 4, "no\nstation \x1b[31m", over=True))
    view, out = shown([good, bad], [])
    out.truncate(0)
    view.ended(good)
    view.ended(bad)
    lines = out.getvalue().strip("\0").splitlines()
    assert lines[0] == "[1/2] bay-1   1 passed 1 failed   bay-1/1"
    assert lines[1] == "[1/2] bay-10  not carried out: no‹U+000A›station ‹U+001B›[31m  bay-10/2"
