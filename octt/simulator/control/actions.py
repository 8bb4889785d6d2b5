"""The actions of the driver contract, done to a simulated station (docs/driver-contract.md)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from octt.simulator.parts.connectors import Connector
from octt.simulator.station import Station
from octt.simulator.world.world import ActionError, Outlet


class Actions:
    """What hands can do at a station. Every action raises ActionError when it cannot be done."""

    def __init__(self, station: Station) -> None:
        self.station = station
        self.table: dict[str, Callable[[dict[str, Any]], None]] = {
            "plug_in": self.plug_in,
            "unplug": self.unplug,
            "unplug_ev": self.unplug_ev,
            "present_id_tag": self.present_id_tag,
            "press_stop": self.press_stop,
            "power_off": lambda body: _forget(station.power_off()),
            "power_on": lambda body: _forget(station.power_on()),
            "power_cycle": lambda body: _forget(station.run_errand(station.power_cycle())),
            "fault": lambda body: self._fault(body, True),
            "clear_fault": lambda body: self._fault(body, False),
            "plug_in_halfway": self.plug_in_halfway,
            "jam_lock": lambda body: setattr(self._outlet(body), "jammed", True),
            "free_lock": lambda body: setattr(self._outlet(body), "jammed", False),
            "break_list_storage": lambda body: setattr(station.world, "list_storage_broken", True),
            "repair_list_storage": lambda body: setattr(station.world, "list_storage_broken", False),
            "ev_suspend": lambda body: self._suspend(body, True),
            "ev_resume": lambda body: self._suspend(body, False),
            "unreachable": lambda body: self._network(False),
            "reachable": lambda body: self._network(True),
        }

    def do(self, action: str, body: dict[str, Any]) -> None:
        """Do one action; raises ActionError, with status 501 for an action this rig does not know."""
        handler = self.table.get(action)
        if handler is None:
            raise ActionError(f"this station knows no action {action[:40]!r}", 501)
        handler(body)

    def _outlet(self, body: dict[str, Any]) -> Outlet:
        number = body.get("connector", 1)
        if isinstance(number, bool) or not isinstance(number, int):
            raise ActionError("connector must be a whole number", 400)
        return self.station.world.outlet(number)

    def _connector(self, outlet: Outlet) -> Connector | None:
        """The software's view of an outlet, None while the station is down."""
        return self.station.connectors[outlet.number] if self.station.alive else None

    def plug_in(self, body: dict[str, Any]) -> None:
        """The cable goes in at both ends."""
        outlet = self._outlet(body)
        outlet.plug_in()
        if connector := self._connector(outlet):
            self.station.identification.plugged(connector)

    def plug_in_halfway(self, body: dict[str, Any]) -> None:
        """The plug goes in so that its lock cannot close."""
        outlet = self._outlet(body)
        outlet.plug_in_halfway()
        if connector := self._connector(outlet):
            self.station.identification.plugged(connector)

    def unplug_ev(self, body: dict[str, Any]) -> None:
        """The cable comes out on the vehicle's side."""
        outlet = self._outlet(body)
        outlet.unplug_ev()
        if connector := self._connector(outlet):
            self.station.identification.unplugged(connector)

    def unplug(self, body: dict[str, Any]) -> None:
        """The cable comes out: first the vehicle's side, then the station's.

        A lock still closed after the transaction is opened as its user would, with the idTag; during a transaction,
        or jammed, it holds the cable.
        """
        self.unplug_ev(body)
        outlet = self._outlet(body)
        connector = self._connector(outlet)
        if connector is None or connector.transaction is None:
            outlet.unlock()
        outlet.unplug_station()
        if connector := self._connector(outlet):
            self.station.identification.unplugged(connector)

    def present_id_tag(self, body: dict[str, Any]) -> None:
        """A card is held before the reader."""
        outlet = self._outlet(body)
        id_tag = body.get("id_tag")
        if not isinstance(id_tag, str) or not 0 < len(id_tag) <= 20:
            raise ActionError("id_tag must be text of 1 to 20 characters", 400)
        if connector := self._connector(outlet):
            self.station.identification.id_presented(connector, id_tag)

    def press_stop(self, body: dict[str, Any]) -> None:
        """The stop button is pressed."""
        if connector := self._connector(self._outlet(body)):
            self.station.identification.stop_pressed(connector)

    def _fault(self, body: dict[str, Any], present: bool) -> None:
        if body.get("connector", 1) == 0:
            self.station.world.faulted = present
        else:
            self._outlet(body).faulted = present
        if self.station.alive:
            self.station.connectors.refresh()

    def _suspend(self, body: dict[str, Any], suspended: bool) -> None:
        outlet = self._outlet(body)
        outlet.ev_suspended = suspended
        if connector := self._connector(outlet):
            connector.refresh()

    def _network(self, reachable: bool) -> None:
        self.station.world.network = reachable
        if self.station.alive:
            if reachable:
                self.station.link.network_is_back()
            else:
                self.station.link.abort()


def _forget(task: object) -> None:
    """A task that runs on by itself."""
