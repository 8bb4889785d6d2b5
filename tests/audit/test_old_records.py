"""Old records judged by the scripts of today: approved verdicts stay, and what was changed is never passed silently."""

import json
import sys

import pytest
from msgspec.structs import replace

from octt.audit.judge.judging import Fate, judge
from octt.audit.judge.requests import difference
from octt.audit.judge.tape import load, tape_of
from octt.ocpp import frames
from octt.record.event import Event
from octt.record.events import (
    Acted,
    AnswerArmed,
    CaseEnded,
    CaseStarted,
    FrameSeen,
    RunStarted,
    StepDecided,
    ToolTroubled,
)
from octt.record.words import Outcome, Phase, Verdict
from tests.audit.kept import NAMES, approved, events, judged, told, unpack, write
from tests.commands.calling import invoke


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The folder of each kept run, unpacked once."""
    place, made = tmp_path_factory.mktemp("runs"), {}

    def folder(name):
        if name not in made:
            made[name] = unpack(name, place / name)
        return made[name]

    return folder


@pytest.fixture(scope="module")
def faulty(runs):
    """A run with short limits, and its events."""
    folder = runs("faults")
    return folder, events(folder)


@pytest.mark.parametrize("name", NAMES)
def test_the_approved_verdicts_of_a_kept_record_stay(name, runs):
    found = judge(load(runs(name)))
    assert told(found) == approved()[name]
    assert [one.case for one in found if one.fate is Fate.CHANGED] == []


def test_modules_of_somebody_else_with_the_names_of_scripts_are_no_hindrance(runs, monkeypatch):
    """As in the process of our own tests: pytest would take it for another file of the same name, and end."""
    monkeypatch.setitem(sys.modules, "test_meter_values", json)
    found = judge(load(runs("faults")))
    assert told(found) == approved()["faults"]


def test_the_kept_records_show_passes_failures_and_what_does_not_apply():
    seen = {verdict for cases in approved().values() for verdict in cases.values()}
    assert seen == {"PASS", "FAIL", "NOT APPLICABLE", "cannot be judged"}


# -- what was changed ---------------------------------------------------------------------------------------------

OPTIONAL = {"TC_036_CS": "one MeterValues of several"}
"""Cases whose first satisfying frame may be missing, or look otherwise."""


def decisive(record):
    """The first frame of the station in each passed case's test that met a step: its line, by case."""
    verdicts = {event.case: event.verdict for event in record if isinstance(event, CaseEnded)}
    lines = {event.n: event for event in record if isinstance(event, FrameSeen) and event.dir == "in"}
    found = {}
    for event in record:
        met = isinstance(event, StepDecided) and event.phase is Phase.TEST and event.outcome is Outcome.OK
        if met and event.frame in lines and verdicts.get(event.case) is Verdict.PASS:
            found.setdefault(event.case, event.frame)
    return {case: line for case, line in found.items() if case not in OPTIONAL}


def without_fields(event):
    """The frame with an empty payload."""
    frame = frames.parse(event.raw)
    head = [2, frame.id, frame.action] if frame.type == "CALL" else [3, frame.id]
    return replace(event, raw=json.dumps([*head, {}]))


@pytest.mark.parametrize("change", ["removed", "emptied", "of another type"])
def test_no_case_passes_whose_decisive_frame_was_changed(change, faulty):
    folder, record = faulty
    lines = decisive(record)
    assert len(lines) > 50

    def changed(event):
        if event.n not in lines.values() or change == "removed":
            return event
        return without_fields(event) if change == "emptied" else replace(event, raw=f"[{event.raw}]")

    kept = [changed(event) for event in record if change != "removed" or event.n not in lines.values()]
    found = judged(folder, kept, *lines)
    bare = {case for case, line in lines.items() if frames.parse(by_line(record, line).raw).payload == {}}
    passed = {case for case in lines if found[case].today == "PASS"} - (
        bare if change == "emptied" else set()
    )
    assert passed <= (
        {"TC_045_1_CS", "TC_045_2_CS"} if change == "emptied" else set()
    )  # fileName is optional (6.26)
    fates = {found[case].fate for case in lines}
    assert fates <= {Fate.CHANGED, Fate.UNTOLD, Fate.SAME}
    assert all(found[case].line for case in set(lines) - passed - bare if found[case].fate is not Fate.SAME)


def by_line(record, line):
    """The event of a line."""
    return next(event for event in record if event.n == line)


def altered(record, case, wanted, change):
    """The record with the first event of a case's attempt that is `wanted` changed."""
    place = next(place for place, event in enumerate(record) if event.case == case and wanted(event))
    return [*record[:place], change(record[place]), *record[place + 1 :]]


def asks(action):
    """Whether an event is a request of ours."""
    return lambda event: isinstance(event, FrameSeen) and event.dir == "out" and event.action == action


def test_a_request_that_was_another_then_cannot_be_judged(faulty):
    folder, record = faulty
    hard = altered(
        record,
        "TC_016_CS",
        asks("Reset"),
        lambda event: replace(event, raw=event.raw.replace("Soft", "Hard")),
    )
    found = judged(folder, hard, "TC_016_CS")["TC_016_CS"]
    assert found.fate is Fate.UNTOLD
    assert found.reason == "the script sends another Reset.req: type is 'Soft', was 'Hard'"
    assert isinstance(by_line(record, found.line), FrameSeen)
    assert by_line(record, found.line).action == "Reset"


def test_an_action_that_was_another_then_cannot_be_judged(faulty):
    folder, record = faulty

    def action(event):
        return isinstance(event, Acted) and event.action == "plug_in"

    other = altered(record, "TC_003_CS", action, lambda event: replace(event, action="press_stop"))
    found = judged(folder, other, "TC_003_CS")["TC_003_CS"]
    assert (found.fate, found.reason) == (
        Fate.UNTOLD,
        "another action at the station, plug_in: it was press_stop",
    )


def test_an_answer_that_was_another_then_cannot_be_judged(faulty):
    folder, record = faulty
    case = next(event.case for event in record if isinstance(event, AnswerArmed) and event.payload)

    def armed(event):
        return isinstance(event, AnswerArmed) and event.payload

    other = altered(record, case, armed, lambda event: replace(event, times=77))
    found = judged(folder, other, case)[case]
    assert found.fate is Fate.UNTOLD
    assert "otherwise than then: times is" in found.reason


def test_a_longer_wait_than_then_cannot_be_judged(faulty):
    folder, record = faulty
    start = record[0]
    assert isinstance(start, RunStarted)
    patient = replace(start, bench={**start.bench, "times": {**start.bench["times"], "observation": 60}})
    found = judged(folder, [patient, *record[1:]], "TC_004_2_CS", "TC_023_CS", "TC_019_CS")
    assert found["TC_023_CS"].fate is Fate.UNTOLD
    assert found["TC_023_CS"].reason.startswith("the script still waits when the record goes on with")
    assert found["TC_019_CS"].fate is Fate.SAME  # which waits for nothing to be absent


def test_trouble_of_the_harness_then_is_an_error_today(faulty):
    folder, record = faulty
    place = next(
        n for n, event in enumerate(record) if isinstance(event, CaseStarted) and event.case == "TC_019_CS"
    )
    trouble = ToolTroubled(
        what="loop", text="it stood still", seconds=2, began=record[place].m, m=record[place].m
    )
    found = judged(folder, [*record[: place + 2], trouble, *record[place + 2 :]], "TC_019_CS", "TC_021_CS")
    assert (found["TC_019_CS"].today, found["TC_021_CS"].today) == ("ERROR", "PASS")


def test_a_rule_of_today_fails_a_case_that_passed(faulty):
    folder, record = faulty

    def beats(event):
        return isinstance(event, FrameSeen) and event.action == "StatusNotification" and event.dir == "in"

    other = altered(
        record, "TC_069_CS", beats, lambda event: replace(event, raw=event.raw.replace("NoError", "No"))
    )
    found = judged(folder, other, "TC_069_CS")["TC_069_CS"]
    assert (found.then, found.today, found.fate) == ("PASS", "FAIL", Fate.CHANGED)
    assert found.line


def test_a_case_that_applies_only_today_was_not_tried(faulty):
    folder, record = faulty
    start = record[0]
    answers = {**start.pics["answers"], "HFS-2": True, "HFS-1": False}
    fixed = replace(start, pics={**start.pics, "answers": answers, "connectors": []})
    found = judged(folder, [fixed, *record[1:]])
    assert found["TC_017_2_CS"].fate is Fate.UNTOLD
    assert "then it was not tried" in found["TC_017_2_CS"].reason
    assert (found["TC_017_1_CS"].today, found["TC_017_1_CS"].fate) == ("NOT APPLICABLE", Fate.CHANGED)


# -- requests -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("today", "then", "told"),
    [
        ({"a": 1}, {"a": 1}, ""),
        ({"a": 1}, {"a": 2}, "a is 1, was 2"),
        ({"a": True}, {"a": 1}, "a is True, was 1"),
        ({"a": 1}, {}, "a is 1, was absent"),
        ({}, {"a": 1}, "a is absent, was 1"),
        ({"l": [{"b": 1}, {"b": 2}]}, {"l": [{"b": 1}, {"b": 3}]}, "l[1].b is 2, was 3"),
        ({"l": [1]}, {"l": [1, 2]}, "l is [1], was [1, 2]"),
        ({"expiryDate": "2026-01-01T00:00:04Z"}, {"expiryDate": "2026-01-01T00:00:00Z"}, ""),
        (
            {"expiryDate": "2026-01-01T00:01:00Z"},
            {"expiryDate": "2026-01-01T00:00:00Z"},
            "expiryDate is '2026-01-01T00:01:00Z', was '2026-01-01T00:00:00Z'",
        ),
        ({"value": "414243"}, {"value": "(secret)"}, ""),
        ({"signature": "AA"}, {"signature": "BB"}, ""),
        ({"certificate": "-----BEGIN A"}, {"certificate": "-----BEGIN B"}, ""),
        (
            {"certificate": "-----BEGIN A"},
            {"certificate": "no"},
            "certificate is '-----BEGIN A', was 'no'",
        ),
    ],
)
def test_what_differs_between_two_requests(today, then, told):
    assert difference(today, then) == told


# -- the command --------------------------------------------------------------------------------------------------


def only(record, *cases):
    """The lines of a record, without how other cases ended: they are not judged."""
    return [event for event in record if not (isinstance(event, CaseEnded) and event.case not in cases)]


def written(folder, source, *cases, change=lambda line: line):
    """A run of which only some cases ended."""
    keep = {event.n for event in only(events(source), *cases)}
    lines = (source / "record.jsonl").read_bytes().splitlines()
    write(folder, [change(line) for number, line in enumerate(lines, 1) if number in keep])
    return folder


def test_the_command_tells_a_table_and_data_and_only_reads(faulty, tmp_path):
    folder = written(tmp_path / "run", faulty[0], "TC_019_CS", "TC_013_CS")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    result = invoke("judge", folder)
    assert result.exit_code == 0
    assert result.output.splitlines()[0].split() == ["case", "then", "today", "place"]
    assert "TC_019_CS    PASS            PASS" in result.output
    assert result.output.splitlines()[-1] == "2 the same verdict"
    data = json.loads(invoke("judge", folder, "--json").output)
    assert data["count"] == {"the same": 2, "changed": 0, "cannot be judged": 0}
    assert {case["case"]: case["today"] for case in data["cases"]} == {
        "TC_019_CS": "PASS",
        "TC_013_CS": "FAIL",
    }
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_the_exit_code_tells_what_changed_and_what_cannot_be_judged(faulty, tmp_path):
    def passed(line):
        return line.replace(b'"verdict":"FAIL"', b'"verdict":"PASS"')

    changed = invoke("judge", written(tmp_path / "one", faulty[0], "TC_013_CS", change=passed))
    assert changed.exit_code == 1
    assert "another verdict" in changed.output
    assert "TC_013_CS    PASS            FAIL            step 3" in changed.output
    soft = b'"Reset",{"type":"Soft"}'.replace(b'"', b'\\"')
    hard = soft.replace(b"Soft", b"Hard")
    folder = written(tmp_path / "two", faulty[0], "TC_016_CS", change=lambda line: line.replace(soft, hard))
    untold = invoke("judge", folder)
    assert untold.exit_code == 3
    assert "cannot be judged from this record: the script sends another" in untold.output


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda text: text.replace(b'"verdict":"FAIL"', b'"verdict":"PASS"', 1), "the line was changed"),
        (lambda text: b"\n".join(text.split(b"\n")[:50] + text.split(b"\n")[51:]), "was added or removed"),
        (lambda text: b"no record\n", "it is no event any more"),
        (lambda text: b"", "is no record of a run"),
        (lambda text: text.split(b"\n")[0] + b"\n", "no test case was ended"),
    ],
)
def test_a_record_that_is_no_evidence_is_refused_in_a_sentence(damage, told, faulty, tmp_path):
    (tmp_path / "record.jsonl").write_bytes(damage((faulty[0] / "record.jsonl").read_bytes()))
    result = invoke("judge", tmp_path)
    assert result.exit_code == 2
    assert told in result.output
    assert len(result.output.splitlines()) == 1


def test_a_folder_without_a_record_is_refused_in_a_sentence(tmp_path):
    result = invoke("judge", tmp_path)
    assert result.exit_code == 2
    assert "give the folder of a run" in result.output
    assert invoke("judge", tmp_path / "nowhere").exit_code == 2


def test_a_case_that_there_is_no_more_cannot_be_judged(faulty):
    folder, record = faulty
    renamed = [replace(event, case="TC_999_CS") if event.case == "TC_019_CS" else event for event in record]
    found = judged(folder, renamed, "TC_999_CS", "TC_021_CS")
    assert found["TC_999_CS"].reason == "there is no such test case today"
    assert (found["TC_999_CS"].fate, found["TC_021_CS"].fate) == (Fate.UNTOLD, Fate.SAME)


def test_a_bench_of_another_version_is_refused_in_a_sentence(faulty, tmp_path):
    def strange(line):
        return line.replace(b'"times":{', b'"times":{"patience":7,', 1)

    result = invoke("judge", written(tmp_path / "run", faulty[0], "TC_019_CS", change=strange))
    assert result.exit_code == 2
    assert "cannot be used by this version: times.patience" in result.output
    assert len(result.output.splitlines()) == 1


def test_a_run_that_was_cut_off_is_judged_as_far_as_it_came(faulty):
    folder, record = faulty
    end = next(
        place
        for place, event in enumerate(record)
        if isinstance(event, CaseEnded) and event.case == "TC_003_CS"
    )
    found = judged(folder, record[: end + 1])
    assert {one.fate for one in found.values()} == {Fate.SAME}
    assert "TC_003_CS" in found
    assert "TC_004_1_CS" not in found


def test_a_tape_needs_a_beginning(tmp_path):
    with pytest.raises(AssertionError):
        tape_of(tmp_path, [Event(n=1)])
