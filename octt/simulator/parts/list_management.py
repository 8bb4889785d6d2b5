"""The LocalAuthListManagement profile of the station: two messages around the list of `local_list.py`.

While LocalAuthListEnabled is false the station behaves as one without local lists: version -1, NotSupported, and
nobody is looked up (specification 3.5.2, 5.10, 5.15; test case TC_042_1).
"""

from __future__ import annotations

from typing import Any

from octt.simulator.part import Payload, on
from octt.simulator.parts.absent import LocalListBase
from octt.simulator.parts.local_list import LocalAuthList


class ListManagement(LocalListBase):
    """Keeps the list over reboots and answers the Central System."""

    def boot(self) -> None:
        """The list comes from memory, its limits from the configuration keys."""
        config = self.station.config
        self.list = LocalAuthList(
            config.integer("LocalAuthListMaxLength"), config.integer("SendLocalListMaxLength")
        )
        self._stored: dict[str, Any] = self.station.memory.section("local_list", {})
        if self._stored:
            self.list.restore(self._stored)

    @property
    def enabled(self) -> bool:
        """LocalAuthListEnabled; a station without the key always has its list on."""
        return self.station.config.boolean("LocalAuthListEnabled", True)

    def lookup(self, id_tag: str) -> Payload | None:
        """The idTagInfo the enabled list holds for an idTag, or None."""
        if not self.enabled:
            return None
        return self.list.lookup(id_tag, self.station.clock.now())

    @on("GetLocalListVersion")
    def get_local_list_version(self, payload: Payload) -> Payload:
        """The version; 0 when the list is empty, -1 when it is switched off (5.10)."""
        if not self.enabled:
            return {"listVersion": -1}
        return {"listVersion": self.list.reported_version}

    @on("SendLocalList")
    def send_local_list(self, payload: Payload) -> Payload:
        """Accepted, VersionMismatch, Failed, or NotSupported while switched off (5.15)."""
        if not self.enabled:
            return {"status": "NotSupported"}
        self.list.broken = self._storage_broken()
        update = payload.get("localAuthorizationList") or []
        status = self.list.send(payload["listVersion"], payload["updateType"], update)
        self._keep()
        return {"status": status}

    def _storage_broken(self) -> bool:
        return self.station.world.list_storage_broken

    def _keep(self) -> None:
        self._stored.update(self.list.dump())
        self.station.memory.save()

    def state(self) -> Payload:
        """For GET /state."""
        return {"local_list": {"version": self.list.reported_version, "entries": len(self.list.entries)}}
