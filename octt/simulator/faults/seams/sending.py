"""Faults of what goes out: frames and answers on the connection, messages that are lost, doubled or out of order."""

from __future__ import annotations

import asyncio
import math
import uuid

from octt.simulator.faults.distortion import distort
from octt.simulator.faults.seams import hostile
from octt.simulator.link import frames
from octt.simulator.link.connection import Link
from octt.simulator.link.outbox import Kept, Ordinary, Outbox
from octt.simulator.part import Payload, Reply


class FaultyLink(Link):
    """Alters, withholds, delays and repeats frames."""

    def boot(self) -> None:
        """Nothing hangs yet."""
        super().boot()
        self._hung_until = 0.0
        self._last_call = ""

    def _receive(self, text: str | bytes) -> None:
        """A message, which the station may not survive."""
        effect = hostile.effect(self.station.faults, text, self._waiting, self._last_call)
        if effect:
            self._suffer(effect)
            return
        if self.station.faults.arguments("dies-of"):
            self._last_call = hostile.ident_of(text) or self._last_call
        super()._receive(text)

    def _suffer(self, effect: str) -> None:
        if effect == "hangs":
            self._hung_until = math.inf
        elif effect == "drops":
            self.abort()
        elif effect == "boots":
            self.station.restart("Reboot", graceful=False)

    def _new_id(self) -> str:
        return "1" if self.station.faults.active("duplicate-message-id") else super()._new_id()

    def _written(self, id: str, action: str, payload: Payload) -> str:
        faults = self.station.faults
        text = super()._written(id, action, distort(faults, action, payload))
        return text[:-1] if faults.active("malformed-frame", action) else text

    def _reply_delay(self, action: str) -> float:
        faults = self.station.faults
        if faults.active("late-reply", action):
            return faults.number("late-reply", action, 60.0)
        return super()._reply_delay(action)

    def _answered(self, frame: frames.Frame, reply: Reply) -> str:
        faults, action = self.station.faults, frame.action
        text = super()._answered(frame, Reply(distort(faults, action, reply.payload)))
        if faults.active("callerror", action):
            text = frames.write_error(frame.id, faults.value("callerror", action) or "InternalError")
        if faults.active("wrong-id", action):
            text = text.replace(frame.id, str(uuid.uuid4()), 1)
        return text

    async def _reply(self, action: str, text: str) -> None:
        faults = self.station.faults
        if faults.active("hang-after", action):
            now = asyncio.get_running_loop().time()
            self._hung_until = now + faults.number("hang-after", action, 1e9)
        if not faults.active("no-reply", action):
            await super()._reply(action, text)
        if faults.active("duplicate-reply", action):
            await super()._reply(action, text)

    async def _answer(self, frame: frames.Frame) -> None:
        if asyncio.get_running_loop().time() >= self._hung_until:
            await super()._answer(frame)

    async def _take_effect(self, action: str, reply: Reply) -> None:
        if not self.station.faults.active("ignore", action):
            await super()._take_effect(action, reply)


class FaultyOutbox(Outbox):
    """Loses messages, reverses their order, does not wait for answers."""

    def boot(self) -> None:
        """What memory held may be forgotten."""
        super().boot()
        if self.station.faults.active("queue-forgotten"):
            self._kept.clear()

    def send(self, action: str, payload: Payload, triggered: bool = False) -> asyncio.Future[Payload]:
        """As a right station, but for what the faults withhold or put in between."""
        if self._withheld(action, payload, triggered):
            return self.unsent("withheld")
        charging = action == "StatusNotification" and payload["status"] == "Charging"
        if charging and self.station.faults.active("illegal-status"):
            super().send(action, {**payload, "status": "Reserved"})
        return super().send(action, payload, triggered)

    def _withheld(self, action: str, payload: Payload, triggered: bool) -> bool:
        faults = self.station.faults
        if faults.active("skip", action):
            return True
        if action == "StatusNotification":
            return self._status_withheld(payload["connectorId"], payload["status"], triggered)
        is_progress = action.endswith("StatusNotification") and not triggered
        return is_progress and faults.active("progress-missing", payload["status"])

    def _status_withheld(self, number: int, status: str, triggered: bool) -> bool:
        faults = self.station.faults
        if faults.active("connector-silent", number):
            return True
        if number == 0:
            return False
        if not triggered and faults.active("status-missing", status):
            return True
        resumed = self.station.connectors[number].resumed
        return resumed and status in ("Finishing", "Preparing") and faults.active("resumed-end-silent")

    def keep(self, action: str, payload: Payload, transaction: str) -> None:
        """As a right station, but for what the faults withhold."""
        faults = self.station.faults
        lost = not self.station.ready and faults.active("lost-offline", action)
        if not faults.active("skip", action) and not lost:
            super().keep(action, payload, transaction)

    def _put(self, item: Kept) -> None:
        if not self.station.ready and self.station.faults.active("reorder-transactions"):
            self._kept.insert(0, item)
        else:
            super()._put(item)

    def online(self, booted: bool) -> None:
        """What was underway when the connection was lost may be forgotten."""
        self._kept[:] = [
            item for item in self._kept if not self.station.faults.active("lost-offline", item["action"])
        ]
        super().online(booted)

    async def _hand_over(self, item: Ordinary | Kept) -> None:
        if isinstance(item, Ordinary) and self.station.faults.active("two-outstanding"):
            self.station.spawn(self._delivery(item))
            await asyncio.sleep(0)
        else:
            await super()._hand_over(item)
