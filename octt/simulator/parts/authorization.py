"""Who may charge: local list, cache, Central System, offline rules (specification 3.5, 4.1, 5.4)."""

from __future__ import annotations

from typing import Any

from octt.simulator.part import CallRefused, NoAnswer, Part, Payload, Reply, on
from octt.simulator.parts.session import Permit
from octt.simulator.world.clock import format_time, parse_time

CACHE_SIZE = 500


class Authorization(Part):
    """Decides about idTags. The cache is memory: idTag to idTagInfo."""

    def boot(self) -> None:
        """The cache survives restarts (3.5.1)."""
        self.cache: dict[str, dict[str, Any]] = self.station.memory.section("cache", {})

    async def authorize(self, id_tag: str) -> Permit | None:
        """The permit for an idTag, or None: asked locally first where that is configured, else online or offline."""
        local = self._local(id_tag)
        if self.station.ready:
            if self._pre_authorized(local):
                return Permit(id_tag, (local or {}).get("parentIdTag"))
            try:
                return await self._ask(id_tag)
            except NoAnswer:
                if self.station.ready:
                    return None
        return self._authorize_offline(id_tag, local)

    def _pre_authorized(self, local: Payload | None) -> bool:
        """Whether what is known locally lets the idTag charge unasked (4.1)."""
        return self.station.config.boolean("LocalPreAuthorize") and self._valid(local)

    async def _ask(self, id_tag: str) -> Permit | None:
        """What the Central System says; raises NoAnswer."""
        try:
            answer = await self.station.outbox.send("Authorize", {"idTag": id_tag})
        except CallRefused:
            return None
        info = answer["idTagInfo"]
        self.learn(id_tag, info)
        return Permit(id_tag, info.get("parentIdTag")) if self._accepted(info) else None

    def _accepted(self, info: Payload) -> bool:
        return bool(info["status"] == "Accepted")

    def _authorize_offline(self, id_tag: str, local: Payload | None) -> Permit | None:
        """List and cache decide, and AllowOfflineTxForUnknownId about whom they do not know (3.5)."""
        if self.station.config.boolean("LocalAuthorizeOffline") and self._valid(local):
            return Permit(id_tag, (local or {}).get("parentIdTag"))
        if local is None and self.station.config.boolean("AllowOfflineTxForUnknownId"):
            return Permit(id_tag)
        return None

    def _local(self, id_tag: str) -> Payload | None:
        """What the local list, else the cache, says about an idTag; the list has priority (3.5.3)."""
        listed = self.station.local_list.lookup(id_tag)
        if listed is not None:
            return listed
        return (
            self.cache.get(id_tag.lower())
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
        if listed is None and self.station.config.boolean("AuthorizationCacheEnabled"):
            self._cache(id_tag, info)

    def _cache(self, id_tag: str, info: Payload) -> None:
        self.cache.pop(id_tag.lower(), None)
        self.cache[id_tag.lower()] = dict(info)
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
