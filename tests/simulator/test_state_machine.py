"""People, network and Central System do random things; what the specification promises must hold all the same.

It must hold for stations of every choice that is legal, the slow ones included.

Checked: legal status transitions (4.9), transaction messages in order and none lost over disconnections, resets and
power cycles (3.7), a meter that never falls, every call answered exactly once, everything valid against the schemas.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import fields
from datetime import datetime

from fake_csms import Bench, Csms
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from octt.simulator.freedom import CONTRADICTIONS, Freedom
from octt.simulator.options import Options
from octt.simulator.parts.connectors import TRANSITIONS
from octt.simulator.station import Station
from octt.simulator.world.world import ActionError

CONNECTORS = st.sampled_from([1, 2])
TAGS = st.sampled_from(["ALICE", "BOB", "BOB", "EVE"])
PERSON = [
    *("plug_in", "unplug", "unplug_ev", "present_id_tag", "press_stop", "fault", "clear_fault"),
    *("ev_suspend", "ev_resume"),
]
CALLS = [
    ("RemoteStartTransaction", {"connectorId": 1, "idTag": "BOB"}),
    ("RemoteStopTransaction", {}),
    ("Reset", {"type": "Hard"}),
    ("Reset", {"type": "Soft"}),
    ("UnlockConnector", {"connectorId": 1}),
    ("ChangeAvailability", {"connectorId": 1, "type": "Inoperative"}),
    ("ChangeAvailability", {"connectorId": 0, "type": "Inoperative"}),
    ("ChangeAvailability", {"connectorId": 0, "type": "Operative"}),
    ("ChangeAvailability", {"connectorId": 0, "type": "Operative"}),
    ("GetConfiguration", {}),
]


def answers(csms: Csms) -> None:
    """EVE is invalid, ALICE and BOB share a group."""

    def info(payload):
        status = "Invalid" if payload.get("idTag") == "EVE" else "Accepted"
        return {"idTagInfo": {"status": status, "parentIdTag": "GROUP"}}

    csms.answers["Authorize"] = info
    csms.answers["StartTransaction"] = lambda p: {**info(p), "transactionId": next(csms.transactions)}


CHOICES = sorted(
    choice.name for choice in fields(Freedom) if choice.default is False and choice.name != "patient_redial"
)
"""All that can be switched on, but for what only makes the machine wait."""


def possible(choices):
    return not any({one, other} <= choices for one, other in CONTRADICTIONS)


class Noted(dict):
    """The transactions in memory; `names` keeps every one that was ever there."""

    def __init__(self, names):
        super().__init__()
        self.names = names

    def update(self, transactions):
        self.names += [name for name in transactions if name not in self.names]
        super().update(transactions)


class StationMachine(RuleBasedStateMachine):
    """A station with two connectors and a Central System, on an event loop that runs between the steps."""

    @initialize(
        stop_on_ev=st.booleans(),
        stop_on_invalid=st.booleans(),
        unknown_offline=st.booleans(),
        choices=st.sets(st.sampled_from(CHOICES), max_size=6).filter(possible),
        slow=st.sets(
            st.sampled_from(["reply", "function", "start", "stop", "status-after-boot"]), max_size=3
        ),
    )
    def begin(self, stop_on_ev, stop_on_invalid, unknown_offline, choices, slow):
        self.loop = asyncio.new_event_loop()
        self.csms = Csms()
        answers(self.csms)
        self.sent_calls = {}
        self.refused = set()
        self.started = []

        async def start():
            await self.csms.__aenter__()
            options = Options(
                self.csms.url,
                "M1",
                connectors=2,
                delays=dict.fromkeys(slow, 0.003),
                **dict.fromkeys(choices, True),
                keys={
                    "StopTransactionOnEVSideDisconnect": str(stop_on_ev).lower(),
                    "StopTransactionOnInvalidId": str(stop_on_invalid).lower(),
                    "AllowOfflineTxForUnknownId": str(unknown_offline).lower(),
                    "LocalPreAuthorize": "true",
                },
                boot_seconds=0.003,
                ev_seconds=0.002,
                backoff_seconds=(0.002, 0.01),
                drain_seconds=0.5,
                power_pause_seconds=0.002,
            )
            self.station = Station(options)
            self.station.memory.data["transactions"] = Noted(self.started)
            self.bench = Bench(self.csms, self.station)
            self.station.start()
            await self.csms.status("Available", 2)

        self.run(start())

    def run(self, work):
        return self.loop.run_until_complete(work)

    def do(self, action, connector=1, **body):
        """An action, done inside the loop; what a rig would refuse is nothing to wonder about."""

        async def act():
            try:
                self.bench.do(action, connector, **body)
            except ActionError as refused:
                kept_out = "takes no cable" in str(refused)
                self.refused.add(
                    "a cable is kept out" if kept_out else str(refused).partition(" in connector")[0]
                )

        self.run(act())

    def call(self, action, **payload):
        """A call of the Central System; its answer must come unless the connection ends first."""

        async def ask():
            if not (self.station.alive and self.station.link.is_open):
                return
            number = self.csms.connections
            id = f"k{len(self.sent_calls)}"
            try:
                await self.csms.socket.send(json.dumps([2, id, action, payload]))
            except Exception:
                return  # the connection ended just now
            self.sent_calls[id] = number
            for _ in range(400):
                if any(frame[1] == id for frame in self.csms.frames) or not self.station.link.is_open:
                    break
                await asyncio.sleep(0.005)

        self.run(ask())

    @rule(connector=CONNECTORS, tag=TAGS, milliseconds=st.sampled_from([0, 8]), ends=st.booleans())
    def session(self, connector, tag, milliseconds, ends):
        self.do("clear_fault", connector)
        self.do("plug_in", connector)
        self.do("present_id_tag", connector, id_tag=tag)
        self.time_passes(milliseconds)
        if ends:
            self.do("press_stop", connector)
            self.do("unplug", connector)

    @rule(connector=CONNECTORS, tag=TAGS, milliseconds=st.sampled_from([0, 8]), reset=st.booleans())
    def session_offline(self, connector, tag, milliseconds, reset):
        self.do("unreachable")
        self.time_passes(1)
        self.session(connector, tag, 8, True)
        if reset:
            self.do("power_cycle")
        self.time_passes(milliseconds)
        self.do("reachable")

    @rule(connector=CONNECTORS, tag=TAGS, action=st.sampled_from(PERSON))
    def person(self, connector, tag, action):
        self.do(action, connector, **({"id_tag": tag} if action == "present_id_tag" else {}))

    @rule(action=st.sampled_from(["unreachable", "reachable", "reachable", "power_cycle"]))
    def infrastructure(self, action):
        self.do(action)

    @rule(call=st.sampled_from(CALLS), connector=CONNECTORS, tag=TAGS)
    def central_system(self, call, connector, tag):
        action, payload = call
        if "connectorId" in payload:
            payload = {**payload, "connectorId": payload["connectorId"] and connector}
        if "idTag" in payload:
            payload = {**payload, "idTag": tag}
        if action == "RemoteStopTransaction":
            payload = {"transactionId": max(self.csms_transactions() - 1 + connector - 1, 1)}
        self.call(action, **payload)

    def csms_transactions(self):
        return len(self.csms.sent("StartTransaction"))

    @rule(milliseconds=st.sampled_from([1, 4, 15]))
    def time_passes(self, milliseconds):
        self.run(asyncio.sleep(milliseconds / 1000))

    def teardown(self):
        if not hasattr(self, "station"):
            return
        try:
            self.run(self.finish())
            self.check()
        finally:
            self.run(self.station.stop())
            self.run(self.csms.__aexit__())
            self.loop.close()

    async def finish(self):
        """Everything is made good; what is queued must arrive."""
        self.bench.do("reachable")
        self.bench.do("power_on")
        await self.bench.until(lambda: self.station.ready and not self.station.restarting)
        people = self.station.identification
        for connector in (1, 2):  # nothing starts any more, not even what a slow station has yet to
            self.bench.do("fault", connector)
        await self.bench.until(lambda: not people._busy and not people._starting)
        for connector in (1, 2):
            self.bench.do("press_stop", connector)
        await self.bench.until(lambda: self.station.ready and not self.station.memory.data["queue"])
        await self.bench.until(lambda: not self.station.memory.data["transactions"])

    def check(self):
        assert self.csms.problems == []
        assert self.refused <= {"the cable is locked", "a cable is kept out"}
        requests = [(link, f) for link, f in zip(self.csms.links, self.csms.frames, strict=True) if f[0] == 2]
        self.check_statuses(requests)
        self.check_transactions([frame for _, frame in requests])
        for id, link in self.sent_calls.items():
            count = sum(1 for frame in self.csms.frames if frame[0] in (3, 4) and frame[1] == id)
            assert count <= 1
            assert count == 1 or link < self.csms.connections, f"{id} was never answered"

    def check_statuses(self, requests):
        last = {}
        for link, (_, _, action, payload) in requests:
            if action == "BootNotification":
                last.clear()
            if action != "StatusNotification":
                continue
            number, status = payload["connectorId"], payload["status"]
            before = last.get((link, number))
            if number == 0:
                assert status in ("Available", "Unavailable", "Faulted")
            elif before is not None and before != status:
                assert status in TRANSITIONS[before], f"connector {number} went from {before} to {status}"
            last[link, number] = status

    def check_transactions(self, frames):
        starts, stops, meter = {}, {}, {}
        order = []
        for _, _, action, payload in frames:
            if action == "StartTransaction":
                key = (payload["connectorId"], payload["timestamp"])
                starts.setdefault(key, []).append(payload)
                order.append((payload["timestamp"], "start", payload))
            elif action == "StopTransaction":
                stops.setdefault(payload["timestamp"] + str(payload["transactionId"]), []).append(payload)
                order.append((payload["timestamp"], "stop", payload))
        # what is told again is told alike, and so may be what happens in the same millisecond
        told = sum(map(len, starts.values()))
        assert len(starts) <= len(self.started) <= told, "a transaction was lost"
        assert len(stops) == len(self.started), "the end of a transaction was lost"
        moments = [datetime.fromisoformat(stamp) for stamp, _, _ in order]
        assert moments == sorted(moments), "transaction messages came out of order"
        connector_of = {}
        issued = 0
        for _, kind, payload in order:
            if kind == "start":
                issued += 1
                connector_of[issued] = payload["connectorId"]
                reading, connector = payload["meterStart"], payload["connectorId"]
            else:
                connector = connector_of[payload["transactionId"]]
                reading = payload["meterStop"]
            assert reading >= meter.get(connector, 0), "the meter fell"
            meter[connector] = reading


TestStationMachine = StationMachine.TestCase
TestStationMachine.settings = settings(
    max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
