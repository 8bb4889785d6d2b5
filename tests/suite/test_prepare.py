"""What is said, changed or refused before a run: the bench held against the declaration."""

import json
import signal
import tomllib

import pytest

from octt.commands.front import run_cases
from octt.paths import PICS
from octt.pics.declaration import Declaration
from octt.pics.intervals import adapted_intervals
from octt.pics.writing import toml_key, toml_value
from octt.suite.prepare import prepare

TIMES = {"meter_value_interval": 10, "heartbeat_interval": 10, "boot_retry_interval": 10}


@pytest.fixture
def bench(tmp_path):
    """Writes a bench file."""

    def write(text=""):
        path = tmp_path / "bench.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def pics(tmp_path):
    """Writes the simulated station's declaration with other answers."""

    def write(**answers):
        data = tomllib.loads((PICS / "simulated.toml").read_text(encoding="utf-8"))
        data["answers"] |= {item.replace("_", "-"): value for item, value in answers.items()}
        path = tmp_path / "pics.toml"
        lines = [f"{toml_key(name)} = {toml_value(value)}" for name, value in data.items()]
        path.write_text("\n".join(lines), encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize(
    ("answers", "used"),
    [
        ({"ORS-4": 60, "ORS-6": 30}, {"meter_value_interval": 60, "heartbeat_interval": 30}),
        ({"ORS-4": 11}, {"meter_value_interval": 11}),
        ({"ORS-4": 10, "ORS-6": 1}, {}),
        ({"ORS-4": 0, "ORS-6": 0}, {}),
        ({"ORS-4": "a minute", "ORS-6": True}, {}),
        ({}, {}),
    ],
)
def test_an_interval_shorter_than_the_stations_minimum_is_lengthened(answers, used):
    found = adapted_intervals(Declaration(answers=answers), TIMES)
    assert {change.name: change.used for change in found} == used
    for change in found:
        assert change.item in str(change)
        assert f"{change.used} s" in str(change)
        assert f"times.{change.name} = 10 " in str(change)


def test_the_run_uses_the_stations_minimum_and_says_so_before(bench, pics):
    options = prepare(bench("[times]\nheartbeat_interval = 20\n"), pics(ORS_6=45, ORS_4=3))
    assert options.bench.times.heartbeat_interval == 45
    assert options.bench.times.meter_value_interval == 10
    [notice] = options.notices
    assert "times.heartbeat_interval = 20" in notice
    assert "45 s (ORS-6)" in notice


def test_a_bench_without_declaration_says_what_cannot_be_decided_and_the_remedy(bench):
    file = bench()
    [notice] = prepare(file).notices
    assert "No declaration is given (--pics)" in notice
    assert "of 102 cases" in notice
    assert f"octt pics draft --bench {file}" in notice


def test_what_needs_no_declaration_says_nothing(bench, pics):
    assert prepare().notices == []
    assert prepare(bench(), cases=("TC_001_CS",)).notices == []
    assert prepare(bench(), pics()).notices == []


def test_what_was_said_before_the_run_stands_on_its_record(bench, pics, tmp_path, capsys, monkeypatch):
    text = """
    [central_system]
    host = "127.0.0.1"
    port = 0
    [driver]
    kind = "simulated"
    [times]
    meter_value_interval = 1
    """
    out = tmp_path / "out"
    monkeypatch.setattr(signal, "signal", lambda *_: None)  # that of the tests stays as it is
    run_cases(bench(text), pics(ORS_4=2), ("TC_027_CS",), (), out)
    first = json.loads((out / "record.jsonl").read_text(encoding="utf-8").splitlines()[0])
    assert first["bench"]["times"]["meter_value_interval"] == 2
    # The first run of all also says that a signing key is made, and what a rig cannot do is said too.
    [notice] = [told for told in first["notices"] if "(ORS-4)" in told]
    assert notice in capsys.readouterr().out
