"""The report says how the connection and the harness fared."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from octt.csms import port
from octt.record import Record
from octt.record.events import Connected, Disconnected, FrameSeen, NetworkChanged, RunStarted, ToolTroubled
from octt.report.model.result import load
from octt.report.write import write_all
from tests.conftest import running

SECOND = 10**9


@pytest.fixture
def record(tmp_path):
    record = Record(tmp_path / "record.jsonl")
    plan = [{"case": "TC_003_CS", "name": "A case", "profile": "Core", "applicable": True, "reason": ""}]
    record.write(RunStarted(tool={}, bench={}, pics={}, plan=plan, started="2026"), t=0)
    yield record
    record.close()


def connect(record, number, t, replaces=None):
    fields = {"identity": "CS", "remote": "10.0.0.2:1", "path": "/", "subprotocol": "ocpp1.6", "headers": {}}
    fields |= {"security_profile": 0, "user": "", "auth": "none", "tls": None}
    record.write(Connected(connection=number, replaces=replaces, **fields), t=t * SECOND)


def disconnect(record, number, t, by="network", **more):
    record.write(Disconnected(connection=number, code=1006, reason="", by=by, **more), t=t * SECOND)


def sends(record, action, t, payload=None):
    raw = json.dumps([2, "1", action, payload or {}])
    fields = {"connection": 1, "dir": "in", "type": "CALL", "id": "1", "action": action, "problems": []}
    record.write(FrameSeen(raw=raw, **fields), t=int(t * SECOND))


def told(record):
    record.close()
    return load(record.path).health


def test_losses_boots_and_replaced_sockets_are_counted(record):
    connect(record, 1, 10)
    sends(record, "BootNotification", 11)
    disconnect(record, 1, 20, pings=3)
    connect(record, 2, 50)
    sends(record, "BootNotification", 51)
    connect(record, 3, 60, replaces=2)
    disconnect(record, 2, 61, by="csms")
    disconnect(record, 3, 70, by="station", pongs=2, slowest_pong=0.5)
    connect(record, 4, 75)
    health = told(record)
    assert (health.connections, health.replaced, health.boots) == (4, 1, 2)
    assert dict(health.ended) == {"network": 1, "csms": 1, "station": 1}
    assert health.longest_outage == 30
    assert (health.pings, health.pongs, health.slowest_pong) == (3, 2, 0.5)


def test_a_time_away_that_we_brought_about_is_none(record):
    connect(record, 1, 10)
    record.write(NetworkChanged(event="cut"), t=20 * SECOND)
    disconnect(record, 1, 20, by="csms")
    record.write(NetworkChanged(event="restored"), t=90 * SECOND)
    connect(record, 2, 95)
    assert told(record).longest_outage is None


def test_the_stations_clock_is_compared_with_ours(record):
    now = 1_800_000_000
    for second, off in ((0, 2.0), (1, 2.5), (2, -4000.0)):  # the last was kept while it was offline
        said = datetime.fromtimestamp(now + second + off, UTC).isoformat().replace("+00:00", "Z")
        status = {"connectorId": 1, "status": "Available", "errorCode": "NoError", "timestamp": said}
        sends(record, "StatusNotification", now + second, status)
    assert told(record).clock_offset == pytest.approx(2, abs=0.01)


def test_every_report_says_it(record, tmp_path):
    connect(record, 1, 10)
    disconnect(record, 1, 20)
    record.write(
        ToolTroubled(what="loop", text="the Central System stood still for 20.0 s", seconds=20.0, began=5)
    )
    record.close()
    write_all(tmp_path)
    health = json.loads((tmp_path / "result.json").read_text())["health"]
    assert health["ended"] == {"station": 0, "network": 1, "csms": 0}
    assert health["troubles"][0]["text"] == "the Central System stood still for 20.0 s"
    page = (tmp_path / "report.html").read_text()
    assert "1 broken" in page
    assert "the Central System stood still for 20.0 s" in page


def test_a_station_that_tells_no_time_has_no_offset(record):
    sends(record, "StatusNotification", 5, {"timestamp": "nonsense of twenty characters"})
    health = told(record)
    assert health.clock_offset is None
    assert ("Station's clock against ours", "not told") in health.rows()


def test_pings_are_counted_at_the_socket(tmp_path, monkeypatch):
    monkeypatch.setattr(port, "PING", 0.2)
    with running(tmp_path) as bench:
        station = bench.station()
        for _ in range(3):
            assert station.socket.ping().wait(5)
        server = next(iter(bench.csms._open)).connection
        bench.eventually(lambda: server.pongs)
        station.close()
        ended = bench.eventually(lambda: bench.events("disconnect"))[0]
    assert ended.pings == 3
    assert ended.pongs >= 1
    assert ended.slowest_pong > 0
