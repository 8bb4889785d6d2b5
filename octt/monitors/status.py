"""Rules about connectors and their status (sections 3.8, 4.9, 7.6 and 7.7), and about the status Idle."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from octt.monitors.seen import Finding, Payload, Rule, Seen, Talk, instant, text, whole

TRANSITIONS = {
    "Available": "Preparing Charging SuspendedEV SuspendedEVSE Reserved Unavailable Faulted",
    "Preparing": "Available Charging SuspendedEV SuspendedEVSE Finishing Faulted",
    "Charging": "Available SuspendedEV SuspendedEVSE Finishing Unavailable Faulted",
    "SuspendedEV": "Available Charging SuspendedEVSE Finishing Unavailable Faulted",
    "SuspendedEVSE": "Available Charging SuspendedEV Finishing Unavailable Faulted",
    "Finishing": "Available Preparing Unavailable Faulted",
    "Reserved": "Available Preparing Unavailable Faulted",
    "Unavailable": "Available Preparing Charging SuspendedEV SuspendedEVSE Faulted",
    "Faulted": "Available Preparing Charging SuspendedEV SuspendedEVSE Finishing Reserved Unavailable",
}
"""The table of section 4.9 with B6 (errata 3.20): from a status to those that may follow."""

_TRIGGERS = {
    "DiagnosticsStatusNotification": ("DiagnosticsStatusNotification",),
    "FirmwareStatusNotification": ("FirmwareStatusNotification",),
    "LogStatusNotification": ("LogStatusNotification",),
    # ExtendedTriggerMessage asks for the signed variant by the plain name
    "SignedFirmwareStatusNotification": ("FirmwareStatusNotification",),
}
"""What a trigger calls the message that may then say Idle."""
_CLOCKS = timedelta(seconds=1)
"""How much earlier than the connection a time must be to be from before it: two clocks are compared."""
_ANY_CONNECTOR = 1000
"""Connectors whose status is followed."""


class ConnectorNumbers(Rule):
    """Connectors are numbered from 1 without gaps, 0 is the station itself; it has no transactions."""

    name = "connector number"
    cite = "OCPP 1.6 section 3.8"
    reads = "requests"

    def see(self, seen: Seen, talk: Talk) -> Iterator[Finding]:
        """Judges connectorId of a request, against NumberOfConnectors when the station has told it."""
        connector = whole(seen.payload.get("connectorId"))
        if not seen.request("MeterValues", "StartTransaction", "StatusNotification") or connector is None:
            return
        number = talk.number("NumberOfConnectors")
        if connector < 0:
            yield self.violation(seen, f"connectorId {connector} in {seen.action}; it is 0 or more")
        elif connector == 0 and seen.action == "StartTransaction":
            yield self.violation(
                seen,
                "StartTransaction for connectorId 0; a transaction has a connector above 0",
                "OCPP 1.6 section 6.45",
            )
        elif number and connector > number:
            yield self.violation(
                seen, f"connectorId {connector} in {seen.action}, but NumberOfConnectors is {number}"
            )


class StationStatus(Rule):
    """For connector 0 only Available, Unavailable and Faulted exist.

    Reserved is a remark: TC_049 of the test-case document asks for it without saying of which connector.
    """

    name = "status of connector 0"
    cite = "OCPP 1.6 sections 4.9 and 7.7"
    reads = "requests"

    def see(self, seen: Seen, talk: Talk) -> Iterator[Finding]:
        """Judges a StatusNotification for connector 0."""
        if not seen.request("StatusNotification") or whole(seen.payload.get("connectorId")) != 0:
            return
        status = text(seen.payload.get("status"))
        if status in TRANSITIONS and status not in ("Available", "Unavailable", "Faulted"):
            finding = self.remark if status == "Reserved" else self.violation
            yield finding(seen, f"status {status} for connectorId 0, the station itself")


class StatusTransitions(Rule):
    """Status changes follow the table of section 4.9. A remark: a station may leave out a status it had briefly."""

    name = "status transition"
    cite = "OCPP 1.6 section 4.9; errata 3.20"
    reads = "requests"

    def __init__(self) -> None:
        self._last: dict[int, tuple[str, int]] = {}

    def event(self, event: Payload) -> None:
        """After a gap in the connection earlier changes need not be reported."""
        if event.get("kind") in ("connect", "disconnect"):
            self._last.clear()

    def see(self, seen: Seen, talk: Talk) -> Iterator[Finding]:
        """Compares a status with the one before it."""
        if seen.request("BootNotification"):
            self._last.clear()
        connector = whole(seen.payload.get("connectorId"))
        if not seen.request("StatusNotification") or not connector:
            return
        status, (before, line) = text(seen.payload.get("status")), self._last.get(connector, ("", 0))
        if status not in TRANSITIONS:
            return
        if before and before != status and status not in TRANSITIONS[before].split():
            yield self.remark(
                seen,
                f"connector {connector} went from {before} (line {line}) to {status}, which the table of status "
                "changes does not have; a status in between may have been too short to report",
            )
        if len(self._last) < _ANY_CONNECTOR or connector in self._last:
            self._last[connector] = (status, seen.n)


class HistoricalStatus(Rule):
    """Back online, a station tells its current status and none that it had meanwhile. A remark: it SHOULD NOT."""

    name = "historical status"
    cite = "OCPP 1.6 section 4.9"
    reads = "requests"

    def __init__(self) -> None:
        self._back: datetime | None = None
        self._told: dict[int, tuple[str, int]] = {}

    def event(self, event: Payload) -> None:
        """A connection that opens; statuses from before it were had offline."""
        if event.get("kind") == "connect":
            seconds = min(
                max((whole(event.get("t")) or 0) / 1e9, 1.0), 4e9
            )  # any number may stand in a record
            self._back = datetime.fromtimestamp(seconds, UTC) - _CLOCKS
            self._told.clear()

    def see(self, seen: Seen, talk: Talk) -> Iterator[Finding]:
        """Two statuses of one connector, both from before the connection: the first was history already."""
        if seen.request("BootNotification"):
            self._back = None
        if self._back is None or not seen.request("StatusNotification"):
            return
        connector, status = whole(seen.payload.get("connectorId")), text(seen.payload.get("status"))
        when = instant(seen.payload.get("timestamp"))
        if (
            connector is None
            or when is None
            or when >= self._back
            or seen.payload.get("errorCode") != "NoError"
        ):
            return
        before, line = self._told.get(connector, ("", 0))
        if before and before != status:
            told = (
                f"connector {connector} was {before} while offline and {status} when it was back; only the current "
                "status should be sent, and a test tool that takes the first one will not find what it expects"
            )
            yield Finding("remark", told, line, self.cite, self.name)
        if len(self._told) < _ANY_CONNECTOR or connector in self._told:
            self._told[connector] = (status, seen.n)


class StatusErrors(Rule):
    """The error code fits the status."""

    name = "status error code"
    cite = "OCPP 1.6 sections 4.9 and 7.6"
    reads = "requests"

    def see(self, seen: Seen, talk: Talk) -> Iterator[Finding]:
        """Judges errorCode beside status."""
        if not seen.request("StatusNotification"):
            return
        status, code = text(seen.payload.get("status")), text(seen.payload.get("errorCode"))
        if status == "Faulted" and code == "NoError":
            yield self.remark(seen, "status Faulted with errorCode NoError says nothing about the fault")
        allowed = ("Preparing", "SuspendedEV", "SuspendedEVSE", "Finishing")
        if code == "EVCommunicationError" and status in TRANSITIONS and status not in allowed:
            yield self.violation(
                seen,
                f"errorCode EVCommunicationError with status {status}; "
                f"it shall only be used with {', '.join(allowed)}",
                "OCPP 1.6 section 4.9",
            )


class IdleOnlyTriggered(Rule):
    """Status Idle of a firmware update, a diagnostics or log upload is only sent when a TriggerMessage asked for it."""

    name = "status Idle"
    cite = "OCPP 1.6 sections 4.4 and 4.5; security whitepaper section 6"

    def __init__(self) -> None:
        self._asked: set[str] = set()

    def see(self, seen: Seen, talk: Talk) -> Iterator[Finding]:
        """An earlier trigger, at any time, excuses every later Idle: the message may have been queued or repeated."""
        if not seen.incoming and seen.frame.type == "CALL" and seen.action.endswith("TriggerMessage"):
            self._asked.add(text(seen.payload.get("requestedMessage"))[:50])
        triggers = _TRIGGERS.get(seen.action)
        idle = seen.request() and seen.payload.get("status") == "Idle"
        if triggers and idle and not self._asked.intersection(triggers):
            yield self.violation(
                seen, f"{seen.action} with status Idle, though no TriggerMessage asked for it"
            )
