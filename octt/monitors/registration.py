"""Rules about being accepted by the Central System (section 4.2) and about heartbeats (section 4.6)."""

from __future__ import annotations

from collections.abc import Iterator

from octt.monitors.seen import CROSSING, Finding, Rule, Seen, Talk, text, whole

_ON_REQUEST = frozenset(
    {
        "DiagnosticsStatusNotification",
        "FirmwareStatusNotification",
        "LogStatusNotification",
        "SecurityEventNotification",
        "SignCertificate",
        "SignedFirmwareStatusNotification",
    }
)
"""What a station in state Pending may owe to a request of the Central System, or to the security whitepaper."""

_TRIGGERS = {"SignChargePointCertificate": "SignCertificate"}
"""ExtendedTriggerMessage names one message otherwise than it is called (security whitepaper)."""


class BeforeAcceptance(Rule):
    """Not accepted, a station sends nothing but BootNotification, and while rejected it does not answer either.

    A violation is only told on the connection that brought Pending or Rejected (elsewhere the answer may not have
    arrived), when the station had not been accepted on it before (errata 3.35 leave that open). A request that
    crossed the answer there is one too: between a boot and its answer nothing else may be sent either.
    """

    name = "not accepted"
    cite = "OCPP 1.6 section 4.2"

    def __init__(self) -> None:
        self._status, self._since, self._interval, self._connection = "", 0, 0, -1
        self._accepted_on = -1
        self._certain = False
        self._triggered: set[str] = set()
        self._booting: tuple[int, int, int] | None = None

    def see(self, seen: Seen, talk: Talk) -> Iterator[Finding]:
        """Follows the registration and judges what comes meanwhile."""
        kind = seen.frame.type
        if not seen.incoming:
            self._ours(seen)
        elif kind == "CALL" and seen.action == "BootNotification":
            yield from self._early_boot(seen)
            self._booting = (seen.connection, seen.n, seen.m)
        elif kind == "CALL":
            yield from self._request(seen)
        elif kind in ("CALLRESULT", "CALLERROR"):
            yield from self._answer(seen)

    def _ours(self, seen: Seen) -> None:
        if seen.frame.type == "CALL" and seen.action in ("TriggerMessage", "ExtendedTriggerMessage"):
            wanted = text(seen.payload.get("requestedMessage"))
            self._triggered.add(_TRIGGERS.get(wanted, wanted[:50]))
        if seen.frame.type != "CALL" and seen.action == "BootNotification":
            self._booting = None
        if seen.answered("BootNotification"):
            self._status = text(seen.payload.get("status"))
            self._since, self._connection = seen.m, seen.connection
            self._interval = whole(seen.payload.get("interval")) or 0
            self._triggered.clear()
            if self._status == "Accepted":
                self._accepted_on = seen.connection
            self._certain = self._accepted_on != seen.connection

    def _waiting(self, seen: Seen) -> bool:
        """Whether the retry interval still runs, with a margin for the station's clock."""
        return self._interval > 0 and seen.since(self._since) < self._interval * 0.9 - 1

    def _early_boot(self, seen: Seen) -> Iterator[Finding]:
        if (
            self._status in ("Pending", "Rejected")
            and seen.connection == self._connection
            and seen.since(self._since) > CROSSING
            and self._waiting(seen)
            and "BootNotification" not in self._triggered
        ):
            yield self.remark(
                seen,
                f"BootNotification again after {seen.since(self._since):.1f} s, "
                f"though {self._status} asked for an interval of {self._interval} s",
            )

    def _request(self, seen: Seen) -> Iterator[Finding]:
        if self._booting and self._booting[0] == seen.connection and self._accepted_on != seen.connection:
            yield self.remark(
                seen,
                f"{seen.action} before BootNotification (line {self._booting[1]}) was answered; "
                "after a boot nothing else may be sent until then",
            )
        if self._status not in ("Pending", "Rejected"):
            return
        certain = self._certain and seen.connection == self._connection
        if seen.since(self._since) < CROSSING and not certain:
            return
        if self._status == "Pending":
            if seen.action in self._triggered:
                return
            certain = certain and seen.action not in _ON_REQUEST
            told = f"{seen.action} while Pending, without a TriggerMessage that asked for it"
        else:
            certain = certain and self._waiting(seen)
            told = f"{seen.action} {seen.since(self._since):.1f} s after Rejected with interval {self._interval} s"
        yield (self.violation if certain else self.remark)(seen, told)

    def _answer(self, seen: Seen) -> Iterator[Finding]:
        if (
            self._status == "Rejected"
            and self._certain
            and seen.connection == self._connection
            and seen.call is not None
            and seen.call.connection == seen.connection
            and (seen.call.m - self._since) / 1e9 > CROSSING
            and self._waiting(seen)
        ):
            yield self.violation(
                seen, f"the station answered {seen.action} though it was rejected; it shall not respond"
            )


class HeartbeatInterval(Rule):
    """Heartbeats come at the configured interval; any other message may stand for one. Never more than a remark."""

    name = "heartbeat"
    cite = "OCPP 1.6 section 4.6"

    def __init__(self) -> None:
        self._interval: int | None = None
        self._connection, self._beat, self._any = -1, 0, 0

    def see(self, seen: Seen, talk: Talk) -> Iterator[Finding]:
        """Compares the pauses between messages with the interval, with a tolerance of a tenth and two seconds."""
        if not seen.incoming:
            if seen.answered("BootNotification") and seen.payload.get("status") == "Accepted":
                self._set(whole(seen.payload.get("interval")))
            elif seen.frame.type == "CALL" and seen.action.endswith("TriggerMessage"):
                self._beat = 0
            return
        if seen.action == "ChangeConfiguration" and seen.payload.get("status") == "Accepted" and seen.call:
            changed = text(seen.call.payload.get("key")).lower()
            if changed == "heartbeatinterval":
                self._set(talk.number("HeartbeatInterval"))
        if seen.connection != self._connection:
            self._connection, self._beat, self._any = seen.connection, 0, 0
        if self._interval and self._any and seen.request():
            slack = self._interval * 0.1 + 2
            if seen.since(self._any) > self._interval + slack:
                yield self.remark(
                    seen,
                    f"nothing was sent for {seen.since(self._any):.1f} s; the heartbeat interval is "
                    f"{self._interval} s (with OCPP-J heartbeats are not mandatory)",
                )
            early = seen.since(self._beat) < self._interval - slack
            if seen.request("Heartbeat") and self._beat and early:
                yield self.remark(
                    seen,
                    f"Heartbeat after {seen.since(self._beat):.1f} s; the interval is {self._interval} s",
                )
        self._any = seen.m
        if seen.request("Heartbeat"):
            self._beat = seen.m

    def _set(self, interval: int | None) -> None:
        self._interval, self._beat, self._any = interval, 0, 0
