"""File protocols (ORS-16) decide how cases are run: they are asked for on either form, and drafted."""

from story import Story

from octt.pics.declaration import Declaration, read_declaration
from octt.pics.draft import draft, observed
from octt.pics.interview import Interview


def test_file_protocols_are_asked_for_on_either_form():
    for form in ("2025", "2024"):
        interview = Interview(Declaration(form=form, profiles=("Core", "FirmwareManagement")))
        assert "ORS-16" in {question.id for question in interview.questions()}


def test_a_draft_takes_the_protocols_by_which_files_went_unless_the_station_has_a_key():
    story = Story()
    for protocol, complete in (("ftp", True), ("HTTP", True), ("https", False)):
        story.add("transfer", protocol=protocol, direction="upload", complete=complete)
    found = read_declaration(draft(observed(story.events)))
    assert found.answer("ORS-16") == ["ftp", "http"]
    assert "ORS-16" in found.guessed
    story.keys(SupportedFileTransferProtocols=("FTPS",))
    found = read_declaration(draft(observed(story.events)))
    assert found.answer("ORS-16") == ["ftps"]
    assert "ORS-16" not in found.guessed
