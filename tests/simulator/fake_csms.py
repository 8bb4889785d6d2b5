"""A tiny Central System for the simulator's tests: `websockets` only, nothing of octt.csms."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from datetime import UTC, datetime

from ocpp.messages import get_validator
from websockets.asyncio.server import serve

from octt.simulator.control.actions import Actions
from octt.simulator.options import Options
from octt.simulator.station import Station

PATIENCE = 8.0


def now():
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


class Csms:
    """Answers from `answers` (a dict, a list used up one by one, or a function); keeps every frame."""

    def __init__(self):
        self.frames = []  # (direction, parsed frame or raw text)
        self.raw = []
        self.times = []
        self.links = []  # number of the connection each frame came on
        self.answers = {}
        self.connections = 0
        self.socket = None
        self.transactions = itertools.count(1)
        self.calls = {}
        self.waiters = {}
        self.arrived = asyncio.Event()
        self.cursor = 0
        self.problems = []
        self.silent = set()

    async def __aenter__(self):
        self.server = await serve(self.handle, "127.0.0.1", 0, subprotocols=["ocpp1.6"])
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *exc):
        self.server.close()
        await self.server.wait_closed()

    @property
    def url(self):
        return f"ws://127.0.0.1:{self.port}/ocpp"

    async def handle(self, socket):
        self.connections += 1
        number = self.connections
        self.socket = socket
        self.arrived.set()
        async for text in socket:
            self.raw.append(text)
            self.links.append(number)
            try:
                frame = json.loads(text)
            except ValueError:
                self.frames.append(text)
                self.times.append(time.monotonic())
                self.arrived.set()
                continue
            self.frames.append(frame)
            self.times.append(time.monotonic())
            if frame[0] == 2:
                self.check(2, frame[2], frame[3])
                answer = self.answer(frame[2], frame[3])
                if answer is not None:
                    await socket.send(
                        json.dumps(answer(frame[1]) if callable(answer) else [3, frame[1], answer])
                    )
            elif frame[1] in self.waiters:
                action, waiter = self.waiters[frame[1]]
                if frame[0] == 3 and action:
                    self.check(3, action, frame[2])
                if not waiter.done():
                    waiter.set_result(frame)
            self.arrived.set()

    def check(self, kind, action, payload):
        for problem in get_validator(kind, action, "1.6").iter_errors(payload):
            self.problems.append(f"{action}: {problem.message}")

    def answer(self, action, payload):
        if action in self.silent:
            return None
        chosen = self.answers.get(action)
        if isinstance(chosen, list):
            chosen = chosen.pop(0) if chosen else None
        if callable(chosen):
            chosen = chosen(payload)
        if chosen is not None:
            return chosen
        accepted = {"idTagInfo": {"status": "Accepted"}}
        if action == "BootNotification":
            return {"status": "Accepted", "currentTime": now(), "interval": 300}
        if action == "Heartbeat":
            return {"currentTime": now()}
        if action == "StartTransaction":
            return {**accepted, "transactionId": next(self.transactions)}
        if action in ("Authorize",):
            return accepted
        if action == "DataTransfer":
            return {"status": "Accepted"}
        return {}

    async def raw_call(self, text, id):
        waiter = asyncio.get_running_loop().create_future()
        self.waiters[id] = ("", waiter)
        await self.socket.send(text)
        async with asyncio.timeout(PATIENCE):
            return await waiter

    async def call(self, action, **payload):
        """Send a call; the answer's payload, or ("error", code) for a CALLERROR."""
        id = f"c{len(self.waiters)}"
        waiter = asyncio.get_running_loop().create_future()
        self.waiters[id] = (action, waiter)
        await self.socket.send(json.dumps([2, id, action, payload]))
        async with asyncio.timeout(PATIENCE):
            frame = await waiter
        return frame[2] if frame[0] == 3 else ("error", frame[2])

    def sent(self, action=None, **fields):
        """The payloads of all requests of the station so far that match."""
        return [
            frame[3]
            for frame in self.frames
            if isinstance(frame, list) and frame[0] == 2 and _matches(frame, action, fields)
        ]

    async def expect(self, action, _timeout=PATIENCE, **fields):
        """The next matching request after the previous expectation; others are passed over."""
        try:
            async with asyncio.timeout(_timeout):
                while True:
                    self.arrived.clear()
                    for index in range(self.cursor, len(self.frames)):
                        frame = self.frames[index]
                        if isinstance(frame, list) and frame[0] == 2 and _matches(frame, action, fields):
                            self.cursor = index + 1
                            return frame[3]
                    await self.arrived.wait()
        except TimeoutError:
            came = [(f[2], f[3]) for f in self.frames[self.cursor :] if isinstance(f, list) and f[0] == 2]
            raise AssertionError(f"no {action} {fields}; instead: {came}") from None

    async def status(self, status, connector=1, **fields):
        return await self.expect("StatusNotification", connectorId=connector, status=status, **fields)

    def statuses(self, connector=1):
        return [p["status"] for p in self.sent("StatusNotification", connectorId=connector)]

    async def cut(self):
        """Drop the connection without a word."""
        self.socket.transport.abort()


def _matches(frame, action, fields):
    return (action is None or frame[2] == action) and all(frame[3].get(k) == v for k, v in fields.items())


class Bench:
    """A Central System with one station on it."""

    def __init__(self, csms, station):
        self.csms, self.station = csms, station
        self.actions = Actions(station)

    def do(self, action, connector=1, **body):
        self.actions.do(action, {"connector": connector, **body})

    async def charging(self, connector=1, id_tag="TAG1"):
        """A running transaction, started by plug and card; returns its transactionId."""
        self.do("plug_in", connector)
        self.do("present_id_tag", connector, id_tag=id_tag)
        await self.csms.expect("StartTransaction", connectorId=connector)
        await self.csms.status("Charging", connector)
        return len(self.csms.sent("StartTransaction"))

    async def until(self, condition):
        async with asyncio.timeout(PATIENCE):
            while not condition():
                await asyncio.sleep(0.005)


def run(scenario, *, booted=True, clean=True, **options):
    """Run `scenario(bench)` with a station of these options; fails on schema violations unless `clean` is False."""

    async def main():
        fast = {"boot_seconds": 0.01, "ev_seconds": 0.005, "backoff_seconds": (0.01, 0.05), **options}
        async with Csms() as csms:
            prepare = fast.pop("prepare", None)
            if prepare:
                prepare(csms)
            station = Station(Options(csms.url, "S1", **fast))
            bench = Bench(csms, station)
            station.start()
            try:
                if booted:
                    await csms.expect("BootNotification")
                    for number in range(station.options.connectors + 1):
                        await csms.expect("StatusNotification", connectorId=number)
                await scenario(bench)
            finally:
                await station.stop()
            if clean:
                assert csms.problems == []

    asyncio.run(main())
