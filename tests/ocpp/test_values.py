"""Values are read out of any JSON without an error, and what is not of the right type is nothing."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octt.ocpp import values

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda below: st.lists(below, max_size=4) | st.dictionaries(st.text(max_size=8), below, max_size=4),
    max_leaves=12,
)
READERS = {
    values.text: str,
    values.shown: str,
    values.whole: (int, type(None)),
    values.number: (float, type(None)),
    values.decimal: (float, type(None)),
    values.table: dict,
    values.dicts: list,
    values.texts: list,
    values.instant: (datetime, type(None)),
}


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.__name__)
@given(value=JSON)
def test_any_value_can_be_read(reader, value):
    assert isinstance(reader(value), READERS[reader])


@given(one=JSON, other=JSON)
def test_any_two_values_can_be_compared(one, other):
    assert values.same(one, other) is values.same(other, one)


@given(payload=st.dictionaries(st.sampled_from(["meterValue", "transactionData"]), JSON))
def test_sampled_values_are_looked_for_in_anything(payload):
    assert all(isinstance(sample, dict) for _, sample in values.sampled(payload))


@pytest.mark.parametrize(
    ("reader", "value", "read"),
    [
        (values.text, 5, ""),
        (values.text, "5", "5"),
        (values.shown, None, ""),
        (values.shown, 5, "5"),
        (values.shown, {"a": [1]}, '{"a":[1]}'),
        (values.whole, True, None),
        (values.whole, 5.0, None),
        (values.whole, 10**40, 10**40),
        (values.number, "5", None),
        (values.number, False, None),
        (values.number, 10**400, None),
        (values.decimal, "-1.5e3", -1500.0),
        (values.decimal, 7, 7.0),
        (values.decimal, "NaN", None),
        (values.decimal, "1_000", None),
        (values.decimal, "٣", None),
        (values.decimal, "9" * 5000, None),
        (values.dicts, [{"a": 1}, 2, None], [{"a": 1}]),
        (values.dicts, {"a": 1}, []),
        (values.texts, ["a", 1, "b"], ["a", "b"]),
        (values.instant, "2025-03-01T12:00:00", datetime(2025, 3, 1, 12, tzinfo=UTC)),
        (values.instant, "2025-03-01T13:00:00+01:00", datetime(2025, 3, 1, 12, tzinfo=UTC)),
        (values.instant, "2025-03-01", None),
        (values.instant, "0001-01-01T00:00:00+01:00", None),
        (values.instant, 1740830400, None),
    ],
)
def test_a_value_is_what_it_is_or_nothing(reader, value, read):
    assert reader(value) == read


def test_an_instant_is_told_in_utc():
    found = values.instant("2025-03-01T13:00:00+01:00")
    assert found is not None
    assert found.utcoffset() == timedelta(0)


def test_what_is_too_large_to_show_is_said():
    deep: list = []
    for _ in range(5000):
        deep = [deep]
    assert values.shown(deep) == values.shown(10**5000) == "(too large to show)"


def test_identifiers_are_compared_without_regard_to_case():
    assert values.same("Tag", "tAG")
    assert not values.same("1", 1)
    assert not values.same(None, None)


@given(st.text() | st.lists(JSON, max_size=5).map(lambda message: json.dumps(message)))
def test_a_payload_is_an_object_or_none(raw):
    assert isinstance(values.payload(raw), dict | None)


def test_the_payload_stands_last():
    assert values.payload('[2,"1","Heartbeat",{"a":1}]') == values.payload('[3,"1",{"a":1}]') == {"a": 1}
    assert values.payload('[3,{"a":1}]') is None


def test_sampled_values_come_with_their_meter_value():
    sample = {"value": "1"}
    entry = {"timestamp": "t", "sampledValue": [sample, "no object"]}
    assert list(values.sampled({"meterValue": [entry, 5], "transactionData": "none"})) == [(entry, sample)]
    assert list(values.sampled({"transactionData": [entry]})) == [(entry, sample)]
