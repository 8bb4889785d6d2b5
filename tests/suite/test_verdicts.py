"""Verdict and blame when the protocol itself is broken, the driver fails, or the station goes silent."""

from __future__ import annotations

import pytest

from octt.bench import SIMULATED, Driver
from tests.campaign import STANDARD, parallel

PROTOCOL = {
    "schema-violation:StartTransaction": "FAIL",
    "wrong-type:StartTransaction": "FAIL",
    "missing-field:StatusNotification": "FAIL",
    "bad-timestamp:StartTransaction": "FAIL",
    "malformed-frame:StatusNotification": "FAIL",
    "wrong-id:RemoteStartTransaction": "FAIL",
    "callerror:RemoteStartTransaction": "FAIL",
    "no-reply:RemoteStartTransaction": "FAIL",
    "late-reply:RemoteStartTransaction=5": "FAIL",
    "duplicate-reply:RemoteStartTransaction": "FAIL",
    "duplicate-message-id": "FAIL",
}
"""Faults of the protocol, and what must become of TC_010 because of them."""


@pytest.fixture(scope="module")
def outcomes():
    """What became of TC_010 with every fault of the protocol."""
    jobs = {fault: (STANDARD, ("TC_010_CS",), (fault,)) for fault in PROTOCOL}
    return {fault: result[0] for fault, result in parallel(jobs)}


@pytest.mark.parametrize("fault", PROTOCOL)
def test_a_broken_protocol_never_passes(outcomes, fault):
    assert (fault, outcomes[fault].verdict) == (fault, PROTOCOL[fault]), outcomes[fault].reason


def test_who_talks_before_it_is_accepted_fails():
    ((_, result),) = parallel({1: (STANDARD, ("TC_002_CS",), ("talk-before-accepted",))})
    assert result[0].verdict == "FAIL", result[0].reason


def test_a_driver_that_cannot_act_is_not_the_stations_fault():
    bench = SIMULATED.model_copy(update={"driver": Driver(kind="command", commands={"fault": "false"})})
    quick = bench.model_copy(update={"times": bench.times.model_copy(update={"connect_timeout": 1})})
    ((_, result),) = parallel({1: (STANDARD, ("TC_003_CS",), (), quick)})
    assert result[0].verdict == "INCONCLUSIVE"
