"""A finding is written down and read again as the same story; what is no script is refused in a sentence."""

from __future__ import annotations

import pytest

from octt.bench import ConfigError
from octt.fuzz import script
from octt.fuzz.drawing import frames
from octt.fuzz.story import ANY, Blow, Finding, Kind, Severity, Story, Trouble

BLOWS = (
    Blow(
        Kind.CALL,
        "DataTransfer",
        {"vendorId": "é漢😀\"'\\", "data": "A" * 5000 + "b" + "c" * 60, "list": [None, 1.5]},
    ),
    Blow(
        Kind.CALL,
        "Reset",
        {"type": None},
        ident="x",
        place="type",
        wrong="null",
        codes=("A",),
        cite="section",
    ),
    Blow(Kind.ANSWER, "Heartbeat", texts=('[3,"{id}",{}]',), wrong="an answer twice"),
    Blow(Kind.SOCKET, "a reset", wrong="the connection is reset", codes=ANY),
    Blow(Kind.ACT, "plug_in", {"connector": 1}),
    *frames.MALFORMED,
    *frames.STRANGE,
)
HOSTILE = 'a """ b \\ \x1b[2J "'


def finding(*blows, **more):
    trouble = Trouble(Severity.MUST, f"no answer to {HOSTILE}", HOSTILE, "OCPP-J 4.2")
    return Finding(trouble, Story(blows, **more), frames=[f"< {HOSTILE}"])


@pytest.mark.parametrize("blow", BLOWS, ids=lambda blow: blow.told[:40])
def test_a_story_is_read_as_it_was_written(blow, tmp_path):
    place = tmp_path / "one.py"
    place.write_text(script.written(finding(blow)), encoding="utf-8")
    read = script.load(place)
    assert read.key == Story((blow,)).key


def test_how_a_story_is_told_is_kept(tmp_path):
    place = tmp_path / "one.py"
    place.write_text(script.written(finding(*BLOWS[:3], charging=True, modelled=True)), encoding="utf-8")
    read = script.load(place)
    assert (read.charging, read.modelled, len(read.blows)) == (True, True, 3)


def test_a_long_text_is_short_in_a_script():
    assert len(script.written(finding(BLOWS[0]))) < 2000


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x = 1", "has no function story"),
        ("def story(fuzz): pass", "does nothing"),
        ("def story(fuzz): fuzz.cal()", "AttributeError"),
        ("def story(", "SyntaxError"),
        ("story = 7", "has no function story"),
    ],
)
def test_what_is_no_script_is_refused(text, told, tmp_path):
    place = tmp_path / "one.py"
    place.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=told):
        script.load(place)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="No such file"):
        script.load(tmp_path / "none.py")
