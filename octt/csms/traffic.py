"""Everything that happened between the station and the Central System, in order, for scripts to wait on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from octt.ocpp import Frame

Kind = Literal["frame", "connect", "disconnect"]

_NO_FRAME = Frame("MALFORMED")


@dataclass(frozen=True)
class Seen:
    """One frame, connection or disconnection. `n` is its line in the record, `m` monotonic, `t` wall nanoseconds."""

    n: int
    m: int
    t: int
    kind: Kind
    connection: int
    incoming: bool = True
    frame: Frame = _NO_FRAME
    action: str = ""
    problems: tuple[str, ...] = ()
    by: str = ""

    @property
    def payload(self) -> dict[str, Any]:
        """The payload of the frame; of a CALLERROR its details."""
        return self.frame.payload

    def is_call(self, action: str | None = None) -> bool:
        """Whether this is a request of the station (for `action`)."""
        return self.incoming and self.frame.type == "CALL" and (action is None or self.action == action)

    def short(self) -> str:
        """One line for people: action and the payload, shortened."""
        if self.kind != "frame":
            return self.kind
        if self.frame.type == "CALLERROR":
            return f"CALLERROR {self.frame.error_code} to {self.action or self.frame.id}"
        if self.frame.type == "MALFORMED":
            return "malformed frame"
        text = ", ".join(f"{key}={_brief(value)}" for key, value in self.payload.items())
        suffix = ".req" if self.frame.type == "CALL" else ".conf"
        return f"{self.action}{suffix}({text if len(text) < 200 else text[:197] + '...'})"


def _brief(value: object) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."


class Traffic:
    """An append-only list with a condition: the server's loop appends, the script's thread waits."""

    def __init__(self) -> None:
        self.entries: list[Seen] = []
        self._changed = threading.Condition()

    def append(self, seen: Seen) -> None:
        """Adds an entry and wakes who waits."""
        with self._changed:
            self.entries.append(seen)
            self._changed.notify_all()

    def wake(self) -> None:
        """Lets waiting conditions be looked at again though nothing was added."""
        with self._changed:
            self._changed.notify_all()

    def wait(self, found: Callable[[], bool], deadline: int, tick: float = 0.25) -> bool:
        """Waits until `found()` or the monotonic `deadline` (nanoseconds); whether it was found.

        `found` is looked at on every new entry and every `tick` seconds.
        """
        with self._changed:
            while not found():
                left = (deadline - time.monotonic_ns()) / 1e9
                if left <= 0:
                    return False
                self._changed.wait(min(left, tick))
            return True
