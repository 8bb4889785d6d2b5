"""The station as the page shows it: what follows from its frames (octt/timeline), its meter and its clock."""

from __future__ import annotations

from typing import Any

from octt.ocpp import parse
from octt.ocpp.values import dicts, instant, number, sampled, text, whole
from octt.record.events import Connected, Disconnected, FrameSeen
from octt.text import visible
from octt.timeline.state import State
from octt.timeline.timeline import Timeline

CONNECTORS = 100
"""How many are shown."""
_ENERGY = "Energy.Active.Import.Register"
_LONGEST = 200
_KEPT = 500
"""Frames after which what is behind is forgotten."""
_TOLD = frozenset({"BootNotification", "StatusNotification", "StartTransaction", "StopTransaction"})
"""What the state that is shown follows from."""
_METERS = frozenset({"MeterValues", "StartTransaction", "StopTransaction"})


class Shown:
    """What is known of the station so far."""

    def __init__(self) -> None:
        self.timeline = Timeline()
        self.profile: int | None = None
        self.remote = self.tls = ""
        self.offset: float | None = None
        self.changed = True
        """Whether there is something new since `as_data` was asked."""

        self._meters: dict[int, str] = {}
        self._heard = 0

    @property
    def state(self) -> State:
        """What follows from the frames."""
        return self.timeline.latest

    def connects(self, event: Connected) -> None:
        """A connection was opened."""
        self.changed = True
        self.profile, self.remote = event.security_profile, visible(event.remote, _LONGEST)
        self.tls = visible((event.tls or {}).get("version", ""), _LONGEST)
        self.timeline.append(event.n, event.m, event.t, "connect", event.connection)

    def disconnects(self, event: Disconnected) -> None:
        """A connection was closed."""
        self.changed = True
        self.timeline.append(event.n, event.m, event.t, "disconnect", event.connection)

    def hears(self, event: FrameSeen) -> None:
        """A frame; what cannot be read changes nothing."""
        if event.binary or event.action not in _TOLD | _METERS:
            return
        frame, incoming, before = parse(event.raw), event.dir == "in", self.state
        if incoming and frame.type == "CALL":
            self._clock(event, frame.payload)
            if event.action in _METERS:
                self._meter(frame.payload)
        if event.action not in _TOLD:
            return
        more: dict[str, Any] = {"incoming": incoming, "frame": frame, "action": event.action}
        self.timeline.append(event.n, event.m, event.t, "frame", event.connection, **more)
        self.changed |= self.state is not before
        self._heard += 1
        if self._heard % _KEPT == 0:
            self.timeline.forget(self.timeline.end - 1)

    def _clock(self, event: FrameSeen, payload: dict[str, Any]) -> None:
        """By how many seconds the station's clock is ahead, from the time it puts on what it sends at once."""
        told = payload.get("timestamp")
        if event.action == "MeterValues":
            told = next((one.get("timestamp") for one in dicts(payload.get("meterValue"))), None)
        if event.action in ("StatusNotification", "MeterValues") and (then := instant(told)) is not None:
            offset = round(then.timestamp() - event.t / 1e9, 1)
            self.changed |= offset != self.offset
            self.offset = offset

    def _meter(self, payload: dict[str, Any]) -> None:
        connector = whole(payload.get("connectorId"))
        if connector is None or (connector not in self._meters and len(self._meters) >= CONNECTORS):
            return
        for _, value in sampled(payload):
            if value.get("measurand", _ENERGY) == _ENERGY and "phase" not in value:
                shown = f"{text(value.get('value'))} {text(value.get('unit')) or 'Wh'}"
                self._meter_is(connector, visible(shown, 40))
        started = number(payload.get("meterStart"))
        if started is not None:
            self._meter_is(connector, f"{started:g} Wh")

    def _meter_is(self, connector: int, shown: str) -> None:
        self.changed |= self._meters.get(connector) != shown
        self._meters[connector] = shown

    def as_data(self) -> dict[str, Any]:
        """For the page."""
        self.changed = False
        state, boot = self.state, self.state.boot
        running = {one.connector: one for one in state.open_transactions}
        numbers = sorted({*state.statuses, *running} - {-1})[:CONNECTORS]
        return {
            "connected": state.connected,
            "registration": visible(state.registration, 40),
            "vendor": visible(boot.get("chargePointVendor"), _LONGEST),
            "model": visible(boot.get("chargePointModel"), _LONGEST),
            "firmware": visible(boot.get("firmwareVersion"), _LONGEST),
            "profile": self.profile,
            "remote": self.remote,
            "tls": self.tls,
            "offset": self.offset,
            "connectors": [
                {
                    "number": number,
                    "status": visible(state.statuses.get(number), 40),
                    "transaction": running[number].id if number in running else None,
                    "card": visible(running[number].id_tag, 40) if number in running else "",
                    "meter": self._meters.get(number, ""),
                }
                for number in numbers
            ],
        }
