"""Everything the station sends of its own accord, in order: one message outstanding, transaction messages kept.

Ordinary messages live in RAM and fail while offline. Transaction-related ones (StartTransaction, StopTransaction,
MeterValues of a transaction) are in memory until answered and are retried as 3.7.1 says.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from dataclasses import dataclass
from typing import Any

from octt.simulator.part import CallRefused, NoAnswer, Part, Payload

LOGGER = logging.getLogger("octt.simulator")
MOST_KEPT = 1000
"""Transaction-related messages that memory has room for. A queue grows for as long as the station is offline."""


@dataclass
class _Ordinary:
    order: int
    action: str
    payload: Payload
    answer: asyncio.Future[Payload]


class Outbox(Part):
    """The queue of outgoing requests."""

    def boot(self) -> None:
        """Take up what memory still holds; it is sent once registration allows."""
        self._order = 0
        self._ordinary: deque[_Ordinary] = deque()
        self._orders: dict[int, int] = {}
        self._kept: list[dict[str, Any]] = self.station.memory.section("queue", [])
        self._retry_at = 0.0
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        if self.station.faults.active("queue-forgotten"):
            self._kept.clear()
        self.station.spawn(self._run())

    def send(self, action: str, payload: Payload, triggered: bool = False) -> asyncio.Future[Payload]:
        """Send an ordinary request; the future holds the answer, NoAnswer or CallRefused.

        Before an accepted BootNotification only that message and `triggered` ones go out (4.2).
        """
        answer: asyncio.Future[Payload] = asyncio.get_running_loop().create_future()
        answer.add_done_callback(lambda done: done.cancelled() or done.exception())
        if self.station.faults.active("skip", action):
            answer.set_exception(NoAnswer("not sent"))
        elif not self.station.link.is_open or not (self.station.registration.may_send(action) or triggered):
            answer.set_exception(NoAnswer("offline or not accepted yet"))
        else:
            self._order += 1
            self._ordinary.append(_Ordinary(self._order, action, payload, answer))
            self._wake.set()
        return answer

    def keep(self, action: str, payload: Payload, transaction: str) -> None:
        """Queue a transaction-related request; it survives loss of connection and power until delivered."""
        if self.station.faults.active("skip", action):
            return
        if self.station.faults.active("lost-offline", action) and not self.station.ready:
            return
        item = {"action": action, "payload": payload, "transaction": transaction, "attempts": 0}
        if self.station.faults.active("reorder-transactions") and not self.station.ready:
            self._kept.insert(0, item)
        else:
            self._kept.append(item)
        if len(self._kept) > MOST_KEPT:
            self._make_room()
        self._order += 1
        self._orders[id(item)] = self._order
        self.station.memory.save()
        self._wake.set()

    def _make_room(self) -> None:
        """The oldest meter values that are not underway give way; no start or end of a transaction ever does."""
        for index, item in enumerate(self._kept[1:-1], 1):
            if item["action"] == "MeterValues":
                LOGGER.warning("%s: memory is full, meter values are lost", self.station.options.identity)
                del self._kept[index]
                self._orders.pop(id(item), None)
                return

    def online(self, booted: bool) -> None:
        """What was queued before a boot follows the statuses just queued; otherwise order stays as it was."""
        for item in list(self._kept):
            if self.station.faults.active("lost-offline", item["action"]):
                self._kept.remove(item)
        if booted:
            self._order += 1
            for item in self._kept:
                self._orders[id(item)] = self._order
        self._wake.set()

    def offline(self) -> None:
        """Ordinary messages are lost with the connection."""
        while self._ordinary:
            self._fail(self._ordinary.popleft().answer, NoAnswer("the connection was lost"))

    @property
    def empty(self) -> bool:
        """Nothing is queued or underway."""
        return self._idle.is_set() and not self._ordinary and not self._kept

    async def drained(self, seconds: float) -> None:
        """Wait until all is delivered, for at most `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                while not self.empty and self.station.ready:
                    await asyncio.sleep(0.01)
        except TimeoutError:
            pass

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            item = self._next()
            if item is None:
                self._idle.set()
                wait = self._retry_at - asyncio.get_running_loop().time() if self._retry_at else None
                try:
                    async with asyncio.timeout(max(wait, 0.0) if wait is not None else None):
                        await self._wake.wait()
                except TimeoutError:
                    self._retry_at = 0.0
                continue
            self._idle.clear()
            deliver = self._deliver(item) if isinstance(item, _Ordinary) else self._deliver_kept(item)
            if isinstance(item, _Ordinary) and self.station.faults.active("two-outstanding"):
                self.station.spawn(deliver)
                await asyncio.sleep(0)
            else:
                await deliver

    def _next(self) -> _Ordinary | dict[str, Any] | None:
        """The oldest message that may go now."""
        kept = self._kept[0] if self._kept and self.station.ready and not self._retry_at else None
        if self._ordinary and (kept is None or self._ordinary[0].order < self._orders.get(id(kept), 0)):
            return self._ordinary.popleft()
        return kept

    async def _deliver(self, item: _Ordinary) -> None:
        try:
            answer = await self.station.link.call(item.action, item.payload)
        except (NoAnswer, CallRefused) as problem:
            self._fail(item.answer, problem)
        else:
            self.station.registration.traffic()
            if not item.answer.done():
                item.answer.set_result(answer)

    @staticmethod
    def _fail(answer: asyncio.Future[Payload], problem: Exception) -> None:
        if not answer.done():
            answer.set_exception(problem)

    async def _deliver_kept(self, item: dict[str, Any]) -> None:
        station = self.station
        action, transaction = item["action"], item["transaction"]
        payload = dict(item["payload"])
        if action != "StartTransaction":
            payload["transactionId"] = station.transactions.id_of(transaction)
        item["attempts"] += 1
        try:
            answer = await station.link.call(action, payload)
        except (NoAnswer, CallRefused) as problem:
            if isinstance(problem, NoAnswer) and not station.link.is_open:
                item["attempts"] -= 1  # nobody failed to process it: it was not delivered
                return
            attempts = station.config.integer("TransactionMessageAttempts", 3)
            if item["attempts"] < max(attempts, 1):
                interval = station.config.integer("TransactionMessageRetryInterval", 1)
                self._retry_at = asyncio.get_running_loop().time() + interval * item["attempts"]
                return
            LOGGER.warning("%s: gave up %s: %s", station.options.identity, action, problem)
            answer = None
        station.registration.traffic()
        if item in self._kept:
            self._kept.remove(item)
        self._orders.pop(id(item), None)
        station.transactions.delivered(action, transaction, answer)
        station.memory.save()
