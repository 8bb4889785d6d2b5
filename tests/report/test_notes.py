"""What a person added while a run went on: in every report, and accounted for by `verify`."""

from __future__ import annotations

import hashlib
import json

import jsonschema_rs
import orjson
import pytest

from octt.paths import REPORTS
from octt.report import json_out
from octt.report.evidence.sign import sign
from octt.report.evidence.verify import verify
from octt.report.html import page
from octt.report.model.result import build
from tests.report.synthetic import HOSTILE, Synthetic

PICTURE = b"\xff\xd8\xff a picture"
DIGEST = hashlib.sha256(PICTURE).hexdigest()
FILE = f"notes/{DIGEST[:16]}.jpg"


@pytest.fixture
def run():
    run = Synthetic()
    run.start("TC_001_CS")
    run.connect()
    with run.case("TC_001_CS"):
        run.step("it comes")
    run.add("note", case="TC_001_CS", text="the lamp was red")
    run.add("note", case="TC_001_CS", text="", file=FILE, bytes=len(PICTURE), sha256=DIGEST)
    run.add("note", text="a fuse blew")
    run.add("note", case="TC_001_CS", text=HOSTILE, file="javascript:alert(1)")
    run.end()
    return run


def test_they_are_in_the_result_as_its_schema_says(run):
    data = json.loads(json_out.render(build(run.events)))
    schema = jsonschema_rs.validator_for(orjson.loads((REPORTS / "result.schema.json").read_bytes()))
    assert [error.message for error in schema.iter_errors(data)] == []
    texts = [note["text"] for note in data["cases"][0]["notes"][:2]]
    assert (texts, [note["text"] for note in data["notes"]]) == (["the lamp was red", ""], ["a fuse blew"])
    assert data["cases"][0]["notes"][1]["sha256"] == DIGEST


def test_they_are_in_the_page_and_only_a_picture_of_ours_is_a_link(run):
    shown = page.render(build(run.events))
    assert "the lamp was red" in shown
    assert "a fuse blew" in shown
    assert f'<a href="{FILE}">picture</a>' in shown
    assert 'href="javascript:' not in shown
    assert "<script>alert" not in shown


def test_where_nobody_added_anything_nothing_is_said():
    run = Synthetic()
    run.start("TC_001_CS")
    run.end()
    result = build(run.events)
    assert "notes" not in json.loads(json_out.render(result))
    assert "Added by hand" not in page.render(result)


@pytest.mark.parametrize("signed", [False, True])
def test_a_picture_that_was_changed_or_taken_away_is_found(tmp_path, signed):
    folder = tmp_path / "run"
    (folder / "notes").mkdir(parents=True)
    run = Synthetic()
    run.start("TC_001_CS")
    run.add("note", text="", file=FILE, bytes=len(PICTURE), sha256=DIGEST)
    run.end()
    run.write(folder / "record.jsonl")
    (folder / FILE).write_bytes(PICTURE)
    if signed:
        sign(folder, tmp_path / "key.pem")
    assert verify(folder).problems == []
    (folder / FILE).write_bytes(PICTURE[:-1])
    assert f"{FILE}: is not what the record says it was" in map(str, verify(folder).problems)
    (folder / FILE).unlink()
    assert f"{FILE}: is missing, though the record has it" in map(str, verify(folder).problems)
