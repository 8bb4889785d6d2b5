"""How long the station may take: one table, by what is waited for.

A limit is the vendor's where one is declared, else the bench's ([times]), else a default, whose reason stands beside it
(octt/bench/times.py). Scripts, setups and what puts things back take it from here; which one applies follows from
what is waited for and what caused it, so that no script names a number.

A limit that nobody declared and no section sets never makes a FAIL: a miss is INCONCLUSIVE then and says which number
to raise. Where a section obliges the station to do something by itself, as soon as it can, a miss decides all the same,
once the default has passed with the station connected.

Deadlines count from the station's reply, the frame before, or the acknowledged action. The certificate's figures count
from our request (octt/measure/meter.py), so that a limit allows one reply more than the figure that it is declared as.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Set
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from octt.bench.times import Times
from octt.ocpp.values import decimal
from octt.pics.declaration import Declaration


@dataclass(frozen=True)
class Kind:
    """A line of the table. `name` says in a few words what is waited for.

    `item` is the declaration's: of its table performance, or of other_limits for what no certificate has. `key` is the
    bench's in [times], `former` an older name of it. `obliged`: the section that lets a miss decide at the default.
    """

    name: str
    item: str
    key: str
    obliged: str = ""
    former: str = ""

    @property
    def default(self) -> float:
        """Seconds when neither declaration nor bench say anything."""
        return float(Times.model_fields[self.key].default)


REPLY = Kind("a reply", "response_timeout", "response_timeout")
"""Any reply to a request of ours, from the request."""

TRIGGERED = Kind("a triggered function", "triggered_timeout", "function_timeout")
"""A message that we triggered, and the status or Authorize that follows an action at the station."""

START = Kind("a start", "remote_start_time", "start_timeout", former="remote_start_timeout")
"""StartTransaction and Charging, whoever asked for it: card, cable or RemoteStartTransaction with what it leads to."""

STOP = Kind("a stop", "remote_stop_time", "stop_timeout", former="remote_stop_timeout")
"""StopTransaction, Finishing and the end of the energy, whoever asked for it."""

BOOT = Kind("a boot and what follows it", "boot_timeout", "boot_timeout", obliged="OCPP 1.6 4.2")
"""BootNotification, and everything that follows a boot; the certificate's figures exclude it."""

RECONNECT = Kind(
    "the connection", "reconnect_timeout", "reconnect_timeout", obliged="OCPP 1.6 4.2, whitepaper A01.FR.03"
)
"""The station's connection, and a BootNotification that is due again: its channel may be closed until then (4.2)."""

DELIVERY = Kind("what was queued offline", "delivery_timeout", "delivery_timeout", obliged="OCPP 1.6 3.7")
"""What was queued while the station was offline, and how things stand, once it is connected again."""

DOWNLOAD = Kind("a download", "download_timeout", "download_timeout")
"""Each status of a download; the certificate's figures exclude firmware."""

INSTALL = Kind("an installation", "install_timeout", "install_timeout")
"""Each status of the verification and installation of firmware."""

UPLOAD = Kind("an upload", "upload_timeout", "upload_timeout")
"""Each status of an upload; the certificate's figures exclude diagnostics."""

CERTIFICATE = Kind(
    "a request for a certificate",
    "certificate_timeout",
    "certificate_timeout",
    obliged="whitepaper A02.FR.03",
)
"""SignCertificate: the station makes a key first."""

KINDS = (REPLY, TRIGGERED, START, STOP, BOOT, RECONNECT, DELIVERY, DOWNLOAD, INSTALL, UPLOAD, CERTIFICATE)


BOOTED, ONLINE = "boot", "online"
"""What causes what comes next, when it is neither a request of ours nor an action at the station."""

_DOWNLOADS = frozenset({"Downloading", "Downloaded", "DownloadFailed"})
_PROGRESS = {
    "FirmwareStatusNotification": INSTALL,
    "SignedFirmwareStatusNotification": INSTALL,
    "DiagnosticsStatusNotification": UPLOAD,
    "LogStatusNotification": UPLOAD,
}
_ENDS = frozenset({"Finishing", "SuspendedEV", "SuspendedEVSE"})
_STARTING = frozenset({"RemoteStartTransaction", "plug_in_halfway"})
"""After these Authorize, Preparing and Faulted are steps on the way to a transaction: they take part of its time."""


def awaited(action: str, fields: Mapping[str, Any], cause: str) -> tuple[Kind, ...]:
    """What is waited for when a request with these fields is: a kind, or several that take their time one by one.

    `cause`: the name of our request, the driver action, BOOTED or ONLINE.
    """
    given = fields.get("status")
    statuses = {given} if isinstance(given, str) else given if isinstance(given, set | frozenset) else set()
    if action == "BootNotification":
        return (BOOT,)
    if action == "SignCertificate":
        return (CERTIFICATE,)
    if action in _PROGRESS and "Idle" not in statuses:
        return _of_an_update(_PROGRESS[action], statuses)
    if action == "SecurityEventNotification" and fields.get("type") == "InvalidFirmwareSignature":
        return (INSTALL,)
    if cause in (BOOTED, ONLINE):
        return (BOOT,) if cause == BOOTED else (DELIVERY,)
    if action == "StartTransaction" or "Charging" in statuses:
        return (START,)
    if action == "StopTransaction" or statuses & _ENDS:
        return (STOP,)
    leads_on = action == "Authorize" or statuses & {"Preparing", "Faulted"}
    return (START,) if leads_on and cause in _STARTING else (TRIGGERED,)


def _of_an_update(kind: Kind, statuses: Set[Any]) -> tuple[Kind, ...]:
    """An installation may have a boot in between, before its statuses can be sent (whitepaper L01.FR.22)."""
    if kind is not INSTALL:
        return (kind,)
    return (DOWNLOAD,) if statuses & _DOWNLOADS else (INSTALL, BOOT)


class Source(StrEnum):
    """Whose number a limit is, the more binding first."""

    SECTION = "specification"
    DECLARED = "declaration"
    BENCH = "bench"
    DEFAULT = "default"
    SHORTENED = "shortened"


@dataclass(frozen=True)
class Limit:
    """How long something may take, in seconds, and who says so. `patient`: no shorter than the default."""

    seconds: float
    source: Source
    kind: Kind
    patient: bool = True

    def decides(self, *, there: bool) -> bool:
        """Whether a miss makes a FAIL. `there`: the station is connected, and may be expected to do it by itself."""
        if self.source in (Source.DECLARED, Source.SECTION):
            return True
        return bool(self.kind.obliged) and self.patient and there

    @property
    def decision(self) -> str:
        """When a miss makes a FAIL, in a word or two."""
        if self.decides(there=False):
            return "always"
        return "when the station is connected" if self.decides(there=True) else "never"

    @property
    def whose(self) -> str:
        """Whose number it is, for a sentence."""
        names = {
            Source.DECLARED: f"declared as {self.kind.item}",
            Source.BENCH: f"times.{self.kind.key} of the bench",
            Source.DEFAULT: f"the default of times.{self.kind.key}",
            Source.SECTION: "",
            Source.SHORTENED: "",
        }
        return names[self.source]

    def __str__(self) -> str:
        return f"{self.seconds:g} s" + (f" ({self.whose})" if self.whose else "")

    @property
    def remedy(self) -> str:
        """What to do about a miss that does not decide."""
        kind = self.kind
        if self.source is Source.SHORTENED:
            return "it was waited for in vain before"
        table = "performance" if kind in (REPLY, TRIGGERED, START, STOP) else "other_limits"
        return (
            f"nobody declared that limit: raise times.{kind.key} of the bench (now {self.whose}), "
            f"or have {kind.item} declared in [{table}]"
        )

    def and_then(self, other: Limit) -> Limit:
        """The limit for something that takes this and that, one after the other."""
        both = {self.source, other.source}
        source = next(s for s in reversed(Source) if s in both)
        return Limit(self.seconds + other.seconds, source, self.kind, self.patient and other.patient)

    def at_most(self, seconds: float | None) -> Limit:
        """No more than so many seconds of it."""
        if seconds is None or seconds >= self.seconds:
            return self
        return replace(self, seconds=seconds, source=Source.SHORTENED, patient=False)

    def after(self, due: float) -> Limit:
        """The limit for something that a section has happen after an interval: the time is not ours."""
        return self if not due else replace(self, source=Source.SECTION)


class Limits:
    """The limits of one station on one bench, and the tolerances of what is due at a time."""

    def __init__(self, times: Times, declared: Mapping[str, float]) -> None:
        """`declared` are the declaration's limits by item, in seconds."""
        self.times, self.declared = times, dict(declared)

    def of(self, kind: Kind) -> Limit:
        """The limit of a kind.

        Where a form asks for triggered functions only (that of 2024), these include starts and stops.
        """
        own = self._own(kind)
        if kind in (START, STOP):
            triggered = self._own(TRIGGERED)
            if triggered.source is Source.DECLARED and triggered.seconds > own.seconds:
                return triggered
        return own

    def for_request(self, action: str, fields: Mapping[str, Any], cause: str) -> Limit:
        """The limit for a request of the station with these fields; see `awaited`."""
        kinds = awaited(action, fields, cause)
        limit = self.of(kinds[0])
        for kind in kinds[1:]:
            limit = limit.and_then(self.of(kind))
        return limit

    def _own(self, kind: Kind) -> Limit:
        if kind.item in self.declared:
            return Limit(self.declared[kind.item], Source.DECLARED, kind)
        given = self._given(kind)
        if given is None:
            return Limit(kind.default, Source.DEFAULT, kind)
        return Limit(given, Source.BENCH, kind, given >= kind.default)

    def _given(self, kind: Kind) -> float | None:
        """What the bench says, by the kind's key or by its former name."""
        if kind.key in self.times.model_fields_set:
            return float(getattr(self.times, kind.key))
        return getattr(self.times, kind.former) if kind.former else None

    def overruled(self) -> list[str]:
        """What the bench says and the declaration says otherwise, a sentence for each."""
        found = []
        for kind in KINDS:
            given = self._given(kind)
            if kind.item in self.declared and given not in (None, self.declared[kind.item]):
                found.append(
                    f"times.{kind.key} = {given:g} of the bench is not used: "
                    f"{kind.item} = {self.declared[kind.item]:g} is declared"
                )
        return found

    def told(self) -> list[dict[str, str | float]]:
        """The table for the record and the report, a line for each kind."""
        found = [self.of(kind) for kind in KINDS]
        return [
            {
                "waits_for": kind.name,
                "seconds": limit.seconds,
                "whose": limit.whose,
                "decides": limit.decision,
            }
            for kind, limit in zip(KINDS, found, strict=True)
        ]

    # -- tolerances -------------------------------------------------------------------------------------------------

    def early(self, interval: float) -> float:
        """By how many seconds what is due after an interval may come early: max_deviation, at most 3 tenths of it.

        max_deviation is the document's word for clocks that differ; of a short interval it would leave nothing.
        """
        return min(self.times.max_deviation, interval * 0.3)

    def late(self, interval: float) -> float:
        """By how many seconds what is due again and again may come late: max_deviation, at most a fifth.

        Timers drift in proportion to what they measure. A second is always allowed: many count in whole ones.
        """
        return min(self.times.max_deviation, max(1.0, interval * 0.2))

    def aligned(self, interval: float) -> float:
        """By how many seconds a value may be off the grid of the clock that it carries itself (section 9.1.5).

        A second, since timestamps may come in whole ones; nothing else lies between the clock and its own reading.
        """
        return min(1.0, interval * 0.3)

    def interval(self, every: float) -> Limit:
        """The limit for what a section has happen every so many seconds."""
        return Limit(every + self.late(every), Source.SECTION, TRIGGERED)


def declared_times(declaration: Declaration) -> dict[str, float]:
    """The limits that a vendor declares, by item, in seconds; what is no positive number is not declared."""
    answers = {kind.item: declaration.answer(kind.item) for kind in KINDS}
    others = {kind.item: decimal(declaration.other_limits.get(kind.item)) for kind in KINDS}
    found = {item: others[item] if value is None else value for item, value in answers.items()}
    return {
        item: float(value)
        for item, value in found.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < math.inf
    }
