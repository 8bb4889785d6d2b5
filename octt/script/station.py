"""The station under test, as a script sees it: the words of expecting.py and watching.py, and its configuration.

What a script changes goes back to what it was when the case ends, pass or fail.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from octt.ocpp import values
from octt.record.events import StationChanged
from octt.script.calling import Reply
from octt.script.case_run import Label
from octt.script.undo import Kind, Undo
from octt.script.verdicts import Blame, Failed, Inconclusive
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
        """Normal operation continues: the station is connected and answers, whatever it is that it answers."""
        self.call("GetConfiguration", key=["NumberOfConnectors"], step=step).returns(error=["any"])

    def passes(self, seconds: float, why: str) -> None:
        """Lets time pass because the protocol needs it."""
        self.waits_for_protocol(seconds)
        clock = self.timeline.clock
        with self.case.waits("time", why, clock.now() + int(seconds * 1e9)):
            clock.sleep(seconds)
        self.case.step("", f"{seconds:g} s pass: {why}", "info")
        self.case.position.count_from_now()

    # -- configuration --------------------------------------------------------------------------------------------

    def setting(self, key: str) -> Setting | None:
        """A configuration key as the station tells it now; None when it does not know the key, or does not say."""
        return self.read(self.call("GetConfiguration", key=[key]), key)

    def read(self, reply: Reply, key: str) -> Setting | None:
        """A configuration key in a GetConfiguration.conf."""
        for entry in values.dicts(reply.payload.get("configurationKey")):
            if values.same(entry.get("key"), key):
                value = entry.get("value")
                return Setting(None if value is None else as_text(value), entry.get("readonly") is True)
        return None

    def value_of(self, key: str) -> tuple[str | None, bool] | None:
        """Value and read-only flag of a configuration key now; None when the station does not know the key."""
        found = self.setting(key)
        return (found.value, found.readonly) if found else None

    def number_of(self, key: str) -> int | None:
        """A whole number from the station's configuration; None when it has no such key or no number in it."""
        found = self.setting(key)
        number = values.decimal(found.value) if found and found.value is not None else None
        return int(number) if number is not None and number >= 0 and number == int(number) else None

    def configure(self, *, optional: bool = False, **keys: Any) -> None:
        """Sets configuration keys as a precondition; each goes back to its former value when the case ends.

        A key that is so already is left alone. One that the station does not change is INCONCLUSIVE; so is one that it
        does not have, unless the case can do without (`optional`: the document's "if implemented").
        """
        with self.case.during("setup"):
            for key, value in keys.items():
                self._configure(key, as_text(value), optional)

    def prefer(self, **keys: Any) -> None:
        """Sets configuration keys where the station has them and lets us; each goes back when the case ends."""
        for key, value in keys.items():
            with self.case.during("setup"), contextlib.suppress(Inconclusive):
                self._configure(key, as_text(value), True)

    def _configure(self, key: str, value: str, optional: bool) -> None:
        asked = self.call("GetConfiguration", key=[key])
        before = self.read(asked, key)
        if before is not None and before.value is not None and same_value(before.value, value):
            return
        if asked.is_error:
            raise Inconclusive(f"GetConfiguration of {key} gave {asked.given}", Blame.STATION)
        if before is None and optional:
            return
        reply = self._change(key, before, value)
        if reply.refused or not _taken(reply):
            now = "does not exist" if before is None else f"is {before.value!r}"
            access = " and read-only" if before and before.readonly else ""
            raise Inconclusive(
                f"precondition {key} = {value} cannot be set: it {now}{access}; "
                f"ChangeConfiguration gave {reply.given}",
                Blame.CONFIGURATION,
            )
        if reply.given == "RebootRequired":
            self.reboot()

    def configures(self, key: str, value: str, *, step: Label) -> None:
        """ChangeConfiguration as a step of the scenario: it must be Accepted."""
        self._change(key, self.setting(key), value, step=step).returns(status="Accepted", cite="OCPP 1.6 5.3")

    def tries(self, key: str, value: str, *, step: Label) -> Reply:
        """ChangeConfiguration with a value that is to be refused; the reply is not judged."""
        return self._change(key, self.setting(key), value, step=step)

    def _change(self, key: str, before: Setting | None, value: str, step: Label = "") -> Reply:
        request: dict[str, Any] = {"key": key, "value": value}
        if before is None or before.value is None:
            reply = self.call("ChangeConfiguration", step=step, **request)
            if _taken(reply):  # there is no former value to go back to
                self.changed("configuration", key, None, value)
            return reply
        owed = self.owes(Kind.CONFIGURATION, key, before=before.value, after=value, value=before.value)
        reply = owed.call("ChangeConfiguration", step=step, **request)
        if reply.refused:
            now = self.setting(key)
            if now and not same_value(now.value, before.value):
                self.case.owe(Kind.CONFIGURATION, key, value=before.value)
                self.remark(
                    f"ChangeConfiguration of {key} gave {reply.given}, and it is {now.value!r} now",
                    reply.seen,
                )
        return reply

    # -- what it is owed ------------------------------------------------------------------------------------------

    def owes(self, kind: Kind, name: str, *, before: object, after: object, **given: Any) -> Owing:
        """For a request that may change the station: what is to be put back, from before it leaves."""
        return Owing(self, self.case.owe(kind, name, **given), before, after)

    def changed(self, what: str, name: str, before: object, after: object) -> None:
        """Puts on the record that the case changed something at the station that OCPP cannot put back."""
        self.case.record.write(
            StationChanged(what=what, name=name, before=before, after=after, restored=False)
        )

    def reboot(self) -> Entry:
        """Resets the station and waits until it has come back; its BootNotification.

        Only a hard reset has to boot it; after a soft one it "should" (5.14).
        """
        self.call("Reset", type="Hard")
        return self.sends("BootNotification")


@dataclass(frozen=True)
class Setting:
    """A configuration key of the station; no value when it cannot be read."""

    value: str | None
    readonly: bool


@dataclass(frozen=True)
class Owing:
    """A request that may change the station, and what is owed for it."""

    station: Station
    undo: Undo
    before: object
    after: object

    def call(self, action: str, *, step: Label = "", **payload: Any) -> Reply:
        """Sends it. What the station surely did not do is not owed; without a clear answer it stays owed."""
        reply = self.station.call(action, step=step, **payload)
        journal = self.station.case.journal
        if reply.refused:
            journal.not_needed(self.undo)
        elif _taken(reply):
            journal.changed(self.undo, self.before, self.after)
        return reply


def _taken(reply: Reply) -> bool:
    return not reply.refused and isinstance(reply.payload.get("status"), str)


def same_value(one: object, other: object) -> bool:
    """Whether two configuration values mean the same: booleans without case, lists without blanks, numbers."""
    first, second = (",".join(part.strip() for part in str(v).casefold().split(",")) for v in (one, other))
    numbers = values.decimal(first), values.decimal(second)
    return first == second or (None not in numbers and numbers[0] == numbers[1])


def as_text(value: object) -> str:
    """A configuration value as OCPP writes it: a station, or a script, may give a number or a boolean."""
    return str(value).lower() if isinstance(value, bool) else values.shown(value)
