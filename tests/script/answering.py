"""A station that answers what it is asked, as a test tells it to, and can send something at any time."""

from __future__ import annotations

import itertools
import json
import queue
import threading

from websockets.exceptions import ConnectionClosed

from octt.bench import Bench as BenchFile
from octt.bench import Times
from octt.script.actions import Actions
from octt.script.case_run import CaseRun
from octt.script.csms import Csms
from octt.script.restore.ending import begin, make_ready, restore
from octt.script.restore.means import Means
from octt.script.station import Station
from octt.script.undo import Journal
from octt.station.actions import CannotAct, Driver
from tests.timeline.virtual import declared

BENCH = BenchFile(
    times=Times(boot_retry_interval=1, reconnect_timeout=2, boot_timeout=2, connection_timeout=1)
)
LIMITS = declared(0.3, BENCH.times, response_timeout=1.0, reconnect_timeout=2.0, boot_timeout=2.0)
BOOT = {"chargePointVendor": "V", "chargePointModel": "M"}
START = {"connectorId": 1, "idTag": "OCTTVALID1", "meterStart": 0, "timestamp": "2024-01-01T00:00:00Z"}
STOP = {"meterStop": 5, "timestamp": "2024-01-01T00:01:00Z"}


class Answering:
    """Answers with `replies`: by action a payload, or a function of the request that gives one (None: silence).

    `asked` holds every request it got.
    """

    def __init__(self, live):
        self.live, self.replies, self.asked = live, {}, []
        self._answers, self._numbers = {}, itertools.count(1)
        self.connect()

    def connect(self):
        """A new connection."""
        self.bare = self.live.station()
        threading.Thread(target=self._read, args=(self.bare,), daemon=True).start()

    def _read(self, bare):
        try:
            while True:
                kind, ident, *rest = json.loads(bare.socket.recv())
                if kind == 2:
                    self._answer(bare, ident, *rest)
                else:
                    self._answers[ident].put(rest[0])
        except (ConnectionClosed, OSError):
            return

    def _answer(self, bare, ident, action, payload):
        self.asked.append((action, payload))
        reply = self.replies.get(action, {"status": "Accepted"})
        reply = reply(payload) if callable(reply) else reply
        if isinstance(reply, str):
            bare.send(json.dumps([4, ident, reply, "", {}]))
        elif reply is not None:
            bare.send(json.dumps([3, ident, reply]))

    def call(self, action, **payload):
        """Sends a request; the payload of its answer."""
        ident = str(next(self._numbers))
        answers = self._answers[ident] = queue.Queue()
        self.bare.send(json.dumps([2, ident, action, payload]))
        answer = answers.get(timeout=5)
        self.live.csms.settle()
        return answer

    def says(self, action, **payload):
        """Sends a request and does not wait: for functions in `replies`."""
        threading.Thread(target=self.call, args=(action,), kwargs=payload, daemon=True).start()

    def status(self, connector, status):
        """A StatusNotification."""
        return self.call("StatusNotification", connectorId=connector, status=status, errorCode="NoError")

    def starts(self):
        """A transaction; its id."""
        return self.call("StartTransaction", **START)["transactionId"]

    def requests(self, action):
        """The payloads of the requests for an action."""
        return [payload for name, payload in self.asked if name == action]


class Rig(Driver):
    """Remembers what it was asked for, and does what `after` has for it; what is in `unable` it cannot."""

    kind = "http"

    def __init__(self):
        self.asked, self.after, self.unable = [], {}, set()

    def act(self, name, params, *_more):
        self.asked.append(name)
        if name in self.unable or "all" in self.unable:
            raise CannotAct("no hands")
        self.after.get(name, lambda: None)()
        return "the test"


class Stage:
    """A case with an answering station, and what restores it."""

    def __init__(self, live):
        self.live, self.it, self.rig = live, Answering(live), Rig()
        self.journal = Journal(live.record)
        self.case("TC_TEST")

    def case(self, name):
        """Another case of the same run; "": between cases."""
        case = CaseRun(name, self.live.record, self.live.csms.timeline, journal=self.journal)
        ground = self.means.ground if hasattr(self, "means") else None
        self.station = Station(case, self.live.csms, BENCH, LIMITS, 2)
        self.driver = Actions(case, self.rig, None)
        self.csms = Csms(case, self.live.csms)
        more = [ground] if ground else []
        self.means = Means(case, self.station, self.csms, self.driver, *more)

    def restore(self):
        return restore(self.means)

    def make_ready(self):
        return make_ready(self.means)

    def begin(self):
        return begin(self.means)

    def remarks(self):
        return [event.text for event in self.live.events("remark")]

    def changes(self):
        """What the record says of changes: name and whether it is restored."""
        return [(event.name, event.restored) for event in self.live.events("changed")]


def key(name, value, readonly=False):
    """GetConfiguration.conf with one key; value None: the station does not know it."""
    if value is None:
        return {"unknownKey": [name]}
    return {"configurationKey": [{"key": name, "readonly": readonly, "value": value}]}
