"""Whatever comes, the monitors do not raise, and what they remember stays bounded."""

import json
import sys
import time

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from monitor_wire import Wire

from octt import ocpp
from octt.monitors import RULES, Breach, Monitors
from octt.monitors.known.talk import REMEMBERED
from octt.monitors.monitors import LISTED
from octt.monitors.rules.base import Rule
from octt.ocpp import schemas
from octt.record import decode

# -- anything -----------------------------------------------------------------------------------------------------

NAMES = [
    "connectorId",
    "transactionId",
    "idTag",
    "meterStart",
    "meterStop",
    "timestamp",
    "status",
    "errorCode",
]
NAMES += ["meterValue", "sampledValue", "value", "measurand", "transactionData", "interval", "currentTime"]
NAMES += ["configurationKey", "key", "idTagInfo", "requestedMessage", "context", "unit"]
VALUES = [
    "1001",
    "2026-03-01T12:00:00Z",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "nan",
    "inf",
]
VALUES += [
    "Accepted",
    "Rejected",
    "Pending",
    "Idle",
    "Faulted",
    "NumberOfConnectors",
    "Trigger",
    "1e999",
    "-5",
]

leaves = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(VALUES) | st.text(max_size=8)
)
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=12,
)
payloads = st.dictionaries(st.sampled_from(NAMES), values, max_size=6)
idents = st.sampled_from(["1", "2", "3", "", "x" * 40])
actions = st.sampled_from(sorted(schemas.ACTIONS)) | st.text(max_size=5)
messages = (
    st.tuples(st.just(2), idents, actions, payloads).map(list)
    | st.tuples(st.just(3), idents, payloads).map(list)
    | st.tuples(st.just(4), idents, st.sampled_from(ocpp.ERROR_CODES), st.text(max_size=5), payloads).map(
        list
    )
    | values
)
events = st.fixed_dictionaries(
    {
        "n": st.integers(1, 2**40),
        "t": st.integers(-(2**62), 2**62),
        "m": st.integers(-(2**62), 2**62),
        "kind": st.sampled_from(
            ["frame"] * 4 + ["connect", "disconnect", "network", "action", "config", "run.resume"]
        ),
    },
    optional={
        "connection": st.integers(0, 3) | values,
        "dir": st.sampled_from(["in", "out"]) | values,
        "raw": messages.map(json.dumps) | values,
        "type": values,
        "problems": values,
        "truncated": values,
        "binary": values,
        "keys": values,
        "replaces": values,
        "remote": values,
        "action": st.sampled_from(["power_off", "power_on", "power_cycle", "present_id_tag"]) | values,
        "phase": st.sampled_from(["asked", "done", "cannot"]) | values,
        "params": values,
        "who": values,
    },
)


def typed(**fields):
    """The event of a line with these fields, as it is read from a record; None when it is none."""
    return decode(json.dumps(fields).encode())


@settings(deadline=None)
@given(st.lists(events, max_size=12))
def test_any_events_are_survived(sequence):
    monitors = Monitors()
    for fields in sequence:
        event = typed(**fields)
        for breach in monitors.see(event) if event else ():
            assert isinstance(breach, Breach)
            assert breach.severity in ("violation", "remark")
            assert "could not judge" not in breach.text
            assert breach.rule


@settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), messages.map(json.dumps)), max_size=12))
def test_any_frames_are_survived(frames):
    wire = Wire()
    for incoming, text in frames:
        wire.wait(10).raw(text, incoming=incoming)
    assert not [f for f in wire.findings if "could not judge" in f.text]


EVERYTHING = dict.fromkeys(("requests", "replies", "asked", "answers"), "any") | {"faulty": False}
READING_ALL = tuple(type(rule.__name__, (rule,), EVERYTHING) for rule in RULES)


@settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), messages.map(json.dumps)), max_size=12))
def test_what_a_rule_does_not_read_it_has_nothing_to_say_about(frames):
    usual, careful = Wire(), Wire(rules=READING_ALL)
    for incoming, text in frames:
        for wire in (usual, careful):
            wire.wait(10).raw(text, incoming=incoming)
    assert usual.findings == careful.findings


def test_deeply_nested_and_huge_frames_are_survived():
    wire = Wire()
    nested = "[" * 900 + "]" * 900
    wire.raw('[2,"1","DataTransfer",{"data":' + nested + "}]", problems=["deep"])
    wire.raw('[2,"2","MeterValues",{"connectorId":' + "9" * 400 + "}]", problems=["large"])
    assert wire.violations()


HUGE = {
    "wrong elements": [{"timestamp": "2026-03-01T12:00:00Z", "sampledValue": [1] * 400_000}],
    "wrong objects": [{}] * 250_000,
    "right": [{"timestamp": "2026-03-01T12:00:00Z", "sampledValue": [{"value": "1"}]}] * 15_000,
    "odd": [{"timestamp": "20260301T1200Z", "sampledValue": [{"value": "1 ", "context": "Trigger"}]}] * 9_000,
}


@pytest.mark.parametrize("what", HUGE)
def test_a_frame_of_a_megabyte_is_judged_quickly(what):
    text = ocpp.call("1", "MeterValues", {"connectorId": 1, "transactionId": 1, "meterValue": HUGE[what]})
    frame = ocpp.parse(text)
    problems = schemas.problems("MeterValues", "request", frame.payload)
    event = typed(kind="frame", n=2, t=0, m=1, connection=1, dir="in", type="CALL", problems=problems)
    # processor time of this thread, so that a busy machine fails nothing; it takes about a tenth of this
    began = time.thread_time()
    found = Monitors().see(event, frame)
    assert time.thread_time() - began < 0.3
    assert len(found) < 10
    assert all(len(breach.text) < 500 for breach in found)


# -- the machine itself -------------------------------------------------------------------------------------------


def test_live_and_again_from_the_record_say_the_same():
    wire = Wire()
    wire.boot()
    wire.start()
    wire.wait(60).meter(90)
    wire.meter(80)
    wire.wait(10).stop(meter=10)
    wire.raw("{")
    again = Monitors()
    lines = [msgspec.json.encode(event) for event in wire.events]
    findings = [finding for line in lines for finding in again.see(decode(line))]
    assert findings == wire.findings
    assert {f.rule for f in findings} >= {"frame", "transaction"}


def test_a_mistake_of_a_rule_fails_no_station():
    class Broken(Rule):
        name, cite, requests = "broken", "nowhere", "any"

        def see(self, seen, talk):
            yield from [][1]

    wire = Wire(connect=False)
    wire.monitors = Monitors(rules=(Broken,))
    wire.call("Heartbeat")
    assert {f.severity for f in wire.findings} == {"remark"}
    assert "report it" in wire.findings[0].text


def test_the_same_fault_again_does_not_bury_others_and_the_last_that_is_told_says_so():
    wire = Wire()
    for number in range(LISTED + 10):
        wire.raw("{")
        wire.stop(4711 + number)
    for told in (wire.violations(), wire.remarks("transaction")):
        assert len({breach.fault for breach in told}) == 1
        assert len(told) == LISTED
        assert ["no more is told" in breach.text for breach in told] == [False] * (LISTED - 1) + [True]
    wire.raw('[9,"1","Heartbeat",{}]')
    assert len(wire.violations()) == LISTED + 1
    wire.case = "TC_001_CS"
    wire.stop(4711)
    assert len(wire.remarks("transaction")) == LISTED + 1


def test_remarks_on_times_come_once_a_case():
    wire = Wire()
    for case in ("TC_001_CS", "TC_002_CS"):
        wire.case = case
        for _ in range(3):
            wire.stop(4711, time="1970-01-01T00:00:00Z")
    assert len(wire.remarks("timestamp")) == 2


def test_memory_is_bounded_in_long_runs():
    wire = Wire()
    monitors, now = wire.monitors, 0
    stamp = wire.time()
    for n in range(2, 2 * REMEMBERED):
        now += 10**9
        event = typed(kind="frame", n=n, t=now, m=now, connection=1, dir="in", problems=[])
        payload = {"connectorId": n % 5000, "transactionId": n, "meterValue": []}
        if n % 2:
            payload |= {"idTag": "A", "meterStart": n, "timestamp": stamp}
        action = ["MeterValues", "StartTransaction"][n % 2]
        monitors.see(event, ocpp.Frame("CALL", str(n), action, payload))
    talk = monitors._talk
    assert len(talk.calls) == REMEMBERED
    assert sum(1 for call in talk.calls.values() if call.payload) <= 64
    assert sum(map(_size, [*monitors._rules, talk.ledger, talk.tags, talk.hands])) < 20_000


def _size(holder):
    return sum(len(value) for value in vars(holder).values() if hasattr(value, "__len__"))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_rule_says_what_it_asks_and_where_that_is_written(rule):
    assert len(rule.__doc__) > 30
    assert "OCPP" in rule.cite
    module = sys.modules[rule.__module__]
    assert module.__doc__


def test_rules_have_names_of_their_own():
    assert len({rule.name for rule in RULES}) == len(RULES)
