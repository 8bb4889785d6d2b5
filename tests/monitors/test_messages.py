"""Rules about frames as such: each broken once, and legal traffic that must not be taken for a break."""

import pytest
from monitor_wire import Wire

from octt import ocpp
from octt.ocpp import schemas


@pytest.fixture
def wire():
    return Wire()


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "nonsense",
        "[]",
        '[9,"1","Heartbeat",{}]',
        '[2,17,"Heartbeat",{}]',
        '[2,"1","Heartbeat"]',
        '[2,"1","Heartbeat",[]]',
        f'[2,"{"x" * 37}","Heartbeat",{{}}]',
    ],
)
def test_malformed_frame(wire, text):
    wire.raw(text)
    assert [f.rule for f in wire.violations()] == ["frame"]
    assert wire.violations()[0].frame == wire.n


def test_malformed_frames_of_ours_are_no_fault_of_the_station(wire):
    wire.raw('[2,"1","Reset",', incoming=False)
    wire.raw('[2,5,"Reset",{}]', incoming=False)
    assert wire.findings == []


def test_null_payload_is_legal(wire):
    wire.raw('[2,"1","Heartbeat",null]')
    assert wire.violations() == []


def test_null_payload_where_fields_are_required(wire):
    wire.raw('[2,"1","Authorize",null]', problems=['"idTag" is a required property'])
    assert [f.rule for f in wire.violations()] == ["schema"]


@pytest.mark.parametrize("code", ["FormatViolation", "GenericError"])
def test_error_codes_and_descriptions_that_are_tolerated(wire, code):
    ident = wire.ask("ClearCache")
    wire.raw(f'[4,"{ident}","{code}","{"x" * 300}",{{}}]')
    assert wire.violations() == []
    assert wire.remarks("frame")


def test_unknown_error_code(wire):
    ident = wire.ask("ClearCache")
    wire.raw(f'[4,"{ident}","NoIdea","",{{}}]')
    assert [f.rule for f in wire.violations()] == ["frame"]


def test_schema_violation_is_told_once_and_cited(wire):
    wire.send("StatusNotification", connectorId=1, status="Busy", errorCode="NoError")
    (finding,) = wire.violations()
    assert finding.rule == "schema"
    assert "Busy" in finding.text
    assert "chapter 6" in finding.cite


def test_schema_violation_in_a_reply(wire):
    ident = wire.ask("GetLocalListVersion")
    wire.raw(ocpp.result(ident, {}), problems=schemas.problems("GetLocalListVersion", "response", {}))
    assert [f.rule for f in wire.violations()] == ["schema"]


def test_reply_to_a_call_that_had_timed_out_here_is_legal(wire):
    ident = wire.ask("ClearCache")
    wire.wait(120).raw(
        ocpp.result(ident, {"status": "Accepted"}), problems=["reply to a call that had timed out"]
    )
    assert wire.findings == []


@pytest.mark.parametrize("action", ["Reset", "MyOwnMessage", "heartbeat"])
def test_actions_that_are_not_the_stations(wire, action):
    wire.send(action, type="Soft")
    assert [f.rule for f in wire.violations()] == ["action"]


@pytest.mark.parametrize("action", sorted(schemas.FROM_STATION))
def test_actions_of_the_station(wire, action):
    wire.send(action)
    assert wire.violations("action") == []


def test_message_id_used_for_another_message(wire):
    wire.call("Heartbeat", ident="7", result={"currentTime": wire.time()})
    wire.call("Authorize", ident="7", idTag="A", result={"idTagInfo": {"status": "Accepted"}})
    assert [f.rule for f in wire.violations()] == ["message id"]


def test_message_id_that_is_always_the_same(wire):
    for _ in range(3):
        wire.call("Heartbeat", ident="1", result={"currentTime": wire.time()})
        wire.wait(60)
    assert len(wire.violations("message id")) == 2


def test_retry_may_keep_its_message_id(wire):
    wire.send("Heartbeat", ident="1")
    wire.wait(30).call("Heartbeat", ident="1", result={"currentTime": wire.time()})
    assert wire.violations() == []


def test_retry_that_crossed_a_late_answer_may_keep_its_id(wire):
    ident = wire.send("Heartbeat")
    wire.wait(29).answer(ident, {"currentTime": wire.time()})
    wire.wait(60).call("Heartbeat", ident=ident, result={"currentTime": wire.time()})
    assert wire.violations() == []


def test_retry_after_an_error_may_keep_its_id(wire):
    wire.boot()
    ident = wire.send("StatusNotification", connectorId=0, status="Available", errorCode="NoError")
    wire.refuse(ident)
    wire.wait(60).call(
        "StatusNotification", ident=ident, connectorId=0, status="Available", errorCode="NoError"
    )
    assert wire.violations() == []


def test_message_ids_that_begin_anew_after_a_reconnect_are_a_remark(wire):
    for number in range(3):
        wire.call("Heartbeat", ident=str(number), result={"currentTime": wire.time()})
    wire.reconnect()
    for number in range(3):
        wire.call("Authorize", ident=str(number), idTag="A", result={"idTagInfo": {"status": "Accepted"}})
    assert wire.violations() == []
    assert len(wire.remarks("message id")) == 1


def test_retry_that_was_rebuilt_is_a_remark(wire):
    sample = {"timestamp": wire.time(), "sampledValue": [{"value": "1"}]}
    ident = wire.send("MeterValues", connectorId=1, transactionId=-1, meterValue=[sample])
    wire.wait(60).call("MeterValues", ident=ident, connectorId=1, transactionId=7, meterValue=[sample])
    assert wire.violations() == []
    assert wire.remarks("message id")


def test_same_id_as_a_request_of_ours_is_legal(wire):
    ident = wire.ask("ClearCache")
    wire.call("Heartbeat", ident=ident, result={"currentTime": wire.time()})
    wire.reply(ident, {"status": "Accepted"})
    assert wire.findings == []


def test_reply_to_an_unknown_id(wire):
    wire.reply("never", {})
    assert [f.rule for f in wire.violations()] == ["reply"]


def test_second_reply(wire):
    ident = wire.ask("ClearCache")
    wire.reply(ident, {"status": "Accepted"})
    wire.reply(ident, {"status": "Accepted"})
    assert [f.rule for f in wire.violations()] == ["reply"]


def test_replies_that_leave_a_doubt():
    late = Wire(connect=False)
    late.reply("asked before the record began", {})
    assert late.violations() == []
    assert late.remarks("reply")

    odd = Wire()
    odd.raw('[2,5,"Reset",{}]', incoming=False)
    odd.raw('[4,"-1","FormationViolation","",{}]')
    assert odd.violations() == []

    moved = Wire()
    ident = moved.ask("ClearCache")
    moved.reconnect().reply(ident, {"status": "Accepted"})
    assert moved.violations() == []
    assert moved.remarks("reply")


def test_a_request_sent_twice_may_be_answered_twice(wire):
    for _ in range(2):
        wire.raw(ocpp.call("same", "ClearCache", {}), incoming=False)
    for _ in range(2):
        wire.reply("same", {"status": "Accepted"})
    assert wire.violations() == []
    wire.reply("same", {"status": "Accepted"})
    assert len(wire.violations("reply")) == 1


def test_call_while_another_is_unanswered_is_a_remark(wire):
    wire.send("Heartbeat")
    wire.wait(1).send("Authorize", idTag="A")
    assert [f.rule for f in wire.findings] == ["outstanding call"]
    assert wire.violations() == []


def test_calls_after_an_answer_a_timeout_or_a_reconnect(wire):
    wire.call("Heartbeat", result={"currentTime": wire.time()})
    wire.send("Authorize", idTag="A")
    wire.wait(30).send("Authorize", idTag="B")
    wire.reconnect(1).send("Authorize", idTag="C")
    wire.wait(0.5).ask("ClearCache")
    assert wire.findings == []


@pytest.mark.parametrize(
    ("action", "payload", "code", "noted"),
    [
        ("ClearCache", {}, "FormationViolation", True),
        ("ClearCache", {}, "NotSupported", False),
        ("ClearCache", {}, "InternalError", False),
        ("Reset", {"type": "Lukewarm"}, "PropertyConstraintViolation", False),
        ("Reset", {"type": 5}, "TypeConstraintViolation", False),
        ("Reset", {}, "ProtocolError", False),
        ("Nonsense", {}, "NotImplemented", False),
        ("Nonsense", {}, "NotSupported", False),
        ("Nonsense", {}, "GenericError", True),
    ],
)
def test_error_code_beside_its_request(wire, action, payload, code, noted):
    ident = wire.ask(action, **payload)
    wire.raw(ocpp.error(ident, code))
    assert bool(wire.remarks("error code")) is noted
    assert wire.violations() == []


def test_truncated_frames_of_a_record_are_judged_by_what_was_noted_when_they_came(wire):
    event = {"connection": 1, "dir": "in", "raw": '[2,"1","DataTr', "truncated": 300_000, "id": "1"}
    wire.event("frame", **event, type="CALL", action="DataTransfer", problems=[])
    assert wire.findings == []
    wire.event(
        "frame", **event | {"id": "2"}, type="CALL", action="MeterValues", problems=["value is missing"]
    )
    assert [f.rule for f in wire.violations()] == ["schema"]


def test_parsed_frame_and_text_give_the_same():
    texts = ['[2,"1","Heartbeat",{}]', '[2,"1","Authorize",{"idTag":"A"}]', "[2", '[3,"x",{}]']
    told = []
    for given in (True, False):
        wire = Wire()
        findings = []
        for text in texts:
            event = wire.build("frame", **wire.frame(text))
            findings += wire.monitors.see(event, ocpp.parse(text) if given else None)
        told.append(findings)
    assert told[0] == told[1]
    assert len(told[0]) >= 3
