"""What survives a power cycle: a dictionary of plain JSON values, kept in a file when one is given."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


class Memory:
    """Non-volatile memory. A part takes its `section`, changes it in place and calls `save`.

    Raises ValueError (one sentence) when the state file is not usable.
    """

    def __init__(self, path: str | None = None) -> None:
        self.path = Path(path) if path else None
        self.data: dict[str, Any] = {}
        if self.path and self.path.exists():
            try:
                self.data = json.loads(self.path.read_text("utf-8"))
            except (OSError, ValueError) as error:
                raise ValueError(f"state file {self.path} is not readable ({error}); name another") from None
            if not isinstance(self.data, dict):
                raise ValueError(f"state file {self.path} holds no JSON object; name another")

    def section(self, name: str, default: Any) -> Any:
        """The value of a section, created from `default` (a dict or list) when it is new."""
        return self.data.setdefault(name, default)

    def save(self) -> None:
        """Write the file, whole or not at all. Without a file this does nothing."""
        if self.path is None:
            return
        temporary = self.path.with_name(self.path.name + ".new")
        temporary.touch(mode=0o600)  # a private key and a password are in it
        temporary.write_text(json.dumps(self.data), "utf-8")
        os.replace(temporary, self.path)
