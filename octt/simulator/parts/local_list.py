"""The Local Authorization List: full and differential updates, its version, what it says of an idTag.

OCPP 1.6 edition 2, sections 3.5.2, 5.10, 5.15, 6.41, 7.1 and 7.47, with errata 3.52. An update is applied as a whole
or not at all. Where the specification names no status, this station answers Failed: to more entries than fit, to an
idTag that occurs twice, to an entry of a full list without idTagInfo, and to the listVersions 0 and -1, which have
a meaning of their own. An idTag is compared without regard to case (7.15).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from octt.simulator.world.clock import parse_time


@dataclass
class LocalAuthList:
    """The list of one station. `most` is LocalAuthListMaxLength, `most_sent` SendLocalListMaxLength."""

    most: int = 1000
    most_sent: int = 100
    version: int = 0
    entries: dict[str, dict[str, Any]] = field(default_factory=dict)
    broken: bool = False
    """Storing an update fails."""

    @property
    def reported_version(self) -> int:
        """The listVersion for GetLocalListVersion.conf: 0 says that the list is empty (5.10)."""
        return self.version if self.entries else 0

    def send(self, version: int, update_type: str, update: Sequence[Mapping[str, Any]]) -> str:
        """Apply a SendLocalList.req and give the status of its response; `update` is empty when it was absent."""
        if update_type == "Differential" and version <= self.reported_version:
            return "VersionMismatch"
        if self.broken or version < 1 or len(update) > self.most_sent:
            return "Failed"
        keys = [entry["idTag"].casefold() for entry in update]
        if len(set(keys)) < len(keys):
            return "Failed"
        if update_type == "Full" and any("idTagInfo" not in entry for entry in update):
            return "Failed"
        entries = dict(self.entries) if update_type == "Differential" else {}
        for key, entry in zip(keys, update, strict=True):
            if "idTagInfo" not in entry:
                entries.pop(key, None)
            elif parse_time(entry["idTagInfo"].get("expiryDate", "2000-01-01T00:00:00Z")) is None:
                return "Failed"
            else:
                entries[key] = dict(entry["idTagInfo"])
        if len(entries) > self.most:
            return "Failed"
        self.version, self.entries = version, entries
        return "Accepted"

    def lookup(self, id_tag: str, now: float) -> dict[str, Any] | None:
        """The idTagInfo of an idTag, Expired once its expiryDate has passed (3.5.4); None when it is not listed."""
        info = self.entries.get(id_tag.casefold())
        if info is None:
            return None
        expiry = parse_time(info.get("expiryDate"))
        if info["status"] == "Accepted" and expiry is not None and expiry <= now:
            return {**info, "status": "Expired"}
        return dict(info)

    def dump(self) -> dict[str, Any]:
        """The list as plain data, for the state file; `restore` reads it."""
        return {"version": self.version, "entries": self.entries}

    def restore(self, data: Mapping[str, Any]) -> None:
        """Put back what `dump` gave."""
        self.version = data["version"]
        self.entries = {key: dict(info) for key, info in data["entries"].items()}
