"""The record: chained, continued after a crash, every changed byte found."""

from __future__ import annotations

import threading

from hypothesis import given, settings
from hypothesis import strategies as st

from octt.record import Record, check_chain, read


def write(path, count=5):
    record = Record(path)
    for number in range(count):
        record.write("remark", text=f"number {number}", case="TC_001_CS")
    record.close()
    return record.last_hash


def test_what_is_written_is_read(tmp_path):
    path = tmp_path / "record.jsonl"
    last = write(path)
    events = list(read(path))
    assert [event["n"] for event in events] == [1, 2, 3, 4, 5]
    assert events[3]["text"] == "number 3"
    assert check_chain(path) == (last, [])


def test_an_interrupted_record_is_continued(tmp_path):
    path = tmp_path / "record.jsonl"
    write(path, 3)
    with path.open("ab") as file:
        file.write(b'{"n":4,"kind":"cut of')
    assert len(list(read(path))) == 3
    assert check_chain(path)[1]
    record = Record(path)
    record.write("run.resume")
    record.close()
    assert [event["kind"] for event in read(path)] == ["remark"] * 3 + ["run.resume"]
    assert check_chain(path)[1] == []


def test_many_threads_write_one_chain(tmp_path):
    record = Record(tmp_path / "record.jsonl")
    threads = [
        threading.Thread(target=lambda: [record.write("remark", text="x") for _ in range(50)])
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    record.close()
    assert [event["n"] for event in read(record.path)] == list(range(1, 401))
    assert check_chain(record.path)[1] == []


def test_listeners_hear_every_event(tmp_path):
    record, heard = Record(tmp_path / "record.jsonl"), []
    record.listen(heard.append)
    record.case = "TC_002_CS"
    record.write("step", step="1")
    record.close()
    assert [(event["kind"], event["case"]) for event in heard] == [("step", "TC_002_CS")]


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
    assert all(isinstance(event, dict) for event in read(path))
    assert isinstance(check_chain(path)[1], list)
