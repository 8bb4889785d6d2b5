"""How far a run is, from a record that grows."""

from __future__ import annotations

from octt.campaign.following import Follower
from octt.record import Record
from octt.record.events import (
    CaseEnded,
    CaseRevised,
    CaseStarted,
    PlanLine,
    RunEnded,
    RunStarted,
    ToolTroubled,
)
from octt.record.words import Blame, Verdict


def ended(verdict):
    return CaseEnded(attempt=1, verdict=verdict, blame=Blame.NOBODY, reason="", seconds=1, forced=0)


def test_it_is_read_on_as_it_grows(tmp_path):
    path = tmp_path / "record.jsonl"
    follower, seen = Follower(path), None
    assert not follower.look()
    record = Record(path)
    plan = [PlanLine(case=f"TC_{n}", applicable=applies) for n, applies in enumerate((True, None, False))]
    record.write(RunStarted(tool={}, bench={}, pics={}, plan=plan, started=""))
    assert follower.look()
    seen = follower.seen
    assert (seen.total, seen.started, seen.case) == (2, False, "")
    record.write(CaseStarted(attempt=1, name="one"), case="TC_0")
    assert follower.look()
    assert (seen.started, seen.case) == (True, "TC_0")
    assert not follower.look()
    record.write(ToolTroubled(what="loop", text="", seconds=2, began=0))
    record.write(ToolTroubled(what="clock", text="", seconds=2, began=0))
    record.write(ended(Verdict.PASS), case="TC_0")
    record.write(CaseRevised(verdict=Verdict.FAIL, blame=Blame.STATION, reason=""), case="TC_0")
    record.write(RunEnded(reason="finished"))
    record.close()
    follower.look()
    assert (seen.case, seen.verdicts, seen.late, seen.ended) == ("", {"TC_0": "FAIL"}, 1, True)
    assert all(type(verdict) is str for verdict in seen.as_dict()["verdicts"].values())


def test_a_line_that_is_not_written_to_its_end_waits_for_the_rest(tmp_path):
    path = tmp_path / "record.jsonl"
    record = Record(path)
    record.write(CaseStarted(attempt=1, name="one"), case="TC_0")
    record.close()
    whole = path.read_bytes()
    path.write_bytes(whole[:40])
    follower = Follower(path)
    assert not follower.look()
    with path.open("ab") as file:
        file.write(whole[40:])
    assert follower.look()
    assert follower.seen.case == "TC_0"
