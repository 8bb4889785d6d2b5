"""No case without checks, no check without a fault, no fault for a check that does not exist.

The campaign itself (`python -m tests.campaign`) runs all of them; this holds the lists together in a second.
"""

from __future__ import annotations

import multiprocessing
import re
import threading

import pytest

from octt import paths
from octt.suite.catalogue import load_catalogue
from tests.campaign import STATIONS, cases_of, parallel, proofs, unproven, written_cases


def test_every_case_of_the_catalogue_has_a_script_and_every_script_its_case():
    assert written_cases() == set(load_catalogue())


def test_every_check_has_a_fault():
    assert unproven(proofs(), sorted(written_cases())) == []


def test_every_case_applies_to_some_station_of_the_campaign():
    applying = {case.id for station in STATIONS for case in cases_of(station)}
    assert applying == set(load_catalogue())


@pytest.mark.parametrize("proof", proofs(), ids=lambda proof: f"{proof.case}-{proof.step}-{proof.fault}")
def test_every_fault_names_a_case_that_exists(proof):
    assert proof.case in load_catalogue()


def test_the_matrix_shows_every_proof():
    """`make matrix` was run after the last change of faults or checks."""
    text = (paths.TESTCASES / "matrix.md").read_text(encoding="utf-8")
    shown = set(re.findall(r"^\| (TC_\w+) \| (\S+) \| `(.*)` \|$", text, re.MULTILINE))
    assert shown == {(proof.case, proof.step, proof.fault) for proof in proofs()}


def _work(name: str, _: tuple[str, ...]) -> str:
    if name == "endless":
        threading.Event().wait()
    return name


def test_who_asks_for_no_more_results_waits_for_no_work():
    """A set of stations that is cut off by its time ends, though one of them never would."""
    results = parallel({1: ("endless", ("TC_001_CS",)), 2: ("short", ())}, 2, _work)
    assert next(iter(results)) == (2, "short")
    results.close()
    assert multiprocessing.active_children() == []


def test_an_error_in_a_worker_is_told():
    with pytest.raises(TypeError):
        list(parallel({1: ("too", ("many",), "arguments")}, 1, _work))
