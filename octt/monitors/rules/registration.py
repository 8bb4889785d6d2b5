"""The rule about a station that is not accepted by the Central System (section 4.2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from octt.monitors.known.heard import CROSSING, NAME, Heard
from octt.monitors.known.talk import Talk
from octt.monitors.rules.base import Breach, Rule, of
from octt.ocpp.values import text, whole

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
    requests = replies = "any"
    asked = of("TriggerMessage", "ExtendedTriggerMessage")
    answers = of("BootNotification")

    def __init__(self) -> None:
        self._status, self._since, self._interval, self._connection = "", 0, 0, -1
        self._accepted_on = -1
        self._certain = False
        self._triggered: set[str] = set()

    def see(self, heard: Heard, talk: Talk) -> Iterable[Breach]:
        """Follows the registration and judges what comes meanwhile."""
        if not heard.incoming:
            self._ours(heard)
        elif self._status in ("Pending", "Rejected"):
            if heard.request("BootNotification"):
                return self._early_boot(heard)
            if heard.request():
                return self._request(heard)
            if heard.frame.type in ("CALLRESULT", "CALLERROR"):
                return self._answer(heard)
        return ()

    def _ours(self, heard: Heard) -> None:
        if heard.asked("TriggerMessage", "ExtendedTriggerMessage"):
            wanted = text(heard.payload.get("requestedMessage"))
            self._triggered.add(_TRIGGERS.get(wanted, wanted[:NAME]))
        if heard.answered("BootNotification"):
            self._status = text(heard.payload.get("status"))
            self._since, self._connection = heard.m, heard.connection
            self._interval = whole(heard.payload.get("interval")) or 0
            self._triggered.clear()
            if self._status == "Accepted":
                self._accepted_on = heard.connection
            self._certain = self._accepted_on != heard.connection

    def _waiting(self, heard: Heard) -> bool:
        """Whether the retry interval still runs, with a margin for the station's clock."""
        return self._interval > 0 and heard.since(self._since) < self._interval * 0.9 - 1

    def _when(self, heard: Heard) -> str:
        return f"{heard.since(self._since):.1f} s after it, interval {self._interval} s"

    def _early_boot(self, heard: Heard) -> Iterator[Breach]:
        if (
            heard.connection == self._connection
            and heard.since(self._since) > CROSSING
            and self._waiting(heard)
            and "BootNotification" not in self._triggered
        ):
            yield self.remark(
                heard,
                f"BootNotification again before the interval after {self._status} is over",
                self._when(heard),
            )

    def _request(self, heard: Heard) -> Iterator[Breach]:
        certain = self._certain and heard.connection == self._connection
        if heard.since(self._since) < CROSSING and not certain:
            return
        if self._status == "Pending":
            if heard.action in self._triggered:
                return
            certain = certain and heard.action not in _ON_REQUEST
            told = f"{heard.action} while Pending, without a TriggerMessage that asked for it"
        else:
            certain = certain and self._waiting(heard)
            told = f"{heard.action} while Rejected"
        yield (self.violation if certain else self.remark)(heard, told, self._when(heard))

    def _answer(self, heard: Heard) -> Iterator[Breach]:
        if (
            self._status == "Rejected"
            and self._certain
            and heard.connection == self._connection
            and heard.call is not None
            and heard.call.connection == heard.connection
            and (heard.call.m - self._since) / 1e9 > CROSSING
            and self._waiting(heard)
        ):
            fault = f"the station answered {heard.action} while Rejected, when it shall not respond"
            yield self.violation(heard, fault, self._when(heard))
