"""Racks over Dask with real worker processes: killed, restarted, away. Nothing is lost, nothing run twice unseen."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from octt.paths import DATA
from octt.report.evidence.verify import verify
from tests.campaigns.dask_processes import Cluster, until
from tests.commands.calling import OCTT

BENCH = DATA / "examples/simulated.toml"
LONG = '["TC_003_CS", "TC_036_CS"]'
"""A case that is over at once, and one that takes eight seconds."""


@pytest.fixture
def cluster(tmp_path):
    found = Cluster(tmp_path)
    try:
        found.begin()
        yield found
    finally:
        found.end()


class Campaign:
    """`octt campaign` going on in a process of its own."""

    def __init__(self, cluster, racks, cases=LONG, patience=60):
        self.cluster, self.folder = cluster, cluster.folder
        self.out, file = self.folder / "out", self.folder / "c.toml"
        stations = "".join(
            f'[[station]]\nname = "{station}"\nrack = "{rack}"\nbench = "{BENCH}"\n'
            for station, rack in racks.items()
        )
        file.write_text(f"cases = {cases}\npatience = {patience}\n{stations}")
        self.argv = [*OCTT, "campaign", str(file), "--out", str(self.out), "--scheduler", cluster.address]
        self.process = None

    def begin(self):
        log = (self.folder / "campaign.log").open("wb")
        self.process = subprocess.Popen(self.argv, stdout=log, stderr=subprocess.STDOUT)

    def end(self, code, seconds=180):
        """Waits for the end; what was told."""
        try:
            found = self.process.wait(seconds)
        finally:
            self.process.kill()
            told = (self.folder / "campaign.log").read_text()
        assert found == code, told
        return told

    @property
    def data(self):
        return json.loads((self.out / "campaign.json").read_text())


def going(place: Path, station: str):
    """The folder of the run that goes on at a station, once its second case has begun."""

    def found():
        records = sorted(place.glob(f"{station}/*/record.jsonl"))
        return [one.parent for one in records if b'"kind":"case.end"' in one.read_bytes()]

    return until(found)[-1]


def begun(place, station):
    return sorted(path.name for path in (place / station).glob("*.asked"))


def test_a_killed_worker_leaves_a_run_that_goes_on_and_is_not_run_twice(cluster):
    place = cluster.rack("r1")
    campaign = Campaign(cluster, {"bay": "r1"})
    campaign.begin()
    run = going(place, "bay")
    cluster.kill("r1")
    cluster.rack("r1")
    told = campaign.end(0)
    assert "bay had been begun on r1 before: not run again, this came of it" in told
    assert len(begun(place, "bay")) == 1
    found = verify(campaign.out / "bay/1")
    assert (found.problems, found.signature) == ([], "valid")
    assert (campaign.out / "bay/1/record.jsonl").read_bytes() == (run / "record.jsonl").read_bytes()
    assert campaign.data["runs"][0]["tried"][0]["record"] == campaign.data["runs"][0]["hash"]


def test_a_rack_that_dies_with_its_run_is_asked_again_and_what_was_recorded_is_fetched(cluster):
    place = cluster.rack("r1")
    other = cluster.rack("r2")
    campaign = Campaign(cluster, {"bay": "r1", "bay-2": "r2"})
    campaign.begin()
    run = going(place, "bay")
    cluster.kill("r1")
    os.killpg(int(run.with_name(f"{run.name}.pid").read_text()), signal.SIGKILL)
    cluster.rack("r1")
    told = campaign.end(0)
    assert "bay is begun again on the same station: it was killed before it came to its end" in told
    assert (len(begun(place, "bay")), len(begun(other, "bay-2"))) == (2, 1)
    assert list(other.glob("bay/*")) == []
    assert (campaign.out / "bay/1/record.jsonl").read_bytes() == (run / "record.jsonl").read_bytes()
    assert (campaign.out / "bay/2/report.html").exists()
    assert [len(one["tried"]) for one in campaign.data["runs"]] == [2, 1]


def test_a_scheduler_that_is_restarted_is_told_and_the_run_goes_on(cluster):
    place = cluster.rack("r1")
    campaign = Campaign(cluster, {"bay": "r1"})
    campaign.begin()
    going(place, "bay")
    cluster.scheduler.kill()
    cluster.scheduler.wait()
    until(lambda: "the scheduler does not answer" in (cluster.folder / "campaign.log").read_text())
    cluster.begin()
    cluster.kill("r1")  # Dask's worker ends with its scheduler, by and by
    cluster.rack("r1")
    told = campaign.end(0)
    assert "the scheduler answers again" in told
    assert len(begun(place, "bay")) == 1
    assert verify(campaign.out / "bay/1").problems == []


def test_a_rack_that_never_answers_is_told_and_asked_the_next_time(cluster):
    place = cluster.rack("r1")
    campaign = Campaign(cluster, {"bay": "r1", "away": "r2"}, '["TC_003_CS"]', patience=15)
    campaign.begin()
    told = campaign.end(4)
    assert "away: no worker offers rack r2; it is waited for 15 s" in told
    assert "away  not carried out: rack r2 did not answer for" in told
    assert "What is missing is run by: octt campaign" in told
    assert [(one["run"], one["code"]) for one in campaign.data["runs"]] == [("bay", 0), ("away", None)]
    there = cluster.rack("r2")
    campaign.begin()
    told = campaign.end(0)
    assert "1 of 2 runs have a verdict" in told
    assert (len(begun(place, "bay")), len(begun(there, "away"))) == (1, 1)


def test_ctrl_c_reaches_the_rack_and_what_did_not_begin_never_does(cluster):
    place = cluster.rack("r1")
    campaign = Campaign(cluster, {"bay": "r1", "queued": "r1"})
    campaign.begin()
    going(place, "bay")
    campaign.process.send_signal(signal.SIGINT)
    told = campaign.end(130)
    assert "queued  not carried out: ended before it began" in told
    record = (campaign.out / "bay/1/record.jsonl").read_bytes()
    assert b'"kind":"run.end"' in record.splitlines()[-1]
    assert verify(campaign.out / "bay/1").problems == []
    assert begun(place, "queued") == []
