"""Whatever comes, the monitors do not raise; whatever a conformant station may do, they find no violation."""

import json
import random
import sys
from collections import deque

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from monitor_wire import Wire

from octt import ocpp
from octt.monitors import RULES, Finding, Monitors
from octt.monitors.monitors import LISTED
from octt.monitors.seen import REMEMBERED, Rule
from octt.ocpp import schemas

# -- anything -----------------------------------------------------------------------------------------------------

NAMES = [
    "connectorId",
    "transactionId",
    "idTag",
    "meterStart",
    "meterStop",
    "timestamp",
    "status",
    "errorCode",
]
NAMES += ["meterValue", "sampledValue", "value", "measurand", "transactionData", "interval", "currentTime"]
NAMES += ["configurationKey", "key", "idTagInfo", "requestedMessage", "context", "unit"]
VALUES = [
    "1001",
    "2026-03-01T12:00:00Z",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "nan",
    "inf",
]
VALUES += [
    "Accepted",
    "Rejected",
    "Pending",
    "Idle",
    "Faulted",
    "NumberOfConnectors",
    "Trigger",
    "1e999",
    "-5",
]

leaves = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(VALUES) | st.text(max_size=8)
)
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=12,
)
payloads = st.dictionaries(st.sampled_from(NAMES), values, max_size=6)
idents = st.sampled_from(["1", "2", "3", "", "x" * 40])
actions = st.sampled_from(sorted(schemas.ACTIONS)) | st.text(max_size=5)
messages = (
    st.tuples(st.just(2), idents, actions, payloads).map(list)
    | st.tuples(st.just(3), idents, payloads).map(list)
    | st.tuples(st.just(4), idents, st.sampled_from(ocpp.ERROR_CODES), st.text(max_size=5), payloads).map(
        list
    )
    | values
)
events = st.fixed_dictionaries(
    {"kind": st.sampled_from(["frame", "frame", "frame", "connect", "disconnect", "config", "run.resume"])},
    optional={
        "n": values,
        "t": st.integers(0, 2**63) | values,
        "m": st.integers(0, 2**63) | values,
        "connection": st.integers(0, 3) | values,
        "dir": st.sampled_from(["in", "out"]) | values,
        "raw": messages.map(json.dumps) | values,
        "type": values,
        "problems": values,
        "truncated": values,
        "binary": values,
        "keys": values,
    },
)


@settings(deadline=None)
@given(st.lists(events, max_size=12))
def test_any_events_are_survived(sequence):
    monitors = Monitors()
    for event in sequence:
        for finding in monitors.see(event):
            assert isinstance(finding, Finding)
            assert finding.severity in ("violation", "remark")
            assert "could not judge" not in finding.text
            assert finding.rule


@settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), messages.map(json.dumps)), max_size=12))
def test_any_frames_are_survived(frames):
    wire = Wire()
    for incoming, text in frames:
        wire.wait(10).raw(text, incoming=incoming)
    assert not [f for f in wire.findings if "could not judge" in f.text]


READING_ALL = tuple(type(rule.__name__, (rule,), {"reads": "all"}) for rule in RULES)


@settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), messages.map(json.dumps)), max_size=12))
def test_what_a_rule_does_not_read_it_has_nothing_to_say_about(frames):
    usual, careful = Wire(), Wire(rules=READING_ALL)
    for incoming, text in frames:
        for wire in (usual, careful):
            wire.wait(10).raw(text, incoming=incoming)
    assert usual.findings == careful.findings


def test_deeply_nested_and_huge_frames_are_survived():
    wire = Wire()
    nested = "[" * 900 + "]" * 900
    wire.raw('[2,"1","DataTransfer",{"data":' + nested + "}]", problems=["deep"])
    wire.raw('[2,"2","MeterValues",{"connectorId":' + "9" * 400 + "}]", problems=["large"])
    assert wire.violations()


# -- legal sessions -----------------------------------------------------------------------------------------------


class Station:
    """A conformant station with two connectors, as unlucky and as free in its choices as the specification allows."""

    def __init__(self, luck):
        self.luck = luck
        self.fates = luck.choice(
            [
                ["answered"],
                ["answered"] * 6 + ["slow", "refused", "silence", "lost"],
                ["answered", "refused", "silence"],
            ]
        )
        self.wire = Wire()
        self.queue = deque()
        self.meters = {1: 1000, 2: 0}
        self.running, self.ended = {}, 0
        self.clock_error = 0
        self.offline = False
        self.next_id = 1000
        self.wire.boot()
        self.wire.wait(1)

    def chance(self, percent):
        return self.luck.randint(1, 100) <= percent

    def time(self):
        return self.wire.time(ago=self.clock_error)

    # what may happen

    def start(self):
        connector = self.luck.choice([1, 2])
        if connector in self.running:
            return
        transaction = {"connector": connector, "id": None}
        self.running[connector] = transaction
        payload = {"connectorId": connector, "idTag": "TAG", "meterStart": self.meters[connector]}
        self.put(transaction, "StartTransaction", payload | {"timestamp": self.time()})
        self.status("Charging", connector)

    def charge(self):
        for connector, transaction in self.running.items():
            self.meters[connector] += self.luck.randint(0, 50)
            sample = {"value": str(self.meters[connector]), "context": "Sample.Periodic"}
            values = [{"timestamp": self.time(), "sampledValue": [sample]}]
            self.put(transaction, "MeterValues", {"connectorId": connector, "meterValue": values})

    def stop(self):
        if self.running:
            connector = self.luck.choice(sorted(self.running))
            transaction = self.running.pop(connector)
            self.meters[connector] += self.luck.randint(0, 50)
            payload = {"meterStop": self.meters[connector], "timestamp": self.time()}
            self.put(transaction, "StopTransaction", payload)
            self.status("Finishing", connector)
            self.status("Available", connector)

    def lose_connection(self):
        if not self.offline:
            self.wire.disconnect()
            self.offline = True

    def come_back(self):
        if self.offline:
            self.wire.connect()
            self.offline = False
            if self.chance(50):
                self.boot()
            self.be_triggered()

    def boot(self):
        for status in self.luck.choice([[], ["Pending"], ["Rejected"], ["Pending", "Rejected"]]):
            self.wire.boot(status, 30)
            self.wire.wait(31)
        self.wire.boot()
        self.clock_error = 0
        self.wire.wait(1)

    def lose_power(self):
        self.lose_connection()
        if self.chance(30):
            # a hard reset may lose what was queued
            self.queue.clear()
            self.running.clear()
        self.wire.wait(20)
        self.wire.connect()
        self.offline = False
        self.boot()

    def set_clock(self):
        self.clock_error = self.luck.randint(-5000, 5000)

    def chat(self):
        if not self.offline:
            self.wire.call("Heartbeat", result={"currentTime": self.wire.time()})
            self.wire.call("SecurityEventNotification", type="SettingSystemTime", timestamp=self.time())
            self.status(self.luck.choice(["Available", "Unavailable", "Faulted"]), 0)

    def be_asked(self):
        if not self.offline:
            action = self.luck.choice(["ClearCache", "Reset", "GetLocalListVersion"])
            ident = self.wire.ask(action, **({"type": "Hard"} if action == "Reset" else {}))
            self.wire.wait(self.luck.randint(0, 60))
            if action == "ClearCache" and self.chance(50):
                self.wire.raw(ocpp.error(ident, "InternalError"))
            else:
                version = action == "GetLocalListVersion"
                self.wire.reply(ident, {"listVersion": 0} if version else {"status": "Accepted"})
            if action == "Reset" and self.chance(80):
                self.lose_power()

    def be_triggered(self):
        for connector, transaction in self.running.items():
            if not self.offline and transaction["id"] is not None:
                ident = self.wire.ask("TriggerMessage", requestedMessage="MeterValues")
                self.wire.reply(ident, {"status": "Accepted"})
                sample = {"value": str(self.meters[connector]), "context": "Trigger"}
                values = [{"timestamp": self.time(), "sampledValue": [sample]}]
                self.wire.call(
                    "MeterValues",
                    connectorId=connector,
                    transactionId=transaction["id"],
                    meterValue=values,
                )

    def status(self, status, connector):
        if not self.offline:
            self.wire.status(status, connector, error="NoError" if status != "Faulted" else "OtherError")

    # the queue of transaction messages

    def put(self, transaction, action, payload):
        self.queue.append((transaction, action, payload))
        self.deliver()

    def deliver(self):
        while self.queue and not self.offline:
            transaction, action, payload = self.queue[0]
            if action != "StartTransaction":
                given = transaction["id"] if transaction["id"] is not None else -1
                payload = payload | {"transactionId": given}
            if not self.attempt(transaction, action, payload):
                return
            self.queue.popleft()

    def attempt(self, transaction, action, payload):
        """Sends one message until it is answered or given up; False when the connection was lost meanwhile."""
        ident = None
        for pause in (10, 20, 30):
            fate = self.luck.choice(self.fates)
            ident = self.wire.send(action, ident=ident if self.chance(50) else None, **payload)
            if fate == "answered":
                self.wire.wait(0.01)
                self.accept(transaction, action, ident, heard=True)
                return True
            if fate == "slow":
                self.wire.wait(20)
                # it may have stopped listening by now
                heard = self.chance(50)
                self.accept(transaction, action, ident, heard)
                if heard:
                    return True
            elif fate == "refused":
                self.wire.refuse(ident)
            elif fate == "lost":
                if self.chance(50):
                    self.accept(transaction, action, ident, heard=False)
                self.lose_connection()
                return False
            self.wire.wait(pause)
        return True

    def accept(self, transaction, action, ident, heard):
        if action != "StartTransaction":
            self.wire.answer(ident, {})
            return
        self.next_id += 1
        if heard:
            transaction["id"] = self.next_id
        self.wire.answer(ident, {"transactionId": self.next_id, "idTagInfo": {"status": "Accepted"}})


MOVES = [
    Station.start,
    Station.charge,
    Station.stop,
    Station.lose_connection,
    Station.come_back,
    Station.lose_power,
    Station.set_clock,
    Station.chat,
    Station.be_asked,
    Station.be_triggered,
]


@settings(deadline=None, max_examples=300)
@given(st.integers(0, 2**32))
def test_whatever_a_conformant_station_does_is_no_violation(seed):
    luck = random.Random(seed)
    station = Station(luck)
    for _ in range(luck.randint(5, 30)):
        station.wire.wait(luck.choice([0.1, 10, 100]))
        luck.choice(MOVES)(station)
        station.deliver()
    assert station.wire.violations() == []


# -- the machine itself -------------------------------------------------------------------------------------------


def test_live_and_again_from_the_record_say_the_same():
    wire = Wire()
    wire.boot()
    wire.start()
    wire.wait(60).meter(90)
    wire.meter(80)
    wire.wait(10).stop(meter=10)
    wire.raw("{")
    again = Monitors()
    findings = [finding for event in wire.events for finding in again.see(json.loads(json.dumps(event)))]
    assert findings == wire.findings
    assert {f.rule for f in findings} >= {"frame", "transaction"}


def test_a_mistake_of_a_rule_fails_no_station():
    class Broken(Rule):
        name, cite = "broken", "nowhere"

        def see(self, seen, talk):
            yield from [][1]

    wire = Wire(connect=False)
    wire.monitors = Monitors(rules=(Broken,))
    wire.call("Heartbeat")
    assert {f.severity for f in wire.findings} == {"remark"}
    assert "report it" in wire.findings[0].text


def test_a_repeated_remark_does_not_bury_the_others_but_every_violation_is_told():
    wire = Wire()
    for _ in range(LISTED + 10):
        wire.raw("{")
        wire.stop(4711)
    assert len(wire.violations()) == LISTED + 10
    assert len(wire.remarks("transaction")) == LISTED
    wire.case = "TC_001_CS"
    wire.stop(4711)
    assert len(wire.remarks("transaction")) == LISTED + 1


def test_remarks_on_times_come_once_a_case():
    wire = Wire()
    for case in ("TC_001_CS", "TC_002_CS"):
        wire.case = case
        for _ in range(3):
            wire.stop(4711, time="1970-01-01T00:00:00Z")
    assert len(wire.remarks("timestamp")) == 2


def test_memory_is_bounded_in_long_runs():
    wire = Wire()
    monitors, now = wire.monitors, 0
    stamp = wire.time()
    for n in range(2, 2 * REMEMBERED):
        now += 10**9
        event = {"kind": "frame", "n": n, "t": now, "m": now, "connection": 1, "dir": "in", "problems": []}
        payload = {"connectorId": n % 5000, "transactionId": n, "meterValue": []}
        if n % 2:
            payload |= {"idTag": "A", "meterStart": n, "timestamp": stamp}
        monitors.see(
            event | {"raw": ""},
            ocpp.Frame("CALL", str(n), ["MeterValues", "StartTransaction"][n % 2], payload),
        )
    assert len(monitors._talk.calls) == REMEMBERED
    assert sum(1 for call in monitors._talk.calls.values() if call.payload) <= 64
    assert sum(map(_size, monitors._rules)) < 20_000


def _size(rule):
    return sum(len(value) for value in vars(rule).values() if hasattr(value, "__len__"))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_rule_says_what_it_asks_and_where_that_is_written(rule):
    assert len(rule.__doc__) > 30
    assert "OCPP" in rule.cite
    module = sys.modules[rule.__module__]
    assert module.__doc__


def test_rules_have_names_of_their_own():
    assert len({rule.name for rule in RULES}) == len(RULES)
