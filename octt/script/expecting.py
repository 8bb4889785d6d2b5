"""The words for what the station does: `sends`, `reports` and their relatives (octt/script/watching.py has more).

Every expectation becomes a step on the record. `sends` consumes the first fitting request after the previous
expectation; what it passes over is judged by the general rules (octt/script/rules.py) when the case ends.
Deadlines count from the last acknowledged action, answer or fitting frame, so that a slow person or a slow script
never fails a station. Names of actions and fields are the specification's; a misspelt one is an error at once.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from octt.csms.traffic import Seen
from octt.ocpp import schemas
from octt.script import rules
from octt.script.calling import Calling, Fields
from octt.script.case_run import Label
from octt.script.verdicts import Inconclusive, Judgement
from octt.timeline import matching


@dataclass
class _Expectation:
    action: str
    fields: Fields
    start: int
    met: int = -1


class Expecting(Calling):
    """What a script expects of the station under test."""

    def __init__(self, *shared: Any) -> None:
        super().__init__(*shared)
        self._last: _Expectation | None = None
        self._block: int | None = None
        self._optional: list[tuple[Label, _Expectation]] = []

    # -- the station calls us -------------------------------------------------------------------------------------

    def sends(
        self,
        action: str,
        *,
        step: Label = "",
        within: float | None = None,
        after: float | None = None,
        since: Seen | None = None,
        optional: bool = False,
        cite: str = "",
        **fields: Any,
    ) -> Seen:
        """Waits for a request with these fields, and fails the case when it does not come in time.

        `within` seconds from the last action or frame (default: the limit for triggered functions; with `after`
        that much more). `after`: it must not come earlier than that, less the tolerance. `since` counts from
        another frame. `optional`: it may also be missing; that is decided by the next expectation.
        """
        schemas.check_fields(action, "request", fields)
        expectation = _Expectation(action, fields, self._start(action, fields))
        if optional:
            self._optional.append((step, expectation))
            return NOTHING
        anchor = since.m if since else self.case.anchor
        limit = (within or self.limits.function) + (after or 0.0)
        what = _what(action, fields)
        try:
            found = self._await(expectation, anchor + int(limit * 1e9))
        except _Decided as decided:
            raise self._failure(step, what, expectation, anchor, limit, cite, decided.index) from None
        if not found:
            raise self._failure(step, what, expectation, anchor, limit, cite)
        seen = self.csms.traffic.entries[expectation.met]
        seconds = max(0.0, (seen.m - anchor) / 1e9)
        if after is not None:
            self.case.forced += after
            early = after - self.limits.early(after)
            if seconds < early:
                actual = f"it came after {seconds:.2f} s, {after:g} s were due"
                raise self.case.fail(step, f"{what} after {after:g} s", actual, closest=seen, cite=cite)
        self._settle_optional(expectation.met)
        self.case.step(step, what, "ok", frame=seen, seconds=seconds, limit=limit, cite=cite)
        self._consume(expectation, seen)
        return seen

    def reports(
        self, status: str | set[str], *, connector: int | None = None, step: Label = "", **more: Any
    ) -> Seen:
        """Waits for StatusNotification of a connector (default: the one under test)."""
        number = self.bench.connector if connector is None else connector
        return self.sends("StatusNotification", step=step, connectorId=number, status=status, **more)

    def reports_all(
        self, status: str, *, step: Label = "", other: dict[int, str | set[str]] | None = None, **more: Any
    ) -> None:
        """Waits for StatusNotification of every connector and of connectorId 0, in any order.

        `other` gives the connectors that have another status.
        """
        wanted: dict[int, str | set[str]] = dict.fromkeys([0, *self.connectors], status)
        wanted.update(other or {})
        with self.in_any_order():
            for number, value in wanted.items():
                self.reports(value, connector=number, step=step, **more)

    def may_send(self, action: str, *, step: Label = "", within: float, **fields: Any) -> Seen | None:
        """Waits for a request that a conformant station may leave out; None when it did."""
        schemas.check_fields(action, "request", fields)
        expectation = _Expectation(action, fields, self._start(action, fields))
        with contextlib.suppress(_Decided):
            self._await(expectation, self.case.anchor + int(within * 1e9))
        what = f"perhaps {_what(action, fields)}"
        if expectation.met < 0:
            self.case.step(step, what, "skipped", limit=within)
            return None
        seen = self.csms.traffic.entries[expectation.met]
        self._settle_optional(expectation.met)
        self.case.step(step, what, "ok", frame=seen, limit=within)
        self._consume(expectation, seen)
        return seen

    @contextlib.contextmanager
    def in_any_order(self, after: Seen | None = None) -> Iterator[None]:
        """The expectations inside may be met in any order, by frames after the last one (or after `after`)."""
        if self._block is not None:
            yield
            return
        self._block = self.case.cursor if after is None else self._index(after) + 1
        try:
            yield
        finally:
            self._block = None
            if self.case.cursor:
                self._from(self.csms.traffic.entries[self.case.cursor - 1])

    def either(
        self, *alternatives: tuple[str, Fields], step: Label = "", within: float | None = None, cite: str = ""
    ) -> Seen:
        """Waits for the first request that fits one of several (action, fields)."""
        expectations = [
            _Expectation(action, fields, self._start(action, fields)) for action, fields in alternatives
        ]
        what = " or ".join(_what(action, fields) for action, fields in alternatives)
        limit = within or self.limits.function
        anchor = self.case.anchor

        def met() -> _Expectation | None:
            now = [e for e in expectations if self._quick(e)]
            return min(now, key=lambda e: e.met, default=None)

        deadline = anchor + int(limit * 1e9)
        with self.case.waits("station", what, deadline):
            self.csms.traffic.wait(lambda: met() is not None, deadline)
        best = met()
        if best is None:
            raise self._failure(step, what, expectations[0], anchor, limit, cite)
        seen = self.csms.traffic.entries[best.met]
        seconds = max(0.0, (seen.m - anchor) / 1e9)
        self._settle_optional(best.met)
        self.case.step(step, what, "ok", frame=seen, seconds=seconds, limit=limit, cite=cite)
        self._consume(best, seen)
        return seen

    def newest(self) -> Seen:
        """The newest entry of the traffic: a place to look back to."""
        return self.csms.traffic.entries[-1] if self.csms.traffic.entries else NOTHING

    def sent(self, action: str, *, since: Seen, until: Seen | None = None, **fields: Any) -> list[Seen]:
        """The requests with these fields that came between two frames (without waiting)."""
        schemas.check_fields(action, "request", fields)
        entries = self.csms.traffic.entries
        last = self._index(until) if until else len(entries)
        between = entries[self._index(since) + 1 : last]
        return [s for s in between if s.is_call(action) and not matching.mismatches(fields, s.payload)]

    def sent_none(
        self,
        action: str,
        *,
        since: Seen,
        until: Seen | None = None,
        step: Label = "",
        cite: str = "",
        **fields: Any,
    ) -> None:
        """No such request may have come between two frames."""
        found = self.sent(action, since=since, until=until, **fields)
        self.check(
            not found,
            f"no {_what(action, fields)}",
            "it came",
            step=step,
            cite=cite,
            frame=next(iter(found), None),
        )

    # -- facts ------------------------------------------------------------------------------------------------------

    def check(
        self,
        good: bool,
        what: str,
        actual: str,
        *,
        step: Label = "",
        cite: str = "",
        frame: Seen | None = None,
        **more: Any,
    ) -> None:
        """A fact worked out by the script: `what` is expected, `actual` says what is, `frame` shows it."""
        if not good:
            raise self.case.fail(step, what, actual, cite=cite, closest=frame, **more)
        if frame is not None:
            self.case.used.add(self._index(frame))
        self.case.step(step, what, "ok", cite=cite, frame=frame, **more)

    def remark(self, text: str, frame: Seen | None = None, cite: str = "") -> None:
        """Keeps something legal but noteworthy beside the verdict."""
        self.case.remark(text, frame, cite)

    def impossible(self, why: str, *, blame: Any = "configuration") -> Judgement:
        """For `raise`: the case cannot get to its point with this station."""
        return Inconclusive(why, blame)

    # -- inside -----------------------------------------------------------------------------------------------------

    def _start(self, action: str, fields: Fields) -> int:
        if self._block is not None:
            return self._block
        last = self._last
        if last and rules.may_be_reversed(action, fields, last.action, last.fields):
            return last.start
        return self.case.cursor

    def _index(self, seen: Seen) -> int:
        entries = self.csms.traffic.entries
        return next((i for i in range(len(entries) - 1, -1, -1) if entries[i].n == seen.n), -1)

    def _quick(self, expectation: _Expectation) -> bool:
        entries = self.csms.traffic.entries
        for index in range(expectation.start, len(entries)):
            seen = entries[index]
            fits = index not in self.case.used and seen.is_call(expectation.action)
            if fits and not matching.mismatches(expectation.fields, seen.payload):
                expectation.met = index
                return True
        return False

    def _await(self, expectation: _Expectation, deadline: int) -> bool:
        traffic, looked = self.csms.traffic, expectation.start

        def look() -> bool:
            nonlocal looked
            while looked < len(traffic.entries):
                seen, index = traffic.entries[looked], looked
                looked += 1
                if index in self.case.used or not seen.is_call(expectation.action) or seen.m > deadline:
                    continue
                if not matching.mismatches(expectation.fields, seen.payload):
                    expectation.met = index
                    return True
                if rules.decides(expectation.action, expectation.fields, seen.payload):
                    raise _Decided(index)
            return False

        with self.case.waits("station", _what(expectation.action, expectation.fields), deadline):
            return traffic.wait(look, deadline)

    def _consume(self, expectation: _Expectation, seen: Seen) -> None:
        self.case.used.add(expectation.met)
        self.case.cursor = max(self.case.cursor, expectation.met + 1)
        self._last = expectation
        if seen.action == "BootNotification":
            if self.case.loss_expected:  # we made it boot, and a boot takes what it takes
                self.case.forced += max(0.0, (seen.m - self.case.anchor) / 1e9)
            self.case.loss_expected = False
        if self._block is None:
            self._from(seen)

    def _settle_optional(self, before: int) -> None:
        for label, expectation in self._optional:
            what = f"perhaps {_what(expectation.action, expectation.fields)}"
            for index in range(expectation.start, before):
                seen = self.csms.traffic.entries[index]
                fits = seen.is_call(expectation.action) and index not in self.case.used
                if fits and not matching.mismatches(expectation.fields, seen.payload):
                    self.case.used.add(index)
                    self.case.step(label, what, "ok", frame=seen)
                    break
            else:
                self.case.step(label, what, "skipped")
        self._optional.clear()

    def _failure(
        self,
        step: Label,
        what: str,
        expectation: _Expectation,
        anchor: int,
        limit: float,
        cite: str,
        decided: int | None = None,
    ) -> Judgement:
        entries = self.csms.traffic.entries
        candidates = [
            entries[i]
            for i in range(expectation.start, len(entries))
            if entries[i].is_call(expectation.action) and i not in self.case.used
        ]
        closest = min(
            candidates, key=lambda s: len(matching.mismatches(expectation.fields, s.payload)), default=None
        )
        if decided is not None:
            closest = entries[decided]
        waited = (time.monotonic_ns() - anchor) / 1e9
        lost = self.lost_connection()
        if closest is not None:
            wrong = matching.mismatches(expectation.fields, closest.payload)
            late = "" if decided is not None else f"it did not come within {limit:g} s; nearest was: "
            actual = (
                f"{late}{closest.action} came, but {'; '.join(wrong)}"
                if wrong
                else (f"it came after {(closest.m - anchor) / 1e9:.1f} s, allowed are {limit:g} s")
            )
            lost = ""
        elif lost:
            actual = lost
        else:
            others = [
                s.short() for s in entries[expectation.start :] if s.is_call() and s.action != "Heartbeat"
            ]
            actual = f"it did not come within {limit:g} s; " + (
                f"instead came {', '.join(others[:3])}" if others else "nothing else came"
            )
        return self.case.fail(
            step,
            what,
            actual,
            blame="network" if lost else "station",
            closest=closest,
            seconds=waited,
            limit=limit,
            cite=cite,
        )

    def _put_off(self, action: str, limit: float) -> Seen | None:
        """The last request of the station before `action` came, or before `limit` seconds of silence.

        None when that is no later than what the deadline counts from anyway.
        """
        expectation = _Expectation(action, {}, self._start(action, {}))
        for _ in range(10):
            newest = self._newest_request()
            deadline = max(newest.m, self.case.anchor) + int(limit * 1e9)
            if self._await(expectation, deadline) or self._newest_request() is newest:
                break
        return newest if newest.m > self.case.anchor else None

    def _newest_request(self) -> Seen:
        return next((s for s in reversed(self.csms.traffic.entries) if s.is_call()), NOTHING)


class _Decided(Exception):
    def __init__(self, index: int) -> None:
        super().__init__(index)
        self.index = index


NOTHING = Seen(0, 0, 0, "frame", 0)
"""No entry of the traffic."""


def _what(action: str, fields: Fields) -> str:
    return f"{action}.req" + (f" with {matching.describe(fields)}" if fields else "")
