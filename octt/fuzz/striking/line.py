"""The line to one station: requests, actions, what puts it back, and transactions; nothing is judged here.

Everything but the constructor is for the Central System's loop.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable
from typing import Any

from octt import ocpp
from octt.csms.session import Put
from octt.fuzz.striking.watching import Watch
from octt.ocpp import values
from octt.record.events import Acted
from octt.record.words import ActionPhase
from octt.script.limits import RECONNECT, REPLY, START, STOP, TRIGGERED
from octt.station.actions import ActionFailed, CannotAct
from octt.suite.run import Run
from octt.timeline.entry import Entry

Payload = dict[str, Any]
PROBED = "HeartbeatInterval"
"""The key that is asked for where a story is about no other."""
HASTE = 20
"""While a story is made smaller, silence is believed after so many times the slowest reply so far."""
SHORTEST = 1.0


class Gone(Exception):
    """The station does not answer any more, and nobody can restart it; the message says so."""


class Line:
    """One station under fire, and how it was before."""

    def __init__(self, run: Run) -> None:
        self.run, self.csms, self.bench = run, run.csms, run.bench
        self.simulated = run.bench.driver.kind == "simulated"
        self.quiet = 0.1 if self.simulated else min(run.bench.times.observation, 5.0)
        self.full = {kind: run.limits.of(kind).seconds for kind in (REPLY, TRIGGERED, START, STOP, RECONNECT)}
        self.watch = Watch(run)
        self.settings: dict[str, str] = {}
        """The configuration as it was, by the key as the station writes it."""

        self.hasty = False
        """Whether a story is being made smaller: then the limits are shorter."""

        self.dirty = False
        """Whether the station must be renewed before anything else is done to it."""

        self.slowest = 0.0
        self.owed: list[tuple[str, Payload]] = []
        """Requests that take back what a story did, the last first."""

        self._number = itertools.count(1)

    # -- requests -----------------------------------------------------------------------------------------------------

    def ident(self) -> str:
        """A message id that was not used yet."""
        return f"octt-{next(self._number)}"

    @property
    def patience(self) -> float:
        """Seconds that a reply may take."""
        full = self.full[REPLY]
        return min(full, max(SHORTEST, HASTE * self.slowest)) if self.hasty else full

    async def request(self, action: str, payload: Payload) -> Entry | None:
        """A proper request of ours, which is not judged."""
        ident = self.ident()
        return await self.send(ident, ocpp.call(ident, action, payload), action)

    async def send(self, ident: str, text: str, action: str, put: Put | None = None) -> Entry | None:
        """A request as it is written; the reply, None when none came in time."""
        session = self.csms.session
        if session is None:
            return None
        began = time.monotonic()
        reply = (await session.ask(ident, text, action, self.patience, put))[1]
        if reply is not None:
            self.slowest = max(self.slowest, time.monotonic() - began)
        return reply

    async def until(self, seen: Callable[[], bool], seconds: float) -> bool:
        """Waits for something that frames and connections show; whether it came."""
        return await self.watch.until(seen, seconds)

    # -- the world ----------------------------------------------------------------------------------------------------

    async def act(self, name: str, **params: Any) -> bool:
        """Something at the station, on the record; False when nobody can do it. Raises Gone without a driver."""
        driver = self.run.laboratory.driver

        def told(phase: ActionPhase, who: str = "", detail: str = "") -> None:
            acted = Acted(action=name, params=params, driver=driver.kind, phase=phase, who=who, detail=detail)
            self.run.record.write(acted)

        told(ActionPhase.ASKED)
        try:
            told(ActionPhase.DONE, who=await asyncio.to_thread(driver.act, name, params))
        except CannotAct as error:
            told(ActionPhase.CANNOT, detail=str(error))
            return False
        except ActionFailed as error:
            told(ActionPhase.FAILED, detail=str(error))
            if driver.gone:
                raise Gone(str(error)) from None
            return False
        return True

    async def renew(self) -> None:
        """After a finding: the station is as it was, its power cycled where it hangs. Raises Gone."""
        self.dirty = False
        self.owed.clear()
        self.csms.answers.disarm()
        self.csms.restore()
        self.watch.expect_boot()
        if not await self._alive():
            if not await self.act("power_cycle"):
                raise Gone("the station does not answer any more, and no driver can cycle its power")
            self.watch.accepted = False
            limit = self.run.bench.times.boot_timeout
            if not await self.until(lambda: self.watch.accepted and self.csms.connected, limit):
                raise Gone(f"the station did not come back within {limit:g} s after its power was cycled")
        await self._put_back()
        await self.watch.rest(self.quiet)

    async def _alive(self) -> bool:
        """Whether it answers, perhaps on a connection that is just being made, and is not restarting."""
        if not await self.until(lambda: self.csms.connected, self.full[RECONNECT]):
            return False
        await self.watch.rest(self.quiet)
        reply = await self.request("GetConfiguration", {"key": [PROBED]})
        return reply is not None and reply.frame.type == "CALLRESULT" and self.csms.connected

    async def _put_back(self) -> None:
        if not self.settings:
            return
        now = await self.configuration()
        for key, before in self.settings.items():
            if now.get(key, before) != before:
                await self.request("ChangeConfiguration", {"key": key, "value": before})

    async def configuration(self) -> dict[str, str]:
        reply = await self.request("GetConfiguration", {})
        if reply is None or reply.frame.type != "CALLRESULT":
            raise Gone("the station does not answer GetConfiguration")
        return settings_of(reply.frame.payload)

    # -- transactions -------------------------------------------------------------------------------------------------

    @property
    def charging(self) -> bool:
        """Whether a transaction runs."""
        return bool(self.csms.timeline.latest.open_transactions)

    async def charge(self) -> None:
        """Sees to it that a transaction runs. Raises Gone when none can be started."""
        if self.charging:
            return
        connector, tag = self.bench.connector, self.bench.id_tags.valid
        if not await self.act("plug_in", connector=connector):
            raise Gone("no driver can plug the cable in")
        reply = await self.request("RemoteStartTransaction", {"idTag": tag, "connectorId": connector})
        accepted = reply is not None and reply.frame.payload.get("status") == "Accepted"
        if not accepted:
            await self.act("present_id_tag", connector=connector, id_tag=tag)
        if not await self.until(lambda: self.charging, self.full[START]):
            raise Gone("no transaction can be started")
        await self.watch.rest(self.quiet)

    async def idle(self) -> None:
        """Sees to it that no transaction runs."""
        if not self.charging or not self.csms.connected:
            return
        self.watch.stops_due = True
        for transaction in self.csms.timeline.latest.open_transactions:
            await self.request("RemoteStopTransaction", {"transactionId": transaction.id})
        stopped = await self.until(lambda: not self.charging, self.full[STOP])
        await self.act("unplug", connector=self.bench.connector)
        await self.watch.rest(self.quiet)
        self.watch.stops_due = False
        if not stopped:
            self.dirty = True


def settings_of(payload: Payload) -> dict[str, str]:
    """The values of a GetConfiguration.conf by key."""
    entries = values.dicts(payload.get("configurationKey"))
    return {str(one.get("key")): str(one.get("value")) for one in entries if one.get("value") is not None}
