"""A console that is served, and somebody who asks it over plain HTTP."""

from __future__ import annotations

import http.client
import io
import json
from contextlib import contextmanager

from rich.console import Console

from octt.console.live import Live
from octt.console.server import Server
from octt.record import Record
from octt.station.operator import Operator


class Served:
    """A server over a record that is being written, with an operator whose keyboard nobody uses."""

    def __init__(self, folder, *, live=True):
        self.folder, self.path = folder, folder / "record.jsonl"
        self.record = Record(self.path)
        self.operator = Operator(20, Console(file=io.StringIO(), width=200), io.StringIO(""))
        self.live = Live(self.operator, folder) if live else None
        if self.live:
            self.live.record = self.record
        self.server = Server(self.path, self.live)
        self.server.start("127.0.0.1", 0)

    @property
    def token(self):
        return {"X-Octt-Token": self.server.door.token}

    @property
    def as_page(self):
        """The headers of our own page, which has the cookie."""
        port = self.server.port
        cookie = f"octt_{port}={self.server.door.token}"
        return {"Cookie": cookie, "Origin": f"http://127.0.0.1:{port}", "X-Octt-Page": "1"}

    def ask(self, path, method="GET", body=None, **headers):
        """Status, headers and text of an answer."""
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=20)
        data = json.dumps(body) if isinstance(body, dict) else body
        connection.request(method, path, data, headers)
        answer = connection.getresponse()
        text = answer.read().decode("utf-8", "replace")
        connection.close()
        return answer.status, answer.headers, text

    def does(self, path, body, **headers):
        """Asks for something to be done; status and sentence."""
        status, _, text = self.ask(path, "POST", body, **(headers or self.token))
        return status, text.strip()

    @contextmanager
    def stream(self, path="/events", **headers):
        """A browser that listens."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=20)
        connection.request(
            "GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()}
        )
        answer = connection.getresponse()
        assert answer.status == 200
        try:
            yield Stream(answer)
        finally:
            connection.close()

    def close(self):
        self.server.stop()
        self.record.close()


class Stream:
    """Server-sent events, one after the other."""

    def __init__(self, answer):
        self.answer, self.last, self.seen = answer, "", []

    def next(self):
        """Kind and data of the next event."""
        event = {}
        while (line := self.answer.readline().decode().rstrip("\n")) != "" or not event:
            assert line or event or not self.answer.isclosed(), "the stream has ended"
            name, _, value = line.partition(": ")
            if name:
                event[name] = value
        self.last = event.get("id", self.last)
        self.seen.append((event["event"], json.loads(event["data"])))
        return self.seen[-1]

    def until(self, kind, fits=lambda data: True):
        """The data of the next event of a kind that fits."""
        while True:
            found, data = self.next()
            if found == kind and fits(data):
                return data


@contextmanager
def serving(folder, **options):
    """A console that is closed at the end."""
    served = Served(folder, **options)
    try:
        yield served
    finally:
        served.close()
