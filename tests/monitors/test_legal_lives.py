"""Whatever a conformant station may do, the monitors find no violation; and what is wrong is still found amidst it."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st
from monitor_station import MOVES, Station


def life(luck):
    station = Station(luck)
    for _ in range(luck.randint(5, 40)):
        station.wire.wait(luck.choice([0.1, 10, 100]))
        luck.choice(MOVES)(station)
        station.deliver()
    return station


@settings(deadline=None, max_examples=300)
@given(st.integers(0, 2**32))
def test_whatever_a_conformant_station_does_is_no_violation(seed):
    assert life(random.Random(seed)).wire.violations() == []
