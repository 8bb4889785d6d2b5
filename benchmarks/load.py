"""A Central System that gives many stations work and times their answers; as lean as it can be."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import orjson
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

HEARTBEAT_INTERVAL = 5


class Load:
    """Answers every request at once. `late` are the seconds from each call to its answer, in order of the calls."""

    def __init__(self) -> None:
        self.sockets: dict[str, ServerConnection] = {}
        self.status: dict[tuple[str, int], str] = {}
        self.heard: Counter[str] = Counter()
        self.late: list[float] = []
        self._calls: dict[str, asyncio.Future[Any]] = {}
        self._transactions: dict[str, int] = {}
        self._numbers = itertools.count(1)

    def serve(self) -> Any:
        """The server, to be entered."""
        return serve(self._session, "127.0.0.1", 0, subprotocols=["ocpp1.6"], compression=None)  # type: ignore[list-item]

    async def _session(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        identity = socket.request.path.rpartition("/")[2]
        self.sockets[identity] = socket
        with contextlib.suppress(ConnectionClosed):
            async for text in socket:
                await self._take(identity, socket, orjson.loads(text))

    async def _take(self, identity: str, socket: ServerConnection, frame: list[Any]) -> None:
        if frame[0] == 2:
            self.heard[frame[2]] += 1
            answer = self._answer(identity, frame[2], frame[3])
            await socket.send(orjson.dumps([3, frame[1], answer]), text=True)
        else:
            waiting = self._calls.pop(frame[1], None)
            if waiting and not waiting.done():
                waiting.set_result(frame[2])

    def _answer(self, identity: str, action: str, payload: dict[str, Any]) -> dict[str, Any]:
        now = datetime.now(UTC).isoformat()
        accepted = {"idTagInfo": {"status": "Accepted"}}
        if action == "StatusNotification":
            self.status[identity, payload["connectorId"]] = payload["status"]
        elif action == "BootNotification":
            return {"status": "Accepted", "currentTime": now, "interval": HEARTBEAT_INTERVAL}
        elif action == "Heartbeat":
            return {"currentTime": now}
        elif action == "StartTransaction":
            self._transactions[identity] = next(self._numbers)
            return {**accepted, "transactionId": self._transactions[identity]}
        elif action in ("Authorize", "StopTransaction"):
            return accepted
        return {}

    async def call(self, identity: str, action: str, **payload: Any) -> Any:
        """A call and its answer's payload; how long that took is noted. TimeoutError after 30 s."""
        ident = f"call-{next(self._numbers)}"
        waiting = self._calls[ident] = asyncio.get_running_loop().create_future()
        began = time.perf_counter()
        await self.sockets[identity].send(orjson.dumps([2, ident, action, payload]), text=True)
        async with asyncio.timeout(30):
            answer = await waiting
        self.late.append(time.perf_counter() - began)
        return answer

    async def work(self, rate: float, seconds: float) -> int:
        """Calls the stations in turn, `rate` times a second whether or not they keep up; how many calls that were.

        Everybody charges meanwhile: a remote start, meter values on demand, questions, a remote stop.
        """
        begin, calls = asyncio.get_running_loop().time(), []
        turn = self._turns()
        for number in range(int(rate * seconds)):
            await asyncio.sleep(max(0.0, begin + number / rate - asyncio.get_running_loop().time()))
            identity, action, payload = next(turn)
            calls.append(asyncio.create_task(self.call(identity, action, **payload)))
        await asyncio.gather(*calls)
        return len(calls)

    def _turns(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        names = sorted(self.sockets)
        for step in itertools.count():
            for identity in names:
                yield (identity, *self._step(identity, step % 6, 1 + step // 6 % 2))

    def _step(self, identity: str, step: int, connector: int) -> tuple[str, dict[str, Any]]:
        if step == 0:
            return "RemoteStartTransaction", {"connectorId": connector, "idTag": "OCTTVALID1"}
        if step in (1, 3):
            return "TriggerMessage", {"requestedMessage": "MeterValues", "connectorId": connector}
        if step == 2:
            return "GetConfiguration", {}
        if step == 4:
            return "ChangeConfiguration", {"key": "MeterValueSampleInterval", "value": "5"}
        return "RemoteStopTransaction", {"transactionId": self._transactions.get(identity, 0)}
