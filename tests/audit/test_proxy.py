"""What the proxy does to frames on their way: nothing, except to one."""

from __future__ import annotations

import asyncio
import json

import pytest

from octt.audit.mutants.frames import Target
from octt.audit.mutants.mutant import Change, Kind, Mutant
from octt.audit.proxy.extra import Known, extra
from octt.audit.proxy.proxy import STAND_IN, Proxy, Send
from octt.audit.proxy.wire import Wire
from octt.ocpp import schemas

ANSWER = {"transactionId": 7, "idTagInfo": {"status": "Accepted"}}
START = Target("StartTransaction.req", "CALL", "StartTransaction", {}, answer=ANSWER)
PREPARING = '[2,"p","StatusNotification",{"connectorId":1,"status":"Preparing","errorCode":"NoError"}]'
STARTING = '[2,"s","StartTransaction",{"connectorId":1,"idTag":"T","meterStart":3,"timestamp":"2026-01-01T00:00:00Z"}]'


def proxy(kind=None, frame="StartTransaction.req", testing=True, **more):
    made = Proxy(lambda: testing, Known(1, "T"))
    made.begin(Mutant("TC_003_CS", kind, frame, **more) if kind else None, START)
    return made


def payloads(sends):
    return [json.loads(send.text) for send in sends]


@pytest.mark.parametrize(
    "text",
    [PREPARING, STARTING, '[ 2 , "x", "Heartbeat",  {} ]', "no JSON", "[]", "[3]", '{"a": 1}', "", "[9,1,2]"],
)
@pytest.mark.parametrize("testing", [True, False])
def test_frames_pass_as_they_are(text, testing):
    made = proxy(Kind.DROPPED, "Reset.conf", testing)
    assert made.from_station(text) == [Send("csms", text)]
    assert made.from_csms(text) == [Send("station", text)]
    assert not made.made


def test_before_and_after_the_test_nothing_is_altered():
    assert proxy(Kind.DROPPED, testing=False).from_station(STARTING) == [Send("csms", STARTING)]


def test_a_dropped_request_is_answered_so_that_the_station_goes_on():
    made = proxy(Kind.DROPPED)
    (answer,) = made.from_station(STARTING)
    assert (answer.to, json.loads(answer.text)[:2]) == ("station", [3, "s"])
    assert json.loads(answer.text)[2] == ANSWER | {"transactionId": 7 + STAND_IN}
    assert made.made


def test_a_dropped_reply_is_gone():
    made = proxy(Kind.DROPPED, "Reset.conf")
    made.from_csms('[2,"r","Reset",{"type":"Soft"}]')
    assert made.from_station('[3,"r",{"status":"Accepted"}]') == []


def test_a_dropped_transaction_is_told_after_the_test():
    made = proxy(Kind.DROPPED)
    made.from_station(STARTING)
    assert Send("csms", STARTING) in [Send("csms", send.text) for send in made.after_test()]
    assert made.after_test() == []


def test_the_stand_in_id_is_exchanged_for_the_real_one_and_back():
    made = proxy(Kind.EXCHANGED)
    made.from_station(STARTING)
    passed = made.from_station(PREPARING)
    assert [json.loads(send.text)[1] for send in passed] == ["p", "s"]
    assert made.from_csms('[3,"s",{"transactionId":9,"idTagInfo":{"status":"Accepted"}}]') == []
    stop = made.from_station(f'[2,"t","StopTransaction",{{"transactionId":{7 + STAND_IN}}}]')
    assert payloads(stop)[0][3] == {"transactionId": 9}
    remote = made.from_csms('[2,"u","RemoteStopTransaction",{"transactionId":9}]')
    assert payloads(remote)[0][3] == {"transactionId": 7 + STAND_IN}


def test_a_late_frame_is_the_same_later():
    assert proxy(Kind.LATE, seconds=4.6).from_station(STARTING) == [Send("csms", STARTING, after=4.6)]


def test_a_request_twice_has_another_id_and_the_station_sees_one_answer():
    made = proxy(Kind.TWICE)
    first, second = made.from_station(STARTING)
    assert first.text == STARTING
    again = json.loads(second.text)
    assert again[2:] == json.loads(STARTING)[2:]
    assert again[1] != "s"
    assert made.from_csms(f'[3,"{again[1]}",{{"transactionId":8}}]') == []
    assert made.from_csms('[3,"s",{"transactionId":7}]') == [Send("station", '[3,"s",{"transactionId":7}]')]


def test_a_reply_twice_is_the_same_twice():
    made = proxy(Kind.TWICE, "Reset.conf")
    made.from_csms('[2,"r","Reset",{"type":"Soft"}]')
    sends = made.from_station('[3,"r",{"status":"Accepted"}]')
    assert payloads(sends) == [[3, "r", {"status": "Accepted"}]] * 2


def test_only_one_frame_is_altered():
    made = proxy(Kind.CHANGED, path=("meterStart",), change=Change.ADD, value=1)
    (sent,) = made.from_station(STARTING)
    assert json.loads(sent.text)[3]["meterStart"] == 4
    assert made.from_station(STARTING) == [Send("csms", STARTING)]


def test_it_counts_as_made_once_it_has_left_in_the_test():
    made = proxy(Kind.CHANGED, path=("meterStart",), change=Change.ADD, value=1)
    (sent,) = made.from_station(STARTING)
    assert not made.made
    made.sent(sent)
    assert made.made


def test_an_error_stands_in_for_a_reply():
    made = proxy(Kind.ERROR, "Reset.conf", value="NotSupported")
    made.from_csms('[2,"r","Reset",{"type":"Soft"}]')
    assert payloads(made.from_station('[3,"r",{"status":"Accepted"}]')) == [[4, "r", "NotSupported", "", {}]]


def test_a_message_nobody_brought_about_follows_and_is_undone_after_the_test():
    made = proxy(Kind.EXTRA, "StatusNotification.req 1 Preparing", value="StartTransaction")
    first, second = made.from_station(PREPARING)
    assert first == Send("csms", PREPARING)
    message = json.loads(second.text)
    assert (message[2], message[3]["idTag"], second.ours) == ("StartTransaction", "T", True)
    assert made.from_csms(f'[3,"{message[1]}",{{"transactionId":11}}]') == []
    (stop,) = payloads(made.after_test())
    assert (stop[2], stop[3]["transactionId"]) == ("StopTransaction", 11)


def test_a_status_that_was_wrong_is_told_as_it_is():
    made = proxy(Kind.EXTRA, "StatusNotification.req 1 Preparing", value="Faulted")
    made.from_station(PREPARING)
    (status,) = payloads(made.after_test())
    assert status[3]["status"] == "Preparing"


@pytest.mark.parametrize(
    "name",
    ["StartTransaction", "StopTransaction", "Authorize", "Faulted", "Available", "Unavailable", "Reserved"],
)
def test_messages_nobody_brought_about_are_legal_by_their_schema(name):
    action, payload = extra(name, Known(1, "T"))
    assert schemas.problems(action, "request", payload) == []


class Connection:
    """What a station sends, and what it got."""

    def __init__(self, *messages):
        self.messages, self.got = messages, []

    async def __aiter__(self):
        for message in self.messages:
            yield message

    async def send(self, text):
        self.got.append(text)


def test_the_wire_hands_on_texts_and_bytes_unchanged():
    sent = [PREPARING, b"\x00\xff", STARTING, "no JSON"]
    connection = Connection(*sent)
    wire = Wire(connection, proxy(), lambda: False)

    async def read():
        arrived = [message async for message in wire]
        await wire.send('[3,"s",{ }]')
        return arrived

    assert asyncio.run(read()) == sent
    assert connection.got == ['[3,"s",{ }]']


def test_the_wire_sends_the_station_what_stands_in():
    connection = Connection(STARTING)
    wire = Wire(connection, proxy(Kind.DROPPED), lambda: False)

    async def read():
        arrived = [message async for message in wire]
        await asyncio.gather(*wire._sending)
        return arrived

    assert asyncio.run(read()) == []
    assert [json.loads(text)[:2] for text in connection.got] == [[3, "s"]]
