"""Shared by the tests: a Central System on a free port, and a station made of nothing but a WebSocket."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from websockets.sync.client import ClientConnection, connect

from octt.csms.answers import Answers
from octt.csms.endpoints import Endpoint, Settings
from octt.csms.server import CentralSystem
from octt.record import Record, read

# Tests make signing keys and meet signers of their own, not those of who runs them.
os.environ["XDG_CONFIG_HOME"] = tempfile.mkdtemp(prefix="octt-tests-")
atexit.register(shutil.rmtree, os.environ["XDG_CONFIG_HOME"], ignore_errors=True)

# How long an example takes says nothing on a machine that does other things too.
hypothesis.settings.register_profile("octt", deadline=None)
hypothesis.settings.load_profile("octt")


class BareStation:
    """A station that sends exactly what a test tells it to; built on `websockets` alone."""

    def __init__(self, url: str, **options: Any) -> None:
        options.setdefault("subprotocols", ["ocpp1.6"])
        self._life = ExitStack()
        self.socket: ClientConnection = self._life.enter_context(
            connect(url, compression=None, max_size=None, close_timeout=1, **options)
        )
        self.number = 0
        self.settle: Callable[[], Any] = lambda: None
        """Waits until the Central System is done with what was sent."""

    def send(self, text: str | bytes) -> None:
        """Any frame."""
        self.socket.send(text)

    def call(self, action: str, **payload: Any) -> Any:
        """A request; its answer as a parsed frame."""
        self.number += 1
        self.send(json.dumps([2, str(self.number), action, payload]))
        answer = self.receive()
        self.settle()
        return answer

    def receive(self, timeout: float = 5) -> Any:
        """The next frame, parsed."""
        return json.loads(self.socket.recv(timeout))

    def reply(self, **payload: Any) -> Any:
        """Answers the next call with a result; the call."""
        call = self.receive()
        self.send(json.dumps([3, call[1], payload]))
        return call

    def status(self, connector: int, status: str, **more: Any) -> None:
        """A StatusNotification."""
        self.call("StatusNotification", connectorId=connector, status=status, errorCode="NoError", **more)

    def close(self) -> None:
        """A proper end."""
        self._life.close()


class Bench:
    """A running Central System with its record."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.path = folder / "record.jsonl"
        self.record = Record(self.path)
        settings.setdefault("endpoints", [Endpoint()])
        chosen = Settings(identity="CS 1/ä", host="127.0.0.1", **settings)
        self.csms = CentralSystem(chosen, self.record, Answers(heartbeat_interval=7))
        self.csms.start()

    @property
    def url(self) -> str:
        """Where a station connects."""
        return self.csms.url(self.csms.settings.endpoints[0])

    def station(self, **options: Any) -> BareStation:
        """A connected station."""
        station = BareStation(self.url, **options)
        station.settle = self.csms.settle
        return station

    def events(self, kind: str) -> list[dict[str, Any]]:
        """What stands in the record."""
        return [event for event in read(self.path) if event.kind == kind]

    def eventually(self, condition: Callable[[], Any], seconds: float = 5) -> Any:
        """Waits for a condition; its value. The test fails when it does not come."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            value = condition()
            if value:
                return value
            time.sleep(0.01)
        pytest.fail("the condition did not come")


@contextmanager
def running(folder: Path, **settings: Any) -> Iterator[Bench]:
    """A Central System that is stopped at the end."""
    bench = Bench(folder, **settings)
    try:
        yield bench
    finally:
        bench.csms.stop()
        bench.record.close()


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Bench]:
    """A Central System without security."""
    with running(tmp_path) as bench:
        yield bench


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """A page in a real browser (tests/report/browser.py)."""
    from tests.report.browser import CHROMIUM, opened

    if CHROMIUM is None:
        pytest.skip("needs Debian's chromium, which .ci/run installs")
    with opened(tmp_path_factory.mktemp("browser")) as found:
        yield found
