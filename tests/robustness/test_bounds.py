"""Whatever a station sends: memory, the record and the time of the loop stay bounded, and what is left out is said."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import hashlib
import json
import socket
import ssl
import time

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from octt.csms import port, wire
from octt.csms.endpoints import Settings, secure_endpoint
from octt.files.servers import Bounds, FileServers
from octt.ocpp import Frame, parse, schemas
from octt.pki.pki import Pki
from octt.record.words import Blame, Verdict
from octt.timeline import timeline as timelines
from octt.timeline.fold import ENDED, OPEN
from octt.timeline.timeline import Timeline
from tests.conftest import running

MEGABYTE = 1 << 20


def call(action, payload):
    return json.dumps([2, "1", action, payload], separators=(",", ":"))


def samples(*values):
    return {
        "connectorId": 1,
        "meterValue": [{"timestamp": "2026-01-01T00:00:00Z", "sampledValue": [*values]}],
    }


HEAVY = {
    "integers as samples": call("MeterValues", samples(*[1] * 500_000)),
    "valid samples": call("MeterValues", samples(*[{"value": "1"}] * 70_000)),
    "the last sample wrong": call("MeterValues", samples(*[{"value": "1"}] * 70_000, {"value": 1})),
    "bad times": call("MeterValues", {"connectorId": 1, "meterValue": [{"timestamp": "x"}] * 45_000}),
    "unknown fields": call("Heartbeat", {f"k{number}": 1 for number in range(90_000)}),
    "empty objects": '[2,"1","Heartbeat",{"a":[' + "{}," * 349_000 + "{}]}]",
    "objects": '[2,"1","Heartbeat",{"a":[' + '{"a":1},' * 131_000 + "{}]}]",
    "a long text": call("DataTransfer", {"vendorId": "v", "data": "x" * (MEGABYTE - 100)}),
    "escapes": '[2,"1","DataTransfer",{"vendorId":"' + "\\u0041" * 170_000 + '"}]',
    "one name": '[2,"1","Heartbeat",{' + '"a":1,' * 170_000 + '"a":1}]',
    "depth": "[" * MEGABYTE,
    "digits": '[2,"1","Heartbeat",{"a":' + "1" * (MEGABYTE - 100) + "}]",
    "an error's details": '[4,"1","GenericError","",{"a":[' + "{}," * 349_000 + "{}]}]",
    "a reply to nothing": '[3,"1",{"a":[' + "{}," * 349_000 + "{}]}]",
    "a long id": '[2,"' + "i" * (MEGABYTE - 100) + '","Heartbeat",{}]',
    "a long action": '[2,"1","' + "A" * (MEGABYTE - 100) + '",{}]',
}


@pytest.mark.parametrize("kind", HEAVY)
def test_no_frame_takes_long_to_be_judged(kind):
    """Processor time, since a machine does other things too; before, the first of these took 20 s."""
    text = HEAVY[kind]
    began = time.thread_time()
    with wire.quickly(len(text)):
        frame = parse(text)
        problems = list(frame.problems)
        if frame.type == "CALL":
            wire.judge_call(frame, problems)
        if problems or frame.type == "CALLERROR":
            frame = wire.lightened(frame, len(text))
    assert time.thread_time() - began < 0.5
    assert gc.isenabled()
    assert len("".join(problems)) < 20_000
    if problems or frame.type == "CALLERROR":
        assert _size(frame.payload) < 2000, "nobody reads more of it"


def _size(value):
    if isinstance(value, dict):
        return 1 + sum(_size(one) for one in value.values())
    return 1 + sum(_size(one) for one in value) if isinstance(value, list) else 1


def test_a_payload_that_is_wrong_beyond_what_is_looked_at_is_wrong():
    payload = samples(*[{"value": "1"}] * 5000, {"value": 1})
    assert schemas.problems("MeterValues", "request", payload)[0] == (
        "meterValue.0.sampledValue.5000.value: is no string: 1"
    )
    assert schemas.error_code("MeterValues", payload) == "TypeConstraintViolation"


@pytest.mark.parametrize("kind", HEAVY)
def test_every_heavy_frame_is_answered_or_refused_and_its_record_is_short(tmp_path, kind):
    with running(tmp_path, characters=(0, 0)) as bench:
        station = bench.station()
        station.send(HEAVY[kind])
        station.send('[2,"good","Heartbeat",{}]')
        while station.receive()[1] != "good":
            pass
        station.close()
        (frame,) = [f for f in bench.events("frame") if f.dir == "in" and f.truncated]
        assert len(frame.raw) == wire.RAW_SPARED
        assert frame.truncated == len(HEAVY[kind])
        assert frame.sha256 == hashlib.sha256(HEAVY[kind].encode()).hexdigest()
    assert bench.path.stat().st_size < 60_000


def test_long_frames_are_kept_while_there_is_room(tmp_path):
    text = call("DataTransfer", {"vendorId": "v", "data": "x" * 100_000})
    with running(tmp_path, characters=(250_000, 0)) as bench:
        station = bench.station()
        for _ in range(4):
            station.send(text)
            station.receive()
        station.close()
        kept = [len(f.raw) for f in bench.events("frame") if f.dir == "in"]
    assert kept == [len(text), len(text), wire.RAW_SPARED, wire.RAW_SPARED]


def test_what_may_be_sent_counts_over_all_connections(tmp_path):
    with running(tmp_path, frames=(50, 0.1)) as bench:
        for _ in range(3):
            with contextlib.suppress(ConnectionClosed):
                station = bench.station()
                for number in range(40):
                    station.send(f'[2,"{number}","Heartbeat",{{}}]')
                station.close()
            bench.eventually(lambda: not bench.csms.connected)
        frames = [f for f in bench.events("frame") if f.dir == "in"]
        assert sum(f.action == "Heartbeat" for f in frames) <= 52
        assert "left out" in frames[-1].problems[0]


def test_a_station_that_connects_without_end_is_told_so_and_blamed(tmp_path):
    with running(tmp_path, connections=(5, 0.01)) as bench:
        for _ in range(5):
            bench.station().close()
        with pytest.raises(InvalidStatus, match="503"):
            bench.station()
        (refused,) = bench.eventually(lambda: bench.events("refused"))
        assert "more than 5 connections at once" in refused.reason
        assert bench.csms.door.blame is Blame.STATION


def test_a_handshake_of_a_megabyte_leaves_a_short_line(tmp_path):
    many = {f"X-{number}": "v" * 7000 for number in range(100)}
    with running(tmp_path) as bench:
        bench.station(additional_headers=many).close()
        bench.eventually(lambda: bench.events("connect"))
    assert bench.path.stat().st_size < 40_000


# -- memory -------------------------------------------------------------------------------------------------------


def append(timeline, number, length=60, payload=None, ident=None):
    frame = Frame("CALL", ident or str(number), "Heartbeat", payload or {})
    return timeline.append(
        number, number, number, "frame", 1, frame=frame, action="Heartbeat", weight=length, incoming=True
    )


def test_a_flood_within_a_case_drops_the_oldest_and_tells_how_many(monkeypatch):
    monkeypatch.setattr(timelines, "HEAVIEST", 1_000_000)
    timeline = Timeline()
    first = append(timeline, 0)
    for number in range(1, 5000):
        append(timeline, number)
    assert timeline.newest.n == 4999
    kept = timeline.since(0)
    assert len(kept) < 400
    assert timeline.lost(first.index) == 5000 - len(kept)
    assert timeline.lost(timeline.end) == 0
    assert [entry.index for entry in kept] == list(range(5000 - len(kept), 5000))
    timeline.forget(timeline.end - 1)
    assert timeline.lost(first.index) == 0, "what was before this case is missed by nobody"


def test_heavy_entries_are_few_and_the_newest_stays(monkeypatch):
    monkeypatch.setattr(timelines, "HEAVIEST", 40 << 20)
    timeline = Timeline()
    for number in range(100):
        entry = append(timeline, number, MEGABYTE)
        assert timeline.newest is entry
        assert timeline.call_of(False, str(number)) is entry
    assert len(timeline.since(0)) <= 4
    assert len(timeline._calls) <= 4
    enormous = append(timeline, 100, 100 * MEGABYTE)
    assert timeline.since(0)[-1] is enormous


def test_a_repeated_id_weighs_once():
    timeline = Timeline()
    for number in range(50):
        append(timeline, number, MEGABYTE, ident="same")
    assert timeline._calls_weight <= 13 * MEGABYTE


def test_a_pass_does_not_count_when_not_everything_was_looked_at(monkeypatch):
    from octt.suite.attempt import _doubted
    from tests.robustness.test_lateness import _scene

    monkeypatch.setattr(timelines, "HEAVIEST", 100_000)
    timeline = Timeline()
    for number in range(200):
        append(timeline, number)
    nothing = type("Troubles", (), {"since": lambda _self, _m: []})()
    verdict, blame, reason = _doubted(_scene(nothing, timeline), None, (Verdict.PASS, Blame.NOBODY, ""))
    assert (verdict, blame) == (Verdict.INCONCLUSIVE, Blame.STATION)
    assert "were not looked at" in reason
    failed = (Verdict.FAIL, Blame.STATION, "x")
    assert _doubted(_scene(nothing, timeline), None, failed) == failed


def test_a_script_that_waits_in_a_flood_leaves_time_to_answer():
    """Every look costs; it must not look at every frame."""
    rested, looked = [], []

    class Slow:
        def __init__(self):
            self.at = 0

        def now(self):
            return self.at

        def wait(self, _changed, seconds):
            self.at += int(min(seconds, 0.001) * 1e9)

        def sleep(self, seconds):
            rested.append(seconds)
            self.at += int(seconds * 1e9)

    clock = Slow()
    timeline = Timeline(clock)

    def decide():
        looked.append(clock.at)
        clock.at += 10**7

    assert timeline.wait(decide, 10**9) is None
    assert len(looked) < 25
    assert sum(rested) > 0.7


def test_transactions_are_remembered_without_their_meter_values():
    timeline = Timeline()
    start = {"connectorId": 1, "idTag": "A", "meterStart": 0, "timestamp": "2026-01-01T00:00:00Z"}
    timeline.append(
        1, 1, 1, "frame", 1, frame=Frame("CALL", "1", "StartTransaction", start), action="StartTransaction"
    )
    given = Frame("CALLRESULT", "1", payload={"transactionId": 7, "idTagInfo": {"status": "Accepted"}})
    timeline.append(2, 2, 2, "frame", 1, incoming=False, frame=given)
    stop = {
        "transactionId": 7,
        "meterStop": 5,
        "timestamp": "2026-01-01T00:00:00Z",
        "transactionData": [{}] * 9,
    }
    timeline.append(
        3, 3, 3, "frame", 1, frame=Frame("CALL", "2", "StopTransaction", stop), action="StopTransaction"
    )
    ended = timeline.latest.transactions[7]
    assert ended.stop == {"transactionId": 7, "meterStop": 5, "timestamp": "2026-01-01T00:00:00Z"}


def test_transactions_without_end_weigh_what_they_need():
    """Every one changes the table of all, and every entry remembers the table as it was."""
    timeline = Timeline()
    for number in range(3000):
        start = {"connectorId": 1, "idTag": "x" * 100_000, "meterStart": number}
        call_of = Frame("CALL", str(number), "StartTransaction", start)
        timeline.append(number, number, number, "frame", 1, frame=call_of, action="StartTransaction")
        given = Frame("CALLRESULT", str(number), payload={"transactionId": number})
        timeline.append(number, number, number, "frame", 1, incoming=False, frame=given)
    assert len(timeline.latest.transactions) == OPEN + ENDED
    assert len(timeline.latest.transactions[2999].start["idTag"]) == 500
    assert len(timeline.since(0)) < 5000, "or each of them holds a table of five hundred"


# -- connections that say nothing ---------------------------------------------------------------------------------


def closed_within(connection, seconds=10):
    """Whether the other side ends a connection on which nothing more is said."""
    connection.settimeout(seconds)
    with contextlib.suppress(ConnectionError):
        while connection.recv(4096):
            pass
    return True


HALF = b"GET /ocpp/CS HTTP/1.1\r\nHost: x\r\n"


@pytest.mark.parametrize("said", [b"", b"\x16", HALF], ids=["nothing", "a byte", "half a request"])
def test_who_says_nothing_to_the_central_system_is_sent_away(tmp_path, monkeypatch, said):
    monkeypatch.setattr(port, "OPENING", 0.3)
    with running(tmp_path) as bench:
        number = bench.csms.settings.endpoints[0].port
        with socket.create_connection(("127.0.0.1", number)) as silent:
            silent.sendall(said)
            assert closed_within(silent)


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    return Pki.open(tmp_path_factory.mktemp("pki"), ["127.0.0.1"])


@pytest.mark.parametrize("shakes", [False, True], ids=["before TLS", "after it"])
def test_who_says_nothing_on_a_port_with_tls_is_sent_away(tmp_path, monkeypatch, pki, shakes):
    monkeypatch.setattr(port, "OPENING", 2)
    with running(tmp_path, endpoints=[secure_endpoint(2, 0, pki)]) as bench:
        number = bench.csms.settings.endpoints[0].port
        with socket.create_connection(("127.0.0.1", number)) as silent:
            if shakes:
                context = ssl.create_default_context()
                context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
                with context.wrap_socket(silent) as tls:
                    assert closed_within(tls)
            else:
                assert closed_within(silent)
        if not shakes:
            assert "gave up waiting" in bench.eventually(lambda: bench.events("refused"))[0].reason


def test_who_answers_no_ping_is_sent_away(tmp_path, monkeypatch):
    monkeypatch.setattr(port, "PING", 0.3)
    with running(tmp_path) as bench:
        station = bench.station()
        station.socket.protocol.receive_data = lambda _data: None  # hears nothing, so answers nothing
        ended = bench.eventually(lambda: bench.events("disconnect"), 10)[0]
        assert ended.code == 1011


async def _started(files):
    await files.start()


@pytest.mark.parametrize("protocol", ["http", "https", "ftp", "ftps"])
def test_who_says_nothing_to_a_file_server_is_sent_away(tmp_path, pki, protocol, monkeypatch):
    monkeypatch.setattr(asyncio.constants, "SSL_HANDSHAKE_TIMEOUT", 1)
    with running(tmp_path) as bench:
        limits = Bounds(seconds=1, idle_seconds=1)
        files = FileServers(tmp_path, "127.0.0.1", {protocol: 0}, host="127.0.0.1", pki=pki, bounds=limits)
        bench.csms.run(_started(files))
        try:
            with socket.create_connection(("127.0.0.1", files.ports[protocol])) as silent:
                if protocol.endswith("s"):
                    silent.sendall(b"\x16\x03")  # the beginning of a ClientHello
                assert closed_within(silent)
        finally:
            bench.csms.run(files.stop())


def test_the_settings_let_a_conformant_station_do_what_it_needs():
    """Twenty connectors that send meter values every second, and the queue of a week offline."""
    settings = Settings("CS")
    at_once, per_second = settings.frames
    assert at_once >= 10_000
    assert per_second >= 50
    assert settings.connections[0] >= 500
