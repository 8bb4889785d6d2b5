"""How much a peer may send: a flood is evidence once, and must not fill the disk or the memory."""

from __future__ import annotations

import time
from dataclasses import dataclass, field


@dataclass
class Allowance:
    """So much at once, and so much a second after that. A conformant station is far below."""

    at_once: float
    per_second: float
    _left: float = field(init=False)
    _at: float = field(init=False, default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self._left = self.at_once

    def grant(self, amount: float) -> None:
        """So much more at once, from now on."""
        self.at_once += amount
        self._left += amount

    def take(self, amount: float = 1) -> bool:
        """Takes so much; whether it was left."""
        now = time.monotonic()
        self._left = min(self.at_once, self._left + (now - self._at) * self.per_second)
        self._at = now
        if self._left < amount:
            return False
        self._left -= amount
        return True
