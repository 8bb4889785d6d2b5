"""Makes records of runs that never took place, with a clock of their own: for the tests and for bench/report.py."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
from msgspec.structs import replace

from octt.record import GENESIS, Event, decode, line_hash

START = 1_767_261_600_000_000_000  # 2026-01-01T10:00:00Z
HOSTILE = '<script>alert(\'x\')</script> & "]]>\x00\x1b[31m\u202e#let x = read("f")\\ud800'

BENCH = {
    "station": {"identity": "CS001", "connector": 1},
    "central_system": {"host": "127.0.0.1", "port": 9000, "password": "(secret)"},
    "laboratory": {
        "name": "Example Laboratory",
        "address": "1 Test Street",
        "location": "Example Town",
        "test_location": "Bench 3",
        "report_number": "R-2026-001",
        "signatory": "[signatory]",
        "department": "Energy",
        "position": "Engineer",
    },
}
PICS: dict[str, Any] = {
    "product": {"vendor": "Vendor Ltd.", "designation": "Model 1", "software_version": "1.2"},
    "profiles": ["Core", "Reservation"],
    "answers": {"HFS-1": False, "HFS-2": True, "HFS-8": 2, "C-04": True},
    "performance": {
        "response_timeout": 2,
        "triggered_timeout": 5,
        "remote_start_time": 10,
        "remote_stop_time": 10,
    },
}
TOOL = {
    "name": "octt",
    "version": "0.1.0",
    "python": "3.11.9",
    "platform": "Linux",
    "packages": {"websockets": "15.0", "orjson": "3.10"},
}
BOOT = {
    "chargePointVendor": "Vendor",
    "chargePointModel": "Model-1",
    "chargePointSerialNumber": "SN-0001",
    "firmwareVersion": "1.2.0",
}


class Synthetic:
    """A record being made. Events go to `events`, or straight to the file when made with a path."""

    def __init__(self, path: Path | None = None) -> None:
        self.events: list[Event] = []
        self._lines: dict[int, bytes] = {}
        self.now = 0
        self.case_id: str | None = None
        self._ids = itertools.count(1)
        self._number = 0
        self._examined = False
        self._previous = GENESIS
        self._file = path.open("wb") if path is not None else None

    def add(self, kind: str, *, wait: float = 0.001, **fields: Any) -> Event:
        """One event, `wait` seconds later than the one before."""
        self.now += round(wait * 1e9)
        self._number += 1
        self._examined |= kind == "pics"
        event = {"n": self._number, "t": START + self.now, "m": 1_000_000 + self.now, "kind": kind, **fields}
        if self.case_id is not None:
            event.setdefault("case", self.case_id)
        event["prev"] = self._previous
        line = orjson.dumps(event)
        self._previous = line_hash(line)
        made = decode(line)
        assert made is not None
        if self._file is not None:
            self._file.write(line + b"\n")
        else:
            self.events.append(made)
            self._lines[made.n] = line + b"\n"
        return made

    def start(self, *cases: str | dict[str, Any], **fields: Any) -> None:
        """run.start with a plan: ids, or whole entries of a plan."""
        plan = [
            {"case": case, "name": f"Name of {case}", "profile": "Core", "applicable": True, "reason": "Core"}
            if isinstance(case, str)
            else case
            for case in cases
        ]
        start = {"tool": TOOL, "bench": BENCH, "pics": PICS, "plan": plan, "started": "2026-01-01T10:00:00Z"}
        self.add("run.start", **{**start, **fields})

    def end(self, reason: str = "finished") -> None:
        """run.end, after a cross-examination if there was none."""
        if not self._examined:
            self.add("pics", item="HFS-2", answer="Yes", result="confirmed", why="a cable is fixed", line=1)
        self.add("run.end", reason=reason)

    def connect(self, number: int = 1, **fields: Any) -> None:
        """A connection with its BootNotification."""
        connection = {
            "connection": number,
            "identity": "CS001",
            "remote": "127.0.0.1:50000",
            "path": "/ocpp/CS001",
            "subprotocol": "ocpp1.6",
            "headers": {"User-Agent": "station"},
            "security_profile": 0,
            "user": None,
            "auth": "none",
            "tls": None,
            "replaces": None,
        }
        self.add("connect", **{**connection, **fields})
        self.request(
            "BootNotification",
            BOOT,
            {"status": "Accepted", "currentTime": "2026-01-01T10:00:00Z", "interval": 10},
        )

    def frame(self, direction: str, message: Any, action: str = "", **fields: Any) -> Event:
        """A frame; `message` is the JSON array, or the raw text."""
        types = {2: "CALL", 3: "CALLRESULT", 4: "CALLERROR"}
        if isinstance(message, str):
            raw, kind, message_id = message, "MALFORMED", None
        else:
            raw, kind, message_id = json.dumps(message), types[message[0]], message[1]
        known = {
            "connection": 1,
            "dir": direction,
            "raw": raw,
            "type": kind,
            "id": message_id,
            "action": action,
        }
        return self.add("frame", **{**known, "problems": [], **fields})

    def request(self, action: str, payload: Any, reply: Any, *, seconds: float = 0.002) -> int:
        """A request of the station and our reply; the line of the request."""
        message_id = f"s{next(self._ids)}"
        asked = self.frame("in", [2, message_id, action, payload], action)
        self.frame("out", [3, message_id, reply], action, wait=seconds)
        return asked.n

    def call(self, action: str, payload: Any, reply: Any, *, seconds: float = 0.05) -> int:
        """A call of ours and the station's reply `seconds` later; the line of the reply."""
        message_id = f"c{next(self._ids)}"
        self.frame("out", [2, message_id, action, payload], action)
        return self.frame("in", [3, message_id, reply], action, wait=seconds).n

    def action(self, name: str, *, seconds: float = 0.3, phase: str = "done", **params: Any) -> None:
        """A driver action, asked and over."""
        common = {"action": name, "params": params, "driver": "manual", "who": "operator"}
        self.add("action", phase="asked", **common)
        self.add("action", wait=seconds, phase=phase, seconds=seconds, detail="", **common)

    def step(self, what: str, outcome: str = "ok", **fields: Any) -> None:
        known = {"step": "1", "what": what, "outcome": outcome, "phase": "test", "cite": "4.2"}
        self.add("step", **{**known, **fields})

    @contextmanager
    def case(self, case_id: str, verdict: str = "PASS", attempt: int = 1, **fields: Any) -> Iterator[None]:
        """A case with what happens inside; `fields` go to case.end (blame, reason, forced)."""
        self.case_id = case_id
        self.add("case.start", attempt=attempt, name=f"Name of {case_id}")
        began = self.now
        yield
        end = {"blame": "station" if verdict == "FAIL" else "", "reason": "", "forced": 0.0}
        seconds = (self.now - began) / 1e9
        self.add("case.end", **{"attempt": attempt, "verdict": verdict, "seconds": seconds, **end, **fields})
        self.case_id = None

    def write(self, path: Path) -> Path:
        """Writes the events as a record."""
        path.write_bytes(b"".join(self._lines[event.n] for event in self.events))
        return path

    def change(self, place: int, **fields: Any) -> None:
        """An event says something else; only of an event that is not written."""
        self.events[place] = replace(self.events[place], **fields)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


def passing_run() -> Synthetic:
    """A small run in which everything is as it should be: two cases pass, one does not apply."""
    run = Synthetic()
    excluded = {
        "case": "TC_046_CS",
        "name": "Reservation",
        "profile": "Reservation",
        "applicable": False,
        "reason": "no",
    }
    run.start("TC_001_CS", "TC_010_CS", excluded)
    run.add("listen", url="ws://127.0.0.1:9000/ocpp", security_profile=0)
    run.connect()
    keys = [{"key": "HeartbeatInterval", "value": "300", "readonly": False}]
    run.add("config", when="before", keys=keys, unknown=[])
    with run.case("TC_001_CS"):
        line = run.request("Heartbeat", {}, {"currentTime": "2026-01-01T10:00:01Z"})
        run.step("Heartbeat within the interval", frame=line, seconds=0.5, limit=2.0)
    with run.case("TC_010_CS", forced=0.4):
        run.action("plug_in", connector=1)
        status = {"connectorId": 1, "status": "Preparing", "errorCode": "NoError"}
        run.request("StatusNotification", status, {}, seconds=0.01)
        run.call(
            "RemoteStartTransaction", {"idTag": "TAG", "connectorId": 1}, {"status": "Accepted"}, seconds=0.2
        )
        start = {"connectorId": 1, "idTag": "tag", "meterStart": 0, "timestamp": "2026-01-01T10:00:02Z"}
        run.now += 1_000_000_000
        line = run.request(
            "StartTransaction", start, {"transactionId": 7, "idTagInfo": {"status": "Accepted"}}
        )
        run.step("StartTransaction after the remote start", frame=line, seconds=1.2, limit=10.0)
        run.call("RemoteStopTransaction", {"transactionId": 7}, {"status": "Accepted"}, seconds=0.1)
        stop = {"transactionId": 7, "meterStop": 10, "timestamp": "2026-01-01T10:00:03Z", "reason": "Remote"}
        run.now += 500_000_000
        run.request("StopTransaction", stop, {})
        run.call("TriggerMessage", {"requestedMessage": "Heartbeat"}, {"status": "Accepted"}, seconds=0.1)
        run.request("Heartbeat", {}, {"currentTime": "2026-01-01T10:00:04Z"})
    run.add("config", when="after", keys=keys, unknown=[])
    run.add("pics", item="C-04", answer=True, result="confirmed", why="the cache is on", line=3)
    run.end()
    return run


def failing_run() -> Synthetic:
    """A run with a bit of everything: failures, retries, overrides, remarks, changes, hostile texts, transfers."""
    run = Synthetic()
    plan = [f"TC_{number:03}_CS" for number in (1, 3, 10, 23, 26)]
    run.start(
        *plan,
        {"case": "TC_046_CS", "name": HOSTILE, "profile": "Reservation", "applicable": True, "reason": ""},
    )
    tls = {
        "version": "TLSv1.2",
        "cipher": "ECDHE-RSA-AES128-GCM-SHA256",
        "sni": "lab",
        "client_cert": None,
        "offered": [],
    }
    run.add("refused", remote="10.0.0.9:1", path="/x", status=401, reason=HOSTILE, tls=None, user="CS001")
    run.connect(security_profile=2, user="CS001", auth="ok", tls=tls)
    before = [
        {"key": "HeartbeatInterval", "value": "300", "readonly": False},
        {"key": "Gone", "value": None, "readonly": True},
    ]
    run.add("config", when="before", keys=before, unknown=[HOSTILE])
    with run.case("TC_001_CS", "FAIL", reason="no heartbeat"):
        run.step("Heartbeat within the interval", "fail", actual="nothing came", seconds=12.5, limit=10.0)
    with run.case("TC_001_CS", attempt=2):
        run.step("Heartbeat within the interval", seconds=9.0, limit=10.0)
    with run.case("TC_003_CS", "FAIL", reason=HOSTILE):
        line = run.request(
            "StatusNotification", {"connectorId": 1, "status": HOSTILE, "errorCode": "NoError"}, {}
        )
        run.frame("in", HOSTILE, problems=["not JSON"])
        run.step("the station reports Preparing", "fail", actual=HOSTILE, closest=line, cite="4.9", step="3")
        run.add("remark", text=HOSTILE, frame=line, cite="4.9", by="monitor")
        for _ in range(3):
            run.add("remark", text="MeterValues came unasked", frame=line, by="script")
        change = {"what": "configuration", "name": "HeartbeatInterval", "before": "300", "after": "10"}
        run.add("changed", **change)
    with run.case("TC_010_CS", "INCONCLUSIVE", blame="operator", reason="the card was not presented"):
        run.action("present_id_tag", phase="cannot", connector=1, id_tag="TAG")
        run.add("prompt", text="Present the card", answer="cannot", seconds=4.0)
    with run.case("TC_023_CS", "FAIL"):
        run.step("the station reports Preparing", "fail", actual=HOSTILE, cite="4.9")
        schedule = {"expected": [[0, 16.0], [60, 8.0]], "returned": [[0, 16.0]]}
        run.step("the schedule is as set", "info", data=schedule)
    run.add("override", case="TC_023_CS", verdict="PASS", by="operator", why="the cable was loose")
    with run.case("TC_046_CS"):
        run.call("ReserveNow", {"connectorId": 1}, {"status": "Accepted"}, seconds=3.0)
    run.add("network", event="cut")
    run.add("disconnect", connection=1, code=1006, reason=HOSTILE, by="csms")
    run.add("network", event="restored")
    run.connect(2, tls=tls)
    transfer = {
        "protocol": "http",
        "direction": "upload",
        "path": "/" + HOSTILE,
        "bytes": 10,
        "sha256": "ab" * 32,
    }
    run.add("transfer", **transfer, seconds=1.0, remote="127.0.0.1", complete=True, file="files/1.bin")
    run.add(
        "config",
        when="after",
        keys=[{"key": "HeartbeatInterval", "value": "10", "readonly": False}],
        unknown=[],
    )
    run.add("pics", item="C-08", answer=True, result="contradicted", why="no local stop was possible", line=5)
    run.end()
    return run


def large_run(path: Path, frames: int, cases: int = 100) -> Path:
    """A record of about `frames` frames, written straight to the file."""
    run = Synthetic(path)
    ids = [f"TC_{number:03}_CS" for number in range(1, cases + 1)]
    profiles = ("Core", "Security", "SmartCharging", "Reservation")
    plan = [
        {
            "case": case,
            "name": f"Name of {case}",
            "profile": profiles[index % 4],
            "applicable": True,
            "reason": "",
        }
        for index, case in enumerate(ids)
    ]
    run.start(*plan)
    run.connect()
    values = [
        {"value": "16.0", "measurand": "Current.Import", "unit": "A", "context": "Sample.Periodic"},
        {"value": "12345", "measurand": "Energy.Active.Import.Register", "unit": "Wh"},
    ]
    meter = {
        "connectorId": 1,
        "transactionId": 1,
        "meterValue": [{"timestamp": "2026-01-01T10:00:00Z", "sampledValue": values}],
    }
    trigger = {"requestedMessage": "Heartbeat"}
    for case in ids:
        with run.case(case):
            for index in range(frames // cases // 6):
                run.call("TriggerMessage", trigger, {"status": "Accepted"}, seconds=0.01 + index % 37 / 1000)
                line = run.request("Heartbeat", {}, {"currentTime": "2026-01-01T10:00:00Z"})
                run.request("MeterValues", meter, {})
                if index % 50 == 0:
                    run.step("Heartbeat when triggered", frame=line, seconds=0.03, limit=2.0)
    run.end()
    run.close()
    return path
