"""Whether a payload is what a script expects."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octt.script import ABSENT, PRESENT
from octt.timeline.matching import describe, mismatches


def positive(value):
    """a positive number"""
    return value > 0


@pytest.mark.parametrize(
    ("expected", "actual", "wrong"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, ""),
        ({"a": 1}, {"a": 2}, "a is 2, should be 1"),
        ({"a": 1}, {}, "a is missing, should be 1"),
        ({"value": "2"}, {"value": 2}, "value is the number 2, should be the text 2"),
        ({"value": "true"}, {"value": True}, "value is the boolean True, should be the text true"),
        ({"value": "2"}, {"value": "3"}, "value is '3', should be 2"),
        ({"a": True}, {"a": 1}, "a is 1, should be True"),
        ({"a": 1}, {"a": True}, "a is True, should be 1"),
        ({"status": {"A", "B"}}, {"status": "B"}, ""),
        ({"status": {"A", "B"}}, {"status": "C"}, "status is 'C', should be A or B"),
        ({"a": ABSENT}, {}, ""),
        ({"a": ABSENT}, {"a": 1}, "a is 1, should be absent"),
        ({"reason": {"Local", ABSENT}}, {}, ""),
        ({"reason": {"Local", ABSENT}}, {"reason": "Remote"}, "reason is 'Remote'"),
        ({"a": PRESENT}, {"a": None}, ""),
        ({"a": PRESENT}, {}, "a is missing"),
        ({"idTag": "abc"}, {"idTag": "ABC"}, ""),
        ({"status": "abc"}, {"status": "ABC"}, "status is 'ABC'"),
        ({"a": {"b": 1}}, {"a": {"b": 1, "c": 2}}, ""),
        ({"a": {"b": 1}}, {"a": {"b": 2}}, "a.b is 2, should be 1"),
        ({"a": {"b": 1}}, {"a": 5}, "a.b is missing"),
        ({"a": [{"key": "X"}]}, {"a": [{"key": "x", "value": "1"}]}, ""),
        ({"a": [{"key": "X"}]}, {"a": []}, "a has 0 elements, should have 1"),
        ({"a": positive}, {"a": 1}, ""),
        ({"a": positive}, {"a": -1}, "a is -1, should be a positive number"),
    ],
)
def test_mismatches(expected, actual, wrong):
    assert "; ".join(mismatches(expected, actual)).startswith(wrong)
    assert bool(mismatches(expected, actual)) is bool(wrong)


@given(st.dictionaries(st.text(max_size=5), st.integers() | st.text() | st.booleans()))
def test_a_payload_is_what_it_is(payload):
    assert mismatches(payload, payload) == []
    assert all(name in describe(payload) for name in payload)


def test_nested_expectations_are_said_without_python():
    expected = {
        "configurationKey": [{"key": "ConnectionTimeOut", "value": "5"}],
        "idTagInfo": {"status": {"Invalid"}},
    }
    assert describe(expected) == (
        "configurationKey = [(key = ConnectionTimeOut, value = 5)], idTagInfo = (status = Invalid)"
    )
    assert mismatches(expected, {"configurationKey": [], "idTagInfo": {"status": "Invalid"}}) == [
        "configurationKey has 0 elements, should have 1"
    ]
