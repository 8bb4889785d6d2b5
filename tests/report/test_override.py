"""An overruled verdict is disclosed, chained, and never silent."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from octt.commands.main import main
from octt.record import Record, check_chain, read
from octt.record.events import CaseEnded, CaseStarted, RunEnded, RunStarted
from octt.report.evidence.sign import sign
from octt.report.evidence.verify import verify


@pytest.fixture
def folder(tmp_path):
    record = Record(tmp_path / "record.jsonl")
    plan = [
        {"case": "TC_003_CS", "name": "A case", "profile": "Core", "applicable": True, "reason": "applies"}
    ]
    record.write(
        RunStarted(tool={"name": "octt", "version": "1"}, bench={}, pics={}, plan=plan, started="2026-01-01")
    )
    record.write(CaseStarted(attempt=1, name="A case"), case="TC_003_CS")
    fields = {"blame": "station", "reason": "step 1: nothing came", "seconds": 1.0, "forced": 0.0}
    record.write(CaseEnded(attempt=1, verdict="FAIL", **fields), case="TC_003_CS")
    record.write(RunEnded(reason="finished"))
    record.close()
    return tmp_path


def overrule(folder, **options):
    given = {"case": "TC_003_CS", "verdict": "PASS", "by": "The Lab", "why": "a loose plug", **options}
    arguments = [part for name, value in given.items() for part in (f"--{name}", value)]
    return CliRunner().invoke(main, ["override", str(folder), *arguments])


def test_an_override_is_disclosed_and_the_record_stays_whole(folder, tmp_path_factory):
    sign(folder, tmp_path_factory.mktemp("keys") / "key.pem")
    assert verify(folder).intact
    done = overrule(folder)
    assert done.exit_code == 0, done.output
    assert check_chain(folder / "record.jsonl")[1] == []
    result = json.loads((folder / "result.json").read_text())
    case = next(case for case in result["cases"] if case["id"] == "TC_003_CS")
    assert case["verdict"] == "PASS"
    assert "The Lab" in json.dumps(case)
    assert "a loose plug" in (folder / "report.html").read_text()
    assert not (folder / "manifest.sig").exists()
    measured = [event for event in read(folder / "record.jsonl") if isinstance(event, CaseEnded)]
    assert [event.verdict for event in measured] == ["FAIL"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"case": "TC_001_CS"}, "no verdict in this run"),
        ({"by": " "}, "who decided"),
        ({"why": ""}, "why"),
        ({"verdict": "GREEN"}, "GREEN"),
    ],
)
def test_what_cannot_be_overruled(folder, options, words):
    before = (folder / "record.jsonl").read_bytes()
    done = overrule(folder, **options)
    assert done.exit_code == 2
    assert words in done.output
    assert (folder / "record.jsonl").read_bytes() == before


def test_a_damaged_record_is_not_continued(folder):
    path = folder / "record.jsonl"
    path.write_bytes(path.read_bytes().replace(b"nothing came", b"nothing cane"))
    assert "damaged at line 3" in overrule(folder).output


def test_nothing_is_overruled_while_the_run_goes_on(folder):
    record = Record(folder / "record.jsonl")
    done = overrule(folder)
    record.close()
    assert done.exit_code == 2
    assert "another octt is writing this record" in done.output
    assert check_chain(folder / "record.jsonl")[1] == []
