"""Who may charge: local list, cache, Central System, offline rules (specification 3.5, 4.1, 5.4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from octt.simulator.clock import format_time, parse_time
from octt.simulator.part import CallRefused, NoAnswer, Part, Payload, Reply, on

CACHE_SIZE = 500


@dataclass
class Permit:
    """An idTag that may charge, and how it was found to."""

    id_tag: str
    parent: str | None = None
    remote: bool = False
    profile: Payload | None = None
    reservation: int | None = None


class Authorization(Part):
    """Decides about idTags. The cache is memory: idTag to idTagInfo."""

    def boot(self) -> None:
        """The cache survives restarts (3.5.1)."""
        self.cache: dict[str, dict[str, Any]] = self.station.memory.section("cache", {})

    async def authorize(self, id_tag: str) -> Permit | None:
        """The permit for an idTag, or None: asked locally first where that is configured, else online or offline."""
        station, faults = self.station, self.station.faults
        local = self._local(id_tag)
        if station.ready:
            if (
                station.config.boolean("LocalPreAuthorize")
                and self._valid(local)
                and not faults.active("ignore-cache")
            ):
                return Permit(id_tag, (local or {}).get("parentIdTag"))
            if faults.active("no-authorize"):
                return Permit(id_tag)
            try:
                answer = await station.outbox.send("Authorize", {"idTag": id_tag})
            except CallRefused:
                return None
            except NoAnswer:
                if station.ready:
                    return None
            else:
                info = answer["idTagInfo"]
                self.learn(id_tag, info)
                if info["status"] != "Accepted" and not faults.active("accept-any-id"):
                    return None
                return Permit(id_tag, info.get("parentIdTag"))
        if faults.active("offline-refused"):
            return None
        if station.config.boolean("LocalAuthorizeOffline") and self._valid(local):
            return Permit(id_tag, (local or {}).get("parentIdTag"))
        if local is None and station.config.boolean("AllowOfflineTxForUnknownId"):
            return Permit(id_tag)
        return None

    def _local(self, id_tag: str) -> Payload | None:
        """What the local list, else the cache, says about an idTag; the list has priority (3.5.3)."""
        listed = self.station.local_list.lookup(id_tag)
        if listed is not None:
            return listed
        return (
            self.cache.get(_fold(id_tag))
            if self.station.config.boolean("AuthorizationCacheEnabled")
            else None
        )

    def _valid(self, info: Payload | None) -> bool:
        if info is None or info.get("status") != "Accepted":
            return False
        expiry = parse_time(info["expiryDate"]) if "expiryDate" in info else None
        return expiry is None or expiry > self.station.clock.now()

    def parent_of(self, id_tag: str) -> str | None:
        """The parentIdTag the station knows for an idTag, or None."""
        return (self._local(id_tag) or {}).get("parentIdTag")

    def learn(self, id_tag: str, info: Payload) -> None:
        """Remember what the Central System said, unless the local list speaks for that idTag (3.5.1).

        Where it contradicts that list the Central System is told so (3.5.2).
        """
        listed = self.station.local_list.lookup(id_tag)
        if (
            listed is not None
            and info["status"] != "ConcurrentTx"
            and self._valid(listed) != self._valid(info)
        ):
            self.station.connectors.report_station(error_code="LocalListConflict")
        if not self.station.config.boolean("AuthorizationCacheEnabled"):
            return
        if listed is not None or self.station.faults.active("nothing-cached"):
            return
        self.cache.pop(_fold(id_tag), None)
        self.cache[_fold(id_tag)] = dict(info)
        while len(self.cache) > CACHE_SIZE:
            del self.cache[next(iter(self.cache))]
        self.station.memory.save()

    @on("ClearCache")
    def clear_cache(self, payload: Payload) -> Reply | Payload:
        """Accepted, or Rejected when the station has no cache (5.4)."""
        if "AuthorizationCacheEnabled" not in self.station.config.keys:
            return {"status": "Rejected"}
        return Reply({"status": "Accepted"}, self._clear) if self.cache else {"status": "Accepted"}

    def _clear(self) -> None:
        self.cache.clear()
        self.station.memory.save()

    def state(self) -> Payload:
        """For GET /state."""
        return {"cache": len(self.cache), "clock": format_time(self.station.clock.now())}


def _fold(id_tag: str) -> str:
    """idTags are CiString: case does not matter."""
    return id_tag.lower()


def same_id(one: str | None, other: str | None) -> bool:
    """Whether two idTags are the same one."""
    return one is not None and other is not None and one.lower() == other.lower()
