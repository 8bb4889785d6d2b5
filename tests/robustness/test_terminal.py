"""Nothing that a station, a rig or a folder says is obeyed by the terminal."""

from __future__ import annotations

import io
import shutil

import pytest
from rich.console import Console

from octt.commands.refusing import complain
from octt.record import Record
from octt.record.events import CaseEnded, CaseStarted, Connected, PlanLine, Refused, RunStarted, StepDecided
from octt.record.words import Blame, Outcome, Phase, Verdict
from octt.report.evidence.sign import sign
from octt.suite.progress import Progress
from tests.commands.calling import invoke

HOSTILE = "\x1b]0;title\x07\x1b[2J\x1b[31mred\x9b5n\u202egnp\u2066x\rgone\x08"
OBEYED = "\x1b\x07\x9b\u202e\u2066\r\x08"


def obeyed(text):
    return [character for character in OBEYED if character in text]


@pytest.mark.parametrize("terminal", [False, True], ids=["a pipe", "a terminal"])
def test_the_view_of_a_run_shows_what_a_station_said(terminal):
    shown = io.StringIO()
    console = Console(file=shown, force_terminal=terminal, color_system=None, width=200, legacy_windows=False)
    progress = Progress(console, verbose=True)
    case = "TC_003_CS"
    plan = [PlanLine(case=case, name=HOSTILE, profile="Core", applicable=True)]
    head = {"identity": HOSTILE, "remote": HOSTILE, "path": HOSTILE, "subprotocol": HOSTILE, "headers": {}}
    more = {"security_profile": 0, "user": HOSTILE, "auth": "none", "tls": None, "replaces": None}
    for event in (
        RunStarted(tool={}, bench={}, pics={}, plan=plan, started=""),
        Refused(
            remote=HOSTILE, path=HOSTILE, status=404, reason=f"identity {HOSTILE}", user=HOSTILE, tls=None
        ),
        Connected(connection=1, **head, **more),
        CaseStarted(attempt=1, name=HOSTILE, case=case),
        StepDecided(
            step=HOSTILE, what=HOSTILE, outcome=Outcome.FAIL, phase=Phase.TEST, actual=HOSTILE, case=case
        ),
        CaseEnded(
            attempt=1,
            verdict=Verdict.FAIL,
            blame=Blame.STATION,
            reason=f"CALLERROR {HOSTILE}",
            seconds=1,
            forced=0,
            case=case,
        ),
    ):
        progress.see(event)
    progress.say(f"the rig said {HOSTILE}")
    text = shown.getvalue()
    assert "U+001B" in text
    assert "red" in text, "it is shown, not swallowed"
    assert obeyed(text) == []


def test_complaints_and_commands_show_it_too(tmp_path, capsys):
    complain(f"the rig answered: {HOSTILE}")
    assert obeyed(capsys.readouterr().err) == []
    folder = tmp_path / "run"
    folder.mkdir()
    record = Record(folder / "record.jsonl")
    bench = {"laboratory": {"name": HOSTILE}}
    plan = [{"case": HOSTILE, "name": HOSTILE, "profile": HOSTILE, "applicable": True, "reason": HOSTILE}]
    record.write(
        RunStarted(tool={"name": HOSTILE}, bench=bench, pics={}, plan=plan, started="", signer=HOSTILE)
    )
    record.close()
    sign(folder, tmp_path / "key.pem")
    (folder / "a\x1b[31mfile").write_text("x")
    for arguments in (["verify", folder], ["report", folder], ["diff", folder, folder]):
        assert obeyed(invoke(*arguments).output) == []
    shutil.rmtree(folder)
    assert obeyed(invoke("verify", tmp_path / "no\x1b[31m").output) == []


def test_a_flood_of_refused_connections_does_not_push_away_what_else_is_said():
    shown = io.StringIO()
    progress = Progress(Console(file=shown, width=200))
    for number in range(1000):
        more = {"status": 0, "user": "", "tls": None, "path": ""}
        progress.see(Refused(remote=f"10.0.0.9:{number}", reason="too many connections", **more))
        progress.see(Refused(remote=f"10.0.0.9:{number}", reason=f"identity {number}", **more))
    lines = shown.getvalue().splitlines()
    assert len(lines) < 60
    assert lines[0] == "  refused 10.0.0.9:0: too many connections"
    assert sum("too many" in line for line in lines) == 5
    assert "not told here" in [line for line in lines if "too many" in line][-1]
