"""No more runs than the machine carries."""

from __future__ import annotations

import pytest

from octt.campaign import load
from octt.campaign.load import CROWDED, Carried


@pytest.fixture
def machine(monkeypatch):
    """Two processors, so many tasks that want to run, and a clock."""

    class Machine:
        tasks, now = 0.0, 100.0

        def looks(self, carried, seconds=1.0):
            for _ in range(10):
                self.now += seconds / 10
                carried.look()

    made = Machine()
    monkeypatch.setattr(load, "processors", lambda: 2)
    monkeypatch.setattr(load, "runnable", lambda: made.tasks)
    monkeypatch.setattr(load.time, "monotonic", lambda: made.now)
    return made


def test_no_more_are_started_at_a_time_than_there_are_processors(machine):
    carried = Carried(None)
    machine.looks(carried)
    assert carried.admits(going=5, starting=1)
    assert not carried.admits(going=5, starting=2)


def test_a_crowded_machine_gets_no_other_run_and_an_idle_one_always_has_one(machine):
    carried = Carried(None)
    machine.tasks = CROWDED * 2
    machine.looks(carried)
    assert not carried.admits(going=1, starting=0)
    assert carried.admits(going=0, starting=0)
    machine.tasks = 1
    machine.looks(carried, 2)
    assert carried.admits(going=1, starting=0)


def test_after_a_start_the_machine_is_looked_at_anew(machine):
    carried = Carried(None)
    machine.looks(carried)
    carried.began()
    assert not carried.admits(going=1, starting=0)
    machine.looks(carried)
    assert carried.admits(going=1, starting=0)


def test_a_bound_of_ones_own_counts_instead_of_the_load(machine):
    carried = Carried(3)
    machine.tasks = 100
    machine.looks(carried)
    assert carried.admits(going=2, starting=0)
    assert not carried.admits(going=3, starting=0)
    assert not carried.admits(going=2, starting=2)


def test_a_run_that_stood_still_lowers_the_bound_and_good_ones_raise_it(machine):
    carried = Carried(None)
    machine.looks(carried)
    assert carried.late(going=8) == 7
    assert carried.late(going=8) == 7
    assert not carried.admits(going=7, starting=0)
    carried.ended(late=True)
    assert not carried.admits(going=7, starting=0)
    carried.ended(late=False)
    assert carried.admits(going=7, starting=0)
    assert carried.late(going=1) == 1


def test_what_the_computer_says_of_itself():
    assert load.runnable() >= 0
    assert load.processors() >= 1


def test_where_nobody_says_it_the_load_of_the_last_minute_counts(monkeypatch, tmp_path):
    monkeypatch.setattr(load, "_LOADAVG", tmp_path / "none")
    monkeypatch.setattr(load.os, "getloadavg", lambda: (1.5, 0, 0))
    assert load.runnable() == 1.5
