"""Faults of configuration keys."""

from __future__ import annotations

from typing import Any

from octt.simulator.part import Payload, Reply, on
from octt.simulator.parts.configuration import Configuration
from octt.simulator.parts.keys import Key


class FaultyConfiguration(Configuration):
    """Tells untruths about its keys, and takes changes that it should not take, or does not make them."""

    @on("GetConfiguration")
    def get_configuration(self, payload: Payload) -> Payload:
        """The right answer without what the faults leave out."""
        faults, asked = self.station.faults, bool(payload.get("key"))
        answer = super().get_configuration(payload)
        unknown: list[str] = answer.pop("unknownKey", [])
        known: list[dict[str, Any]] = []
        for entry in answer["configurationKey"]:
            name = entry["key"]
            if asked and faults.active("key-unknown", name):
                unknown.append(name)
            elif not faults.active("key-ignored" if asked else "key-missing", name):
                known.append(entry)
        return {"configurationKey": known, **({"unknownKey": unknown} if unknown else {})}

    def _entry(self, name: str) -> dict[str, Any]:
        faults, entry = self.station.faults, super()._entry(name)
        if faults.active("key-readonly", name):
            entry["readonly"] = not entry["readonly"]
        if faults.active("key-readable", name):
            entry["value"] = self.text(name)
        if faults.active("key-value", name):
            entry["value"] = faults.value("key-value", name)
        return entry

    @on("ChangeConfiguration")
    def change_configuration(self, payload: Payload) -> Reply | Payload:
        """The right answer, or Accepted for a key that this station does not have."""
        answer = super().change_configuration(payload)
        if answer == {"status": "NotSupported"} and self.station.faults.active("any-key-accepted"):
            return {"status": "Accepted"}
        if answer == {"status": "Rejected"} and not payload["value"]:
            self._stored_all_the_same(self._proper_name(payload["key"]))
        return answer

    def _stored_all_the_same(self, name: str) -> None:
        writable = name in self.keys and self.keys[name].access == "RW"
        if writable and self.station.faults.active("refused-yet-stored"):
            self._set(name, "")

    def _allowed(self, key: Key, value: str) -> bool:
        return super()._allowed(key, value) or self.station.faults.active("any-value-accepted")

    def _set(self, name: str, value: str) -> None:
        if not self.station.faults.active("change-forgotten", name):
            super()._set(name, value)
