"""The configuration keys of a station and the two messages about them (specification 5.3, 5.8, 9)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from octt.simulator.options import PROFILES
from octt.simulator.part import Part, Payload, Reply, on
from octt.simulator.parts.keys import Key, standard_keys


class Configuration(Part):
    """The store of configuration keys; values are text, as in the messages."""

    def boot(self) -> None:
        """Values come from memory, else from the options, else from the specification's defaults."""
        options = self.station.options
        self.keys: dict[str, Key] = {}
        for key in standard_keys(options):
            if key.name in options.absent:
                continue
            self.keys[key.name] = replace(key, access="R") if key.name in options.readonly else key
        self._freely_chosen()
        elsewhere = {key.name for key in standard_keys(replace(options, profiles=PROFILES))}
        for name, value in options.keys.items():
            if name not in elsewhere:  # a key of the vendor's own
                self.keys[name] = Key(name, value, "string", high=500)
        self._values: dict[str, str] = self.station.memory.section("configuration", {})
        self._pending: dict[str, str] = self.station.memory.section("pending_configuration", {})
        """Values that count from the next boot on."""
        self._values |= self._pending
        self._pending.clear()
        self._checks: dict[str, Callable[[str], str | None]] = {}

    def _freely_chosen(self) -> None:
        """Least values and keys that need a reboot; raises ValueError, a sentence, for what makes no sense."""
        for name in self.station.options.reboot_keys:
            if name in self.keys:
                self.keys[name] = replace(self.keys[name], reboot=True)
        for text in self.station.options.minimum:
            name, _, least = text.partition("=")
            if not least.isdecimal():
                raise ValueError(f"the minimum {text!r} is not KEY=N with a whole number")
            if name in self.keys:
                self.keys[name] = replace(self.keys[name], least=int(least))

    def guard(self, key: str, check: Callable[[str], str | None]) -> None:
        """Let a part decide on a change: `check(value)` returns a ConfigurationStatus, or None for the usual course."""
        self._checks[key] = check

    def text(self, key: str, default: str = "") -> str:
        """The value of a key, `default` when the station does not have the key."""
        if key not in self.keys:
            return default
        return self._values.get(key, self.station.options.keys.get(key, self.keys[key].default))

    def integer(self, key: str, default: int = 0) -> int:
        """The value of an integer key."""
        try:
            return int(self.text(key, str(default)))
        except ValueError:
            return default

    def boolean(self, key: str, default: bool = False) -> bool:
        """The value of a boolean key."""
        return self.text(key, str(default)).lower() == "true"

    def items(self, key: str) -> list[str]:
        """The elements of a comma separated list."""
        return [item.strip() for item in self.text(key).split(",") if item.strip()]

    def store(self, key: str, value: str) -> None:
        """Set a value, keep it, and tell the parts."""
        self._set(key, value)
        self._tell(key, value)

    @on("GetConfiguration")
    def get_configuration(self, payload: Payload) -> Payload:
        """All keys, or those asked for; write-only ones show no value."""
        asked: list[str] = payload.get("key") or []
        names = [self._proper_name(name) for name in asked] if asked else list(self.keys)
        known = [self._entry(name) for name in dict.fromkeys(names) if name in self.keys]
        unknown = [name for name in dict.fromkeys(names) if name not in self.keys]
        return {"configurationKey": known, **({"unknownKey": unknown} if unknown else {})}

    def _proper_name(self, name: str) -> str:
        """How this station writes a key; names are CiString, case does not matter."""
        return next((one for one in self.keys if one.lower() == name.lower()), name)

    def _entry(self, name: str) -> dict[str, Any]:
        """The KeyValue of a key."""
        options, key = self.station.options, self.keys[name]
        shown = name.lower() if options.keys_lower_case else name
        entry: dict[str, Any] = {"key": shown, "readonly": key.access == "R"}
        value = self._pending.get(name, self.text(name))
        if key.access != "W" and (value or not options.unset_values_absent):
            entry["value"] = _loosely(key, value) if options.loose_values else value
        return entry

    @on("ChangeConfiguration")
    def change_configuration(self, payload: Payload) -> Reply | Payload:
        """Accepted, RebootRequired, Rejected (value or access), NotSupported (key)."""
        name, value = self._proper_name(payload["key"]), payload["value"]
        key = self.keys.get(name)
        if key is None:
            return {"status": "NotSupported"}
        if key.access == "R" or not self._allowed(key, value):
            return {"status": "Rejected"}
        check = self._checks.get(name)
        verdict = check(value) if check else None
        if verdict in ("Rejected", "NotSupported"):
            return {"status": verdict}
        if key.type in ("boolean", "integer"):
            value = value.strip()
        value = value.lower() if key.type == "boolean" else value
        if key.reboot:
            self._pending[name] = value
            self.station.memory.save()
            return {"status": "RebootRequired"}
        self._set(name, value)
        return Reply({"status": verdict or "Accepted"}, lambda: self._tell(name, value))

    def _allowed(self, key: Key, value: str) -> bool:
        """Whether a key can have that value."""
        return key.allows(value, self.station.options.connectors)

    def _set(self, name: str, value: str) -> None:
        """Keep a value."""
        self._values[name] = value
        self.station.memory.save()

    def _tell(self, name: str, value: str) -> None:
        for part in self.station.parts:
            part.key_changed(name, value)

    def state(self) -> Payload:
        """For GET /state; secrets stay out."""
        return {"configuration": {n: self.text(n) for n, key in self.keys.items() if key.access != "W"}}


def _loosely(key: Key, value: str) -> str:
    """The same value otherwise written."""
    if key.type == "boolean":
        return value.capitalize()
    return ", ".join(item.strip() for item in value.split(",")) if key.type == "list" else value
