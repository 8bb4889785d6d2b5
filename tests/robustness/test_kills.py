"""Killed at any moment: what the station was answered is on the record, and so is what it was sent (`make kills`)."""

from __future__ import annotations

import pytest

from benchmarks.kills import Killed, _what_is_left, kill
from octt.record import Record
from octt.record.events import FrameSeen


@pytest.mark.parametrize("after", [0.05, 0.3, 0.6])
def test_what_was_answered_survives_a_kill(after):
    killed = kill(after)
    assert killed.answered > 0
    assert killed == Killed(killed.answered, 0, 0, damaged=False, reported=True)


def test_a_line_that_is_lost_would_be_noticed(tmp_path):
    record = Record(tmp_path / "record.jsonl")
    seen = {"connection": 1, "type": "CALL", "id": "k0", "action": "Heartbeat", "problems": []}
    record.write(FrameSeen(**seen, dir="in", raw='[2,"k0","Heartbeat",{}]'))
    record.write(FrameSeen(**seen, dir="out", raw='[3,"k0",{}]'))
    record.close()
    assert _what_is_left(record.path, ['[3,"k0",{}]']) == Killed(1, 0, 0, damaged=False, reported=True)
    left = _what_is_left(record.path, ['[3,"k0",{}]', '[3,"k1",{}]'])
    assert (left.lost_in, left.lost_out) == (1, 1)
