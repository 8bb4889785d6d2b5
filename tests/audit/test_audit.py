"""The audit of a short case against the simulated station, from the command line."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess

import pytest

from octt.audit.audit import BASELINES, RESULTS, Asked, Pool, chosen
from octt.audit.mutants.frames import Baseline, Target
from octt.audit.mutants.mutant import Kind, Mutant
from octt.audit.outcome import Fate
from octt.audit.player import Job
from tests.commands.calling import OCTT, invoke, octt

CASE = "TC_003_CS"
STATUS = "StatusNotification.req 1 Preparing"


def lines(folder, name=RESULTS):
    return [json.loads(line) for line in (folder / name).read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def audited(tmp_path_factory):
    """The audit of one case with a sample of its mutants."""
    folder = tmp_path_factory.mktemp("audit") / "out"
    done = octt("audit", "--case", CASE, "--sample", 8, "--seed", "two", "--out", folder, "-n", 2)
    return folder, done


def test_every_mutant_of_the_sample_has_its_fate(audited):
    folder, done = audited
    assert done.returncode in (0, 1), done.stderr
    results = lines(folder)
    assert len(results) == 8
    assert {line["fate"] for line in results} <= {"killed", "killed elsewhere", "survived"}
    assert "killed" in {line["fate"] for line in results}
    assert all(line["verdict"] == "FAIL" for line in results if line["fate"] == "killed")
    assert all(line["verdict"] == "PASS" for line in results if line["fate"] == "survived")


def test_the_page_and_the_terminal_say_what_came_of_it(audited):
    folder, done = audited
    page = (folder / "audit.md").read_text(encoding="utf-8")
    assert f"## {CASE} Regular Charging Session - Plugin First" in page
    assert re.search(r"^Core +8 ", done.stdout, re.MULTILINE)
    assert done.returncode == int("survived: " in done.stdout)


def test_what_the_folder_holds_is_not_played_again(audited):
    folder, _ = audited
    results = folder / RESULTS
    kept = results.read_text(encoding="utf-8").splitlines(keepends=True)
    results.write_text("".join(kept[:-2]) + kept[-2][:-20], encoding="utf-8")  # interrupted while it wrote
    again = octt("audit", "--case", CASE, "--sample", 8, "--seed", "two", "--out", folder)
    assert "1 cases, 0 of them still to be played as they are" in again.stdout
    assert "8 mutants, 2 of them still to be played" in again.stdout
    assert len({json.dumps(line["mutant"]) for line in lines(folder)}) == 8


def test_a_mutant_is_killed_where_it_is_killed_elsewhere_or_survives():
    told = {
        Mutant(CASE, Kind.DROPPED, STATUS): Fate.KILLED,
        Mutant(CASE, Kind.REMOVED, STATUS, ("timestamp",)): Fate.SURVIVED,
        Mutant(CASE, Kind.EXTRA, "Authorize.req OCTTVALID1", value="StartTransaction"): Fate.ELSEWHERE,
        Mutant(CASE, Kind.DROPPED, "StatusNotification.req 1 Charging"): Fate.KILLED,
        Mutant(CASE, Kind.TWICE, "StatusNotification.req 1 Charging"): Fate.SURVIVED,
    }
    with Pool(2) as pool:
        (baseline,) = pool.play([Job(CASE)])
        (results,) = pool.play([Job(CASE, tuple(told), baseline)])
    assert {result.mutant: result.fate for result in results} == told, results
    assert baseline.verdict == "PASS"
    assert results[0].step == "1"


def test_ctrl_c_ends_it_at_once_and_says_how_to_go_on(tmp_path):
    command = [*OCTT, "audit", "--case", CASE, "-n", "2", "--out", str(tmp_path / "out")]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    ours = signal.signal(signal.SIGINT, signal.default_int_handler)  # what is ignored, children ignore too
    try:
        process = subprocess.Popen(command, start_new_session=True, **pipes)
    finally:
        signal.signal(signal.SIGINT, ours)
    with process:
        assert any("mutants" in line for line in process.stdout)
        os.killpg(process.pid, signal.SIGINT)
        _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert told == f"octt: interrupted; go on with: --out {tmp_path / 'out'}\n"


# -- without a station ----------------------------------------------------------------------------------------------


def baseline(case, **payload):
    frames = [Target(f"Authorize.req {n}", "CALL", "Authorize", {"idTag": "T"} | payload) for n in range(5)]
    return Baseline(case, "PASS", "", tuple(frames))


def test_a_seed_draws_a_sample_that_another_frame_leaves_as_it_is(tmp_path):
    def names(seed, *baselines, sample=20):
        asked = Asked(tmp_path, sample=sample, seed=seed)
        return [mutant.name for mutant in chosen(asked, baselines, 4.0)]

    first, second = baseline("TC_003_CS"), baseline("TC_004_1_CS")
    everything = names("", first, second, sample=0)
    drawn = names("a", first, second)
    assert len(drawn) == 20
    assert drawn == [name for name in everything if name in set(drawn)]
    assert drawn == names("a", first, second)
    assert drawn != names("b", first, second)
    assert set(drawn) < set(names("a", first, second, sample=30))


def test_a_case_that_does_not_pass_has_no_mutants(tmp_path):
    failing = Baseline(CASE, "FAIL", "why", baseline(CASE).targets)
    assert chosen(Asked(tmp_path), [failing], 4.0) == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--case", "TC_999_CS"], "octt: there is no test case TC_999_CS"),
        (["--bench", "none.toml"], "octt: bench file none.toml: No such file"),
        (["--bench", "hand.toml"], "octt: an audit plays every case a hundred times"),
        (["--out", "file"], "octt: invalid value for '--out'"),
        (["--out", "other"], "octt: other holds the audit of another station: choose another --out"),
        (["--out", "broken"], "octt: broken/asked.json cannot be read: choose another --out"),
        (["--sample", "0"], "octt: invalid value for '--sample'"),
        (["-n", "none"], "octt: invalid value for '-n'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_every_mistake_is_one_sentence(tmp_path, monkeypatch, arguments, sentence):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hand.toml").write_text('[driver]\nkind = "manual"\n', encoding="utf-8")
    (tmp_path / "file").touch()
    for folder, text in (("other", '{"bench": "1"}'), ("broken", "{")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "asked.json").write_text(text, encoding="utf-8")
    done = invoke("audit", *arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith(sentence)
    assert len(done.stderr.splitlines()) == 1


def test_the_folder_holds_the_frames_of_every_case(audited):
    folder, _ = audited
    (line,) = lines(folder, BASELINES)
    assert line["case"] == CASE
    assert STATUS in [target["title"] for target in line["targets"]]
