"""The Central Systems that are compared, each a process: `python -m benchmarks.central_systems octt|bare|ocpp FOLDER`.

`octt` is ours as `octt run` has it, with record, validation and monitors; `bare` is the same without monitors;
`ocpp` is what one writes with the `ocpp` package: handlers, its default validation, websockets, no record.

The process prints its port. On each line of standard input it prints, as JSON, the processor time it has used and
the times from the arrival of a request to the answer's write to the socket since the last line.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from websockets.asyncio.connection import Connection
from websockets.asyncio.server import ServerConnection, serve

from benchmarks.session import FIRST_TRANSACTION

IDENTITY = "CS001"


class Stopwatch:
    """Times every server the same way: from data given by the socket to data given to it."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self._arrived = 0.0

    def install(self) -> None:
        """Wraps what `websockets` does with a connection's data."""
        made, received, watch = Connection.connection_made, Connection.data_received, self

        def connection_made(self: Connection, transport: Any) -> None:
            write: Callable[[bytes], None] = transport.write

            def timed(data: bytes) -> None:
                write(data)
                watch._left()

            transport.write = timed
            made(self, transport)

        def data_received(self: Connection, data: bytes) -> None:
            watch._arrived = time.perf_counter()
            received(self, data)

        Connection.connection_made = connection_made  # type: ignore[method-assign]
        Connection.data_received = data_received  # type: ignore[method-assign]

    def _left(self) -> None:
        if self._arrived:
            self.seconds.append(time.perf_counter() - self._arrived)
            self._arrived = 0.0


def ours(folder: Path, monitored: bool) -> int:
    """Starts our Central System; its port."""
    from octt.csms.endpoints import Endpoint, Settings
    from octt.csms.server import CentralSystem
    from octt.record import Record
    from octt.suite.breaches import Breaches

    record, endpoint = Record(folder / "record.jsonl"), Endpoint()
    csms = CentralSystem(Settings(IDENTITY, host="127.0.0.1", endpoints=[endpoint]), record)
    if monitored:
        csms.watch = Breaches(record).see
    csms.start()
    return endpoint.port


def package() -> int:
    """Starts a Central System made with the `ocpp` package, in a thread; its port."""
    from ocpp.routing import on
    from ocpp.v16 import ChargePoint, call_result

    numbers = itertools.count(FIRST_TRANSACTION)
    accepted = {"status": "Accepted"}

    def now() -> str:
        return datetime.now(UTC).isoformat()

    class Station(ChargePoint):
        @on("BootNotification")
        def boot(self, **_fields: Any) -> Any:
            return call_result.BootNotification(current_time=now(), interval=300, status="Accepted")

        @on("Heartbeat")
        def heartbeat(self) -> Any:
            return call_result.Heartbeat(current_time=now())

        @on("StatusNotification")
        def status(self, **_fields: Any) -> Any:
            return call_result.StatusNotification()

        @on("Authorize")
        def authorize(self, **_fields: Any) -> Any:
            return call_result.Authorize(id_tag_info=accepted)

        @on("StartTransaction")
        def start_transaction(self, **_fields: Any) -> Any:
            return call_result.StartTransaction(transaction_id=next(numbers), id_tag_info=accepted)

        @on("MeterValues")
        def meter_values(self, **_fields: Any) -> Any:
            return call_result.MeterValues()

        @on("StopTransaction")
        def stop_transaction(self, **_fields: Any) -> Any:
            return call_result.StopTransaction(id_tag_info=accepted)

    async def session(connection: ServerConnection) -> None:
        assert connection.request is not None
        await Station(connection.request.path.rpartition("/")[2], connection).start()

    async def main(started: list[int], ready: threading.Event) -> None:
        async with serve(session, "127.0.0.1", 0, subprotocols=["ocpp1.6"], logger=_silent()) as server:  # type: ignore[list-item]
            started.append(next(iter(server.sockets)).getsockname()[1])
            ready.set()
            await asyncio.Future()

    started: list[int] = []
    ready = threading.Event()
    threading.Thread(target=lambda: asyncio.run(main(started, ready)), daemon=True).start()
    ready.wait(10)
    return started[0]


def _silent() -> Any:
    import logging

    logger = logging.getLogger("benchmarks.websockets")
    logger.setLevel(logging.CRITICAL)
    return logger


def main() -> None:
    """Serves until standard input ends."""
    kind, folder = sys.argv[1], Path(sys.argv[2])
    stopwatch = Stopwatch()
    stopwatch.install()
    print(package() if kind == "ocpp" else ours(folder, monitored=kind == "octt"), flush=True)
    for _line in sys.stdin:
        seconds, stopwatch.seconds = stopwatch.seconds, []
        print(json.dumps({"cpu": time.process_time(), "seconds": seconds}), flush=True)


if __name__ == "__main__":
    main()
