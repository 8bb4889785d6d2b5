"""The words of a verdict, each set once: what the record, the scripts and every report call a thing.

All are texts too: they compare with, and are written as, the words themselves.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Verdict(StrEnum):
    """What became of a test case, a profile or a run."""

    PASS = "PASS"
    """Every expectation was met."""
    FAIL = "FAIL"
    """The station did something the specification forbids, or not what it requires."""
    INCONCLUSIVE = "INCONCLUSIVE"
    """The case did not get to the point: a precondition, the driver or the operator failed."""
    ERROR = "ERROR"
    """The tool made a mistake; this says nothing about the station."""
    NOT_RUN = "NOT RUN"
    """It applies but was not carried out. Only reports say so: no line of a record does."""
    NOT_APPLICABLE = "NOT APPLICABLE"
    """The declaration excludes it."""


_WORST_FIRST = (Verdict.FAIL, Verdict.ERROR, Verdict.INCONCLUSIVE, Verdict.NOT_RUN, Verdict.PASS)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict of a whole from those of its parts: what does not apply counts only where nothing does."""
    found = set(verdicts)
    return next((verdict for verdict in _WORST_FIRST if verdict in found), Verdict.NOT_APPLICABLE)


class Blame(StrEnum):
    """Who has to do something about a verdict that is no PASS."""

    STATION = "station"
    CONFIGURATION = "configuration"
    OPERATOR = "operator"
    TOOL = "tool"
    NETWORK = "network"
    NOBODY = ""


class Phase(StrEnum):
    """Which part of a case a step belongs to: only what fails in the test itself is a verdict about the station."""

    SETUP = "setup"
    TEST = "test"
    RESTORE = "restore"


class Outcome(StrEnum):
    """What became of one expectation."""

    OK = "ok"
    FAIL = "fail"
    SKIPPED = "skipped"
    INFO = "info"


class Severity(StrEnum):
    """How much a rule that is watched on every frame makes of what it saw."""

    VIOLATION = "violation"
    """The specification forbids it: the case fails."""
    REMARK = "remark"
    """Legal, or in doubt."""


class ActionPhase(StrEnum):
    """How far a driver has come with an action."""

    ASKED = "asked"
    DONE = "done"
    CANNOT = "cannot"
    """The driver has no means to do it."""
    FAILED = "failed"
    """It tried, and it did not work."""


class Agreement(StrEnum):
    """What became of an answer of the declaration that was held against the record."""

    CONFIRMED = "confirmed"
    CONTRADICTED = "contradicted"
    NOT_OBSERVED = "not observed"


class Profile(StrEnum):
    """The certification profiles, in the order of the certificates."""

    CORE = "Core"
    FIRMWARE_MANAGEMENT = "FirmwareManagement"
    LOCAL_AUTH_LIST_MANAGEMENT = "LocalAuthListManagement"
    SMART_CHARGING = "SmartCharging"
    REMOTE_TRIGGER = "RemoteTrigger"
    RESERVATION = "Reservation"
    SECURITY = "Security"

    @property
    def printed(self) -> str:
        """As the certificates write it."""
        return _PRINTED[self]


_PRINTED = {
    Profile.CORE: "Core",
    Profile.FIRMWARE_MANAGEMENT: "Firmware Management",
    Profile.LOCAL_AUTH_LIST_MANAGEMENT: "Local Authorization List Management",
    Profile.SMART_CHARGING: "Smart Charging",
    Profile.REMOTE_TRIGGER: "Remote Trigger",
    Profile.RESERVATION: "Reservation",
    Profile.SECURITY: "Security extension",
}


def printed(profile: str) -> str:
    """A profile as the certificates write it; one that there is not, as it is."""
    return Profile(profile).printed if profile in _PRINTED else profile
