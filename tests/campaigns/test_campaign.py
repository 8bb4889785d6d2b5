"""`octt campaign` as it is called: the example that ships, ctrl-C, and taking it up again."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from xml.etree import ElementTree

import pytest

from octt.paths import DATA
from octt.record import read
from octt.record.events import RunEnded
from octt.report.evidence.verify import verify
from tests.campaigns.test_attempt import until
from tests.commands.calling import OCTT, invoke, octt

EXAMPLE = DATA / "examples/campaign.toml"


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    """The example, carried out."""
    out = tmp_path_factory.mktemp("campaign") / "out"
    return out, octt("campaign", EXAMPLE, "--out", out, timeout=300)


def test_the_example_shows_the_station_with_the_mistake(example):
    out, done = example
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stderr == ""
    assert re.search(r"bay-2 +2 passed 1 failed", done.stdout)
    assert "At least one case failed" in done.stdout
    assert f"Matrix, campaign.json and junit.xml: {out}/campaign.html" in done.stdout
    data = json.loads((out / "campaign.json").read_text())
    assert (data["code"], data["name"]) == (1, "Release 2.1 before it ships")
    assert [(run["run"], run["code"], run["firmware"]) for run in data["runs"]] == [
        *(("bay-1", 0, "1.0.0"), ("bay-2", 1, "2.1.0"), ("bay-3", 0, "1.0.0")),
    ]
    assert data["runs"][1]["cases"] == {"TC_001_CS": "FAIL", "TC_003_CS": "PASS", "TC_010_CS": "PASS"}


def test_each_run_is_whole_and_signed_as_if_it_were_alone(example):
    for name in ("bay-1", "bay-2", "bay-3"):
        found = verify(example[0] / name / "1")
        assert (found.problems, found.signature) == ([], "valid")


def test_each_cell_leads_into_the_report_of_its_run(example):
    text = (example[0] / "campaign.html").read_text()
    links = re.findall(r'<td class="v v-(\w+)"[^>]*><a href="([^"#]+)#([^"]+)"', text)
    assert len(links) == 8
    for verdict, report, anchor in links:
        assert f'id="{anchor}"' in (example[0] / report).read_text()
        assert re.match(r"[fs]\d+$" if verdict == "fail" else "tc-", anchor)
    assert not re.search(r"https?://|url\(|<script", text)


def test_one_junit_holds_all(example):
    root = ElementTree.parse(example[0] / "junit.xml").getroot()
    suites = list(root)
    for key in ("tests", "failures", "errors"):
        assert int(root.get(key)) == sum(int(suite.get(key)) for suite in suites)
    assert (root.get("failures"), root.get("errors")) == ("1", "0")
    (failed,) = [case for case in root.iter("testcase") if case.find("failure") is not None]
    assert failed.get("classname") == "bay-2.octt.Core"
    assert {suite.get("name").partition(":")[0] for suite in suites} == {"bay-1", "bay-2", "bay-3"}


def test_a_second_time_nothing_is_left_to_run(example):
    out, _ = example
    before = (out / "campaign.html").read_bytes(), (out / "junit.xml").read_bytes()
    again = octt("campaign", EXAMPLE, "--out", out)
    assert again.returncode == 1
    assert "3 of 3 runs have a verdict" in again.stdout
    assert sorted(path.name for path in (out / "bay-1").glob("*.asked")) == ["1.asked"]
    assert ((out / "campaign.html").read_bytes(), (out / "junit.xml").read_bytes()) == before


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_fits_and_its_cells_can_be_followed(example, page, width):
    page.open((example[0] / "campaign.html").as_uri(), width)
    assert page.tell("document.documentElement.scrollWidth") <= width
    page.tell("location.href = document.querySelector('td.v-fail a').href")
    for _ in range(1000):
        if page.tell("document.readyState === 'complete' && location.pathname.endsWith('report.html')"):
            break
    assert page.tell("document.querySelector(location.hash).checkVisibility()")


def test_ctrl_c_ends_each_run_as_if_it_were_alone_and_it_can_be_taken_up_again(tmp_path):
    bench, out = DATA / "examples/simulated.toml", tmp_path / "out"
    file = tmp_path / "c.toml"
    file.write_text(
        f'side_by_side = 1\n[[station]]\nname = "one"\nbench = "{bench}"\ncases = ["TC_003_CS", "TC_036_CS"]\n'
        f'[[station]]\nname = "two"\nbench = "{bench}"\ncases = ["TC_003_CS"]\n'
    )
    process = subprocess.Popen(
        [*OCTT, "campaign", str(file), "--out", str(out)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    record = out / "one/1/record.jsonl"
    until(lambda: record.exists() and b'"case.end"' in record.read_bytes())
    process.send_signal(signal.SIGINT)
    told = process.communicate(timeout=120)[0].decode()
    assert process.returncode == 130, told
    assert "Every station is put back" in told
    (end,) = [event for event in read(record) if isinstance(event, RunEnded)]
    assert end.reason != "finished"
    assert (verify(out / "one/1").problems, (out / "two").exists()) == ([], False)
    suites = {suite.get("name"): suite for suite in ElementTree.parse(out / "junit.xml").getroot()}
    assert suites["two: the run"].get("errors") == "1"
    again = octt("campaign", file, "--out", out, timeout=300)
    assert again.returncode == 0, again.stdout
    assert "0 of 2 runs have a verdict" in again.stdout
    assert (out / "one/2/report.html").exists()


def test_a_run_that_a_dead_campaign_left_is_taken_up_and_not_begun_again(tmp_path):
    bench, out = DATA / "examples/simulated.toml", tmp_path / "out"
    file = tmp_path / "c.toml"
    file.write_text(f'cases = ["TC_036_CS"]\n[[station]]\nname = "one"\nbench = "{bench}"\n')
    process = subprocess.Popen([*OCTT, "campaign", str(file), "--out", str(out)], stdout=subprocess.DEVNULL)
    record = out / "one/1/record.jsonl"
    until(lambda: record.exists() and b'"case.start"' in record.read_bytes())
    process.kill()
    process.wait()
    again = octt("campaign", file, "--out", out, timeout=300)
    assert again.returncode == 0, again.stdout
    assert "one was begun before; what became of it is taken up" in again.stdout
    assert [path.name for path in (out / "one").glob("*.asked")] == ["1.asked"]


def test_without_dask_a_scheduler_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    done = invoke("campaign", EXAMPLE, "--out", tmp_path / "out", "--scheduler", "tcp://127.0.0.1:1")
    assert (done.exit_code, done.output) == (
        *(2, "octt: --scheduler needs Dask; install it with: pip install 'octt[dask]'\n"),
    )


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nonsense://x", "://"])
def test_a_scheduler_that_does_not_answer_is_one_sentence(tmp_path, monkeypatch, address):
    from octt.campaign.racks import scheduler

    monkeypatch.setattr(scheduler, "PATIENCE", 1)
    done = invoke("campaign", EXAMPLE, "--out", tmp_path / "out", "--scheduler", address)
    assert done.exit_code == 2, done.output
    assert done.output.startswith(f"octt: no Dask scheduler answers at {address}: ")
    assert len(done.output.strip().splitlines()) == 1
