"""Small records, made up line by line, to be examined."""

import itertools
import json

from octt.record import decode

START = 1_767_261_600_000_000_000  # 2026-01-01T10:00:00Z


class Story:
    """A record being told; every event is a second after the one before."""

    def __init__(self):
        self.events = []
        self._ids = itertools.count(1)
        self.case("TC_X_CS")

    def add(self, kind, **fields):
        number = len(self.events) + 1
        time = {"t": START + number * 10**9, "m": number * 10**9}
        line = json.dumps({"n": number, **time, "kind": kind, **fields})
        self.events.append(decode(line.encode()))
        return number

    def case(self, name):
        self.add("case.start", case=name, attempt=1, name=name)

    def end(self):
        self.add("case.end", verdict="PASS")

    def connect(self, **fields):
        self.add("connect", **{"connection": 1, "security_profile": 0, "auth": "none", "tls": None, **fields})

    def frame(self, direction, message, action):
        kind = {2: "CALL", 3: "CALLRESULT", 4: "CALLERROR"}[message[0]]
        raw = json.dumps(message)
        return self.add(
            "frame", connection=1, dir=direction, raw=raw, type=kind, id=message[1], action=action
        )

    def sends(self, action, reply=None, **payload):
        """A request of the station and our answer; the line of the request."""
        ident = f"s{next(self._ids)}"
        line = self.frame("in", [2, ident, action, payload], action)
        self.frame("out", [3, ident, reply or {}], action)
        return line

    def calls(self, action, reply, **payload):
        """A request of ours and the station's answer (a text is an error code); the line of the answer."""
        ident = f"c{next(self._ids)}"
        self.frame("out", [2, ident, action, payload], action)
        message = [4, ident, reply, "", {}] if isinstance(reply, str) else [3, ident, reply]
        return self.frame("in", message, action)

    def does(self, action, **params):
        self.add("action", action=action, params=params, phase="asked")
        return self.add("action", action=action, params=params, phase="done")

    def keys(self, **values):
        """The whole configuration; a value in a tuple is read-only."""
        entries = []
        for name, value in values.items():
            readonly = not isinstance(value, str)
            entries.append({"key": name, "value": value[0] if readonly else value, "readonly": readonly})
        return self.calls("GetConfiguration", {"configurationKey": entries, "unknownKey": []})

    def starts(self, number=7, tag="TAG", at="10:00:00Z"):
        """StartTransaction on connector 1; the line of the request."""
        payload = {"connectorId": 1, "idTag": tag, "timestamp": f"2026-01-01T{at}", "meterStart": 0}
        reply = {"transactionId": number, "idTagInfo": {"status": "Accepted"}}
        return self.sends("StartTransaction", reply, **payload)

    def stops(self, number=7, **fields):
        """StopTransaction; the line of the request."""
        payload = {"transactionId": number, "timestamp": "2026-01-01T10:01:00Z", "meterStop": 1}
        return self.sends("StopTransaction", **payload, **fields)

    def status(self, status, connector=1, **fields):
        return self.sends(
            "StatusNotification", connectorId=connector, status=status, errorCode="NoError", **fields
        )
