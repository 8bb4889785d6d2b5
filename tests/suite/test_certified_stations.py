"""A part of `make c6`: as slow as the certified C6 a station passes; slower than it declares it fails by that limit."""

from __future__ import annotations

import pytest

from octt import paths
from tests.campaign import parallel
from tests.certified_stations import C6, SLOWER, run_at_pace, too_slow, wrong

CASES = ("TC_003_CS", "TC_012_CS", "TC_013_CS")
"""A local start, a remote stop, and what follows a boot."""

TRIED = [slower for slower in SLOWER if slower.case in ("TC_003_CS", "TC_016_CS")]


def test_as_slow_as_it_was_measured_it_passes():
    outcomes = run_at_pace(C6, CASES)
    assert {case: outcome.verdict for case, outcome in outcomes.items()} == dict.fromkeys(CASES, "PASS")


@pytest.fixture(scope="module")
def slow():
    """What becomes of a station that is slower than declared in one thing."""
    jobs = {slower: (too_slow(slower), (slower.case,), ()) for slower in TRIED}
    return {slower: result[0] for slower, result in parallel(jobs, 2)}


@pytest.mark.parametrize("slower", TRIED, ids=lambda slower: f"{slower.case}-{slower.delay}")
def test_slower_than_declared_it_fails_at_the_step_by_that_limit(slow, slower):
    assert wrong(slower, slow[slower]) == ""


def test_the_committed_result_is_that_of_both_stations():
    text = (paths.TESTCASES / "certified-stations.md").read_text(encoding="utf-8")
    assert text.count("| none |") == 3
    assert "NOT PROVEN" not in text
    for slower in SLOWER:
        assert f"| `{slower.delay}` | {slower.case} | {slower.step} | `{slower.item}` |" in text
