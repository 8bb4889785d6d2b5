"""Evidence from a rack is taken only when it is what was there."""

from __future__ import annotations

import io
import tarfile
from dataclasses import replace

import pytest

from octt.campaign.racks import archive, rack
from octt.campaign.racks.archive import EvidenceError, Packed, pack, piece, place_of, unpack
from octt.campaign.racks.fetching import Fetch
from octt.campaign.racks.rack import Order, carry_out
from octt.record import Record
from octt.record.events import Remarked, RunEnded, RunStarted
from octt.report.evidence.sign import sign


@pytest.fixture
def run(tmp_path):
    """The folder of a run, signed."""
    folder = tmp_path / "rack/1"
    folder.mkdir(parents=True)
    record = Record(folder / "record.jsonl")
    record.write(RunStarted(tool={}, bench={}, pics={}, plan=[], started=""))
    record.write(Remarked(text="a remark", by="tool", cite=""))
    record.write(RunEnded(reason="finished"))
    record.close()
    (folder / "report.html").write_text("a report " * 1000)
    sign(folder, tmp_path / "key.pem")
    return folder


def carried(run, here, ask=None):
    """What `Fetch` makes of it."""
    packed = pack(run)

    def asked(function, _station, _token, *offset):
        return piece(run, *offset) if offset else place_of(run).unlink()

    fetch = Fetch(ask or asked, "bay", "1", packed, here, 0)
    assert fetch.done.wait(30)
    return fetch


def test_it_comes_whole_in_pieces_and_the_archive_goes(run, tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "PIECE", 100)
    fetch = carried(run, tmp_path / "here/1")
    assert fetch.problem == ""
    for path in run.iterdir():
        assert (tmp_path / "here/1" / path.name).read_bytes() == path.read_bytes()
    assert [path.name for path in (tmp_path / "here").iterdir()] == ["1"]
    assert [path.name for path in run.parent.iterdir()] == ["1"]


def test_what_was_begun_to_be_fetched_is_gone_on_with(run, tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "PIECE", 200)
    packed, offsets = pack(run), []
    (tmp_path / "here").mkdir()
    place_of(tmp_path / "here/1").write_bytes(piece(run, 0))

    def ask(function, _station, _token, *offset):
        offsets.extend(offset)
        return piece(run, *offset) if offset else None

    fetch = Fetch(ask, "bay", "1", packed, tmp_path / "here/1", 0)
    assert fetch.done.wait(30)
    assert (fetch.problem, offsets[0]) == ("", 200)


def test_a_rack_that_goes_away_meanwhile_is_named_and_nothing_half_is_left(run, tmp_path):
    def ask(*_):
        raise LookupError("no worker offers r1")

    fetch = carried(run, tmp_path / "here/1", ask)
    assert fetch.problem == "the evidence could not be fetched (LookupError: no worker offers r1)"
    assert not (tmp_path / "here/1").exists()


def damaged(run, change):
    """The archive of a run in which something was changed, and what the rack says of it."""
    packed = pack(run)
    with tarfile.open(place_of(run)) as old:
        members = [(one, old.extractfile(one).read()) for one in old.getmembers() if one.isfile()]
    with tarfile.open(place_of(run), "w:gz") as new:
        for member, content in members:
            content = change(member.name, content)
            member.size = len(content)
            new.addfile(member, io.BytesIO(content))
    return packed, place_of(run)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            lambda name, content: content.replace(b"a remark", b"A remark"),
            "record.jsonl line 2: the line was changed",
        ),
        (lambda name, content: content.replace(b"a report", b"A report"), "report.html: was changed"),
        (
            lambda name, content: content[:-400] if name.endswith("jsonl") else content,
            "is not the one that the rack has",
        ),
    ],
)
def test_evidence_that_was_changed_is_not_taken(run, tmp_path, change, told):
    packed, place = damaged(run, change)
    with pytest.raises(EvidenceError, match="the archive was changed on its way"):
        unpack(place, tmp_path / "here", packed)
    known = replace(packed, sha256=archive._sha256(place))
    with pytest.raises(EvidenceError) as found:
        unpack(place, tmp_path / "here", known)
    assert told in str(found.value) or "damaged at line 2: the line was changed" in str(found.value)
    assert not (tmp_path / "here").exists()


def test_a_run_that_broke_off_is_taken_as_it_is(run, tmp_path):
    for name in ("manifest.json", "manifest.sig"):
        (run / name).unlink()
    with (run / "record.jsonl").open("ab") as file:
        file.write(b'{"n":4,"t"')
    packed = pack(run)
    unpack(place_of(run), tmp_path / "here", packed)
    assert (tmp_path / "here/record.jsonl").read_bytes() == (run / "record.jsonl").read_bytes()


def test_no_archive_reaches_out_of_its_folder(run, tmp_path):
    packed = pack(run)
    with tarfile.open(place_of(run), "w:gz") as new:
        new.addfile(tarfile.TarInfo("../out"), io.BytesIO())
    packed = Packed(packed.size, archive._sha256(place_of(run)), packed.last_hash, True)
    with pytest.raises(EvidenceError, match="the archive cannot be read"):
        unpack(place_of(run), tmp_path / "here", packed)
    assert not (tmp_path / "out").exists()


def test_another_version_of_octt_is_refused_before_anything_is_begun(tmp_path, monkeypatch):
    monkeypatch.setattr(rack, "ROOT", tmp_path / "octt-racks")
    answer = carry_out(Order("topic", "token", "bay", b"", None, (), (), version="0.0.0"))
    assert answer.refused.endswith(", the campaign 0.0.0")
    assert not (tmp_path / "octt-racks").exists()


def test_what_is_to_end_before_it_began_never_begins(tmp_path, monkeypatch):
    monkeypatch.setattr(rack, "ROOT", tmp_path / "octt-racks")
    monkeypatch.setattr(rack, "_teller", lambda order: lambda what: None)
    assert rack.interrupt("bay", "token") is False
    answer = carry_out(Order("topic", "token", "bay", b"", None, (), ()))
    assert answer.refused == "it was ended before it began"
    assert not rack.attempt_of("bay", "token").begun
