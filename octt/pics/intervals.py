"""The bench's intervals held against the shortest ones that the station declares (ORS-4, ORS-6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from octt.pics.declaration import Declaration

_MINIMA = (
    ("ORS-4", "meter_value_interval", "MeterValueSampleInterval"),
    ("ORS-6", "heartbeat_interval", "HeartbeatInterval"),
)


@dataclass(frozen=True)
class Adapted:
    """An interval of the bench that is shorter than the station can: the run uses the declared minimum instead.

    `name` is the bench's key in [times], `item` the answer that sets the minimum; `given` and `used` are seconds.
    """

    name: str
    key: str
    item: str
    given: float
    used: int

    def __str__(self) -> str:
        return (
            f"times.{self.name} = {self.given:g} of the bench is shorter than the station's minimum for {self.key}, "
            f"{self.used} s ({self.item}): the run uses {self.used} s"
        )


def adapted_intervals(declaration: Declaration, times: Mapping[str, float]) -> list[Adapted]:
    """The intervals of the bench's [times] that the station cannot be set to, and what to use instead.

    BootNotification's interval for a new attempt (boot_retry_interval) is none of them: it is no heartbeat (4.2). A
    minimum of 0 only says that the interval can be switched off.
    """
    found = []
    for item, name, key in _MINIMA:
        least, given = declaration.answer(item), times[name]
        if type(least) is int and given < least:
            found.append(Adapted(name, key, item, given, least))
    return found
