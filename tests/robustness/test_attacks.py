"""The attacks of `make bench` in small: what must hold on every machine holds, and the benchmarks can be trusted."""

from __future__ import annotations

import pytest

from benchmarks import hostile, soak
from octt.csms import port
from tests.conftest import running

ON_ANY_MACHINE = ("survived", "most memory", "frames on the record")
"""Time is another matter where others use the machine too."""


def held(figures):
    return {figure.what: figure.holds for figure in figures if figure.what.endswith(ON_ANY_MACHINE)}


@pytest.mark.parametrize(
    ("attack", "count"), [(hostile._frames, 1000), (hostile._heavy, 18), (hostile._connections, 60)]
)
def test_a_hostile_station_is_survived(attack, count):
    assert list(held(attack(count)).values()) == [True, True]


def test_a_chatty_station_is_on_the_record_whole():
    assert list(held(soak.measure(seconds=60)).values()) == [True, True]


def test_the_benchmarks_station_answers_pings(tmp_path, monkeypatch):
    """An attack takes minutes: who answers none is sent away within one, and the attack measures nothing."""
    monkeypatch.setattr(port, "PING", 0.2)
    with running(tmp_path) as bench:
        station = hostile.Attacker(bench.csms.settings.endpoints[0].port, "CS%201%2F%C3%A4")
        (session,) = bench.eventually(lambda: list(bench.csms._open))
        bench.eventually(lambda: station.burst(b"") and session.connection.pongs)
        assert station.round_trip(hostile.text_frame("1", "Heartbeat", {})) > 0
        station.close()
