"""Writes the events of a record as a station and a Central System would cause them, and shows them to the monitors."""

from datetime import UTC, datetime, timedelta

from octt import ocpp
from octt.monitors import Monitors
from octt.ocpp import schemas
from octt.record.events import KINDS

USUAL = {
    "connect": {
        "path": "/CS1",
        "subprotocol": "ocpp1.6",
        "headers": {},
        "security_profile": 0,
        "user": "",
        "auth": "none",
    }
    | {"tls": None, "identity": "CS1", "replaces": None, "remote": "192.0.2.1:4711"},
    "config": {"unknown": []},
}
"""Fields of events that no rule reads."""
BEGIN = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class Wire:
    """`call` and `reply` are the station's, `ask` and `answer` the Central System's; `wait` lets time pass."""

    def __init__(self, connect=True, **options):
        self.monitors = Monitors(**options)
        self.findings, self.n, self.seconds, self.connection, self.ids = [], 0, 0.0, 0, 0
        self.events, self.case = [], None
        if connect:
            self.connect()

    # time ----------------------------------------------------------------------------------------------------------

    def wait(self, seconds):
        self.seconds += seconds
        return self

    def time(self, ago=0.0):
        return (BEGIN + timedelta(seconds=self.seconds - ago)).isoformat().replace("+00:00", "Z")

    # events --------------------------------------------------------------------------------------------------------

    def build(self, kind, **fields):
        """The next event, which nobody has seen yet."""
        self.n += 1
        t = int(BEGIN.timestamp() * 1e9) + int(self.seconds * 1e9)
        head = {"n": self.n, "t": t, "m": int(self.seconds * 1e9) + 1, "case": self.case}
        return KINDS[kind](**head, **USUAL.get(kind, {}) | fields)

    def event(self, kind, **fields):
        event = self.build(kind, **fields)
        self.events.append(event)
        found = self.monitors.see(event)
        self.findings += found
        return found

    def connect(self, replaces=None, remote="192.0.2.1:4711"):
        self.connection += 1
        self.event("connect", connection=self.connection, replaces=replaces, remote=remote)
        return self

    def disconnect(self, by="network"):
        self.event("disconnect", connection=self.connection, code=1006, reason="", by=by)
        return self

    def reconnect(self, offline=10):
        return self.disconnect().wait(offline).connect()

    def raw(self, text, incoming=True, problems=()):
        return self.event("frame", **self.frame(text, incoming, problems))

    def frame(self, text, incoming=True, problems=()):
        frame = ocpp.parse(text)
        return {
            "connection": self.connection,
            "dir": "in" if incoming else "out",
            "raw": text,
            "type": frame.type,
            "id": frame.id,
            "action": frame.action,
            "problems": [*frame.problems, *problems],
        }

    def act(self, name, *, driver="simulated", who=None, end="done", seconds=0.0, **params):
        """An action of the driver from asked to its end; without an end it is only asked for."""
        fields = {"action": name, "params": params, "driver": driver}
        self.event("action", phase="asked", **fields)
        self.wait(seconds)
        if end:
            self.event("action", phase=end, who=who or driver, **fields)
        return self

    # the station -----------------------------------------------------------------------------------------------------

    def ident(self):
        self.ids += 1
        return f"id-{self.ids}"

    def send(self, action, ident=None, **payload):
        """A request without its answer; returns its id."""
        ident = ident or self.ident()
        problems = []
        if action in schemas.FROM_STATION:
            problems = schemas.problems(action, "request", payload)
        self.raw(ocpp.call(ident, action, payload), problems=problems)
        return ident

    def call(self, action, ident=None, result=None, **payload):
        """A request, answered at once."""
        ident = self.send(action, ident, **payload)
        self.wait(0.01)
        self.answer(ident, result or {})
        return ident

    def reply(self, ident, payload):
        return self.raw(ocpp.result(ident, payload))

    # the Central System ----------------------------------------------------------------------------------------------

    def answer(self, ident, payload):
        self.raw(ocpp.result(ident, payload), incoming=False)

    def refuse(self, ident, code="InternalError"):
        self.raw(ocpp.error(ident, code), incoming=False)

    def ask(self, action, **payload):
        ident = self.ident()
        self.raw(ocpp.call(ident, action, payload), incoming=False)
        self.wait(0.05)
        return ident

    # what sessions are made of ---------------------------------------------------------------------------------------

    def boot(self, status="Accepted", interval=300):
        return self.call(
            "BootNotification",
            result={"status": status, "currentTime": self.time(), "interval": interval},
            chargePointVendor="V",
            chargePointModel="M",
        )

    def status(self, status, connector=1, error="NoError", **more):
        return self.call("StatusNotification", connectorId=connector, status=status, errorCode=error, **more)

    def start(
        self, transaction=1001, connector=1, meter=100, tag="TAG", status="Accepted", time=None, **more
    ):
        return self.call(
            "StartTransaction",
            result={"transactionId": transaction, "idTagInfo": {"status": status}},
            connectorId=connector,
            idTag=tag,
            meterStart=meter,
            timestamp=time or self.time(),
            **more,
        )

    def meter(self, value, transaction=1001, connector=1, time=None, **sample):
        return self.call(
            "MeterValues",
            connectorId=connector,
            transactionId=transaction,
            meterValue=[
                {"timestamp": time or self.time(), "sampledValue": [{"value": str(value), **sample}]}
            ],
        )

    def stop(self, transaction=1001, meter=500, time=None, **more):
        return self.call(
            "StopTransaction",
            transactionId=transaction,
            meterStop=meter,
            timestamp=time or self.time(),
            **more,
        )

    # what came out ---------------------------------------------------------------------------------------------------

    def violations(self, rule=None):
        return [f for f in self.findings if f.severity == "violation" and rule in (None, f.rule)]

    def remarks(self, rule=None):
        return [f for f in self.findings if f.severity == "remark" and rule in (None, f.rule)]
