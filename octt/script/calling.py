"""We call the station: a request, and its reply judged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from octt.bench import Bench
from octt.csms.server import CentralSystem
from octt.ocpp import schemas
from octt.ocpp.values import shown
from octt.script.case_run import CaseRun, Label, following
from octt.script.limits import REPLY, Limit, Limits
from octt.script.verdicts import Blame
from octt.timeline import matching
from octt.timeline.entry import Entry
from octt.timeline.state import State
from octt.timeline.timeline import Timeline

Fields = dict[str, Any]

_ENDS_CONNECTION = frozenset(
    {
        *("Reset", "UpdateFirmware", "SignedUpdateFirmware", "CertificateSigned"),
        *("AuthorizationKey", "SecurityProfile"),
    }
)
"""Requests, and keys of ChangeConfiguration, after which a station may connect anew, once it has replied."""


_REFUSALS = frozenset(
    {
        *("Rejected", "NotSupported", "NotImplemented", "Failed", "VersionMismatch", "UpgradeRequired"),
        *("Faulted", "Occupied", "Unavailable"),
    }
)
"""Statuses by which a station says that it did not do what it was asked for (chapter 7)."""

_USES_CONNECTOR = frozenset({"RemoteStartTransaction", "ReserveNow", "UnlockConnector", "ChangeAvailability"})
"""Requests whose outcome depends on whether the connector is free."""


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

    @property
    def refused(self) -> bool:
        """Whether the station says that it did not do it. A reply that cannot be read says nothing."""
        status = self.payload.get("status")
        return self.is_error or (isinstance(status, str) and status in _REFUSALS)

    @property
    def given(self) -> str:
        """What the station answered, for a sentence."""
        if self.is_error:
            return f"CALLERROR {self.seen.frame.error_code or 'without a code'}"
        return shown(self.payload.get("status")) or "no status"

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
        wrong = list(self.seen.problems)
        if self.is_error:
            code = self.seen.frame.error_code
            if code not in codes and "any" not in codes:
                wrong.append(f"the station answered CALLERROR {code or 'without a code'}")
        else:
            wrong += matching.mismatches(fields, self.payload)
        if wrong:
            self.case.fail(self.label, what, "; ".join(wrong), closest=self.seen, seconds=seconds, cite=cite)
        self.case.step(self.label, what, "ok", frame=self.seen, seconds=seconds, cite=cite)
        return self


class Calling:
    """The station under test as somebody who is called. What all words of the language share is kept here."""

    def __init__(
        self,
        case: CaseRun,
        system: CentralSystem,
        bench: Bench,
        limits: Limits,
        connectors: int,
        *,
        locks_first: bool = False,
    ) -> None:
        """`locks_first`: the socket is locked until somebody is authorized (AQ-2), so that the cable comes last."""
        self.case, self.system, self.bench, self.limits = case, system, bench, limits
        self.locks_first = locks_first
        self.connectors = list(range(1, connectors + 1))

    @property
    def timeline(self) -> Timeline:
        """What happened."""
        return self.case.timeline

    @property
    def state(self) -> State:
        """The station as far as it is known now."""
        return self.case.timeline.state

    def fresh(self, field: str) -> int:
        """A number for a field of our requests, such as reservationId, that none of this run has had in it yet."""
        return self.system.fresh(field)

    def call(self, action: str, *, step: Label = "", **payload: Any) -> Reply:
        """Sends a request and takes the reply; a missing reply fails the step after `step`.

        Raises ValueError for fields the action does not have.
        """
        schemas.check_fields(action, "request", payload)
        if action not in schemas.TO_STATION:
            raise ValueError(f"{action} is called by stations, not by the Central System")
        if wrong := schemas.problems(action, "request", payload):
            raise ValueError(f"our own {action}.req is not valid: {'; '.join(wrong)}")
        if action in _USES_CONNECTOR:
            self.case.uses(payload.get("connectorId", 0))
        limit, label = self.limits.of(REPLY), following(step)
        request, seen = self.system.call(action, payload, limit.seconds)
        what = f"a reply to {action}"
        if request is None:
            self.case.fail(label, what, "the station is not connected", blame=Blame.NETWORK)
        self.case.position.look_after(request)
        self.case.position.caused_by(action)
        if action == "Reset":
            self.case.position.expect_boot(request.index, certain=payload.get("type") == "Hard")
        if step != "":
            self.case.step(step, f"we send {action}.req", "info", frame=request)
        if seen is None:
            self._no_reply(label, what, request, limit, payload)
        self.case.position.count_from(seen)
        reply = Reply(self.case, request, seen, label)
        if action == "Reset" and reply.refused:
            self.case.position.expect_no_boot()
        return reply

    def _no_reply(self, label: str, what: str, request: Entry, limit: Limit, payload: Fields) -> NoReturn:
        """The end of a case by a missing reply: what came instead, and whether the connection was lost before."""
        after = self.timeline.since(request.index + 1)
        ended = next((e for e in after if e.kind == "disconnect" or e.replaces), None)
        odd = [e for e in after if e.incoming and e.kind == "frame" and e.problems and not e.is_call()]
        caused = request.action in _ENDS_CONNECTION or str(payload.get("key")) in _ENDS_CONNECTION
        blame = Blame.STATION
        if ended is None:
            actual = f"no reply within {limit}"
        else:
            how = "was replaced by another one" if ended.replaces else "ended"
            actual = (
                f"the connection {how} {(ended.m - request.m) / 1e9:.3g} s after the request, before a reply"
            )
            if (ended.by == "network" or ended.replaces) and not caused and not self._booted(after):
                blame = Blame.NETWORK
        if odd:
            actual += f"; {odd[0].short()} came, but {odd[0].problems[0]}"
        closest, cite = odd[0] if odd else request, "OCPP-J 1.6 4.1.1"
        if ended is None and not odd:
            self.missed(limit, label, what, actual, closest=closest, cite=cite)
        self.case.fail(label, what, actual, blame=blame, closest=closest, limit=limit.seconds, cite=cite)

    def missed(
        self,
        bound: Limit,
        label: Label,
        what: str,
        actual: str,
        *,
        blame: Blame = Blame.STATION,
        there: bool | None = None,
        **more: Any,
    ) -> NoReturn:
        """The end of a case by something that did not come within a limit: no verdict unless the limit decides.

        `there`: whether the station could have done it by itself (default: it is connected).
        """
        present = self.state.connected if there is None else there
        decides = bound.decides(there=present)
        if not decides:
            actual += f"; {bound.remedy}"
            if blame is Blame.STATION and not (present and bound.patient):
                blame = Blame.CONFIGURATION
        more.setdefault("limit", bound.seconds)
        self.case.fail(label, what, actual, blame=blame, decides=decides, **more)

    def _booted(self, entries: Sequence[Entry]) -> bool:
        return any(e.is_call("BootNotification") for e in entries)

    def losses(self, start: int) -> tuple[str, Blame]:
        """Connections lost and boots since a place of the timeline, in words; whose fault what is missing then is.

        A station that closes its connection or reboots by itself answers for what it did not send; a connection that
        broke through nobody's doing does not.
        """
        entries = self.timeline.since(start)
        lost = [e for e in entries if e.kind == "disconnect" and e.by != "csms"]
        boots = [e for e in entries if e.is_call("BootNotification")]
        taken = [e for e in entries if e.replaces]
        told = []
        if lost:
            by = {"station": "the station closed", "network": "it broke"}.get(lost[-1].by, lost[-1].by)
            times = "once" if len(lost) == 1 else f"{len(lost)} times"
            told.append(f"the connection was lost {times} meanwhile ({by})")
        if boots:
            told.append(f"the station booted {'once' if len(boots) == 1 else f'{len(boots)} times'}")
        if taken:
            times = "one" if len(taken) == 1 else f"one, {len(taken)} times"
            told.append(
                f"another connection took the place of an open {times}: perhaps two peers have one identity"
            )
        gone = self.lost_connection()
        if gone and not lost:
            told.append(gone)
        innocent = (gone or taken or any(e.by == "network" for e in lost)) and not boots
        ours = self.case.position.loss_expected
        return "; ".join(told), Blame.NETWORK if innocent and not ours else Blame.STATION

    def lost_connection(self) -> str:
        """A sentence when the connection is gone though nobody of us caused that, else nothing."""
        if self.state.connected or self.system.offline or self.case.position.loss_expected:
            return ""
        return "the connection was lost and the station has not come back"
