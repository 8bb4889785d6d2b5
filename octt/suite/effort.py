"""What a run is going to take before it begins: minutes and hands of each case, as measured (testcases/effort.toml)."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from octt.bench import Times
from octt.paths import TESTCASES

WAITED_FOR = (
    *("heartbeat_interval", "boot_retry_interval", "connection_timeout", "meter_value_interval"),
    *("clock_aligned_interval", "transaction_duration", "observation", "max_deviation", "reservation_expiry"),
)
"""The configured times of the bench, which cases wait for; limits are not waited for where the station is in time."""

BOOT = 30.0
"""Seconds that a station is taken to need for a boot; the simulated one takes none."""

HAND = 20.0
"""Seconds that a person is taken to need for one thing at the station: hear, read, go there, do it."""

RIG = 2.0
"""Seconds that a rig is taken to need for the same."""


@dataclass(frozen=True)
class Effort:
    """What a case took on a station that answers at once: seconds besides its waits, boots, hands in their order.

    `waits` says how often it waits for each of the times of WAITED_FOR.
    """

    seconds: float = 0.0
    boots: int = 0
    hands: tuple[str, ...] = ()
    waits: Mapping[str, int] = field(default_factory=dict)

    def by_hand(self, rig: Collection[str]) -> list[str]:
        """What of it a person does, beside a rig that can do these actions."""
        return [hand for hand in self.hands if hand not in rig]

    def takes(self, times: Times, rig: Collection[str]) -> float:
        """Seconds it is going to take on a bench with these times."""
        waited = sum(getattr(times, key) * count for key, count in self.waits.items())
        by_hand = len(self.by_hand(rig))
        acting = HAND * by_hand + RIG * (len(self.hands) - by_hand)
        return float(self.seconds + waited + BOOT * self.boots + acting)


@lru_cache(maxsize=1)
def efforts() -> Mapping[str, Effort]:
    """The measured effort of each case by its id."""
    try:
        data = tomllib.loads((TESTCASES / "effort.toml").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return {
        case: Effort(**(entry | {"hands": tuple(entry.get("hands", ()))})) for case, entry in data.items()
    }
