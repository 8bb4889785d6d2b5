"""Rules about connectors and their status (sections 3.8, 4.9, 7.6 and 7.7)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from octt.monitors.known.heard import Heard
from octt.monitors.known.talk import Talk
from octt.monitors.rules.base import Breach, Rule, of
from octt.ocpp.values import text, whole
from octt.record.event import Event
from octt.record.events import Connected, Disconnected

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

_NUMBERED = ("MeterValues", "StartTransaction", "StatusNotification")
"""The requests with a connectorId."""
STATION = ("Available", "Unavailable", "Faulted")
"""The statuses of connector 0."""
_CLOCKS = timedelta(seconds=1)
"""How much earlier than the connection a time must be to be from before it: two clocks are compared."""
_ANY_CONNECTOR = 1000
"""Connectors whose status is followed."""


class ConnectorNumbers(Rule):
    """Connectors are numbered from 1 without gaps, 0 is the station itself; it has no transactions."""

    name = "connector number"
    cite = "OCPP 1.6 section 3.8"
    requests = of(*_NUMBERED)

    def see(self, heard: Heard, talk: Talk) -> Iterable[Breach]:
        """Judges connectorId of a request, against NumberOfConnectors when the station has told it."""
        connector = whole(heard.payload.get("connectorId"))
        if connector is None or heard.action not in _NUMBERED or not heard.request():
            return ()
        number = talk.number("NumberOfConnectors")
        if connector > 0 and (number is None or connector <= number):
            return ()
        shown = str(connector)[:20]
        if connector < 0:
            return (self.violation(heard, f"{heard.action} with a connectorId below 0", shown),)
        if connector == 0 and heard.action == "StartTransaction":
            told = "StartTransaction for connectorId 0, where a transaction has a connector above 0"
            return (self.violation(heard, told, cite="OCPP 1.6 section 6.45"),)
        if number and connector > number:
            told = f"{heard.action} with a connectorId above NumberOfConnectors"
            return (self.violation(heard, told, f"{shown} of {number}"),)
        return ()


class _OfConnectors(Rule):
    """What rules about StatusNotification have in common."""

    requests = of("StatusNotification")


class StationStatus(_OfConnectors):
    """For connector 0 only Available, Unavailable and Faulted exist.

    Reserved is a remark: TC_049 of the test-case document asks for it without saying of which connector.
    """

    name = "status of connector 0"
    cite = "OCPP 1.6 sections 4.9 and 7.7"

    def see(self, heard: Heard, talk: Talk) -> Iterable[Breach]:
        """Judges a StatusNotification for connector 0."""
        if not heard.request("StatusNotification") or whole(heard.payload.get("connectorId")) != 0:
            return ()
        status = text(heard.payload.get("status"))
        if status not in TRANSITIONS or status in STATION:
            return ()
        tell = self.remark if status == "Reserved" else self.violation
        return (tell(heard, f"status {status} for connectorId 0, the station itself"),)


class StatusTransitions(Rule):
    """Status changes follow the table of section 4.9. A remark: a station may leave out a status it had briefly."""

    name = "status transition"
    cite = "OCPP 1.6 section 4.9; errata 3.20"
    requests = of("StatusNotification", "BootNotification")

    def __init__(self) -> None:
        self._last: dict[int, tuple[str, int]] = {}

    def event(self, event: Event, talk: Talk) -> Iterable[Breach]:
        """After a gap in the connection earlier changes need not be reported."""
        if isinstance(event, Connected | Disconnected):
            self._last.clear()
        return ()

    def see(self, heard: Heard, talk: Talk) -> Iterator[Breach]:
        """Compares a status with the one before it."""
        if heard.request("BootNotification"):
            self._last.clear()
        connector = whole(heard.payload.get("connectorId"))
        if not heard.request("StatusNotification") or not connector:
            return
        status, (before, line) = text(heard.payload.get("status")), self._last.get(connector, ("", 0))
        if status not in TRANSITIONS:
            return
        if before and before != status and status not in TRANSITIONS[before].split():
            yield self.remark(
                heard,
                f"a connector went from {before} to {status}, which the table of status changes does not have "
                "(a status in between may have been too short to report)",
                f"connector {connector}, after line {line}",
            )
        if len(self._last) < _ANY_CONNECTOR or connector in self._last:
            self._last[connector] = (status, heard.n)


class HistoricalStatus(Rule):
    """Back online, a station tells its current status and none that it had meanwhile. A remark: it SHOULD NOT."""

    name = "historical status"
    cite = "OCPP 1.6 section 4.9"
    requests = of("StatusNotification", "BootNotification")

    def __init__(self) -> None:
        self._back: datetime | None = None
        self._told: dict[int, tuple[str, int]] = {}

    def event(self, event: Event, talk: Talk) -> Iterable[Breach]:
        """A connection that opens; statuses from before it were had offline."""
        if isinstance(event, Connected):
            seconds = min(max(talk.opened_at, 1.0), 4e9)  # any number may stand in a record
            self._back = datetime.fromtimestamp(seconds, UTC) - _CLOCKS
            self._told.clear()
        return ()

    def see(self, heard: Heard, talk: Talk) -> Iterable[Breach]:
        """Two statuses of one connector, both from before the connection: the first was history already."""
        if heard.request("BootNotification"):
            self._back = None
        if self._back is None or not heard.request("StatusNotification"):
            return ()
        return self._history(heard, self._back)

    def _history(self, heard: Heard, back: datetime) -> Iterator[Breach]:
        connector, status = whole(heard.payload.get("connectorId")), text(heard.payload.get("status"))
        when = heard.moment
        if (
            connector is None
            or when is None
            or when >= back
            or status not in TRANSITIONS
            or heard.payload.get("errorCode") != "NoError"
        ):
            return
        before, line = self._told.get(connector, ("", 0))
        if before and before != status:
            yield self.remark(
                line,
                f"a connector was {before} while offline and {status} when it was back, and the station told both; "
                "only the current status should be sent, and a test tool that takes the first one will not find "
                "what it expects",
                f"connector {connector}, lines {line} and {heard.n}",
            )
        if len(self._told) < _ANY_CONNECTOR or connector in self._told:
            self._told[connector] = (status, heard.n)


class StatusErrors(_OfConnectors):
    """The error code fits the status."""

    name = "status error code"
    cite = "OCPP 1.6 sections 4.9 and 7.6"

    def see(self, heard: Heard, talk: Talk) -> Iterable[Breach]:
        """Judges errorCode beside status."""
        if not heard.request("StatusNotification"):
            return ()
        status, code = text(heard.payload.get("status")), text(heard.payload.get("errorCode"))
        if status == "Faulted" and code == "NoError":
            told = "status Faulted with errorCode NoError says nothing about the fault"
            return (self.remark(heard, told),)
        allowed = ("Preparing", "SuspendedEV", "SuspendedEVSE", "Finishing")
        if code == "EVCommunicationError" and status in TRANSITIONS and status not in allowed:
            told = f"errorCode EVCommunicationError with status {status}, "
            told += f"when it shall only be used with {', '.join(allowed)}"
            return (self.violation(heard, told, cite="OCPP 1.6 section 4.9"),)
        return ()


class StatusOrder(_OfConnectors):
    """Statuses are sent in the order of their events. A remark: a clock that is set back looks the same."""

    name = "status order"
    cite = "OCPP 1.6 section 4.9"

    SLACK = timedelta(seconds=2)
    """What rounding may do."""

    def __init__(self) -> None:
        self._last: dict[int, tuple[datetime, int]] = {}

    def event(self, event: Event, talk: Talk) -> Iterable[Breach]:
        """A clock may be set while the station is offline."""
        if isinstance(event, Connected):
            self._last.clear()
        return ()

    def see(self, heard: Heard, talk: Talk) -> Iterator[Breach]:
        """Compares the time of a status with that of the one before, of the same connector."""
        connector, when = whole(heard.payload.get("connectorId")), heard.moment
        if not heard.request("StatusNotification") or connector is None or when is None:
            return
        before = self._last.get(connector)
        if before and before[0] - when > self.SLACK:
            yield self.remark(
                heard,
                "a status is dated before the one that was sent before it: out of order, or the clock was set back",
                f"connector {connector}, {(before[0] - when).total_seconds():.0f} s before line {before[1]}",
            )
        if len(self._last) < _ANY_CONNECTOR or connector in self._last:
            self._last[connector] = (when, heard.n)
