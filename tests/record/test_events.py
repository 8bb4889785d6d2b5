"""A line is an event of its kind, whatever is wrong with it, and never an exception."""

from __future__ import annotations

import dataclasses
import json
from types import NoneType
from typing import Any, get_args, get_origin

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET, UnsetType
from msgspec.structs import fields as fields_of

from octt.record import Event, Record, check_chain, decode, read
from octt.record.event import Int, Other, Table
from octt.record.events import KINDS, AnswerArmed, CaseEnded, Connected, FrameSeen, PlanLine, RunStarted
from octt.record.words import Blame, Verdict

HEAD = {"n": 1, "t": 2, "m": 3}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=5), below, max_size=3),
    max_leaves=8,
)
FIELDS = sorted({field.name for kind in KINDS.values() for field in fields_of(kind)})


def line(**fields: Any) -> bytes:
    return json.dumps({**HEAD, **fields}).encode()


def of_type(wanted: Any) -> st.SearchStrategy[Any]:
    """Any value that a field of this type may have."""
    if wanted == Int:
        return st.integers(-(2**63), 2**63 - 1)
    if wanted is Any:
        return JSON
    if wanted is PlanLine:
        each = {field.name: of_type(field.type) for field in fields_of(PlanLine)}
        return st.fixed_dictionaries(each).map(lambda values: PlanLine(**values))
    if wanted == Table:
        return st.dictionaries(st.text(max_size=5), JSON, max_size=3)
    if wanted is float:
        return st.floats(allow_nan=False, allow_infinity=False)
    if get_origin(wanted) is list:
        return st.lists(of_type(get_args(wanted)[0]), max_size=3)
    if NoneType in get_args(wanted):
        return st.one_of(*map(of_type, get_args(wanted)))
    return st.just(UNSET) if wanted is UnsetType else st.from_type(wanted)


def allowed(kind: type[Event]) -> st.SearchStrategy[Event]:
    """Any event of a kind, its head left to the writer."""
    own = [field for field in fields_of(kind) if field.name not in Event.__struct_fields__]
    return st.fixed_dictionaries({field.name: of_type(field.type) for field in own}).map(
        lambda fields: kind(**fields)
    )


@given(
    st.dictionaries(st.sampled_from([*FIELDS, "vendor"]), JSON, max_size=12), st.sampled_from([*KINDS, "new"])
)
def test_every_object_with_a_head_is_an_event(fields, kind):
    faults: list[str] = []
    event = decode(line(**{**fields, **HEAD, "kind": kind}), faults)
    assert event is not None
    assert (event.n, event.t, event.m, event.kind) == (1, 2, 3, kind)
    assert set(faults) <= set(fields)
    if not isinstance(event, Other):
        # What was read is what its type says: it can be written and read again without a fault.
        again: list[str] = []
        assert decode(msgspec.json.encode(event), again) == event
        assert again == []


@given(st.binary(max_size=300) | JSON.map(lambda value: json.dumps(value).encode()))
def test_what_has_no_head_is_no_event(garbage):
    assert decode(garbage) is None


@pytest.mark.parametrize(
    "odd",
    [
        b'{"n":1,"t":2,"m":3,"kind":"frame","raw":"\\ud800"}',
        b'{"n":1,"t":2,"m":3,"kind":"frame","raw":"\xff"}',
        b'{"n":1,"t":2,"m":3,"kind":"step","data":1e999}',
        b'{"n":1e999,"t":2,"m":3,"kind":"frame"}',
        b'{"n":1,"t":123456789012345678901234567890,"m":3,"kind":"frame"}',
        b'{"n":1.5,"t":2,"m":3,"kind":"frame"}',
        b'{"n":0,"t":2,"m":3,"kind":"frame"}',
        b'{"n":1,"t":2,"m":3,"kind":["frame"]}',
        b'{"n":1,"t":2,"m":3,"kind":"step","data":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b"",
    ],
)
def test_what_no_reader_of_json_takes_is_no_event(odd):
    assert decode(odd) is None


def test_an_older_line_lacks_fields_without_a_fault():
    faults: list[str] = []
    event = decode(line(kind="connect", connection=2, user=None), faults)
    assert isinstance(event, Connected)
    assert (event.connection, event.user, event.auth, event.tls, event.headers) == (2, "", "none", None, {})
    assert faults == []


def test_a_field_of_the_wrong_type_is_taken_for_nothing_and_told():
    faults: list[str] = []
    event = decode(line(kind="case.end", verdict="MAYBE", blame=7, reason="x", seconds="long"), faults)
    assert isinstance(event, CaseEnded)
    assert (event.verdict, event.blame, event.reason, event.seconds) == (
        Verdict.ERROR,
        Blame.NOBODY,
        "x",
        0.0,
    )
    assert faults == ["verdict", "blame", "seconds"]


def test_one_bad_case_of_a_plan_does_not_cost_the_others():
    plan = [{"case": "A", "applicable": "yes"}, 5, {"case": "B", "name": "b", "applicable": False}]
    faults: list[str] = []
    event = decode(line(kind="run.start", plan=plan), faults)
    assert isinstance(event, RunStarted)
    assert event.plan == [PlanLine(case="A"), PlanLine(case="B", name="b", applicable=False)]
    assert faults == ["plan"]


def test_a_kind_that_is_not_known_keeps_its_fields():
    event = decode(line(kind="weather", wind=5))
    assert isinstance(event, Other)
    assert (event.kind, event.fields["wind"]) == ("weather", 5)


def test_an_event_cannot_be_changed():
    event = decode(line(kind="frame"))
    with pytest.raises(AttributeError):
        event.n = 2  # type: ignore[misc, union-attr]
    assert isinstance(event, FrameSeen)


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.__name__)
def test_every_kind_is_read_as_it_was_written(kind, tmp_path):
    record, written = Record(tmp_path / "record.jsonl"), []

    @settings(max_examples=20, deadline=None)
    @given(allowed(kind))
    def write(event):
        written.append(record.write(event))

    write()
    record.close()
    assert list(read(record.path)) == written
    assert check_chain(record.path)[1] == []


@dataclasses.dataclass
class Old:
    """What is still written by its kind may hold anything that JSON can be made of."""

    value: int


def test_a_value_of_ours_becomes_json(tmp_path):
    record = Record(tmp_path / "record.jsonl")
    record.write(AnswerArmed(action="Authorize", times=None, when={}, payload={"a": Old(1), "b": {2: 3}}))
    record.close()
    assert json.loads(record.path.read_bytes())["payload"] == {"a": {"value": 1}, "b": {"2": 3}}
