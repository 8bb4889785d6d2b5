"""Everything the station sends of its own accord, in order: one message outstanding, transaction messages kept.

Ordinary messages live in RAM and fail while offline. Transaction-related ones (StartTransaction, StopTransaction,
MeterValues of a transaction) are in memory until answered and are retried as 3.7.1 says.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections import deque
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from octt.simulator.part import CallRefused, ConnectionLost, NoAnswer, Part, Payload

LOGGER = logging.getLogger("octt.simulator")
MOST_KEPT = 1000
"""Transaction-related messages that memory has room for. A queue grows for as long as the station is offline."""

Kept = dict[str, Any]
"""A transaction-related message in memory: order, action, payload, transaction (its local name), attempts."""


@dataclass
class Ordinary:
    """A message that is lost with the connection."""

    order: int
    action: str
    payload: Payload
    answer: asyncio.Future[Payload]


class Outbox(Part):
    """The queue of outgoing requests; every message has a place in the order, counted anew at each boot."""

    def boot(self) -> None:
        """Take up what memory still holds; it is sent once registration allows."""
        self._ordinary: deque[Ordinary] = deque()
        self._kept: list[Kept] = self.station.memory.section("queue", [])
        self._order = 0
        for item in self._kept:
            item["order"] = self._next_order()
        self._retry_at = 0.0
        """When the first of the kept messages may be tried again; infinite: once the station is online again."""
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self.station.spawn(self._run())

    def _next_order(self) -> int:
        self._order += 1
        return self._order

    def send(self, action: str, payload: Payload, triggered: bool = False) -> asyncio.Future[Payload]:
        """Send an ordinary request; the future holds the answer, NoAnswer or CallRefused.

        Before an accepted BootNotification only that message and `triggered` ones go out (4.2).
        """
        if not self.station.link.is_open or not (self.station.registration.may_send(action) or triggered):
            return self.unsent("offline or not accepted yet")
        answer = self._promise()
        self._ordinary.append(Ordinary(self._next_order(), action, payload, answer))
        self._wake.set()
        return answer

    def unsent(self, reason: str) -> asyncio.Future[Payload]:
        """What `send` gives for a message that does not go out."""
        answer = self._promise()
        answer.set_exception(NoAnswer(reason))
        return answer

    @staticmethod
    def _promise() -> asyncio.Future[Payload]:
        answer: asyncio.Future[Payload] = asyncio.get_running_loop().create_future()
        answer.add_done_callback(
            lambda done: done.cancelled() or done.exception()
        )  # nobody has to look at it
        return answer

    def keep(self, action: str, payload: Payload, transaction: str) -> None:
        """Queue a transaction-related request; it survives loss of connection and power until delivered.

        `transaction` is the local name of the transaction whose id it carries, empty for none.
        """
        order = self._next_order()
        self._put(
            {"order": order, "action": action, "payload": payload, "transaction": transaction, "attempts": 0}
        )
        if len(self._kept) > MOST_KEPT:
            self._make_room()
        self.station.memory.save()
        self._wake.set()

    def _put(self, item: Kept) -> None:
        self._kept.append(item)

    def _make_room(self) -> None:
        """The oldest meter values that are not underway give way; no start or end of a transaction ever does."""
        for index, item in enumerate(self._kept[1:-1], 1):
            if item["action"] == "MeterValues":
                LOGGER.warning("%s: memory is full, meter values are lost", self.station.options.identity)
                del self._kept[index]
                return

    def online(self, booted: bool) -> None:
        """What was queued before a boot follows the statuses just queued; otherwise order stays as it was.

        Nothing waits any longer for its next attempt: what failed, failed on another connection.
        """
        if booted:
            for item in self._kept:
                item["order"] = self._next_order()
        self._retry_at = 0.0
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
                try:
                    async with asyncio.timeout_at(self._retry_at or None):
                        await self._wake.wait()
                except TimeoutError:
                    self._retry_at = 0.0
            else:
                self._idle.clear()
                await self._hand_over(item)

    def _next(self) -> Ordinary | Kept | None:
        """The oldest message that may go now."""
        kept = self._kept[0] if self._kept and self.station.ready and not self._retry_at else None
        if not self._ordinary:
            return kept
        overtakes = self.station.options.overtake_queue
        if kept is None or overtakes or self._ordinary[0].order < kept["order"]:
            return self._ordinary.popleft()
        return kept

    async def _hand_over(self, item: Ordinary | Kept) -> None:
        """Send a message and wait for its answer: the next one waits for that too (OCPP-J 4.1.1)."""
        await self._delivery(item)

    def _delivery(self, item: Ordinary | Kept) -> Coroutine[Any, Any, None]:
        return self._deliver(item) if isinstance(item, Ordinary) else self._deliver_kept(item)

    async def _deliver(self, item: Ordinary) -> None:
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

    async def _deliver_kept(self, item: Kept) -> None:
        station = self.station
        action, transaction = item["action"], item["transaction"]
        payload = dict(item["payload"])
        if transaction and action != "StartTransaction":
            payload["transactionId"] = station.transactions.id_of(transaction)
        item["attempts"] += 1
        try:
            answer = await station.link.call(action, payload)
        except ConnectionLost:
            item["attempts"] -= 1  # what was not delivered is no attempt to have it processed (3.7.1)
            self._retry_at = math.inf
            return
        except (NoAnswer, CallRefused) as problem:
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
        station.transactions.delivered(action, transaction, answer)
        station.memory.save()
