"""Problems of payloads: the rule first, no more than can be read, and quick however large the payload is."""

import gc
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octt.ocpp import schemas
from octt.ocpp.schemas import LISTED, error_code, faults, problems

TIME = "2026-03-01T12:00:00Z"
STATUS = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"connectorId": "1"}, 'connectorId: is no integer: "1"'),
        ({"errorCode": None}, "errorCode: is no string: null"),
        ({"status": "Busy"}, "status: is none of Available, Preparing, Charging"),
        ({"timestamp": "soon"}, 'timestamp: is no date and time of ISO 8601: "soon"'),
        ({"info": "x" * 51}, "info: is longer than 50 characters: 51 characters, "),
        ({"colour": "red"}, "has fields that the message does not have: colour"),
        ({"info": {"a": 1, "b": 2}}, "info: is no string: an object of 2"),
    ],
)
def test_one_sentence_with_the_rule_before_the_value(change, told):
    (problem,) = problems("StatusNotification", "request", STATUS | change)
    assert problem.startswith(told)


def test_what_is_missing():
    assert problems("Authorize", "request", {}) == ["idTag: is required and missing"]
    values = [{"timestamp": TIME, "sampledValue": []}]
    (problem,) = problems("MeterValues", "request", {"connectorId": 1, "meterValue": values[:0]})
    assert problem.startswith("meterValue: ")


def test_a_long_value_is_shortened_in_the_middle_and_hides_nothing():
    key = {"key": "CpoName", "readonly": False, "value": "a" + "x" * 549 + "z"}
    (problem,) = problems("GetConfiguration", "response", {"configurationKey": [key]})
    assert problem.startswith("configurationKey.0.value: is longer than 500 characters: 551 characters, ")
    assert '"axxx' in problem
    assert problem.endswith('xz"')
    assert len(problem) < 200


def test_the_same_fault_has_the_same_field_and_rule_wherever_it_is():
    keys = [{"key": f"key{n}", "readonly": False, "value": n} for n in range(3)]
    found, others = faults("GetConfiguration", "response", {"configurationKey": keys})
    assert {(fault.field, fault.rule) for fault in found} == {("configurationKey.value", "is no string")}
    assert [fault.place for fault in found] == [f"configurationKey.{n}.value" for n in range(3)]
    assert others == ""


def test_no_more_than_a_few_are_told_and_how_many_others_there_are():
    keys = [{"key": 1} for n in range(30)]
    found = problems("GetConfiguration", "response", {"configurationKey": keys})
    assert len(found) == LISTED + 1
    assert found[-1] == "and 40 others"


def test_the_one_wrong_value_behind_thousands_is_found():
    right = {"timestamp": TIME, "sampledValue": [{"value": "1"}]}
    wrong = {"timestamp": "soon", "sampledValue": [{"value": "1"}]}
    payload = {"connectorId": 1, "meterValue": [right] * 5000 + [wrong]}
    told, others = problems("MeterValues", "request", payload)
    assert told.startswith("meterValue.5000.timestamp: ")
    assert others.startswith("and perhaps others")
    assert error_code("MeterValues", payload) == "PropertyConstraintViolation"


def meter(values):
    return {"connectorId": 1, "meterValue": values}


HUGE = {
    "wrong elements": meter([{"timestamp": TIME, "sampledValue": [1] * 500_000}]),
    "wrong objects": meter([{}] * 300_000),
    "wrong fields": meter([{"timestamp": 1, "sampledValue": [{"value": 1, "unit": 2, "phase": 3}]}] * 15_000),
    "right": meter([{"timestamp": TIME, "sampledValue": [{"value": "1"}]}] * 15_000),
    "odd times": meter([{"timestamp": "20260301T1200,5Z", "sampledValue": [{"value": "1"}]}] * 15_000),
    "unknown fields": meter([]) | {f"field{n}": 0 for n in range(80_000)},
    "a long text": meter("x" * 1_000_000),
}


@pytest.mark.parametrize("what", HUGE)
def test_a_frame_of_a_megabyte_is_judged_quickly(what):
    # processor time of this thread, so that a busy machine fails nothing; it takes about a tenth of this
    gc.collect()
    began = time.thread_time()
    found = problems("MeterValues", "request", HUGE[what])
    code = error_code("MeterValues", HUGE[what]) if found else ""
    assert time.thread_time() - began < 0.4
    assert bool(found) is (what not in ("right", "odd times"))
    assert len(found) <= LISTED + 1
    assert sum(map(len, found)) < 10_000
    assert code in (
        "",
        "TypeConstraintViolation",
        "OccurenceConstraintViolation",
        "PropertyConstraintViolation",
    )


def test_elements_that_were_not_looked_at_make_no_problem_of_their_own():
    many = [{"timestamp": TIME, "sampledValue": [{"value": "1"}]}] * 600 + [{"timestamp": 5}]
    (told, _others) = problems(
        "MeterValues", "request", meter([{"timestamp": TIME, "sampledValue": 1}, *many])
    )
    assert told == "meterValue.0.sampledValue: is no array: 1"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"status": "Busy"}, "PropertyConstraintViolation"),
        ({"timestamp": "soon"}, "PropertyConstraintViolation"),
        ({"info": "x" * 51}, "PropertyConstraintViolation"),
        ({"connectorId": "1"}, "TypeConstraintViolation"),
        ({"connectorId": "1", "status": "Busy"}, "TypeConstraintViolation"),
        ({"colour": "red"}, "FormationViolation"),
        ({"colour": "red", "status": "Busy"}, "PropertyConstraintViolation"),
    ],
)
def test_the_error_code_says_what_is_wrong(change, code):
    assert error_code("StatusNotification", STATUS | change) == code
    missing = {name: value for name, value in (STATUS | change).items() if name != "errorCode"}
    assert error_code("StatusNotification", missing) == "OccurenceConstraintViolation"


@given(st.recursive(st.integers() | st.text(max_size=200), lambda inner: st.lists(inner, max_size=4)))
def test_any_value_can_be_shown(value):
    assert 0 < len(schemas.shown(value)) <= 81
