"""The LocalAuthListManagement profile of the station: two messages around the list of `local_list.py`.

While LocalAuthListEnabled is false the station behaves as one without local lists: version -1, NotSupported, and
nobody is looked up (specification 3.5.2, 5.10, 5.15; test case TC_042_1).
"""

from __future__ import annotations

from typing import Any

from octt.simulator.extensions import LocalListBase
from octt.simulator.local_list import LocalAuthList
from octt.simulator.part import Payload, on


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
        if not self.enabled or self.station.faults.active("list-ignored"):
            return None
        return self.list.lookup(id_tag, self.station.clock.now())

    @on("GetLocalListVersion")
    def get_local_list_version(self, payload: Payload) -> Payload:
        """The version; 0 when the list is empty, -1 when it is switched off (5.10)."""
        if not self.enabled:
            return {"listVersion": -1}
        if self.station.faults.active("empty-list-versioned"):
            return {"listVersion": self.list.version}
        return {"listVersion": self.list.reported_version}

    @on("SendLocalList")
    def send_local_list(self, payload: Payload) -> Payload:
        """Accepted, VersionMismatch, Failed, or NotSupported while switched off (5.15)."""
        if not self.enabled:
            return {"status": "NotSupported"}
        faults = self.station.faults
        version, update_type = payload["listVersion"], payload["updateType"]
        self.list.broken = self.station.world.list_storage_broken and not faults.active("list-failure-hidden")
        before = self.list.version
        if update_type == "Differential" and faults.active("list-version-unchecked"):
            self.list.version = 0
        status = self.list.send(version, update_type, payload.get("localAuthorizationList") or [])
        if status == "VersionMismatch" and faults.active("list-mismatch-counts"):
            self.list.version = version
        if update_type == "Differential" and faults.active("list-version-stuck"):
            self.list.version = before
        self._stored.update(self.list.dump())
        self.station.memory.save()
        return {"status": status}

    def state(self) -> Payload:
        """For GET /state."""
        return {"local_list": {"version": self.list.reported_version, "entries": len(self.list.entries)}}
