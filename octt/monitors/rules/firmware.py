"""Rules about what a station says of firmware updates, diagnostics and logs (sections 4.4, 4.5 and 7.25)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from octt.monitors.known.heard import Heard
from octt.monitors.known.talk import Talk
from octt.monitors.rules.base import Breach, Rule, of
from octt.ocpp.values import text
from octt.record.event import Event
from octt.record.events import Connected, Disconnected

_TRIGGERS = {
    "DiagnosticsStatusNotification": ("DiagnosticsStatusNotification",),
    "FirmwareStatusNotification": ("FirmwareStatusNotification",),
    "LogStatusNotification": ("LogStatusNotification",),
    # ExtendedTriggerMessage asks for the signed variant by the plain name
    "SignedFirmwareStatusNotification": ("FirmwareStatusNotification",),
}
"""What a trigger calls the message that may then say Idle."""


class IdleOnlyTriggered(Rule):
    """Status Idle of a firmware update, a diagnostics or log upload is only sent when a TriggerMessage asked for it."""

    name = "status Idle"
    cite = "OCPP 1.6 sections 4.4 and 4.5; security whitepaper section 6"
    requests = frozenset(_TRIGGERS)

    def see(self, heard: Heard, talk: Talk) -> Iterator[Breach]:
        """An earlier trigger, at any time, excuses every later Idle: the message may have been queued or repeated."""
        triggers = _TRIGGERS.get(heard.action, ())
        if heard.request() and heard.payload.get("status") == "Idle" and not talk.triggered & set(triggers):
            yield self.violation(
                heard, f"{heard.action} with status Idle, though no TriggerMessage asked for it"
            )


class Progress(Rule):
    """What could not be downloaded is not installed. A remark: a retry may have been told of elsewhere."""

    name = "firmware progress"
    cite = "OCPP 1.6 sections 4.5 and 7.25"
    requests = of("FirmwareStatusNotification", "SignedFirmwareStatusNotification")
    asked = of("UpdateFirmware", "SignedUpdateFirmware")

    def __init__(self) -> None:
        self._failed: int | None = None

    def event(self, event: Event, talk: Talk) -> Iterable[Breach]:
        """What was sent around a lost connection may be missing."""
        if isinstance(event, Connected | Disconnected):
            self._failed = None
        return ()

    def see(self, heard: Heard, talk: Talk) -> Iterator[Breach]:
        """Installing or Installed right behind DownloadFailed."""
        if heard.asked("UpdateFirmware", "SignedUpdateFirmware"):
            self._failed = None
        if not heard.request("FirmwareStatusNotification", "SignedFirmwareStatusNotification"):
            return
        status = text(heard.payload.get("status"))
        if status in ("Installing", "Installed") and self._failed is not None:
            yield self.remark(
                heard,
                f"firmware is {status} after DownloadFailed, without another download",
                f"line {self._failed}",
            )
        if status != "Idle":
            self._failed = heard.n if status == "DownloadFailed" else None
