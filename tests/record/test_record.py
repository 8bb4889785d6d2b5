"""The record: chained, continued after a crash, every changed byte found."""

from __future__ import annotations

import json
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from octt.record import Chain, Record, check_chain, read
from octt.record.events import FrameSeen, NetworkChanged, Remarked, RunEnded, RunResumed, StationChanged
from octt.record.words import Severity


def remark(text="x", **more):
    return Remarked(text=text, by="script", cite="", **more)


def write(path, count=5):
    record = Record(path)
    for number in range(count):
        record.write(remark(f"number {number}"), case="TC_001_CS")
    record.close()
    return record.last_hash


def test_what_is_written_is_read(tmp_path):
    path = tmp_path / "record.jsonl"
    last = write(path)
    events = list(read(path))
    assert [event.n for event in events] == [1, 2, 3, 4, 5]
    assert isinstance(events[3], Remarked)
    assert events[3].text == "number 3"
    assert check_chain(path) == (last, [])


def test_an_event_comes_back_with_its_head(tmp_path):
    record = Record(tmp_path / "record.jsonl")
    record.case = "TC_002_CS"
    first, second = record.write(NetworkChanged(event="cut"), t=1, m=2), record.write(remark(), case=None)
    record.close()
    assert (first.n, first.t, first.m, first.case, first.prev) == (1, 1, 2, "TC_002_CS", "0" * 64)
    assert second.prev != first.prev
    assert second.case is None
    assert list(read(record.path)) == [first, second]


def test_a_line_has_its_head_first_and_the_hash_last(tmp_path):
    record = Record(tmp_path / "record.jsonl")
    record.case = "TC_002_CS"
    record.write(remark(severity=Severity.REMARK), t=1, m=2)
    record.close()
    assert record.path.read_bytes() == (
        b'{"n":1,"t":1,"m":2,"kind":"remark","text":"x","by":"script","cite":"","severity":"remark",'
        b'"case":"TC_002_CS","prev":"%b"}\n' % (b"0" * 64)
    )


def test_the_kind_and_the_fields_make_the_same_line(tmp_path):
    one, other = Record(tmp_path / "one.jsonl"), Record(tmp_path / "other.jsonl")
    one.write(remark("é", frame=3), t=1, m=2)
    other.write(Remarked(text="é", by="script", cite="", frame=3), t=1, m=2)
    assert one.last_hash == other.last_hash


@pytest.mark.parametrize(
    "fields", [{"text": "x", "by": "script", "cite": "", "txet": "y"}, {"text": "x", "by": "script"}]
)
def test_a_misspelt_or_missing_field_is_an_error_at_once(fields):
    with pytest.raises(TypeError, match=r"txet|cite"):
        Remarked(**fields)


def test_what_json_has_no_word_for_is_written_as_text(tmp_path):
    record = Record(tmp_path / "record.jsonl")
    record.write(
        StationChanged(what="list", name="\udc80", before=tmp_path, after=float("nan"), restored=False)
    )
    record.close()
    line = json.loads(record.path.read_bytes())
    assert (line["name"], line["before"], line["after"]) == ("?", str(tmp_path), None)
    assert check_chain(record.path)[1] == []


def test_an_interrupted_record_is_continued(tmp_path):
    path = tmp_path / "record.jsonl"
    write(path, 3)
    with path.open("ab") as file:
        file.write(b'{"n":4,"kind":"cut of')
    assert len(list(read(path))) == 3
    assert check_chain(path)[1][0].line == 4
    record = Record(path)
    record.write(RunResumed())
    record.close()
    assert [event.kind for event in read(path)] == ["remark"] * 3 + ["run.resume"]
    assert check_chain(path)[1] == []


def test_what_a_sitting_wrote_can_be_taken_back(tmp_path):
    path = tmp_path / "record.jsonl"
    write(path, 3)
    before = path.read_bytes()
    record = Record(path)
    record.write(RunResumed())
    record.take_back()
    assert path.read_bytes() == before
    new = Record(tmp_path / "new.jsonl")
    new.write(RunResumed())
    new.take_back()
    assert not new.path.exists()


def test_two_never_write_one_record(tmp_path):
    path = tmp_path / "record.jsonl"
    write(path, 3)
    record = Record(path)
    before = path.read_bytes()
    with pytest.raises(OSError, match="another octt is writing this record"):
        Record(path)
    assert path.read_bytes() == before
    record.close()
    Record(path).close()


def test_many_threads_write_one_chain(tmp_path):
    record = Record(tmp_path / "record.jsonl")
    threads = [threading.Thread(target=lambda: [record.write(remark()) for _ in range(50)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    record.close()
    assert [event.n for event in read(record.path)] == list(range(1, 401))
    assert check_chain(record.path)[1] == []


def test_listeners_hear_every_event(tmp_path):
    record, heard = Record(tmp_path / "record.jsonl"), []
    record.listen(heard.append)
    record.case = "TC_002_CS"
    written = record.write(remark())
    record.close()
    assert heard == [written]
    assert heard[0].case == "TC_002_CS"


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_one_changed_byte_is_found(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("chain") / "record.jsonl"
    last = write(path)
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    found, damages = check_chain(path)
    assert damages or found != last


@settings(max_examples=50, deadline=None)
@given(garbage=st.binary(max_size=200))
def test_reading_never_raises(tmp_path_factory, garbage):
    path = tmp_path_factory.mktemp("garbage") / "record.jsonl"
    path.write_bytes(garbage)
    assert list(read(path)) == []
    assert isinstance(check_chain(path)[1], list)


def test_a_field_of_the_wrong_type_is_a_damage_though_the_chain_holds(tmp_path):
    record = Record(tmp_path / "record.jsonl")
    known = {"connection": 1, "dir": "in", "type": "CALL", "id": "1", "action": "A", "problems": []}
    record.write(FrameSeen(**known, raw=["no text"]))
    record.write(RunEnded(reason="finished"))
    record.close()
    chain = Chain(record.path)
    frame, end = [event for event, _ in chain.events()]
    assert isinstance(frame, FrameSeen)
    assert (frame.raw, frame.action, end.reason) == ("", "A", "finished")
    assert [(damage.line, damage.what) for damage in chain.damages] == [
        (1, "not as an event of kind frame should be: raw")
    ]
