"""Rules about how the station answers what it was asked: error codes, invalid requests, statuses that cannot be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from octt.monitors.known.heard import NAME, Heard
from octt.monitors.known.talk import Talk
from octt.monitors.rules.base import Breach, Rule, of
from octt.ocpp.schemas import ACTIONS, TO_STATION, faults
from octt.ocpp.values import text

_PROFILES = ("ClearChargingProfile", "SetChargingProfile", "RemoteStartTransaction")
"""What changes the charging profiles that a station has."""


class ErrorCodes(Rule):
    """The code of a CALLERROR says why the request could not be handled. Always a remark; cases judge it."""

    name = "error code"
    cite = "OCPP-J 4.2.3"
    replies = "any"

    _OF_CONTENT = frozenset(
        {
            "FormationViolation",
            "ProtocolError",
            "TypeConstraintViolation",
            "OccurenceConstraintViolation",
            "OccurrenceConstraintViolation",
        }
    )
    _UNKNOWN = ("NotImplemented", "NotSupported")

    def see(self, heard: Heard, talk: Talk) -> Iterator[Breach]:
        """Holds the code beside the request it answers."""
        if (
            not heard.incoming
            or heard.frame.type != "CALLERROR"
            or heard.call is None
            or heard.call.replies > heard.call.sent
        ):
            return
        code, action = heard.frame.error_code[:40], heard.call.action
        if action not in ACTIONS:
            if code not in self._UNKNOWN:
                yield self.remark(
                    heard,
                    "an unknown action is answered with another code than NotImplemented",
                    f"{code} for {action[:NAME]!r}",
                )
        elif action not in TO_STATION or faults(action, "request", heard.call.payload)[0]:
            return
        elif code in self._OF_CONTENT:
            yield self.remark(heard, f"{code} for a {action}.req whose payload satisfies its schema")
        elif action == "ReserveNow" and code not in (*self._UNKNOWN, "SecurityError"):
            yield self.remark(
                heard,
                "ReserveNow.req, whose payload satisfies its schema, is answered with a CALLERROR and no status",
                f"{code}, expiryDate {text(heard.call.payload.get('expiryDate'))[:40]}",
                "OCPP 1.6 section 5.13",
            )


class InvalidRequests(Rule):
    """What breaks its schema is no proper message and is answered with a CALLERROR.

    The specification says SHALL only of values outside an enumeration in charging profiles and in
    GetCompositeSchedule (errata 3.24 and 3.38); elsewhere it is a remark.
    """

    name = "invalid request"
    cite = "OCPP-J 4.2.3"
    replies = TO_STATION

    _SHALL: ClassVar = {
        "GetCompositeSchedule": "OCPP 1.6 section 5.7, errata 3.24",
        "SetChargingProfile": "OCPP 1.6 section 5.16, errata 3.38",
    }

    def see(self, heard: Heard, talk: Talk) -> Iterator[Breach]:
        """Judges a result by the request it answers."""
        if not heard.replied(heard.action) or heard.call is None or heard.action not in TO_STATION:
            return
        found, _ = faults(heard.action, "request", heard.call.payload)
        if not found:
            return
        status = text(heard.payload.get("status"))[:NAME]
        detail = f"{heard.call.action}.req of line {heard.call.n}, {found[0]}"
        cite = self._SHALL.get(heard.action)
        if cite and all(fault.keyword == "enum" for fault in found):
            yield self.violation(
                heard,
                f"{heard.action}.req with a value outside its enumeration is answered with a status instead of "
                "CALLERROR PropertyConstraintViolation",
                detail,
                cite,
            )
        elif status in ("Accepted", "RebootRequired"):
            yield self.remark(heard, f"{heard.action}.req that breaks its schema is {status}", detail)


class UnknownVendor(Rule):
    """DataTransfer of a vendor without implementation is answered with UnknownVendor.

    A remark: which vendors a station knows is not seen from outside.
    """

    name = "unknown vendor"
    cite = "OCPP 1.6 sections 4.3 and 5.6"
    requests = replies = of("DataTransfer")

    def __init__(self) -> None:
        self._own: set[str] = set()

    def see(self, heard: Heard, talk: Talk) -> Iterator[Breach]:
        """A vendorId that the station uses itself is known to it."""
        if heard.request("DataTransfer") and len(self._own) < 100:
            self._own.add(text(heard.payload.get("vendorId"))[:255])
        if not heard.replied("DataTransfer") or heard.call is None:
            return
        vendor = text(heard.call.payload.get("vendorId"))[:255]
        if heard.payload.get("status") == "Rejected" and vendor not in self._own:
            yield self.remark(
                heard,
                "DataTransfer for a vendorId is Rejected, which says that the station has an implementation for "
                "it; without one it shall say UnknownVendor",
                repr(vendor[:80]),
            )


class ClearedTwice(Rule):
    """Where no charging profile matches, ClearChargingProfile is answered with Unknown. A remark: 7.21 only defines."""

    name = "cleared twice"
    cite = "OCPP 1.6 sections 5.5 and 7.21"
    replies = of(*_PROFILES)

    def __init__(self) -> None:
        self._cleared: dict[int, int] = {}

    def see(self, heard: Heard, talk: Talk) -> Iterator[Breach]:
        """The same request again, nothing having been set in between, finds nothing."""
        if not heard.replied(*_PROFILES) or heard.call is None:
            return
        if heard.action != "ClearChargingProfile":
            self._cleared.clear()
            return
        if heard.payload.get("status") != "Accepted":
            return
        before = self._cleared.get(heard.call.digest)
        if before is not None:
            yield self.remark(
                heard,
                "ClearChargingProfile is Accepted though the same request had cleared what matches it before",
                f"that of line {before}",
            )
        elif len(self._cleared) < 100:
            self._cleared[heard.call.digest] = heard.call.n
