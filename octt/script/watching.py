"""The words for what takes time to see: silence, repetition, and the connection that comes and goes."""

from __future__ import annotations

import time
from typing import Any

from octt.csms.traffic import Seen
from octt.ocpp import schemas
from octt.script.case_run import Label
from octt.script.expecting import NOTHING, Expecting
from octt.timeline import matching


class Watching(Expecting):
    """What a script watches the station for."""

    def repeats(self, action: str, *, every: float, times: int = 2, step: Label = "", cite: str = "") -> None:
        """Waits for a request again and again; the spacing must be `every` seconds within the tolerance.

        Late is counted from the station's last message of any kind, since other traffic may put a heartbeat off
        (HeartbeatInterval is an interval of inactivity, section 9.1.10).
        """
        limit = every + self.limits.late
        began = time.monotonic_ns()
        first = self.sends(action, within=limit, since=self._put_off(action, limit), step=step, cite=cite)
        self.case.forced += every * times + min(every, max(0.0, (first.m - began) / 1e9))
        for _ in range(times):
            second = self.sends(
                action, within=limit, since=self._put_off(action, limit), step=step, cite=cite
            )
            spacing = (second.m - first.m) / 1e9
            if spacing < every - self.limits.early(every):
                raise self.case.fail(
                    step,
                    f"{action} every {every:g} s",
                    f"the next came after {spacing:.2f} s",
                    closest=second,
                    cite=cite,
                )
            first = second

    def stays_silent(
        self,
        *actions: str,
        during: float | None = None,
        since: Seen | None = None,
        step: Label = "",
        cite: str = "",
        **fields: Any,
    ) -> None:
        """Watches that none of these requests (with these fields) comes, for `during` seconds (default: bench).

        `since`: none may have come after this frame either (default: after the last expected one).
        """
        for action in actions:
            schemas.check_fields(action, "request", fields)
        seconds = during or self.bench.times.observation
        what = f"no {' and no '.join(actions)}" + (f" with {matching.describe(fields)}" if fields else "")
        start, traffic = self.case.cursor if since is None else self._index(since) + 1, self.csms.traffic
        found: list[Seen] = []

        def look() -> bool:
            for seen in traffic.entries[start:]:
                if (
                    seen.is_call()
                    and seen.action in actions
                    and not matching.mismatches(fields, seen.payload)
                ):
                    found.append(seen)
                    return True
            return False

        self.case.forced += seconds
        deadline = time.monotonic_ns() + int(seconds * 1e9)
        with self.case.waits("time", f"watching for {what}", deadline):
            came = traffic.wait(look, deadline)
        if came:
            raise self.case.fail(
                step, what, f"the station sent {found[0].short()}", closest=found[0], cite=cite
            )
        lost = self.lost_connection()
        if lost:
            raise self.case.fail(step, what, lost, blame="network")
        self.case.step(step, what, "ok", seconds=seconds, limit=seconds, cite=cite)

    def connects(self, *, within: float | None = None, step: Label = "", again: bool = True) -> Seen:
        """Waits for the station's (new) connection."""
        limit = within or self.bench.times.reconnect_timeout
        start = self.case.cursor
        found: list[int] = []

        def look() -> bool:
            entries = self.csms.traffic.entries
            found[:] = [i for i in range(start, len(entries)) if entries[i].kind == "connect"]
            return bool(found) or (not again and self.csms.connected)

        deadline = self.case.anchor + int(limit * 1e9)
        with self.case.waits("station", "to connect", deadline):
            came = self.csms.traffic.wait(look, deadline)
        if not came:
            refusal = self.csms.refusals[-1] if self.csms.refusals else "no attempt was seen"
            raise self.case.fail(step, "the station to connect", f"it did not within {limit:g} s ({refusal})")
        seen = self.csms.traffic.entries[found[0]] if found else NOTHING
        if found:
            self.case.cursor = found[0] + 1
            self._from(seen)
        self.case.step(step, "the station connects", "ok", frame=seen if found else None, limit=limit)
        return seen

    def disconnects(self, *, within: float | None = None, step: Label = "") -> Seen:
        """Waits until the connection ends."""
        limit = within or self.limits.function
        start = self.case.cursor
        found: list[int] = []

        def look() -> bool:
            entries = self.csms.traffic.entries
            found[:] = [i for i in range(start, len(entries)) if entries[i].kind == "disconnect"]
            return bool(found)

        if not self.csms.traffic.wait(look, self.case.anchor + int(limit * 1e9)):
            raise self.case.fail(step, "the station to disconnect", f"it stayed connected for {limit:g} s")
        seen = self.csms.traffic.entries[found[0]]
        self.case.step(step, "the station disconnects", "ok", frame=seen, limit=limit)
        self.case.cursor = found[0] + 1
        self._from(seen)
        return seen
