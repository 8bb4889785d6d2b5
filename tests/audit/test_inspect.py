"""Logs of many makes: the same frames, the same findings; what is not said is inferred, and that is told."""

import json

import pytest

from octt.audit.inspect.frames import read
from octt.audit.inspect.judging import LogError, inspect
from octt.audit.inspect.talk import events_of, talks
from octt.record.chain import check_chain
from octt.record.events import FrameSeen
from tests.commands.calling import invoke

BOOT = '[2,"1","BootNotification",{"chargePointVendor":"V","chargePointModel":"M"}]'
PENDING = '[3,"1",{"status":"Pending","currentTime":"2024-02-23T18:04:57.554Z","interval":1800}]'
ASKED = '[2,"34","GetConfiguration",{"key":[]}]'
WRONG = '[3,"34",{"configurationKey":[{"key":"X","readonly":"no"}]}]'
EARLY = '[2,"9","StatusNotification",{"connectorId":1,"status":"Available","errorCode":"NoError"}]'
FRAMES = ((BOOT, "in"), (PENDING, "out"), (ASKED, "out"), (WRONG, "in"), (EARLY, "in"))
TIMES = ("18:04:57.552", "18:04:57.563", "18:05:29.492", "18:05:29.561", "18:05:39.561")
DAY = "2024-02-23"

FAULTS = [
    "GetConfiguration.conf breaks its schema, configurationKey.readonly is no boolean",
    "StatusNotification while Pending, without a TriggerMessage that asked for it",
]


def steve(frame, way, time):
    logger = "de.rwth.idsg.steve.ocpp.ws.WebSocketLogger"
    verb = "Received" if way == "in" else "Sending"
    return (
        f"[INFO ] {DAY} {time.replace('.', ',')} {logger} - [chargeBoxId=CS1, sessionId=a-b] {verb}: {frame}"
    )


def python_package(frame, way, time):
    return (
        f"{DAY} {time} INFO (MainThread) [ocpp] CS1: {'receive message' if way == 'in' else 'send'} {frame}"
    )


def python_default(frame, way, _time):
    return f"INFO:ocpp:CS1: {'receive message' if way == 'in' else 'send'} {frame}"


def evcc(frame, way, time):
    when = f"{DAY.replace('-', '/')} {time[:8]}"
    return f"[ocpp  ] TRACE {when} {'recv' if way == 'in' else 'send'} CS1: {frame}"


def octt_log(frame, way, time):
    return f"[{time}] [msg-{way}]  {frame}"


def octt_log_with_colons(frame, way, time):
    return f"[{time.replace('.', ':')}] [msg-{way}]  {frame}"


def arrows(frame, way, time):
    return f"{DAY}T{time}Z: {'ChargePoint>CentralSystem' if way == 'in' else 'CentralSystem>ChargePoint'} {frame}"


def bare(frame, _way, _time):
    return frame


def timed(frame, _way, time):
    return f"{DAY}T{time}+00:00 {frame}"


def object_with_text(frame, way, time):
    return json.dumps(
        {"timestamp": f"{DAY}T{time}Z", "direction": way, "message": frame, "chargePointId": "CS1"}
    )


def object_with_frame(frame, way, time):
    return json.dumps(
        {"time": f"{DAY}T{time}Z", "dir": f"{way}bound" if way == "out" else "RX", "raw": json.loads(frame)}
    )


def object_within(frame, way, time):
    side = "charge_point" if way == "in" else "csms"
    return json.dumps(
        {"@timestamp": f"{DAY}T{time}Z", "event": {"source": side, "payload": json.loads(frame)}}
    )


def object_with_line(frame, way, time):
    """A log of a container around a log line."""
    return json.dumps({"time": f"{DAY}T{time}Z", "log": python_default(frame, way, time)})


def object_of_parts(frame, way, time):
    kind, ident, *rest = json.loads(frame)
    fields = {
        "messageTypeId": kind,
        "uniqueId": ident,
        "payload": rest[-1],
        "dir": way,
        "ts": f"{DAY}T{time}Z",
    }
    return json.dumps(fields | ({"action": rest[0]} if kind == 2 else {}))


def record_line(frame, way, time):
    """As a record of ours has it."""
    return json.dumps(
        {
            "n": 1,
            "kind": "frame",
            "dir": way,
            "type": "CALL",
            "id": "x",
            "raw": frame,
            "time": f"{DAY}T{time}Z",
        }
    )


MAKES = (
    *(steve, python_package, python_default, evcc, octt_log, octt_log_with_colons, arrows, bare, timed),
    *(object_with_text, object_with_frame, object_within, object_with_line, object_of_parts, record_line),
)


def log(folder, make, frames=FRAMES):
    """A log file of this make."""
    path = folder / "csms.log"
    lines = (make(frame, way, time) for (frame, way), time in zip(frames, TIMES, strict=False))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("make", MAKES, ids=lambda make: make.__name__)
def test_every_make_shows_the_same_faults(make, tmp_path):
    found = inspect(log(tmp_path, make))
    assert [one.fault for one in found.violations] == FAULTS
    assert [one.line for one in found.violations] == [4, 5]
    (talk,) = found.talks
    assert [one.side for one in talk.said] == [way for _, way in FRAMES]
    assert [one.action for one in talk.said] == [
        *(
            "BootNotification",
            "BootNotification",
            "GetConfiguration",
            "GetConfiguration",
            "StatusNotification",
        )
    ]
    assert found.reading.unreadable == []


@pytest.mark.parametrize("make", [bare, timed], ids=lambda make: make.__name__)
def test_a_way_that_the_log_does_not_say_follows_and_is_told(make, tmp_path):
    found = inspect(log(tmp_path, make))
    assert all(one.guessed for one in found.talks[0].said)
    assert "which way 5 frames went follows from" in invoke("inspect", log(tmp_path, make)).output


def test_the_log_of_a_station_is_read_the_other_way_round(tmp_path):
    other = {"in": "out", "out": "in"}
    path = log(tmp_path, python_package, [(frame, other[way]) for frame, way in FRAMES])
    found = inspect(path)
    assert found.talks[0].reversed
    assert [one.fault for one in found.violations] == FAULTS


def test_times_that_are_there_are_kept_and_a_missing_zone_is_found_out(tmp_path):
    def local(frame, way, time):
        return python_package(frame, way, time.replace("18:", "20:"))

    (talk,) = inspect(log(tmp_path, local)).talks
    assert (talk.timed, talk.dated, talk.offset) == (True, True, 7200)
    seen = [event for event in events_of(talk) if isinstance(event, FrameSeen)]
    assert [(event.t - seen[0].t) / 1e9 for event in seen] == pytest.approx([0, 0.011, 31.94, 32.009, 42.009])
    assert seen[0].t / 1e9 == pytest.approx(1708711497.552)


def test_without_times_no_rule_that_needs_them_says_anything(tmp_path):
    beats = [(f'[2,"{n}","Heartbeat",{{}}]', "in") for n in range(60, 65)]
    answers = [(f'[3,"{n}",{{"currentTime":"2020-01-01T00:00:00Z"}}]', "out") for n in range(60, 65)]
    frames = [one for pair in zip(beats, answers, strict=True) for one in pair]
    path = tmp_path / "log"
    path.write_text(
        "\n".join(
            frame for frame, _ in [(BOOT, "in"), (PENDING.replace("Pending", "Accepted"), "out"), *frames]
        ),
        encoding="utf-8",
    )
    result = invoke("inspect", path)
    assert result.exit_code == 0
    assert "tells no times" in result.output


def test_frames_over_several_lines_and_lines_between_them_are_read(tmp_path):
    path = tmp_path / "log"
    spread = json.dumps(json.loads(BOOT), indent=2)
    text = f"starting\n{DAY}T18:04:57Z: ChargePoint>CentralSystem  BootNotification\n{spread}\n\nsomething else\n"
    path.write_text(text + python_package(PENDING, "out", TIMES[1]) + "\n", encoding="utf-8")
    found = read(path.read_text(encoding="utf-8").splitlines())
    assert [(one.line, one.way) for one in found.frames] == [(3, "in"), (len(text.splitlines()) + 1, "out")]
    assert found.frames[0].when is not None
    assert found.unreadable == []


def test_a_frame_that_two_parts_of_a_program_wrote_counts_once(tmp_path):
    def twice(frame, way, time):
        frame_of_websockets = (
            f"{DAY} {time} DEBUG [websockets.protocol] server < Frame(opcode=TEXT, data=b'{frame}')"
        )
        return f"{frame_of_websockets}\n{python_package(frame, way, time)}"

    found = inspect(log(tmp_path, twice))
    assert sum(len(talk.said) for talk in found.talks) == 5
    again = inspect(log(tmp_path, python_package, [(BOOT, "in"), (BOOT, "in")]))  # the station did that
    assert sum(len(talk.said) for talk in again.talks) == 2


def test_stations_are_kept_apart(tmp_path):
    lines = [steve(frame, way, time) for (frame, way), time in zip(FRAMES, TIMES, strict=True)]
    mixed = [
        line
        for pair in zip(lines, (one.replace("CS1", "CS2") for one in lines), strict=True)
        for line in pair
    ]
    path = tmp_path / "log"
    path.write_text("\n".join(mixed), encoding="utf-8")
    found = inspect(path)
    assert [talk.peer for talk in found.talks] == ["CS1", "CS2"]
    assert [(one.station, one.line) for one in found.violations] == [
        ("CS1", 7),
        ("CS1", 9),
        ("CS2", 8),
        ("CS2", 10),
    ]


def test_a_reply_without_its_request_is_left_out_and_told(tmp_path):
    result = invoke("inspect", log(tmp_path, steve, FRAMES[3:]))
    assert "1 replies are left out" in result.output
    assert result.exit_code == 0


def test_what_the_central_system_did_wrong_is_a_remark_of_its_own(tmp_path):
    odd = ('[2,"7","Reset",{"type":"Medium"}]', "out")
    found = inspect(log(tmp_path, steve, [odd]))
    assert [(one.who, str(one.severity)) for one in found.findings] == [("Central System", "remark")]
    assert found.violations == []
    assert invoke("inspect", log(tmp_path, steve, [odd])).exit_code == 0


def test_the_same_fault_is_told_once_with_how_often(tmp_path):
    wrong = [(f'[2,"{n}","Heartbeat",{{"a":1}}]', "in") for n in range(4)]
    found = inspect(log(tmp_path, steve, wrong))
    assert [(one.count, one.line) for one in found.violations if "Heartbeat" in one.fault] == [(4, 1)]


# -- the command --------------------------------------------------------------------------------------------------


def test_the_command_tells_findings_as_text_and_as_data(tmp_path):
    path = log(tmp_path, steve)
    text = invoke("inspect", path)
    assert text.exit_code == 1
    assert "5 frames in 5 lines" in text.output
    assert f"line 4: {FAULTS[0]}" in text.output
    assert text.output.splitlines()[-1] == "2 violations, 0 remarks"
    data = json.loads(invoke("inspect", path, "--json").output)
    assert (data["frames"], data["violations"], len(data["findings"])) == (5, 2, 2)


def test_the_page_of_a_log_has_the_findings_and_an_intact_record(tmp_path):
    out = tmp_path / "page"
    result = invoke("inspect", log(tmp_path, steve), "--out", out)
    assert result.exit_code == 1
    assert sorted(path.name for path in out.iterdir()) == ["record.jsonl", "report.html"]
    page = (out / "report.html").read_text(encoding="utf-8")
    assert all(fault in page for fault in FAULTS)
    assert "no test case was run" in page
    assert check_chain(out / "record.jsonl")[1] == []
    again = invoke("inspect", log(tmp_path, steve), "--out", out)
    assert again.exit_code == 2
    assert "choose another folder" in again.output


def test_lines_that_cannot_be_read_are_counted_and_the_first_is_told(tmp_path):
    path = log(tmp_path, steve)
    with path.open("a", encoding="utf-8") as file:
        file.write('Received: [2,"a","Heartbeat",{\nnext line\nReceived: [2,"b","Heart\n')
    result = invoke("inspect", path)
    assert '2 could not be read; the first, line 6: Received: [2,"a","Heartbeat",{' in result.output


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "no frame of OCPP-J was found in its 0 lines"),
        (b"nothing here\n[1,2,3]\n{}\n[2]\n", "no frame of OCPP-J was found in its 4 lines"),
        (b"\xd4\xc3\xb2\xa1\x02\x00", "capture of packets"),
        (b"\x0a\x0d\x0d\x0a\x02\x00", "capture of packets"),
        (b"\x1f\x8b\x08", "unpack it first"),
        (b"\x00\xff" * 4000, "no frame of OCPP-J"),
        (b'[2,"1","Heartbeat",' + b"[" * 100_000, "no frame of OCPP-J"),
        (b"[" * 200_000, "no frame of OCPP-J"),
    ],
    ids=["empty", "nothing", "pcap", "pcapng", "gzip", "binary", "deep", "brackets"],
)
def test_what_is_no_log_is_refused_in_a_sentence(content, told, tmp_path):
    path = tmp_path / "log"
    path.write_bytes(content)
    result = invoke("inspect", path)
    assert result.exit_code == 2
    assert told in result.output
    assert len(result.output.splitlines()) == 1
    with pytest.raises(LogError):
        inspect(path)


def test_a_long_line_of_beginnings_is_given_up_soon():
    assert read(['[2,"' * 300_000]).frames == []


def test_a_frame_within_a_text_of_json_is_read():
    (found,) = read([f"2024-02-23 18:04:57 recv {json.dumps(BOOT)}"]).frames
    assert (found.raw, found.way) == (BOOT, "in")


def test_hostile_lines_end_no_inspection(tmp_path):
    lines = [
        '[2,"1","Nothing",{"a":"\\u001b[31m"}]',
        '[3,"1",[]]',
        '[4,"1","\\u001b[0mX","",{}]',
        '{"message":"[2,\\"2\\",\\"Heartbeat\\",{}]","timestamp":1e400}',
        '{"message":["2"],"time":-99999999999999999999}',
        '[2,"3","Heartbeat",{},{}] 9999-99-99 99:99:99',
        '2024-13-45 25:61:61 recv X: [2,"4","Heartbeat",{}]',
        '[2,"5",5,{}]',
    ]
    path = tmp_path / "log"
    path.write_text("\n".join(lines), encoding="utf-8")
    result = invoke("inspect", path)
    assert result.exit_code == 1
    assert "\x1b" not in result.output
    assert talks(read(lines).frames)
