"""What a charging session consists of: the permit to charge, and the transaction that it leads to."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from octt.simulator.part import Payload
from octt.simulator.world.clock import format_time


@dataclass
class Permit:
    """An idTag that may charge, and how it was found to."""

    id_tag: str
    parent: str | None = None
    remote: bool = False
    profile: Payload | None = None
    reservation: int | None = None


@dataclass
class Transaction:
    """A transaction until all its messages are delivered. `local` names it, with or without an id given to it."""

    local: str
    connector: int
    id_tag: str
    parent: str | None
    meter_start: int
    started: float
    reservation: int | None = None
    announced: bool = False
    """StartTransaction is sent, or waits to be."""
    id: int | None = None
    """The transactionId that the Central System gave."""
    ended: bool = False
    stop_tag: str | None = None
    """The idTag that ended it."""
    suspended: bool = field(default=False, metadata={"ram": True})
    """The station withholds energy, because the idTag turned out invalid."""
    stopping: bool = field(default=False, metadata={"ram": True})
    """It has been asked to stop, and this station takes its time."""
    samples: list[Payload] = field(default_factory=list, metadata={"ram": True})

    def dump(self) -> dict[str, Any]:
        """What survives a power loss, as JSON values; `Transaction(**dump)` restores it."""
        kept = (field.name for field in fields(self) if "ram" not in field.metadata)
        return {name: getattr(self, name) for name in kept}

    def state(self) -> Payload:
        """For GET /state."""
        return {"local": self.local, "id_tag": self.id_tag, "started": format_time(self.started)}


def same_id(one: str | None, other: str | None) -> bool:
    """Whether two idTags are the same one: they are CiString, case does not matter."""
    return one is not None and other is not None and one.lower() == other.lower()
