"""We call the station: a request, and its reply judged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from octt.bench import Bench
from octt.csms.server import CentralSystem
from octt.ocpp import schemas
from octt.script.case_run import CaseRun, Label, following
from octt.script.limits import Limits
from octt.timeline import matching
from octt.timeline.entry import Entry
from octt.timeline.state import State
from octt.timeline.timeline import Timeline

Fields = dict[str, Any]


@dataclass(frozen=True)
class Reply:
    """The station's reply to a call, not yet judged. `label` is the document's step of the reply."""

    case: CaseRun
    request: Entry
    seen: Entry
    label: str

    @property
    def payload(self) -> Fields:
        """The payload of the reply."""
        return self.seen.payload

    @property
    def is_error(self) -> bool:
        """Whether the station answered with a CALLERROR."""
        return self.seen.frame.type == "CALLERROR"

    def returns(self, *, error: Iterable[str] = (), cite: str = "", **fields: Any) -> Reply:
        """Judges the reply: a result with these fields, or a CALLERROR with one of the codes in `error`.

        "any" in `error` allows every error code.
        """
        schemas.check_fields(self.seen.action, "response", fields)
        what = f"{self.seen.action}.conf" + (f" with {matching.describe(fields)}" if fields else "")
        codes = list(error)
        if codes:
            what += " or a CALLERROR" + ("" if "any" in codes else f" {' or '.join(codes)}")
        seconds = (self.seen.m - self.request.m) / 1e9
        if self.is_error:
            code = self.seen.frame.error_code
            wrong = [] if code in codes or "any" in codes else [f"the station answered CALLERROR {code}"]
        else:
            wrong = matching.mismatches(fields, self.payload)
        if wrong:
            self.case.fail(self.label, what, "; ".join(wrong), closest=self.seen, seconds=seconds, cite=cite)
        self.case.step(self.label, what, "ok", frame=self.seen, seconds=seconds, cite=cite)
        return self


class Calling:
    """The station under test as somebody who is called. What all words of the language share is kept here."""

    def __init__(
        self, case: CaseRun, system: CentralSystem, bench: Bench, limits: Limits, connectors: int
    ) -> None:
        self.case, self.system, self.bench, self.limits = case, system, bench, limits
        self.connectors = list(range(1, connectors + 1))

    @property
    def timeline(self) -> Timeline:
        """What happened."""
        return self.case.timeline

    @property
    def state(self) -> State:
        """The station as far as it is known now."""
        return self.case.timeline.state

    def call(self, action: str, *, step: Label = "", within: float | None = None, **payload: Any) -> Reply:
        """Sends a request and takes the reply; a missing reply fails the step after `step`.

        `within` seconds; default is the response timeout. Raises ValueError for fields the action does not have.
        """
        schemas.check_fields(action, "request", payload)
        if action not in schemas.TO_STATION:
            raise ValueError(f"{action} is called by stations, not by the Central System")
        if wrong := schemas.problems(action, "request", payload):
            raise ValueError(f"our own {action}.req is not valid: {'; '.join(wrong)}")
        limit = within or self.limits.response
        label = following(step)
        request, seen = self.system.call(action, payload, limit)
        what = f"a reply to {action}"
        if request is None:
            self.case.fail(label, what, "the station is not connected", blame="network")
        if action == "Reset":
            self.case.position.expect_disconnect()
        if step != "":
            self.case.step(step, f"we send {action}.req", "info", frame=request)
        if seen is None:
            lost = self.lost_connection()
            actual = lost or f"no reply within {limit:g} s"
            self.case.fail(
                label,
                what,
                actual,
                blame="network" if lost else "station",
                closest=request,
                limit=limit,
                cite="OCPP-J 1.6 4.1.1",
            )
        self.case.position.count_from(seen)
        return Reply(self.case, request, seen, label)

    def lost_connection(self) -> str:
        """A sentence when the connection is gone though nobody of us caused that, else nothing."""
        if self.state.connected or self.system.offline or self.case.position.loss_expected:
            return ""
        return "the connection was lost and the station has not come back"
