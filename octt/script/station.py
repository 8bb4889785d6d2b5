"""The station under test, as a script sees it: the words of expecting.py and watching.py, and its configuration.

What a script changes goes back to what it was when the case ends, pass or fail.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from octt.script.case_run import Label
from octt.script.verdicts import Failed, Inconclusive
from octt.script.watching import Watching
from octt.timeline.entry import Entry


class Station(Watching):
    """The station under test."""

    @contextlib.contextmanager
    def setup(self) -> Iterator[None]:
        """What happens inside is a precondition: when it fails, the case is INCONCLUSIVE, not FAIL."""
        with self.case.during("setup"):
            yield
        self.case.position.begin_test()

    @contextlib.contextmanager
    def independently(self) -> Iterator[None]:
        """What fails inside fails the case at its end only: the steps that follow do not depend on it."""
        try:
            yield
        except Failed as failed:
            self.case.postponed.append(failed)

    def still_works(self, *, step: Label) -> None:
        """Normal operation continues: the station is connected and answers."""
        self.call("GetConfiguration", key=["NumberOfConnectors"], step=step).returns()

    def passes(self, seconds: float, why: str) -> None:
        """Lets time pass because the protocol needs it."""
        self.waits_for_protocol(seconds)
        clock = self.timeline.clock
        with self.case.waits("time", why, clock.now() + int(seconds * 1e9)):
            clock.sleep(seconds)
        self.case.step("", f"{seconds:g} s pass: {why}", "info")
        self.case.position.count_from_now()

    def value_of(self, key: str) -> tuple[str | None, bool] | None:
        """Value and read-only flag of a configuration key now; None when the station does not know the key."""
        reply = self.call("GetConfiguration", key=[key])
        for entry in reply.payload.get("configurationKey", []):
            if isinstance(entry, dict) and str(entry.get("key", "")).casefold() == key.casefold():
                return entry.get("value"), bool(entry.get("readonly"))
        return None

    def number_of(self, key: str) -> int | None:
        """A whole number from the station's configuration; None when it has no such key or no number in it."""
        found = self.value_of(key)
        text = (found[0] or "").strip() if found else ""
        return int(text) if text.isdigit() else None

    def configure(self, *, optional: bool = False, **keys: Any) -> None:
        """Sets configuration keys as a precondition; each goes back to its former value when the case ends.

        `optional`: a station that does not have the key, or cannot change it, is left alone (the document's "if
        implemented"). Otherwise a read-only key with the right value is as good; anything else is INCONCLUSIVE.
        """
        with self.case.during("setup"):
            for key, value in keys.items():
                self._configure(key, _text(value), optional)

    def prefer(self, **keys: Any) -> None:
        """Sets configuration keys where the station has them and lets us; each goes back when the case ends."""
        for key, value in keys.items():
            with self.case.during("setup"), contextlib.suppress(Inconclusive):
                self._configure(key, _text(value), True)

    def _configure(self, key: str, value: str, optional: bool) -> None:
        before = self.value_of(key)
        if (before is None and optional) or (before is not None and same_value(before[0], value)):
            return
        status = self.call("ChangeConfiguration", key=key, value=value).payload.get("status")
        if status in ("Accepted", "RebootRequired"):
            self._changed(key, before[0] if before else None, value, str(status))
        elif not optional:
            now = "does not exist" if before is None else f"is {before[0]!r}"
            access = " and read-only" if before and before[1] else ""
            raise Inconclusive(
                f"precondition {key} = {value} cannot be set: it {now}{access}; ChangeConfiguration gave {status}",
                "configuration",
            )

    def configures(self, key: str, value: str, *, step: Label) -> None:
        """ChangeConfiguration as a step of the scenario: it must be Accepted."""
        before = self.value_of(key)
        self.call("ChangeConfiguration", key=key, value=value, step=step).returns(
            status="Accepted", cite="OCPP 1.6 5.3"
        )
        self._changed(key, before[0] if before else None, value, "Accepted")

    def _changed(self, key: str, before: str | None, value: str, status: str) -> None:
        self.changed("configuration", key, before, value)
        if before is not None:
            self.case.undo(f"{key} = {before}", lambda: self._put_back(key, before, value))
        if status == "RebootRequired":
            self.reboot()

    def _put_back(self, key: str, value: str, after: str) -> None:
        status = self.call("ChangeConfiguration", key=key, value=value).payload.get("status")
        if status not in ("Accepted", "RebootRequired"):
            raise Inconclusive(f"{key} could not be set back to {value}: {status}", "station")
        self.changed("configuration", key, after, value, restored=True)
        if status == "RebootRequired":
            self.reboot()

    def changed(self, what: str, name: str, before: object, after: object, restored: bool = False) -> None:
        """Puts on the record that the case changed the station, or put it back."""
        self.case.record.write("changed", what=what, name=name, before=before, after=after, restored=restored)

    def reboot(self, kind: str = "Soft") -> Entry:
        """Resets the station and waits until it has come back; its BootNotification."""
        self.call("Reset", type=kind)
        return self.sends("BootNotification", within=self.bench.times.boot_timeout)


def same_value(one: object, other: object) -> bool:
    """Whether two configuration values mean the same: booleans without case, lists without blanks, numbers."""
    first, second = (",".join(part.strip() for part in str(v).casefold().split(",")) for v in (one, other))
    try:
        return first == second or float(first) == float(second)
    except ValueError:
        return False


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
