"""Carries stories out at the station that a run is connected to, looks after each whether it still lives, and judges.

Everything happens on the Central System's loop, a whole story in one go: the thread that draws waits for it.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from octt import ocpp
from octt.csms.session import Put
from octt.fuzz.story import Blow, Kind, Severity, Story, Trouble
from octt.fuzz.striking import judging
from octt.fuzz.striking.model import Model
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


How = Callable[["Engine", Blow], Awaitable[None]]


class Engine:
    """One station under fire."""

    def __init__(self, run: Run, how: Mapping[Kind, How]) -> None:
        """`how` is how each kind of blow is done (blows.py)."""
        self.run, self.csms, self.bench, self.how = run, run.csms, run.bench, how
        self.simulated = run.bench.driver.kind == "simulated"
        self.quiet = 0.1 if self.simulated else min(run.bench.times.observation, 5.0)
        self.full = {kind: run.limits.of(kind).seconds for kind in (REPLY, TRIGGERED, START, STOP, RECONNECT)}
        self.watch = Watch(run)
        self.settings: dict[str, str] = {}
        """The configuration as it was, by the key as the station writes it."""

        self.hasty = False
        """Whether a story is being made smaller: then the limits are shorter."""

        self.dirty = False
        self.slowest = 0.0
        self.examples = 0
        self.owed: list[tuple[str, Payload]] = []
        """Requests that take back what a story did, the last first."""

        self.model: Model | None = None
        """What judges the answers too, in a story that a model follows."""

        self.times: deque[float] = deque(maxlen=20_000)
        self._number = itertools.count(1)

    # -- from the thread that draws -----------------------------------------------------------------------------------

    def strike(self, story: Story) -> list[Trouble]:
        """Carries a story out; what the station did wrong. Raises Gone."""
        self.examples += 1
        self.csms.expect_many(20)
        began = time.monotonic()
        found = self.csms.run(self._story(story), None)
        self.times.append(time.monotonic() - began)
        return found

    def whole_transaction(self) -> list[Trouble]:
        """Whether a transaction is possible, from its start to its end. Raises Gone."""
        return self.csms.run(self._whole_transaction(), None)

    def learn(self) -> None:
        """Reads the configuration that everything is held against. Raises Gone."""
        self.settings = self.csms.run(self._configuration(), None)

    def tidy(self) -> None:
        """Ends what a story left running. Raises Gone."""
        self.csms.run(self._idle(), None)

    def all_settings(self) -> list[Trouble]:
        """Whether every setting is as it was. Raises Gone."""
        now = self.csms.run(self._configuration(), None)
        return [
            Trouble(
                Severity.MUST,
                "a setting has changed",
                f"{key}: {before!r} became {now.get(key)!r}",
                _SETTINGS,
            )
            for key, before in self.settings.items()
            if now.get(key) != before
        ]

    # -- a story ------------------------------------------------------------------------------------------------------

    async def _story(self, story: Story) -> list[Trouble]:
        if story.modelled:
            return await self._modelled(story)
        await self._begin(story)
        done: list[Blow] = []
        for blow in story.blows:
            done.append(blow)
            await self._blow(blow)
            if self.dirty or not self.csms.connected:
                break
        await self._probe(done)
        return self._ended()

    async def _begin(self, story: Story) -> None:
        if self.dirty or not self.csms.connected:
            await self.renew()
        await (self._charge() if story.charging else self._idle())
        self.watch.begin(story)

    async def _blow(self, blow: Blow) -> None:
        self.watch.sort = blow.sort
        await self.how[blow.kind](self, blow)

    def _ended(self) -> list[Trouble]:
        self.watch.end()
        self.dirty = self.dirty or any(trouble.severity.decides for trouble in self.watch.troubles)
        return self.watch.troubles

    # -- a story that a model follows ---------------------------------------------------------------------------------

    def begin(self) -> None:
        """From now on blows come one by one (`step`), and a model judges the answers. Raises Gone."""
        self.examples += 1
        self.csms.run(self._begin(Story((), modelled=True)), None)
        self.model = Model(self.bench.connector)

    def step(self, blow: Blow) -> list[Trouble]:
        """One blow, and what the station did wrong by now. Raises Gone."""
        self.csms.expect_many(100)
        return self.csms.run(self._step(blow), None)

    def finish(self) -> list[Trouble]:
        """Everything is put back; the station must be as it was. Raises Gone."""
        return self.csms.run(self._finish(), None)

    async def _modelled(self, story: Story) -> list[Trouble]:
        await self._begin(story)
        self.model = Model(self.bench.connector)
        for blow in story.blows:
            if await self._step(blow):
                break
        return await self._finish()

    async def _step(self, blow: Blow) -> list[Trouble]:
        assert self.model is not None
        boots = self.watch.boots
        await self._blow(blow)
        await self.watch.rest(self.quiet)
        if self.watch.boots_due > boots and blow.action == "Reset":
            limit = self.run.bench.times.boot_timeout
            await self.until(lambda: self.watch.boots > boots and self.csms.connected, limit)
            await self.watch.rest(self.quiet)
        elif not self.csms.connected and not self.csms.offline:
            await self.lost(blow)
        if self.watch.boots > boots:
            self.model.rebooted()
        state = self.csms.timeline.latest
        running = next((one.id for one in state.open_transactions), None)
        self.model.shown(running, state.statuses.get(self.bench.connector, ""))
        return self.watch.troubles

    async def _finish(self) -> list[Trouble]:
        self.model = None
        self.csms.restore()
        self.watch.sort = "a story of lawful requests"
        if not await self.until(lambda: self.csms.connected, self.full[RECONNECT]):
            self.dirty = True
        for _ in range(2):  # what waits for authorization may still begin a transaction
            await self._idle()
            await self.act("unplug", connector=self.bench.connector)
            await self.watch.rest(self.quiet)
        for ident in (1, 2, 3):
            await self.request("CancelReservation", {"reservationId": ident})
        await self.request("ChangeAvailability", {"connectorId": 0, "type": "Operative"})
        await self.request("ClearChargingProfile", {})
        await self._probe([Blow(Kind.CALL, wrong=self.watch.sort)])
        return self._ended()

    async def _probe(self, done: list[Blow]) -> None:
        """What was done is taken back, and the station is asked for a setting, which must be as it was."""
        if not self.csms.connected:
            await self.lost(done[-1])
        while self.owed and not self.dirty:
            action, payload = self.owed.pop()
            if await self.request(action, payload) is None:
                break
        self.owed.clear()
        if self.dirty:
            return
        key = self._concerned(done)
        reply = await self.request("GetConfiguration", {"key": [key]})
        if reply is None and not self.csms.connected:
            await self.lost(done[-1])
        elif reply is None:
            self._hangs(done[-1])
        elif reply.frame.type != "CALLRESULT" or reply.problems:
            fault = f"GetConfiguration is not answered properly after {done[-1].sort}"
            self.trouble(Severity.ROBUSTNESS, fault, done[-1].told, _SETTINGS, reply.n)
        else:
            self._compare(key, reply, done[-1])

    def _concerned(self, done: list[Blow]) -> str:
        for blow in reversed(done):
            asked = blow.payload.get("key") if isinstance(blow.payload, dict) else None
            if blow.action == "ChangeConfiguration" and isinstance(asked, str):
                return next((key for key in self.settings if values.same(key, asked)), PROBED)
        return PROBED

    def _compare(self, key: str, reply: Entry, blow: Blow) -> None:
        now = _settings(reply.frame.payload).get(key)
        before = self.settings.get(key)
        if before is not None and now != before:
            fault = f"a setting is changed by {blow.sort}"
            self.trouble(Severity.MUST, fault, f"{key}: {before!r} became {now!r}", _SETTINGS, reply.n)
            self.owed.append(("ChangeConfiguration", {"key": key, "value": before}))

    def _hangs(self, blow: Blow) -> None:
        self.dirty = True
        fault = f"answers nothing any more after {blow.sort}"
        self.trouble(Severity.ROBUSTNESS, fault, blow.told, "OCPP-J 1.6 section 4.1.1")

    async def lost(self, blow: Blow, expected: bool = False) -> None:
        """The connection is gone: the station comes back, and does not boot for it."""
        watch, boots = self.watch, self.watch.boots
        if not await self.until(lambda: self.csms.connected, self.full[RECONNECT]):
            self.dirty = True
            fault = f"does not come back after {blow.sort}"
            self.trouble(Severity.ROBUSTNESS, fault, blow.told, "OCPP-J 1.6 section 5.4")
        elif await self.until(lambda: watch.boots > boots, self.quiet):
            self.dirty = True
        elif not expected:
            severity = Severity.SHOULD if blow.kind is Kind.FRAME else Severity.ROBUSTNESS
            self.trouble(severity, f"ends the connection after {blow.sort}", blow.told, blow.cite)

    def trouble(
        self, severity: Severity, fault: str, detail: str = "", cite: str = "", line: int = 0
    ) -> None:
        """Something the station did wrong in this story."""
        self.watch.troubles.append(Trouble(severity, fault, detail, cite, line or self.watch.line))

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

    def judge(self, blow: Blow, reply: Entry | None) -> None:
        """What the reply to a blow says."""
        if reply is not None:
            self.watch.troubles += judging.replied(blow, reply.frame, reply.problems, reply.n)
            if self.model and blow.legal and reply.frame.type == "CALLRESULT" and not reply.problems:
                wrong = self.model.answered(blow, str(reply.frame.payload.get("status", "")), reply.n)
                self.watch.troubles += [wrong] if wrong else []
        elif self.csms.connected:
            trouble = judging.unanswered(blow, self.patience)
            self.trouble(trouble.severity, trouble.fault, trouble.detail, trouble.cite)

    async def until(self, seen: Callable[[], bool], seconds: float) -> bool:
        """Waits for something that frames and connections show; whether it came."""
        return await self.watch.until(seen, seconds)

    # -- the world ----------------------------------------------------------------------------------------------------

    async def act(self, name: str, **params: Any) -> bool:
        """Something at the station, on the record; False when nobody can do it. Raises Gone without a driver."""
        driver, record = self.run.laboratory.driver, self.run.record
        record.write(Acted(action=name, params=params, driver=driver.kind, phase=ActionPhase.ASKED))
        try:
            who = await asyncio.to_thread(driver.act, name, params)
        except CannotAct as error:
            told = {"phase": ActionPhase.CANNOT, "detail": str(error)}
            record.write(Acted(action=name, params=params, driver=driver.kind, **told))
            return False
        except ActionFailed as error:
            told = {"phase": ActionPhase.FAILED, "detail": str(error)}
            record.write(Acted(action=name, params=params, driver=driver.kind, **told))
            if driver.gone:
                raise Gone(str(error)) from None
            return False
        record.write(Acted(action=name, params=params, driver=driver.kind, phase=ActionPhase.DONE, who=who))
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
        now = await self._configuration()
        for key, before in self.settings.items():
            if now.get(key, before) != before:
                await self.request("ChangeConfiguration", {"key": key, "value": before})

    async def _configuration(self) -> dict[str, str]:
        reply = await self.request("GetConfiguration", {})
        if reply is None or reply.frame.type != "CALLRESULT":
            raise Gone("the station does not answer GetConfiguration")
        return _settings(reply.frame.payload)

    # -- transactions -------------------------------------------------------------------------------------------------

    @property
    def charging(self) -> bool:
        """Whether a transaction runs."""
        return bool(self.csms.timeline.latest.open_transactions)

    async def _charge(self) -> None:
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

    async def _idle(self) -> None:
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

    async def _whole_transaction(self) -> list[Trouble]:
        if self.dirty or not self.csms.connected:
            await self.renew()
        self.watch.begin(Story(()))
        try:
            await self._charge()
            await self._idle()
        except Gone as error:
            self.trouble(Severity.ROBUSTNESS, "no transaction is possible any more", str(error))
        if self.charging:
            self.trouble(Severity.ROBUSTNESS, "a transaction cannot be ended any more")
        self.watch.end()
        self.dirty = self.dirty or bool(self.watch.troubles)
        return self.watch.troubles


_SETTINGS = "OCPP 1.6 sections 5.3 and 5.8"


def _settings(payload: Payload) -> dict[str, str]:
    """The values of a GetConfiguration.conf by key."""
    entries = values.dicts(payload.get("configurationKey"))
    return {str(one.get("key")): str(one.get("value")) for one in entries if one.get("value") is not None}
