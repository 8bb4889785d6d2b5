"""`octt run` with a choice of cases, with attempts, with a time; and pytest's own options on the cases."""

from __future__ import annotations

import json
import subprocess
import sys
from xml.etree import ElementTree

import pytest

from octt import paths
from octt.record import read
from tests.commands.calling import octt

REJECTING = """
[central_system]
host = "127.0.0.1"
port = 0
[driver]
kind = "simulated"
simulator = ["--fault", "reply:ChangeAvailability=Rejected"]
"""
"""What needs an unavailable connector comes to nothing."""


def bench(tmp_path):
    file = tmp_path / "bench.toml"
    file.write_text(REJECTING)
    return file


def result(out):
    return json.loads((out / "result.json").read_text())


def ended(out):
    return [
        (event.case, str(event.verdict)) for event in read(out / "record.jsonl") if event.kind == "case.end"
    ]


def pytest_itself(tmp_path, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "pytest", str(paths.TESTCASES), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=tmp_path,
    )


def test_words_choose_by_id_name_and_profile_and_what_is_chosen_is_only_a_part(tmp_path):
    out = tmp_path / "out"
    done = octt("run", "-k", "RemoteTrigger or TC_031 or Unlock and Unknown", "--out", out)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [case for case, _ in ended(out)] == ["TC_031_CS", "TC_054_CS", "TC_055_CS"]
    found = result(out)
    assert found["issuable"] is False
    assert "Only a part: 3 of 96 test cases" in done.stdout
    assert len(found["not_chosen"]) == 99


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-k", "nonsense_word"], "-k 'nonsense_word': no case is left; `octt list` shows"),
        (["-k", "a and"], "-k 'a and': "),
        (["--lf"], "--lf: there is no earlier run of this station"),
        (
            ["--case", "TC_003", "--profile", "Reservation"],
            "TC_003_CS is a case of Core, and --profile asks for",
        ),
        (["--case", "TC_003", "--quick"], "none of those asked for is quick"),
        (["--budget", "0.1"], "--budget 0.1: no case has room in 0.1 min"),
        (["--budget", "0"], "0"),
        (["--retry", "-1"], "-1"),
    ],
)
def test_a_choice_that_leaves_nothing_is_one_sentence_and_no_folder(tmp_path, arguments, words):
    done = octt("run", *arguments, "--out", tmp_path / "runs" / "out")
    assert done.returncode == 2, done.stdout + done.stderr
    assert words in done.stderr
    assert done.stderr.startswith("octt: ")
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "runs" / "out").exists()


def test_a_doubtful_case_is_tried_again_and_every_attempt_is_told(tmp_path):
    out = tmp_path / "out"
    pics = paths.PICS / "simulated.toml"
    chosen = ("--case", "TC_031_CS", "--case", "TC_048_3_CS")
    done = octt("run", "--bench", bench(tmp_path), "--pics", pics, *chosen, "--retry", 2, "--out", out)
    assert done.returncode == 3, done.stdout + done.stderr
    assert ended(out) == [("TC_031_CS", "PASS"), *[("TC_048_3_CS", "INCONCLUSIVE")] * 3]
    assert "TC_048_3_CS was INCONCLUSIVE and is tried again, 2 of at most 2 times (--retry)" in done.stdout
    assert done.stdout.count("[2/2] TC_048_3_CS") == 3
    assert "Tried more than once: TC_048_3_CS (INCONCLUSIVE, INCONCLUSIVE, INCONCLUSIVE)" in done.stdout
    first = next(read(out / "record.jsonl"))
    assert any(notice.startswith("--retry 2: ") for notice in first.notices)
    case = next(case for case in result(out)["cases"] if case["id"] == "TC_048_3_CS")
    assert [attempt["number"] for attempt in case["attempts"]] == [1, 2, 3]
    assert "Tried more than once" in (out / "summary.md").read_text()
    junit = ElementTree.parse(out / "junit.xml")
    assert any("attempt 1: INCONCLUSIVE" in (told.text or "") for told in junit.iter("system-out"))


def test_a_failed_case_is_never_tried_again_and_x_ends_there(tmp_path):
    out = tmp_path / "out"
    file = tmp_path / "bench.toml"
    file.write_text(
        '[central_system]\nhost = "127.0.0.1"\nport = 0\n[driver]\nkind = "simulated"\n'
        'simulator = ["--fault", "reply:UnlockConnector=UnlockFailed"]\n'
    )
    chosen = [word for case in ("TC_017_1", "TC_031", "TC_062") for word in ("--case", case)]
    pics = paths.PICS / "simulated.toml"
    done = octt("run", "--bench", file, "--pics", pics, *chosen, "-x", "--retry", 3, "--out", out)
    assert done.returncode == 1, done.stdout + done.stderr
    assert ended(out) == [("TC_017_1_CS", "FAIL")]
    last = list(read(out / "record.jsonl"))[-1]
    assert (last.kind, last.reason) == ("run.end", "stopped at a failure")
    verdicts = {case["id"]: case["verdict"] for case in result(out)["cases"]}
    assert verdicts == {"TC_017_1_CS": "FAIL", "TC_031_CS": "NOT RUN", "TC_062_CS": "NOT RUN"}


def test_what_did_not_pass_is_run_again_by_us_and_by_pytest(tmp_path):
    chosen = ("--case", "TC_048_3_CS", "--case", "TC_031_CS")
    pics = paths.PICS / "simulated.toml"
    first = octt("run", "--bench", bench(tmp_path), "--pics", pics, *chosen, "--out", tmp_path / "runs" / "1")
    assert first.returncode != 0
    again = octt("run", "--lf", "--out", tmp_path / "runs" / "2")
    assert again.returncode == 0, again.stdout + again.stderr
    assert "--lf: 1 case that did not pass in 1" in again.stdout
    assert ended(tmp_path / "runs" / "2") == [("TC_048_3_CS", "PASS")]
    octt("run", "--bench", bench(tmp_path), "--pics", pics, *chosen, "--out", tmp_path / "runs" / "3")
    own = pytest_itself(tmp_path, "--lf", "--out", tmp_path / "runs" / "4")
    assert own.returncode == 0, own.stdout + own.stderr
    assert "1 passed, 101 deselected" in own.stdout
    done = pytest_itself(tmp_path, "--lf", "--out", tmp_path / "runs" / "5")
    assert "ERROR: --lf: nothing is left to repeat" in done.stderr
    assert done.returncode == 4


def test_pytest_itself_says_where_record_and_reports_are_and_makes_them(tmp_path):
    done = pytest_itself(tmp_path, "-k", "unknown_key", "--out", tmp_path / "out")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Record and reports: {tmp_path / 'out'}" in done.stdout
    assert "Only a part: 1 of 96 test cases" in done.stdout
    assert {path.name for path in (tmp_path / "out").iterdir()} >= {
        "report.html",
        "junit.xml",
        "manifest.sig",
    }
    assert octt("verify", tmp_path / "out").returncode == 0


@pytest.mark.parametrize("arguments", [["-n", "2"], ["-n", "auto"]])
def test_cases_are_not_run_side_by_side(tmp_path, arguments):
    done = pytest_itself(tmp_path, *arguments)
    assert done.returncode == 4
    assert done.stderr.strip() == (
        "ERROR: test cases are not run side by side (-n): there is one station; leave -n out"
    )


def test_the_most_valuable_cases_are_run_first_and_fit_in_the_time(tmp_path):
    out = tmp_path / "out"
    done = octt("run", "--profile", "SmartCharging", "--budget", "0.2", "--out", out)
    assert done.returncode == 0, done.stdout + done.stderr
    order = [case for case, _ in ended(out)]
    assert order[0] == "TC_067_CS"
    assert "TC_060_CS" not in order, "it waits most for its one check"
    [notice] = [line for line in next(read(out / "record.jsonl")).notices if line.startswith("--budget")]
    assert notice in done.stdout
    assert f"{len(order)} of 10 cases" in notice
    assert result(out)["issuable"] is False
