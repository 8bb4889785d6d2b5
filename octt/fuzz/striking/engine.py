"""Carries stories out at the station that a run is connected to, looks after each whether it still lives, and judges.

Everything happens on the Central System's loop, a whole story in one go: the thread that draws waits for it.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping

from octt.fuzz.story import ANY, Blow, Kind, Severity, Story, Trouble
from octt.fuzz.striking import judging
from octt.fuzz.striking.line import PROBED, Gone, Line, settings_of
from octt.fuzz.striking.model import Model
from octt.ocpp import values
from octt.script.limits import RECONNECT
from octt.suite.run import Run
from octt.timeline.entry import Entry

_SETTINGS = "OCPP 1.6 sections 5.3 and 5.8"

How = Callable[["Engine", Blow], Awaitable[None]]


class Engine(Line):
    """Carries stories out. Methods without underscore that are no coroutines are for the thread that draws."""

    def __init__(self, run: Run, how: Mapping[Kind, How]) -> None:
        """`how` is how each kind of blow is done (blows.py)."""
        super().__init__(run)
        self.how = how
        self.model: Model | None = None
        """What judges the answers too, in a story that a model follows."""

        self.now: dict[str, str] = {}
        self.examples = 0
        self.times: deque[float] = deque(maxlen=20_000)

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
        self.settings = self.csms.run(self.configuration(), None)

    def settle(self) -> None:
        """At the end: the station answers, nothing runs, and `now` has its configuration. Raises Gone."""
        self.hasty = False
        self.csms.run(self._settle(), None)

    async def _settle(self) -> None:
        if self.dirty or not self.csms.connected:
            await self.renew()
        await self.idle()
        self.now = await self.configuration()

    def tidy(self) -> None:
        """Ends what a story left running. Raises Gone."""
        self.csms.run(self.idle(), None)

    def all_settings(self) -> list[Trouble]:
        """Whether every setting is as it was. Raises Gone."""
        now = self.csms.run(self.configuration(), None)
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
        await (self.charge() if story.charging else self.idle())
        self.watch.begin(story)

    async def _blow(self, blow: Blow) -> None:
        self.watch.sort, self.watch.told = blow.sort, blow.told
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
            await self.idle()
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
        now = settings_of(reply.frame.payload).get(key)
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
        watch = self.watch
        if not await self.until(lambda: self.csms.connected, self.full[RECONNECT]):
            self.dirty = True
            fault = f"does not come back after {blow.sort}"
            self.trouble(Severity.ROBUSTNESS, fault, blow.told, "OCPP-J 1.6 section 5.4")
            return
        await self.request("GetConfiguration", {"key": [PROBED]})  # what boots says so before it answers
        if await self.until(lambda: watch.boots > watch.boots_before, 3 * self.quiet):
            self.dirty = True
        elif not expected:
            unreadable = blow.kind is Kind.FRAME and blow.codes != ANY
            severity = Severity.SHOULD if unreadable else Severity.ROBUSTNESS
            self.trouble(severity, f"ends the connection after {blow.sort}", blow.told, blow.cite)

    def trouble(
        self, severity: Severity, fault: str, detail: str = "", cite: str = "", line: int = 0
    ) -> None:
        """Something the station did wrong in this story."""
        self.watch.troubles.append(Trouble(severity, fault, detail, cite, line or self.watch.line))

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

    async def _whole_transaction(self) -> list[Trouble]:
        if self.dirty or not self.csms.connected:
            await self.renew()
        self.watch.begin(Story(()))
        try:
            await self.charge()
            await self.idle()
        except Gone as error:
            self.trouble(Severity.ROBUSTNESS, "no transaction is possible any more", str(error))
        if self.charging:
            self.trouble(Severity.ROBUSTNESS, "a transaction cannot be ended any more")
        self.watch.end()
        self.dirty = self.dirty or bool(self.watch.troubles)
        return self.watch.troubles
