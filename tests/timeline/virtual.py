"""Virtual time: a station of frames at given seconds, without sockets or sleeps."""

from __future__ import annotations

import itertools
import json

from msgspec.structs import replace

from octt import ocpp
from octt.bench import Times
from octt.ocpp import schemas
from octt.script.limits import KINDS, Limits
from octt.timeline.timeline import Timeline

START = 1_000_000_000_000
"""The moment that seconds are counted from, in nanoseconds."""


def at(seconds):
    """A moment of virtual time."""
    return START + round(seconds * 1e9)


class VirtualClock:
    """Time goes on only while somebody waits, from one planned event to the next."""

    def __init__(self):
        self._now = START
        self._plan = []

    def now(self):
        return self._now

    @property
    def seconds(self):
        """Seconds that have passed."""
        return (self._now - START) / 1e9

    def plan(self, seconds, act):
        """Has something happen at a moment."""
        self._plan.append((at(seconds), len(self._plan), act))
        self._plan.sort(key=lambda entry: entry[:2])

    def wait(self, changed, seconds):
        self._until(self._now + round(seconds * 1e9), stop_at_first=True)

    def sleep(self, seconds):
        self._until(self._now + round(seconds * 1e9))

    def _until(self, moment, stop_at_first=False):
        while self._plan and self._plan[0][0] <= moment:
            when, _, act = self._plan.pop(0)
            self._now = max(self._now, when)
            act()
            if stop_at_first:
                return
        self._now = max(self._now, moment)


class Stage:
    """A timeline in virtual time, and frames that come at given seconds."""

    def __init__(self):
        self.clock = VirtualClock()
        self.timeline = Timeline(self.clock)
        self.number = 0

    def frame(self, message, *, incoming=True, held=False, case="TC_TEST", connection=1):
        """Appends a frame now."""
        text = message if isinstance(message, str) else json.dumps(message)
        frame = ocpp.parse(text)
        problems = list(frame.problems)
        if frame.type == "CALL" and frame.action in schemas.ACTIONS:
            problems += schemas.problems(frame.action, "request", frame.payload)
        return self._append(
            "frame",
            connection,
            incoming=incoming,
            frame=frame,
            action=frame.action,
            problems=tuple(problems),
            held=held,
            case=case,
        )

    def call(self, action, held=False, **payload):
        """A request of the station now."""
        return self.frame([2, f"s{self.number + 1}", action, payload], held=held)

    def link(self, kind, connection=1):
        """The connection begins or ends now."""
        return self._append(kind, connection)

    def later(self, seconds, action, **payload):
        """A request of the station at a moment."""
        self.clock.plan(seconds, lambda: self.call(action, **payload))

    def _append(self, kind, connection, **more):
        self.number += 1
        now = self.clock.now()
        return self.timeline.append(self.number, now, now, kind, connection, **more)


def status(connector, value, **more):
    """The payload of a StatusNotification."""
    return {"connectorId": connector, "status": value, "errorCode": "NoError", **more}


def declared(seconds, times=None, **items):
    """Limits that all decide: so many seconds for everything, but for the items of the declaration that are given."""
    return Limits(times or Times(), {kind.item: seconds for kind in KINDS} | items)


class NoRecord:
    """Takes everything, keeps the events in a list."""

    def __init__(self):
        self.case = self.phase = None
        self.events = []

    def write(self, event, *, case=None):
        written = replace(event, n=len(self.events) + 1, case=case or self.case)
        self.events.append(written)
        return written


class System:
    """A Central System without a network, whose station answers with what was planned."""

    offline = False
    refusals = ()

    def __init__(self, stage):
        self.stage = stage
        self.replies = {}
        self.delays = {}
        """Seconds that the reply to an action takes."""

        self.numbers = itertools.count(1)

    def fresh(self, _field):
        """A number that no request has had yet."""
        return next(self.numbers)

    def call(self, action, payload, timeout):
        """The request, and the reply that `replies` has for it: a payload; None: no reply comes in time."""
        stage = self.stage
        request = stage.frame([2, f"c{stage.number}", action, payload], incoming=False)
        answer = self.replies.get(action, {})
        if answer is None:
            stage.clock.sleep(timeout)
            return request, None
        stage.clock.sleep(self.delays.get(action, 0))
        return request, stage.frame([3, request.frame.id, answer])
