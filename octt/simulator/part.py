"""What a part of the station is: handlers for calls of the Central System, hooks, things it can be asked to send."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

if (
    TYPE_CHECKING
):  # the one import upwards, for types only: parts reach one another through the whole they belong to
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
