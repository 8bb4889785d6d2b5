"""The words for what takes time to see: silence, repetition, and the connection that comes and goes."""

from __future__ import annotations

from typing import Any

from octt.script.case_run import Label
from octt.script.expecting import Expecting
from octt.script.limits import BOOT, ONLINE, RECONNECT, Kind, Limit
from octt.script.verdicts import Blame
from octt.timeline.entry import NOTHING, Entry
from octt.timeline.expectation import Expectation, Link, Wanted, Window
from octt.timeline.judge import Met, Wrong


class Watching(Expecting):
    """What a script watches the station for."""

    def repeats(self, action: str, *, every: float, times: int = 2, step: Label = "", cite: str = "") -> None:
        """Waits for a request again and again; the spacing must be `every` seconds within the tolerance.

        Late is counted from the station's last message of any kind, since other traffic may put a heartbeat off
        (HeartbeatInterval is an interval of inactivity, section 9.1.10). One may come before it is due: 4.6 says when a
        heartbeat is sent, not that none is sent for another reason. A second one is another interval.
        """
        limit, began = self.limits.interval(every), self.timeline.clock.now()
        since = self._put_off(action, limit.seconds)
        first = self.sends(action, within=limit, since=since, step=step, cite=cite)
        self.waits_for_protocol(every * times + min(every, max(0.0, (first.m - began) / 1e9)))
        due, beside = times, 0
        while due:
            since = self._put_off(action, limit.seconds)
            second = self.sends(action, within=limit, since=since, step=step, cite=cite)
            spacing = (second.m - first.m) / 1e9
            if spacing >= every - self.limits.early(every):
                first, due = second, due - 1
                continue
            early, beside = f"the next came after {spacing:.2f} s", beside + 1
            if beside > 1:
                self.case.fail(step, f"{action} every {every:g} s", early, closest=second, cite=cite)
            self.remark(f"{action} is due every {every:g} s, {early}", second, cite=cite)

    def stays_silent(
        self,
        *actions: str,
        during: float | None = None,
        since: Entry | None = None,
        step: Label = "",
        cite: str = "",
        **fields: Any,
    ) -> None:
        """Watches that none of these requests (with these fields) comes, for `during` seconds (default: bench).

        `since`: none may have come after this frame either (default: after the last expected one).
        """
        seconds = self.bench.times.observation if during is None else during
        start = self.case.position.next if since is None else since.index + 1
        window = Window(self.timeline.clock.now(), seconds)
        expectation = Expectation(tuple(Wanted(a, fields) for a in actions), window, start, never=True)
        what = f"no {' and no '.join(str(one).replace('.req', '') for one in expectation.alternatives)}"
        self.waits_for_protocol(seconds)
        outcome = self._await(expectation)
        if isinstance(outcome, Wrong):
            actual = f"the station sent {outcome.entry.short()}"
            self.case.fail(step, what, actual, closest=outcome.entry, cite=cite)
        if lost := self.lost_connection():
            self.case.fail(step, what, lost, blame=Blame.NETWORK)
        self.case.step(step, what, "ok", seconds=seconds, limit=seconds, cite=cite)

    def connects(
        self,
        *,
        step: Label = "",
        again: bool = True,
        kind: Kind = RECONNECT,
        at_most: float | None = None,
    ) -> Entry:
        """Waits for the station's (new) connection; without `again` one that it has is as good.

        `kind` BOOT: it has to boot first. `at_most` so many seconds, where it was waited for before.
        """
        limit = self.limits.of(kind).at_most(at_most)
        if not again and self.state.connected:
            self.case.step(step, "the station connects", "ok", limit=limit.seconds)
            return NOTHING
        outcome = self._await(self._link("connect", limit))
        if not (isinstance(outcome, Met) and outcome.entry):
            refusal = self.system.refusals[-1] if self.system.refusals else "no attempt was seen"
            actual = f"it did not within {limit} ({refusal})"
            self.missed(limit, step, "the station to connect", actual, there=False)
        self.case.step(step, "the station connects", "ok", frame=outcome.entry, limit=limit.seconds)
        self.case.position.take(outcome.entry)
        self.case.position.caused_by(ONLINE)
        return outcome.entry

    def disconnects(self, *, step: Label = "") -> Entry:
        """Waits until the connection ends, which no section sets a time for."""
        limit = self.limits.of(BOOT)
        outcome = self._await(self._link("disconnect", limit))
        if not (isinstance(outcome, Met) and outcome.entry):
            actual = f"it stayed connected for {limit}"
            blame = Blame.CONFIGURATION
            self.case.fail(step, "the station to disconnect", actual, blame=blame, limit=limit.seconds)
        self.case.step(step, "the station disconnects", "ok", frame=outcome.entry, limit=limit.seconds)
        self.case.position.take(outcome.entry)
        return outcome.entry

    def waits_for_protocol(self, seconds: float) -> None:
        """So many seconds of the case are none of its own: the protocol, or what is being tested, takes them."""
        self.case.position.waits_for_protocol(seconds)

    def expect_disconnect(self) -> None:
        """From here until the next boot the station may lose its connection by what we do."""
        self.case.position.expect_disconnect()

    # -- inside ---------------------------------------------------------------------------------------------------

    def _link(self, kind: Any, limit: Limit) -> Expectation:
        position = self.case.position
        return Expectation((Link(kind),), Window(position.since, limit.seconds), position.next)

    def _put_off(self, action: str, limit: float) -> Entry | None:
        """The last request of the station before `action` came, or before `limit` seconds of silence.

        None when that is no later than what the deadline counts from anyway.
        """
        since = self.case.position.since
        for _ in range(10):
            newest = self._newest_request()
            window = Window(max(newest.m, since), limit)
            expectation = Expectation((Wanted(action),), window, self.case.position.start_of(Wanted(action)))
            if isinstance(self._await(expectation), Met) or self._newest_request() is newest:
                break
        return newest if newest.m > since else None

    def _newest_request(self) -> Entry:
        entries = self.timeline.since(self.case.position.next - 1)
        return next((entry for entry in reversed(entries) if entry.is_call()), NOTHING)
