"""What a part of the station is: handlers for calls of the Central System, hooks, things it can be asked to send.

How to add a part
-----------------
1. Derive a class from `Part` below, or, when Core asks it something, from the base in `parts/absent.py`
   (`LocalListBase`, `ReservationsBase`, `SmartChargingBase`).
2. Mark its handlers with `@on("Action")`: they get the payload of the CALL as a dict, already valid against
   the schema, and return the payload of the CALLRESULT, or `Reply(payload, then)` with what happens after the
   answer is sent, or raise `CallRefused(code, text)` for a CALLERROR. They may be async. `Reply.then` is a
   function without arguments, plain or async, and is skipped by the fault `ignore:Action`.
3. Override hooks as needed: `boot`, `online`, `offline`, `stopping`, `power_loss`, `key_changed`, `trigger`,
   `state`. Set attributes in `boot`, not in `__init__`. Background work: `self.station.spawn(coroutine)`; it
   ends with the software.
4. Put the class in `PARTS` of `station.py`: attribute name, class, the profile it belongs to ("" for none), and the
   class that stands in when the station does not have that profile (None: no part). Annotate it in `Station`.

What a part uses: `station.options` (with every choice of `freedom.py`), `station.pause(kind)` and
`station.after(kind, effect)` for what a slow station takes its time for, `station.memory.section("name", {})` and
`station.memory.save()`, `station.config.text/integer/boolean/items(key)`, `config.store(key, value)` and
`config.guard(key, check)`, `station.outbox.send(action, payload, triggered=False)` (a future with the answer;
raises NoAnswer or CallRefused when awaited), `station.clock.now()` and `station.clock.text(moment)`,
`station.connectors[n].refresh()` after a fact changed that the status follows from,
`station.connectors[n].transaction`, `station.security.event(type, info)`, `station.restart(reason)` to reboot. New
configuration keys go to `parts/keys.py`. Nothing in a part knows of faults: these are parts of their own, see
`faults/catalogue.py`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    # The one import upwards, for types only: parts reach one another through the whole they belong to.
    from octt.simulator.station import Station

Payload = dict[str, Any]


@dataclass
class Reply:
    """An answer to a call, and what happens once the answer has been sent."""

    payload: Payload
    then: Callable[[], Awaitable[None] | None] | None = None


class CallRefused(Exception):
    """Raised by a handler to answer with a CALLERROR; also what a call of ours got back as CALLERROR."""

    def __init__(self, code: str, description: str = "") -> None:
        super().__init__(f"{code}: {description}")
        self.code = code
        self.description = description


class NoAnswer(Exception):
    """A call of ours got no answer: offline, not allowed to send yet, or timed out."""


class ConnectionLost(NoAnswer):
    """There is no connection, or it was lost before the answer came: nobody failed to process the call."""


Handler = TypeVar("Handler", bound=Callable[..., Any])


def on(action: str) -> Callable[[Handler], Handler]:
    """Mark a method as the handler of a call: `method(payload) -> Payload | Reply`, plain or async."""

    def mark(method: Handler) -> Handler:
        method.__ocpp_action__ = action  # type: ignore[attr-defined]
        return method

    return mark


class Part:
    """A capability of the station's software. It is created anew at every boot: its attributes are RAM.

    What must survive goes to `self.station.memory`; cables, meters and locks are in `self.station.world`.
    """

    def __init__(self, station: Station) -> None:
        self.station = station

    def handlers(self) -> dict[str, Callable[[Payload], Any]]:
        """The methods marked with `on`, by action."""
        found = {}
        for name in dir(type(self)):
            action = getattr(getattr(type(self), name), "__ocpp_action__", None)
            if action:
                found[action] = getattr(self, name)
        return found

    def boot(self) -> None:
        """The software has started, all parts exist; nothing is connected yet."""

    def online(self, booted: bool) -> None:
        """Messages may be sent: after an accepted BootNotification (`booted`) or after a reconnection."""

    def offline(self) -> None:
        """The connection is lost."""

    async def stopping(self, reason: str) -> None:
        """The station is about to restart in an orderly way; `reason` is a StopTransaction reason."""

    def power_loss(self) -> None:
        """Power is gone: last chance to write to memory what the hardware would have kept."""

    def key_changed(self, key: str, value: str) -> None:
        """A configuration key has a new value."""

    def trigger(self, message: str, connector: int | None) -> Callable[[], object] | None:
        """What sends `message` when TriggerMessage asks for it, or None when this part does not know it."""
        return None

    def state(self) -> Payload:
        """What GET /state shows of this part."""
        return {}
