"""The attacks of `make bench` in small: what must hold on every machine holds, and the benchmarks can be trusted."""

from __future__ import annotations

import pytest

from benchmarks import hostile, soak

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
