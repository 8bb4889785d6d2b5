"""The fake Central System against stations that do what they should, and what they should not."""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import socket
import threading
import time

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from octt.csms.answers import Answers, Armed, ErrorAnswer, RawAnswer
from octt.csms.endpoints import Endpoint
from octt.csms.server import CsmsError
from octt.record import check_chain
from octt.timeline.state import State
from tests.conftest import BareStation, running

BOOT = {"chargePointVendor": "V", "chargePointModel": "M"}


def test_default_answers(live):
    station = live.station()
    answer = station.call("BootNotification", **BOOT)
    assert answer[0] == 3
    assert answer[2]["status"] == "Accepted"
    assert answer[2]["interval"] == 7
    assert station.call("StatusNotification", connectorId=1, errorCode="NoError", status="Available")[2] == {}
    started = {"connectorId": 1, "idTag": "A", "meterStart": 0, "timestamp": "2024-01-01T00:00:00Z"}
    first = station.call("StartTransaction", **started)[2]
    assert first["idTagInfo"] == {"status": "Accepted"}
    assert station.call("StartTransaction", **started)[2]["transactionId"] == first["transactionId"]
    other = station.call("StartTransaction", **{**started, "timestamp": "2024-01-01T00:00:01Z"})[2]
    assert other["transactionId"] != first["transactionId"]
    stop = {"transactionId": first["transactionId"], "meterStop": 1, "timestamp": "2024-01-01T00:00:09Z"}
    assert station.call("StopTransaction", **stop)[2] == {}
    assert [t.id for t in live.csms.timeline.state.open_transactions] == [other["transactionId"]]
    assert live.csms.timeline.state.statuses == {1: "Available"}
    assert all(event.problems == [] for event in live.events("frame"))


def test_armed_answers_merge_run_out_and_end(live):
    station = live.station()
    answers = live.csms.answers
    answers.arm("Authorize", Armed({"idTagInfo": {"status": "Blocked"}}, when={"idTag": "B"}))
    answers.arm("Heartbeat", Armed(ErrorAnswer("InternalError", "on purpose"), times=1))
    assert station.call("Authorize", idTag="A")[2] == {"idTagInfo": {"status": "Accepted"}}
    assert station.call("Authorize", idTag="B")[2] == {"idTagInfo": {"status": "Blocked"}}
    assert station.call("Heartbeat")[:1] + station.call("Heartbeat")[:1] == [4, 3]
    answers.disarm()
    assert station.call("Authorize", idTag="B")[2] == {"idTagInfo": {"status": "Accepted"}}


def test_an_equal_start_is_the_same_transaction_while_it_runs_only(live):
    """A station that tells time in whole seconds may begin two transactions with the same message (4.8)."""
    station = live.station()
    started = {"connectorId": 1, "idTag": "A", "meterStart": 0, "timestamp": "2024-01-01T00:00:00Z"}
    first = station.call("StartTransaction", **started)[2]["transactionId"]
    assert station.call("StartTransaction", **started)[2]["transactionId"] == first
    station.call("StopTransaction", transactionId=first, meterStop=1, timestamp="2024-01-01T00:00:00Z")
    assert station.call("StartTransaction", **started)[2]["transactionId"] != first


def test_transaction_ids_are_new_for_each_run(monkeypatch):
    """A station may remember those of an earlier one (4.8)."""
    ids = []
    for second in (0, 1, 86400):
        monkeypatch.setattr("octt.csms.answers.wall", lambda second=second: (1_700_000_000 + second) * 10**9)
        begun = Answers().answer("StartTransaction", {"idTag": "A"}, State())
        ids.append(begun["transactionId"])
    assert len(set(ids)) == 3
    assert all(0 < ident < 2**31 for ident in ids)


def test_answers_and_requests_can_be_held_back(tmp_path):
    with running(tmp_path, reply_delay=0.2, request_delay=0.2) as bench:
        station, began = bench.station(), time.monotonic()
        for ident in ("1", "2"):
            station.send(json.dumps([2, ident, "Heartbeat", {}]))
        assert [station.receive()[1] for _ in range(2)] == ["1", "2"]
        assert time.monotonic() - began >= 0.2
        began = time.monotonic()
        calling = threading.Thread(target=bench.csms.call, args=("ClearCache", {}, 30))
        calling.start()
        station.reply(status="Accepted")
        calling.join()
        assert time.monotonic() - began >= 0.2


def test_nobody_acts_on_a_request_before_its_answer_has_left(tmp_path):
    """Else the station would get a request of ours while its own is unanswered."""
    with running(tmp_path, reply_delay=60) as bench:
        bench.station().send('[2,"1","Heartbeat",{}]')
        bench.eventually(lambda: bench.events("frame"))
        assert not [entry for entry in bench.csms.timeline.since(0) if entry.is_call()]


def test_misspelt_answers_are_refused_at_once(live):
    with pytest.raises(ValueError, match="did you mean 'idTagInfo'"):
        live.csms.answers.arm("Authorize", Armed({"idTagInf": {}}))
    with pytest.raises(ValueError, match="not sent by a charging station"):
        live.csms.answers.arm("Reset", Armed({}))


@pytest.mark.parametrize(
    ("text", "code", "problem"),
    [
        ('[2,"1","Nonsense",{}]', "NotImplemented", "no action of OCPP 1.6"),
        ('[2,"1","Reset",{"type":"Hard"}]', "NotSupported", "called by the Central System only"),
        ('[2,"1","Heartbeat"]', "FormationViolation", "array of 3 elements"),
        ('[2,"1","Authorize",{}]', "OccurenceConstraintViolation", "idTag"),
        ('[2,"1","Authorize",{"idTag":1}]', "TypeConstraintViolation", "idTag"),
        ('[2,"1","Authorize",{"idTag":"123456789012345678901"}]', "PropertyConstraintViolation", "idTag"),
    ],
)
def test_bad_requests_are_answered_and_recorded(live, text, code, problem):
    station = live.station()
    station.send(text)
    answer = station.receive()
    assert answer[0] == 4
    assert answer[2] == code
    frame = live.events("frame")[0]
    assert frame.raw == text
    assert any(problem in sentence for sentence in frame.problems)


@pytest.mark.parametrize(
    ("action", "payload"),
    [
        ("StartTransaction", {"connectorId": 1, "meterStart": "0", "timestamp": 5}),
        ("StartTransaction", {"idTag": ["A"], "connectorId": {}}),
        ("StopTransaction", {"transactionId": "1", "idTag": {"a": 1}}),
        ("MeterValues", {"connectorId": 1, "meterValue": None}),
    ],
)
def test_what_a_station_would_repeat_is_answered_whatever_is_wrong_with_it(live, action, payload):
    """Refused, it would be sent again in the cases that follow, and block what is queued behind it."""
    answer = live.station().call(action, **payload)
    assert answer[0] == 3
    assert ("transactionId" in answer[2]) is (action == "StartTransaction")
    assert live.events("frame")[0].problems


@pytest.mark.parametrize("text", ["", "{", "null", "[]", "[9,1]", '"x"', "[" * 5000, b"\x00\xff", "[true]"])
def test_malformed_frames_are_evidence(live, text):
    station = live.station()
    station.send(text)
    assert station.call("Heartbeat")[0] == 3
    frame = live.events("frame")[0]
    assert frame.type == "MALFORMED"
    assert frame.problems
    assert frame.binary is isinstance(text, bytes)


def test_frame_over_the_limit_ends_the_connection(live):
    station = live.station()
    with contextlib.suppress(ConnectionClosed):
        station.send("x" * 10_000_000)
    with pytest.raises(ConnectionClosed):
        station.receive()
    live.eventually(lambda: live.events("disconnect"))
    assert live.events("frame")[0].type == "MALFORMED"
    assert any("larger than" in p for event in live.events("frame") for p in event.problems)
    assert live.station().call("Heartbeat")[0] == 3
    assert live.path.stat().st_size < 100_000


def test_calls_are_matched_by_message_id(live):
    station = live.station()
    result = []
    thread = threading.Thread(target=lambda: result.append(live.csms.call("ClearCache", {}, 5)))
    thread.start()
    call = station.receive()
    station.send('[3,"somebody-else",{"status":"Rejected"}]')
    station.send(json.dumps([3, call[1], {"status": "Accepted"}]))
    thread.join()
    request, reply = result[0]
    assert request.frame.id == call[1]
    assert reply.payload == {"status": "Accepted"}
    stray = next(event for event in live.events("frame") if event.id == "somebody-else")
    assert stray.problems == ["reply to a call we never made"]
    assert stray.action == ""


def test_late_reply_is_recognised(live):
    station = live.station()
    _request, reply = live.csms.call("ClearCache", {}, 0.05)
    assert reply is None
    call = station.receive()
    station.send(json.dumps([3, call[1], {"status": "Accepted"}]))
    late = live.eventually(lambda: [e for e in live.events("frame") if e.dir == "in"])[0]
    assert late.action == "ClearCache"
    assert "timed out" in late.problems[0]


def test_one_call_at_a_time(live):
    station = live.station()
    threads = [threading.Thread(target=live.csms.call, args=("ClearCache", {}, 5)) for _ in range(2)]
    for thread in threads:
        thread.start()
    first = station.receive()
    with pytest.raises(TimeoutError):
        station.receive(0.2)
    station.send(json.dumps([3, first[1], {"status": "Accepted"}]))
    assert station.reply(status="Accepted")[1] != first[1]
    for thread in threads:
        thread.join()


def test_lost_connection_ends_a_call(live):
    station = live.station()
    thread = threading.Thread(target=live.csms.call, args=("ClearCache", {}, 30))
    thread.start()
    station.receive()
    station.socket.socket.shutdown(socket.SHUT_RDWR)
    thread.join(5)
    assert not thread.is_alive()
    assert live.csms.call("ClearCache", {}, 1) == (None, None)


@pytest.mark.parametrize(
    ("path", "words"),
    [("/ocpp/STRANGER", "identity 'STRANGER'"), ("/other/CS%201%2F%C3%A4", "path"), ("/", "identity ''")],
)
def test_other_identities_and_paths_are_refused(live, path, words):
    base = live.url.split("/ocpp/")[0]
    with pytest.raises(InvalidStatus) as refused:
        BareStation(base + path)
    assert refused.value.response.status_code == 404
    event = live.eventually(lambda: live.events("refused"))[0]
    assert words in event.reason
    assert live.csms.refusals == [event.reason]


def test_missing_subprotocol_is_closed_after_the_handshake(live):
    with connect(live.url, subprotocols=None) as client:
        with pytest.raises(ConnectionClosed):
            client.recv(5)
        assert client.close_code == 1002
    assert "ocpp1.6 is needed" in live.eventually(lambda: live.events("refused"))[0].reason


def test_second_connection_replaces_the_first(live):
    first = live.station()
    second = live.station()
    assert second.call("Heartbeat")[0] == 3
    with pytest.raises(ConnectionClosed):
        first.receive()
    assert [event.replaces for event in live.events("connect")] == [None, 1]
    assert live.csms.connected


def test_offline_refuses_and_restores(live):
    station = live.station()
    live.csms.cut()
    with pytest.raises(ConnectionClosed):
        station.receive()
    with pytest.raises((OSError, ConnectionClosed, EOFError, InvalidStatus, Exception)) as refused:
        live.station(open_timeout=2)
    assert not isinstance(refused.value, AssertionError)
    assert live.events("disconnect")[0].by == "csms"
    live.csms.restore()
    assert live.station().call("Heartbeat")[0] == 3
    assert [event.event for event in live.events("network")] == ["cut", "restored"]


def test_basic_authentication(tmp_path):
    with running(tmp_path, password="pässword-16-chars", endpoints=[Endpoint(1)]) as bench:

        def header(user, password):
            code = base64.b64encode(f"{user}:{password}".encode()).decode()
            return {"Authorization": f"Basic {code}"}

        for headers in (
            {},
            header("CS 1/ä", "wrong"),
            header("other", "pässword-16-chars"),
            {"Authorization": "Basic %%"},
        ):
            with pytest.raises(InvalidStatus) as refused:
                bench.station(additional_headers=headers)
            assert refused.value.response.status_code == 401
        good = bench.station(additional_headers=header("CS 1/ä", "pässword-16-chars"))
        assert good.call("Heartbeat")[0] == 3
        event = bench.events("connect")[0]
        assert (event.auth, event.user) == ("ok", "CS 1/ä")
    assert "pässword" not in bench.path.read_text(encoding="utf-8")


def test_port_in_use_is_one_sentence(tmp_path, live):
    port = live.csms.settings.endpoints[0].port
    with pytest.raises(CsmsError, match=f"port {port} is in use; stop what uses it"):
        live.csms.open(Endpoint(port=port))


def test_many_strangers_do_not_keep_the_station_out(live):
    base = live.url.split("/ocpp/")[0]
    sockets = [socket.create_connection(("127.0.0.1", int(base.rpartition(":")[2]))) for _ in range(100)]
    for one in sockets[:50]:
        one.sendall(b"\x16\x03\x01 garbage\r\n\r\n")
    assert live.station().call("Heartbeat")[0] == 3
    for one in sockets:
        one.close()


def test_a_flood_of_frames_ends_the_connection(tmp_path):
    with running(tmp_path, frames=(50, 1)) as bench:
        station = bench.station()
        with contextlib.suppress(ConnectionClosed):
            for number in range(500):
                station.send(f'[2,"{number}","Heartbeat",{{}}]')
        bench.eventually(lambda: bench.events("disconnect"))
        assert bench.events("disconnect")[0].by == "csms"
        heard = [event for event in bench.events("frame") if event.dir == "in"]
        assert len(heard) <= 55
        assert "more than 50 frames at once" in heard[-1].problems[0]
        assert bench.station().call("Heartbeat")[0] == 3


def test_a_flood_of_strangers_is_recorded_in_bounds(live):
    live.csms.door._strangers.at_once = live.csms.door._strangers._left = 5
    base = live.url.split("/ocpp/")[0]
    for _ in range(20):
        with pytest.raises(InvalidStatus):
            BareStation(base + "/ocpp/STRANGER")
    assert 5 <= len(live.events("refused")) <= 8
    assert live.station().call("Heartbeat")[0] == 3


def test_record_stays_whole(live):
    station = live.station()
    for _ in range(50):
        station.call("Heartbeat")
    station.close()
    live.eventually(lambda: live.events("disconnect"))
    assert live.events("disconnect")[0].by == "station"
    _last, damages = check_chain(live.path)
    assert damages == []
    frames = live.events("frame")
    assert [frame.dir for frame in frames] == ["in", "out"] * 50
    assert all(one.m <= other.m for one, other in itertools.pairwise(frames))


def test_any_texts_may_take_the_place_of_an_answer(live):
    """As octt fuzz has it: several, or none, with the id of the request."""
    station = live.station()
    live.csms.answers.arm("Heartbeat", Armed(RawAnswer(('[3,"{id}",7]', "[4]")), times=1))
    station.send('[2,"a\\"b","Heartbeat",{}]')
    assert station.receive() == [3, 'a"b', 7]
    assert station.receive() == [4]
    assert station.call("Heartbeat")[0] == 3


def test_a_result_for_an_action_that_there_is_not_does_not_end_the_connection(live):
    station = live.station()
    station.call("BootNotification", **BOOT)
    asked = threading.Thread(target=lambda: station.reply(status="Accepted"))
    asked.start()
    session = live.csms.session
    reply = live.csms.run(session.ask("a", '[2,"a","Nonsense",{}]', "Nonsense", 5))[1]
    asked.join()
    assert reply.payload == {"status": "Accepted"}
    assert reply.problems == ()
    assert station.call("Heartbeat")[0] == 3
    assert live.csms.connected


def test_bytes_that_are_no_message_are_on_the_record(live):
    station = live.station()
    station.call("BootNotification", **BOOT)
    live.csms._loop.call_soon_threadsafe(live.csms.session.note, b"\x88\x00", "a close frame")
    noted = live.eventually(lambda: [e for e in live.events("frame") if e.problems == ["a close frame"]])
    assert (noted[0].raw, noted[0].dir, noted[0].binary) == ("8800", "out", True)


def test_frames_that_are_asked_for_are_no_flood(tmp_path):
    with running(tmp_path, frames=(3, 0)) as bench:
        bench.csms.expect_many(10)
        station = bench.station()
        for _ in range(12):
            assert station.call("Heartbeat")[0] == 3
